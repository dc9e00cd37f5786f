"""What the shop knows when a person takes over: the customer, open tickets, the order at hand and its parcel."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from actions.answer import fact, order_facts_of, slowest, status_text
from actions.context import Turn
from actions.known_order import known_order
from actions.logistics import logistics_facts_of, reason_words, situation
from actions.policies import policy
from actions.settings import SettingsError
from actions.shop_api import ShopApi, ShopError, shop_api
from actions.shop_types import Order
from actions.words import stamp

logger = logging.getLogger(__name__)

Json = dict[str, Any]
T = TypeVar("T")
WITH_PARCEL = ("shipped", "delivered", "completed", "refunding")


@dataclass(frozen=True)
class Known:
    """`profile` as the shop's customer with `open_tickets`; `finding` as an entry of slot findings; None if unknown."""

    profile: Json | None = None
    finding: Json | None = None


async def fetch(shop: ShopApi | None, turn: Turn) -> Known:
    """All of it, asked at the same time. Whatever the shop does not answer is left out; never raises ShopError."""
    profile, tickets, finding = await asyncio.gather(
        _asked(shop, "the customer's profile", lambda api: _profile(api, turn)),
        _asked(shop, "the open tickets", lambda api: _open_tickets(api, turn)),
        _asked(shop, "the order at hand", lambda api: snapshot(api, turn)),
    )
    if profile is not None and tickets is not None:
        profile = {**profile, "open_tickets": tickets}
    return Known(profile, finding)


def snapshot(shop: ShopApi, turn: Turn) -> Json | None:
    """The order at hand and its parcel as they are now; None when both were looked up before. Blocking.

    It has no message id: nobody asked for it, so it is no answer to anything.
    """
    findings = [item for item in turn.slots.get("findings") or [] if isinstance(item, dict)]
    seen = [item["order"]["order_id"] for item in findings if isinstance(item.get("order"), dict)]
    if seen and any(item.get("logistics") for item in findings):
        return None
    order = shop.order(seen[-1]) if seen else known_order(shop, turn)
    if order is None:
        return None
    entry: Json = {"at": stamp(turn.now), "order_id": order["order_id"], "order": order_facts_of(order, turn.now)}
    facts = [fact("order_status", status_text(order), "order_api", turn.now)]
    return {**entry, "facts": facts, **_parcel(shop, turn, order, facts)}


def _parcel(shop: ShopApi, turn: Turn, order: Order, facts: list[Json]) -> Json:
    """The snapshot of the parcel that matters, with the order's lateness; {} before dispatch."""
    shipment = slowest(shop.shipments(order["order_id"])) if order["status"] in WITH_PARCEL else None
    if shipment is None:
        return {}
    seen = situation(shipment, turn.now, int(policy("shipping.stuck_days")))
    more = [fact("days_late", seen.days_late, "logistics_api", turn.now)]
    if seen.anomaly is not None:
        more.append(fact("anomaly_reason", reason_words(seen), "logistics_api", turn.now))
    return {
        "order": order_facts_of(order, turn.now, seen.days_late),
        "logistics": logistics_facts_of(shipment, seen, turn.now),
        "facts": [*facts, *more],
    }


def _profile(shop: ShopApi, turn: Turn) -> Json | None:
    return None if turn.customer_id is None else dict(shop.customer(turn.customer_id))


def _open_tickets(shop: ShopApi, turn: Turn) -> int | None:
    if turn.customer_id is None:
        return None
    return sum(ticket["state"] == "open" for ticket in shop.tickets(turn.customer_id))


async def _asked(shop: ShopApi | None, what: str, call: Callable[[ShopApi], T | None]) -> T | None:
    try:
        return await asyncio.to_thread(lambda: call(shop or shop_api()))
    except (ShopError, SettingsError) as error:
        logger.warning("handing over without %s: %s", what, error)
        return None
