"""Urging: whoever has the goods is hurried at once, and the customer hears what is known meanwhile."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from actions.after_sales import answer_progress
from actions.answer import Answer, Json, Reply, button, human, lead, slowest
from actions.context import Turn
from actions.documents import Filed, read_documents
from actions.logistics import answer_logistics, parcel_words, seen_now
from actions.orders import answer_status, dispatch_words
from actions.refunds import answer_refund
from actions.repeated import afresh
from actions.shop_api import Document, ShopApi
from actions.shop_types import Order, Shipment
from actions.transactions.case import Case
from actions.transactions.modify import ship_words
from actions.transactions.orders import BACK, filed, refusal, see_logistics
from actions.transactions.transaction import Transaction
from actions.urges import open_urge, urge_number
from actions.words import day_time, deadline, parse_time, tail

RECEIVED = ("delivered", "completed")
# Hurrying does not move such a parcel: it needs another way on.
NOT_TO_BE_HURRIED = ("lost", "refused", "address")


class UrgeOrder(Transaction):
    """Hurries the warehouse or the carrier at once and says what is known meanwhile."""

    topic: ClassVar[str] = "urge_order"
    texts: ClassVar[str] = "orders"
    confirms: ClassVar[bool] = False

    def gather(self, shop: ShopApi, case: Case) -> dict[str, Any]:
        order = case.the_order
        if order["status"] in BACK:
            return {"refunds": shop.refunds(order["order_id"])}
        if order["status"] in RECEIVED:
            return {"documents": read_documents(shop, order, case.turn.now)}
        return {"shipments": shop.shipments(order["order_id"])} if order["status"] == "shipped" else {}

    def refuse(self, case: Case) -> Answer | None:
        order, turn = case.the_order, case.turn
        if order["status"] in BACK:
            return afresh(turn, answer_refund(turn, order, case.facts["refunds"]), turn.slots.get("findings"))
        if order["status"] in RECEIVED:
            return _arrived(case)
        if order["status"] not in ("unshipped", "shipped"):
            return answer_status(turn, order)
        return _not_to_be_hurried(case) or _still_waiting(case)

    def restate(self, case: Case) -> Reply:
        return Reply(case.say("orders.restate_urge"))

    def commit(self, shop: ShopApi, case: Case, key: str) -> Document:
        return shop.file_for_order(case.the_order["order_id"], "urges", {}, key)

    def done(self, case: Case, document: Document) -> Answer:
        until = deadline(parse_time(document["answer_by"]), case.turn.now)
        often = document["ordinal"] > 1
        told = case.turn.focus_order_id == case.the_order["order_id"] and told_of(case.turn, case.the_order)
        state = case.say("orders.urged_which") if told else self._state(case)
        action = case.say(
            f"orders.urged_{document['kind']}{'_again' if often else ''}",
            urge_id=document["urge_id"],
            answer_by=until,
            ordinal=document["ordinal"],
        )
        shipping = document["kind"] == "dispatch"
        trace = (button("trace", "/report_delivery_problem"),) if often else ()
        ways = (button("want_refund", "/cancel_order"),) if shipping else (see_logistics(), *trace)
        words = state + action
        return filed(case, "filed_urge", words, document["urge_id"], (*ways, human()), due_at=document["answer_by"])

    def _state(self, case: Case) -> str:
        shipment = _shipment(case)
        if shipment is not None:
            return parcel_words(case.turn, case.the_order, shipment)
        return lead(case.turn) + dispatch_words(case.the_order, case.turn.now)


def told_of(turn: Turn, order: Order) -> bool:
    """Whether this conversation has already said where the order stands."""
    return any(tail(order["order_id"]) in bubble for bubble in turn.said)


def _arrived(case: Case) -> Answer:
    """The goods are there: what is hurried is the return or the claim under way, if there is one."""
    order, now = case.the_order, case.turn.now
    documents: list[Filed] = case.facts["documents"]
    if any(item.is_open for item in documents):
        return afresh(case.turn, answer_progress(case.turn, order, documents), case.turn.slots.get("findings"))
    arrived = order["delivered_at"]
    when = day_time(parse_time(arrived), now) if arrived else ""
    ways = (button("not_received", "/report_delivery_problem"), button("want_return", "/request_return"))
    return refusal(case, case.say("orders.urge_arrived", delivered_at=when), ways, "order_status")


def _not_to_be_hurried(case: Case) -> Answer | None:
    shipment = _shipment(case)
    if shipment is None:
        return None
    seen = seen_now(shipment, case.turn.now)
    if seen.state in ("returned", "delivered") or seen.anomaly in NOT_TO_BE_HURRIED:
        answer = answer_logistics(case.turn, case.the_order, shipment, len(case.facts["shipments"]))
        return afresh(case.turn, answer, case.turn.slots.get("findings"))
    return None


def _still_waiting(case: Case) -> Answer | None:
    entry = open_urge(case.turn, case.the_order)
    return _told_again(case, entry) if entry is not None else None


def _told_again(case: Case, entry: Json) -> Answer:
    kind = "dispatch" if case.the_order["status"] == "unshipped" else "delivery"
    words = case.say(
        f"orders.urge_open_{kind}",
        urged_at=day_time(parse_time(entry["at"]), case.turn.now),
        urge_id=urge_number(entry),
        answer_by=deadline(parse_time(entry["promises"][0]["due_at"]), case.turn.now),
    )
    if any(words in bubble for bubble in case.turn.said):
        until = deadline(parse_time(entry["promises"][0]["due_at"]), case.turn.now)
        words = case.say("orders.urge_open_again", answer_by=until)
    trace = (see_logistics(), button("trace", "/report_delivery_problem"))
    ways = (button("want_refund", "/cancel_order"),) if kind == "dispatch" else trace
    return refusal(case, words + ship_words(case), (*ways, human()), "order_status")


def _shipment(case: Case) -> Shipment | None:
    return slowest(cast("list[Shipment]", case.facts.get("shipments", [])))
