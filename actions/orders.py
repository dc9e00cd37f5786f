"""Order state: which stage, why not shipped, and what can be done about it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from actions.answer import (
    Answer,
    Button,
    Json,
    Reply,
    Words,
    button,
    fact,
    finding,
    human,
    lead,
    order_facts_of,
    promise,
    status_text,
    title_of,
)
from actions.context import Turn
from actions.offers import buttons_for, offer
from actions.policies import facts_of
from actions.shop_types import Hold, Order
from actions.texts import has_text, text
from actions.urges import urge_payloads, urge_words
from actions.words import day_time, days_between, deadline, money, parse_time, stamp, tail

# What helps while an unshipped order waits for this; the clauses and buttons are those of actions/offers.py.
WAYS_OF: dict[str, tuple[str, ...]] = {
    "warehouse_backlog": ("urge_dispatch", "cancel"),
    "presale": ("cancel",),
    "address_check": ("complete_address", "cancel"),
    "stock_transfer": ("other_version", "cancel"),
    "payment_review": ("urge_dispatch", "cancel"),
}


@dataclass(frozen=True)
class Dispatch:
    """When an unshipped order will leave and what keeps it: times aware, `reason` finished words or empty."""

    ship_at: datetime | None
    overdue: bool
    reason: str


def dispatch_of(order: Order, now: datetime) -> Dispatch:
    """The expected dispatch of an unshipped order; a hold's date wins over the promise of the order."""
    hold = order["hold"]
    if hold is not None:
        ship_at = parse_time(hold["expected_ship_at"]) if hold["expected_ship_at"] else None
        if ship_at is not None and ship_at <= now:
            ship_at = None
        return Dispatch(ship_at=ship_at, overdue=False, reason=hold_words(hold))
    ship_by = parse_time(order["ship_by"]) if order["ship_by"] else None
    return Dispatch(ship_at=ship_by, overdue=ship_by is not None and ship_by < now, reason="")


def hold_words(hold: Hold) -> str:
    """Why the order waits: the warehouse's own words, else ours for the code."""
    if hold["detail"]:
        return hold["detail"].rstrip("。")
    return text(f"orders.hold.{hold['code']}" if has_text(f"orders.hold.{hold['code']}") else "orders.hold.other")


def names_of(order: Order, now: datetime) -> dict[str, str]:
    """What any sentence about an order may name."""
    arrived = order["delivered_at"]
    return {
        "title": title_of(order),
        "tail": tail(order["order_id"]),
        "status": status_text(order),
        "amount": money(order["amount_fen"]),
        "delivered_at": day_time(parse_time(arrived), now) if arrived else "",
        "unpaid_close_minutes": facts_of("payments")["unpaid_close_minutes"],
        "refund_working_days": facts_of("payments")["refund_working_days"],
    }


def order_card(order: Order, now: datetime) -> Json:
    """The card of contracts/messages.md."""
    card: Json = {
        "type": "order",
        "order_id": order["order_id"],
        "status": order["status"],
        "status_text": status_text(order),
        "placed_at": order["placed_at"],
        "amount_fen": order["amount_fen"],
        "items": [
            {"title": line["title"], "sku_text": line["sku_text"], "quantity": line["quantity"]}
            for line in order["lines"]
        ],
    }
    plan = dispatch_of(order, now) if order["status"] == "unshipped" else None
    if plan and plan.ship_at and not plan.overdue:
        card["eta_text"] = text("orders.eta_ship", time=deadline(plan.ship_at, now))
    return card


def answer_status(turn: Turn, order: Order) -> Answer:
    """Which stage an order is in; for one not yet sent also why and until when."""
    if order["status"] == "unshipped":
        return _answer_unshipped(turn, order)
    status = order["status"]
    names = names_of(order, turn.now)
    key = "completed_no_date" if status == "completed" and not names["delivered_at"] else status
    words = Words().add(lead(turn)).add(text(f"orders.{key}", **names))
    after: dict[str, tuple[Button, ...]] = {
        "delivered": (button("want_return", "/request_return"), button("not_received", "/report_delivery_problem")),
        "completed": (button("want_return", "/request_return"), button("report_quality", "/report_quality_issue")),
        "pending_payment": (button("change_address", "/modify_order"), button("want_cancel", "/cancel_order")),
        "cancelled": (button("restore", "/undo_request"),),
        "refunding": (button("see_refund", "/query_refund_status"),),
        "refunded": (button("see_refund", "/query_refund_status"),),
    }
    return _answer(turn, order, "order_status", str(words), after.get(status, (human(),)))


def waiting_offer(order: Order, *, needed: bool, without: Collection[str] = ()) -> tuple[str, tuple[Button, ...]]:
    """What can be done about an order that has not left: two ways in words when it is `needed`, else buttons.

    `without` are payloads already under way.
    """
    hold = order["hold"]
    if not needed:
        ways = buttons_for(("urge_dispatch", "readdress", "cancel"))
        return "", tuple(item for item in ways if item.payload not in without)
    return offer(WAYS_OF.get(hold["code"] if hold else "", ("urge_dispatch", "cancel")), without)


def dispatch_words(order: Order, now: datetime) -> str:
    """Why an unshipped order waits and until when, as one sentence without an offer."""
    plan = dispatch_of(order, now)
    ship_at = deadline(plan.ship_at, now) if plan.ship_at else ""
    names = names_of(order, now) | {"ship_at": ship_at, "ship_by": ship_at, "reason": plan.reason}
    names["paid_at"] = day_time(parse_time(order["paid_at"] or order["placed_at"]), now)
    if plan.reason:
        key = "unshipped_hold" if plan.ship_at else "unshipped_hold_no_date"
    elif plan.overdue:
        key = "unshipped_late"
    else:
        key = "unshipped" if plan.ship_at else "unshipped_no_date"
    return text(f"orders.{key}", **names)


def _answer_unshipped(turn: Turn, order: Order) -> Answer:
    plan = dispatch_of(order, turn.now)
    ship_at = deadline(plan.ship_at, turn.now) if plan.ship_at else ""
    days_late = max(1, days_between(plan.ship_at, turn.now)) if plan.overdue and plan.ship_at else 0
    sentence, buttons = waiting_offer(
        order, needed=bool(plan.reason) or plan.overdue, without=urge_payloads(turn, order)
    )
    words = Words().add(lead(turn)).add(dispatch_words(order, turn.now)).add(urge_words(turn, order)).add(sentence)
    facts = [fact("order_status", status_text(order), "order_api", turn.now)]
    promises = []
    if plan.reason:
        facts.append(fact("hold_reason", plan.reason, "order_api", turn.now))
    if days_late:
        facts.append(fact("days_late", days_late, "order_api", turn.now))
    if plan.ship_at and not plan.overdue:
        shown = text("orders.eta_ship", time=ship_at)
        facts.append(fact("expected_ship_at", ship_at, "order_api", turn.now))
        promises.append(promise(turn, shown, stamp(plan.ship_at)))
    reply = Reply(str(words), order_card(order, turn.now), buttons)
    entry = finding(
        turn,
        "order_status",
        str(words),
        order=order,
        facts=facts,
        promises=promises,
        order_snapshot=order_facts_of(order, turn.now, days_late),
    )
    return Answer((reply,), entry)


def _answer(turn: Turn, order: Order, what: str, words: str, buttons: tuple[Button, ...]) -> Answer:
    facts = [
        fact("order_id", order["order_id"], "order_api", turn.now),
        fact("order_status", status_text(order), "order_api", turn.now),
    ]
    reply = Reply(words, order_card(order, turn.now), buttons)
    return Answer((reply,), finding(turn, what, words, order=order, facts=facts))
