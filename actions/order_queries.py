"""What the shop knows about one order: the questions that change nothing, one function for each topic."""

from __future__ import annotations

from collections.abc import Callable

from actions import after_sales, logistics, orders, refunds
from actions.answer import Answer, slowest
from actions.context import Turn
from actions.documents import named_first, read_documents
from actions.shop_api import ShopApi
from actions.shop_types import Order

RECEIVED = ("delivered", "completed")
GOODS_BACK = ("return", "exchange")
SENT = ("shipped", "delivered", "completed")


def answer_where(shop: ShopApi, turn: Turn, order: Order) -> Answer:
    """Stage or parcel: whoever asks where an order is wants the one that applies."""
    if order["status"] in ("refunding", "refunded"):
        return answer_refund(shop, turn, order)
    if order["status"] in RECEIVED:
        documents = read_documents(shop, order, turn.now)
        if documents and documents[0].is_open and documents[0].kind in GOODS_BACK:
            # 新的几天能到: the parcel of the first delivery is of no interest any more.
            return after_sales.answer_progress(turn, order, documents)
    if order["status"] in SENT:
        shipments = shop.shipments(order["order_id"])
        shipment = slowest(shipments)
        if shipment is not None:
            documents = read_documents(shop, order, turn.now)
            return logistics.answer_logistics(turn, order, shipment, len(shipments), documents)
    return orders.answer_status(turn, order)


def answer_refund(shop: ShopApi, turn: Turn, order: Order) -> Answer:
    """Where the money is; an overdue refund is chased at once, which costs the customer nothing and is filed once."""
    found = shop.refunds(order["order_id"])
    # A new address brings no money: what it is about comes from the parcel.
    filed = [] if found else read_documents(shop, order, turn.now)
    documents = [item for item in filed if item.kind != "interception"]
    if documents and (documents[0].is_open or documents[0].kind in GOODS_BACK):
        # No money yet, but what will bring it is under way.
        return after_sales.answer_progress(turn, order, documents)
    newest = refunds.newest_of(found)
    if newest is None and order["status"] == "shipped":
        shipment = slowest(shop.shipments(order["order_id"]))
        if shipment is not None and logistics.seen_now(shipment, turn.now).anomaly in ("refused", "lost"):
            # 没拒收啊 钱退不退: "refuse it" would be no advice for such a parcel.
            return answer_where(shop, turn, order)
    if newest is None or not refunds.days_overdue(newest, turn.now):
        return refunds.answer_refund(turn, order, found)
    chase = shop.file_ticket(refunds.chase_of(order, newest), f"refund-overdue-{newest['refund_id']}")
    return refunds.answer_refund(turn, order, found, chase)


def answer_progress(shop: ShopApi, turn: Turn, order: Order) -> Answer:
    """How far returns, exchanges, claims and searches are; without any of them the refund."""
    documents = named_first(read_documents(shop, order, turn.now), turn.text)
    if not documents and order["refund_ids"]:
        return answer_refund(shop, turn, order)
    if not documents and order["status"] in ("unshipped", "shipped"):
        return answer_where(shop, turn, order)  # nothing was filed: what is waited for is the parcel
    return after_sales.answer_progress(turn, order, documents)


# Blocking; every one raises ShopError.
QUERIES: dict[str, Callable[[ShopApi, Turn, Order], Answer]] = {
    "query_order_status": answer_where,
    "query_logistics": answer_where,
    "query_refund_status": answer_refund,
    "query_after_sales_progress": answer_progress,
}
