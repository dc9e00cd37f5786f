"""Urging: whoever has the goods is hurried at once, and the customer hears what is known meanwhile."""

from __future__ import annotations

from typing import Any, ClassVar, cast

from actions.answer import Answer, Reply, button, human, lead, slowest
from actions.logistics import answer_logistics, parcel_words, situation
from actions.orders import answer_status, dispatch_words
from actions.policies import policy
from actions.refunds import answer_refund
from actions.shop_api import Document, ShopApi
from actions.shop_types import Shipment
from actions.transactions.case import Case
from actions.transactions.orders import BACK, filed, refusal, see_logistics
from actions.transactions.transaction import Transaction
from actions.words import day_time, deadline, parse_time

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
        return {"shipments": shop.shipments(order["order_id"])} if order["status"] == "shipped" else {}

    def refuse(self, case: Case) -> Answer | None:
        order, turn = case.the_order, case.turn
        if order["status"] in BACK:
            return answer_refund(turn, order, case.facts["refunds"])
        if order["status"] in ("delivered", "completed"):
            arrived = order["delivered_at"]
            when = day_time(parse_time(arrived), turn.now) if arrived else ""
            ways = (button("not_received", "/report_delivery_problem"), button("want_return", "/request_return"))
            return refusal(case, case.say("orders.urge_arrived", delivered_at=when), ways, "order_status")
        if order["status"] not in ("unshipped", "shipped"):
            return answer_status(turn, order)
        shipment = _shipment(case)
        if shipment is None:
            return None
        seen = situation(shipment, turn.now, int(policy("shipping.stuck_days")))
        if seen.state in ("returned", "delivered") or seen.anomaly in NOT_TO_BE_HURRIED:
            return answer_logistics(turn, order, shipment, len(case.facts["shipments"]))
        return None

    def restate(self, case: Case) -> Reply:
        return Reply(case.say("orders.restate_urge"))

    def commit(self, shop: ShopApi, case: Case, key: str) -> Document:
        return shop.file_for_order(case.the_order["order_id"], "urges", {}, key)

    def done(self, case: Case, document: Document) -> Answer:
        until = deadline(parse_time(document["answer_by"]), case.turn.now)
        often = document["ordinal"] > 1
        state = "" if often or case.turn.focus_order_id == case.the_order["order_id"] else self._state(case)
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


def _shipment(case: Case) -> Shipment | None:
    return slowest(cast("list[Shipment]", case.facts.get("shipments", [])))
