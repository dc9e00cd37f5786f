"""Order state: which stage, why not shipped, and whether it can still be changed, cancelled or restored."""

from __future__ import annotations

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
from actions.policies import facts_of
from actions.shop_types import Hold, Order
from actions.texts import has_text, text
from actions.words import day_time, days_between, deadline, money, parse_time, stamp, tail


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


def answer_status(turn: Turn, order: Order, *, urge: bool = False) -> Answer:
    """Which stage an order is in; for one not yet sent also why and until when."""
    if order["status"] == "unshipped":
        return _answer_unshipped(turn, order, urge=urge)
    status = order["status"]
    names = names_of(order, turn.now)
    key = "completed_no_date" if status == "completed" and not names["delivered_at"] else status
    words = Words().add(lead(turn)).add(text(f"orders.{key}", **names))
    after: dict[str, tuple[Button, ...]] = {
        "delivered": (button("want_return", "/request_return"), button("not_received", "/report_delivery_problem")),
        "completed": (button("want_return", "/request_return"), human()),
        "pending_payment": (human(),),
        "cancelled": (human(),),
    }
    return _answer(turn, order, "order_status", str(words), after.get(status, (human(),)))


def _answer_unshipped(turn: Turn, order: Order, *, urge: bool) -> Answer:
    plan = dispatch_of(order, turn.now)
    names = names_of(order, turn.now)
    ship_at = deadline(plan.ship_at, turn.now) if plan.ship_at else ""
    names |= {"ship_at": ship_at, "ship_by": ship_at, "reason": plan.reason}
    names["paid_at"] = day_time(parse_time(order["paid_at"] or order["placed_at"]), turn.now)
    if plan.reason:
        key = "unshipped_hold" if plan.ship_at else "unshipped_hold_no_date"
    elif plan.overdue:
        key = "unshipped_late"
    else:
        key = "unshipped" if plan.ship_at else "unshipped_no_date"
    days_late = max(1, days_between(plan.ship_at, turn.now)) if plan.overdue and plan.ship_at else 0
    words = Words().add(lead(turn)).add(text(f"orders.{key}", **names))
    if urge and not plan.overdue:
        words.add(text("orders.urge_unshipped_extra"))
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
    reply = Reply(
        str(words), order_card(order, turn.now), (human("human_urge"), button("want_refund", "/cancel_order"))
    )
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


def answer_modify(turn: Turn, order: Order) -> Answer:
    """Whether address, phone or specification can still be changed."""
    keys = {
        "pending_payment": "modify_pending",
        "unshipped": "modify_unshipped",
        "shipped": "modify_shipped",
        "delivered": "modify_done",
        "completed": "modify_done",
    }
    key = keys.get(order["status"], "modify_closed")
    buttons: dict[str, tuple[Button, ...]] = {
        "modify_unshipped": (human("human_modify"),),
        "modify_shipped": (human("human_modify"),),
        "modify_done": (button("want_exchange", "/request_exchange"), human()),
    }
    words = text(f"orders.{key}", **names_of(order, turn.now))
    return _answer(turn, order, "modify", lead(turn) + words, buttons.get(key, (human(),)))


def answer_cancel(turn: Turn, order: Order) -> Answer:
    """Whether an order can be cancelled, and if not what gets the money back; never a dead end."""
    keys = {
        "pending_payment": "cancel_pending",
        "unshipped": "cancel_unshipped",
        "shipped": "cancel_shipped",
        "delivered": "cancel_delivered",
        "completed": "cancel_delivered",
        "refunding": "cancel_refunding",
    }
    key = keys.get(order["status"], "cancel_closed")
    buttons: dict[str, tuple[Button, ...]] = {
        "cancel_unshipped": (human("human_cancel"), button("no_thanks", "/deny")),
        "cancel_shipped": (human("human_refund"), button("see_logistics", "/query_logistics")),
        "cancel_delivered": (button("want_return", "/request_return"), human()),
        "cancel_refunding": (button("see_refund", "/query_refund_status"), human()),
    }
    words = text(f"orders.{key}", **names_of(order, turn.now))
    return _answer(turn, order, "cancel", lead(turn) + words, buttons.get(key, (human(),)))


def answer_undo(turn: Turn, order: Order) -> Answer:
    """Take back a cancellation or refund: what is possible in this state."""
    keys = {"refunding": "undo_refunding", "cancelled": "undo_cancelled", "refunded": "undo_refunded"}
    key = keys.get(order["status"], "undo_nothing")
    see_status = (button("see_status", "/query_order_status"), human())
    buttons = see_status if key == "undo_nothing" else (human("human_undo"),)
    return _answer(turn, order, "undo", text(f"orders.{key}", **names_of(order, turn.now)), buttons)


def _answer(turn: Turn, order: Order, what: str, words: str, buttons: tuple[Button, ...]) -> Answer:
    facts = [
        fact("order_id", order["order_id"], "order_api", turn.now),
        fact("order_status", status_text(order), "order_api", turn.now),
    ]
    reply = Reply(words, order_card(order, turn.now), buttons)
    return Answer((reply,), finding(turn, what, words, order=order, facts=facts))
