"""Sending goods back for money or for another version: within the days, restated, filed once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from actions.after_sales import eligibility_words, instead_of_return
from actions.answer import Answer, Reply, button, fact, finding, human, lead, promise
from actions.orders import order_card
from actions.policies import facts_of, payer_words, policy
from actions.shop_api import Document, ShopApi
from actions.shop_types import Eligibility, Product
from actions.texts import text
from actions.transactions.case import Case
from actions.transactions.detail import Detail, Option, choice
from actions.transactions.transaction import Transaction
from actions.words import day_time, deadline, parse_time

REASONS = ("unwanted", "size", "not_as_described", "quality", "late", "other")
CLOSED = ("pending_payment", "cancelled", "refunded", "refunding")
QUALITY = "quality"


def reason_options(case: Case) -> Sequence[Option]:
    """The reasons a customer can choose from; only a fault counts once the no-reason days are over."""
    kind = _eligibility(case)["kind"]
    names = (QUALITY,) if kind == "quality_only" else REASONS
    return [
        Option(n, text(f"transactions.returns.reasons.{n}"), text(f"transactions.returns.reads.{n}")) for n in names
    ]


class Return(Transaction):
    """Goods back, money back."""

    topic: ClassVar[str] = "request_return"
    texts: ClassVar[str] = "returns"
    kind: ClassVar[str] = "return"

    def gather(self, shop: ShopApi, case: Case) -> dict[str, Any]:
        order_id = case.the_order["order_id"]
        return {"eligibility": shop.return_eligibility(order_id), "returns": shop.returns(order_id)}

    def refuse(self, case: Case) -> Answer | None:
        facts = _eligibility(case)
        if facts["eligible"] and case.the_order["status"] not in CLOSED:
            return None
        open_ones = [
            item for item in case.facts["returns"] if item["state"] not in ("completed", "rejected", "withdrawn")
        ]
        if open_ones:
            words = case.say("returns.already_open", return_id=open_ones[0]["return_id"])
        else:
            words = eligibility_words(case.turn, case.the_order, facts)
        reply = Reply(
            words,
            order_card(case.the_order, case.turn.now),
            instead_of_return(case.the_order, facts) or (human("human_check"),),
        )
        return Answer((reply,), _finding(case, "eligibility", words))

    def opening(self, case: Case) -> str:
        return lead(case.turn) + eligibility_words(case.turn, case.the_order, _eligibility(case))

    def details(self, case: Case) -> tuple[Detail, ...]:
        return (choice("reason", "returns.ask_reason", reason_options),)

    def restate(self, case: Case) -> Reply:
        quality = case.details["reason"] == QUALITY
        payer = str(policy("returns.quality_freight_payer")) if quality else str(_eligibility(case)["freight_payer"])
        words = case.say(
            "returns.restate_return",
            reason=text(f"transactions.returns.reasons.{case.details['reason']}"),
            freight=payer_words(payer),
        )
        return Reply(words)

    def commit(self, shop: ShopApi, case: Case, key: str) -> Document:
        reason = str(case.details["reason"])
        body = {
            "kind": self.kind,
            "reason": text(f"transactions.returns.reasons.{reason}"),
            "line_ids": self.line_ids(case),
            "quality_issue": reason == QUALITY,
        }
        return shop.file_for_order(case.the_order["order_id"], "returns", body, key)

    def line_ids(self, case: Case) -> list[str] | None:
        """Which lines go back; None for all that can."""
        return None

    def done(self, case: Case, document: Document) -> Answer:
        words = case.say(
            "returns.done_return",
            return_id=document["return_id"],
            pickup=_pickup_words(case, document),
            inspection_days=facts_of("returns")["inspection_days"],
            refund_days=facts_of("refunds")["wechat_working_days"],
        )
        reply = Reply(words, buttons=(button("see_progress", "/query_after_sales_progress"),))
        return Answer((reply,), _finding(case, "filed_return", words, document))


class Exchange(Return):
    """Goods back, another version of the same product instead."""

    topic: ClassVar[str] = "request_exchange"
    kind: ClassVar[str] = "exchange"

    def gather(self, shop: ShopApi, case: Case) -> dict[str, Any]:
        products = {line["product_id"]: shop.product(line["product_id"]) for line in case.the_order["lines"]}
        return {**super().gather(shop, case), "products": products}

    def details(self, case: Case) -> tuple[Detail, ...]:
        version = choice("version", "returns.ask_version", version_options)
        if len(case.the_order["lines"]) > 1:
            return (choice("line", "returns.ask_line", line_options), version, *super().details(case))
        return (version, *super().details(case))

    def restate(self, case: Case) -> Reply:
        quality = case.details["reason"] == QUALITY
        payer = str(policy("returns.quality_freight_payer")) if quality else str(_eligibility(case)["freight_payer"])
        return Reply(
            case.say("returns.restate_exchange", version=_version_text(case), freight=payer_words(payer)),
        )

    def commit(self, shop: ShopApi, case: Case, key: str) -> Document:
        reason = str(case.details["reason"])
        body = {
            "kind": self.kind,
            "reason": case.say(
                "returns.exchange_reason",
                reason=text(f"transactions.returns.reasons.{reason}"),
                version=_version_text(case),
            ),
            "line_ids": self.line_ids(case),
            "quality_issue": reason == QUALITY,
        }
        return shop.file_for_order(case.the_order["order_id"], "returns", body, key)

    def line_ids(self, case: Case) -> list[str] | None:
        return [_line_id(case)]

    def done(self, case: Case, document: Document) -> Answer:
        words = case.say(
            "returns.done_exchange",
            return_id=document["return_id"],
            pickup=_pickup_words(case, document),
            inspection_days=facts_of("returns")["inspection_days"],
            version=_version_text(case),
        )
        reply = Reply(words, buttons=(button("see_progress", "/query_after_sales_progress"),))
        return Answer((reply,), _finding(case, "filed_exchange", words, document))


def line_options(case: Case) -> Sequence[Option]:
    """The goods of the order."""
    lines = case.the_order["lines"]
    return [Option(line["line_id"], line["title"], "|".join(_name_parts(line["title"]))) for line in lines]


def version_options(case: Case) -> Sequence[Option]:
    """The versions in stock, the same one first (a faulty one is replaced by its like)."""
    product = _product(case)
    return [
        Option(sku["sku"], sku["text"], "|".join(_name_parts(sku["text"])))
        for sku in product["skus"]
        if sku["stock"] > 0
    ]


def _eligibility(case: Case) -> Eligibility:
    facts: Eligibility = case.facts["eligibility"]
    return facts


def _line_id(case: Case) -> str:
    lines = case.the_order["lines"]
    return str(case.details.get("line") or lines[0]["line_id"])


def _product(case: Case) -> Product:
    line = next(line for line in case.the_order["lines"] if line["line_id"] == _line_id(case))
    product: Product = case.facts["products"][line["product_id"]]
    return product


def _version_text(case: Case) -> str:
    return next(sku["text"] for sku in _product(case)["skus"] if sku["sku"] == case.details["version"])


def _name_parts(title: str) -> list[str]:
    return [re.escape(part) for part in re.split(r"[\s/·,，]+", title) if len(part) >= 1]


def _pickup_words(case: Case, document: Document) -> str:
    if not document.get("pickup_at"):
        return case.say("returns.pickup_open")
    return case.say("returns.pickup_at", pickup_at=day_time(parse_time(document["pickup_at"]), case.turn.now))


def _finding(case: Case, what: str, said: str, document: Document | None = None) -> dict[str, Any]:
    facts = _eligibility(case)
    noted = [fact("return_eligibility", facts["kind"], "order_api", case.turn.now)]
    if facts["deadline"]:
        until = deadline(parse_time(facts["deadline"]), case.turn.now)
        noted.append(fact("return_deadline", until, "order_api", case.turn.now))
    promises = []
    if document is not None:
        noted.append(fact("document", document["return_id"], "order_api", case.turn.now))
        promises.append(promise(case.turn, said, document.get("pickup_at")))
    return finding(case.turn, what, said, order=case.order, facts=noted, promises=promises)
