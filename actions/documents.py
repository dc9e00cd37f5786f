"""What has been filed for an order and is still being worked on: returns, claims, searches, redirections."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from actions.shop_api import Document, ShopApi
from actions.shop_types import Order
from actions.texts import text
from actions.words import deadline, parse_time

KINDS = ("exchange", "return", "claim", "trace", "interception")
CLOSED_STATES = ("completed", "rejected", "withdrawn")
# What the customer would press to file one, so that it is not offered a second time.
CLAIMED = "/report_damaged_item"
PAYLOADS = {"trace": "/report_delivery_problem", "interception": "/modify_order", "claim": CLAIMED}


@dataclass(frozen=True)
class Filed:
    """One document of the shop; `kind` is return, exchange, claim, trace or interception."""

    kind: str
    number: str
    requested_at: str
    answer_by: datetime | None
    is_open: bool
    document: Mapping[str, Any]

    @property
    def payload(self) -> str | None:
        """The button that would file another one."""
        return PAYLOADS.get(self.kind)


def read_documents(shop: ShopApi, order: Order, now: datetime) -> list[Filed]:
    """Everything filed for the order, newest first. Blocking; raises ShopError."""
    order_id = order["order_id"]
    found = [_returned(dict(item)) for item in shop.returns(order_id)]
    if order["status"] in ("pending_payment", "unshipped", "cancelled"):
        return found
    found += [_claimed(item, now) for item in shop.claims(order_id)]
    found += [_asked("trace", item["trace_id"], item, now) for item in shop.traces(order_id)]
    found += [
        _asked("interception", item["modification_id"], item, now)
        for item in shop.modifications(order_id)
        if item["kind"] == "interception"
    ]
    return sorted(found, key=lambda item: item.requested_at, reverse=True)


def named_first(documents: list[Filed], words: str) -> list[Filed]:
    """The kind that the words name (换货审核过了没) before what was filed later; each kind keeps its order."""
    named = [kind for kind in KINDS if re.search(text(f"after_sales.reads_kind.{kind}"), words)]
    return sorted(documents, key=lambda item: item.kind not in named) if len(named) == 1 else documents


def open_words(documents: list[Filed], now: datetime) -> str:
    """One sentence for each search, redirection and claim still open; returns have an answer of their own."""
    lines = [
        text(f"under_way.{item.kind}", number=item.number, answer_by=deadline(item.answer_by, now))
        for item in documents
        if item.is_open and item.answer_by is not None
    ]
    return "".join(lines)


def open_payloads(documents: list[Filed]) -> set[str]:
    """What need not be offered, because it is under way."""
    return {item.payload for item in documents if item.is_open and item.payload}


def _returned(item: Document) -> Filed:
    is_open = item["state"] not in CLOSED_STATES
    return Filed(item["kind"], item["return_id"], item["requested_at"], None, is_open, item)


def _claimed(item: Document, now: datetime) -> Filed:
    answer_by = parse_time(item["answer_by"])
    is_open = item["state"] == "reviewing" and answer_by > now
    return Filed("claim", item["claim_id"], item["requested_at"], answer_by, is_open, item)


def _asked(kind: str, number: str, item: Document, now: datetime) -> Filed:
    answer_by = parse_time(item["answer_by"])
    return Filed(kind, number, item["requested_at"], answer_by, answer_by > now, item)
