"""HTTP face of orders."""

from __future__ import annotations

from typing import Annotated

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from shop.context import Shop
from shop.customers.store import require_customer
from shop.idempotency import Once, create_once, fingerprint
from shop.kernel.http import IdempotencyKey, failures
from shop.orders.cancelling import cancel
from shop.orders.documents import (
    Cancellation,
    CancelRequest,
    Order,
    OrderList,
    Urge,
    UrgeRequest,
    Verification,
    VerifyRequest,
)
from shop.orders.store import read_customer_orders, read_order
from shop.orders.urging import urge
from shop.orders.verification import verify


@get(
    "/customers/{customer_id:str}/orders",
    responses=failures({404: "customer_not_found"}),
    sync_to_thread=True,
)
def get_customer_orders(
    customer_id: FromPath[str], shop: NamedDependency[Shop], limit: Annotated[int, QueryParameter(ge=1, le=100)] = 20
) -> OrderList:
    """The newest orders of a customer, newest first."""
    with shop.database.read() as session:
        require_customer(session, customer_id)
        return OrderList(read_customer_orders(session, customer_id, limit))


@get("/orders/{order_id:str}", responses=failures({404: "order_not_found"}), sync_to_thread=True)
def get_order(order_id: FromPath[str], shop: NamedDependency[Shop]) -> Order:
    """One order with lines, payment, recipient, hold and the ids of what hangs on it."""
    with shop.database.read() as session:
        return read_order(session, order_id)


@post(
    "/orders/{order_id:str}/verify",
    status_code=200,
    responses=failures(
        {
            404: "order_not_found",
            422: "phone_ending_invalid",
            429: "verification_locked: 5 failures in 24 hours",
        }
    ),
    sync_to_thread=True,
)
def post_verify(order_id: FromPath[str], data: JSONBody[VerifyRequest], shop: NamedDependency[Shop]) -> Verification:
    """Whether the four digits end the recipient's or the account's phone; failures are counted."""
    with shop.database.write() as session:
        return verify(session, order_id, data.phone_ending, shop.clock())


@post(
    "/orders/{order_id:str}/cancellations",
    responses=failures(
        {
            404: "order_not_found",
            409: "order_already_shipped | order_already_delivered | order_already_cancelled"
            " | order_already_refunding | order_already_refunded",
            422: "reason_invalid | idempotency_key_invalid | idempotency_key_reused",
        }
    ),
    sync_to_thread=True,
)
def post_cancellation(
    order_id: FromPath[str], data: JSONBody[CancelRequest], shop: NamedDependency[Shop], idempotency_key: IdempotencyKey
) -> Cancellation:
    """Cancel an order that has not been sent; what was paid is refunded."""
    return create_once(
        shop.database,
        Once(
            operation="cancellations",
            key=idempotency_key,
            mark=fingerprint(order_id, data),
            now=shop.clock(),
            document_type=Cancellation,
            create=lambda session: cancel(shop, session, order_id, data),
        ),
    )


@post(
    "/orders/{order_id:str}/urges",
    responses=failures(
        {
            404: "order_not_found",
            409: "nothing_to_urge",
            422: "idempotency_key_invalid | idempotency_key_reused",
        }
    ),
    sync_to_thread=True,
)
def post_urge(
    order_id: FromPath[str], data: JSONBody[UrgeRequest], shop: NamedDependency[Shop], idempotency_key: IdempotencyKey
) -> Urge:
    """Urge the dispatch or the delivery, whichever the order waits for."""
    return create_once(
        shop.database,
        Once(
            operation="urges",
            key=idempotency_key,
            mark=fingerprint(order_id, data),
            now=shop.clock(),
            document_type=Urge,
            create=lambda session: urge(shop, session, order_id),
        ),
    )
