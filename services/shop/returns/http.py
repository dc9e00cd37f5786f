"""HTTP face of returns and exchanges."""

from __future__ import annotations

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from shop.context import Shop
from shop.idempotency import Once, create_once, fingerprint
from shop.kernel.http import IdempotencyKey, failures
from shop.orders.store import require_order
from shop.returns.documents import Eligibility, Return, ReturnList, ReturnRequest
from shop.returns.store import apply_for_return, read_eligibility, read_order_returns


@get("/orders/{order_id:str}/returns", responses=failures({404: "order_not_found"}), sync_to_thread=True)
def get_order_returns(order_id: FromPath[str], shop: NamedDependency[Shop]) -> ReturnList:
    """The returns and exchanges of an order, newest first."""
    with shop.database.read() as session:
        require_order(session, order_id)
        return ReturnList(read_order_returns(session, order_id))


@get(
    "/orders/{order_id:str}/return-eligibility",
    responses=failures({404: "order_not_found"}),
    sync_to_thread=True,
)
def get_return_eligibility(order_id: FromPath[str], shop: NamedDependency[Shop]) -> Eligibility:
    """Whether the order may go back now, on what ground, until when, and who pays the freight."""
    with shop.database.read() as session:
        return read_eligibility(shop, session, order_id)


@post(
    "/orders/{order_id:str}/returns",
    responses=failures(
        {
            404: "order_not_found",
            409: "return_expired | return_not_delivered | return_already_open | return_needs_quality_issue",
            422: "reason_invalid | line_unknown | idempotency_key_invalid | idempotency_key_reused",
        }
    ),
    sync_to_thread=True,
)
def post_return(
    order_id: FromPath[str], data: JSONBody[ReturnRequest], shop: NamedDependency[Shop], idempotency_key: IdempotencyKey
) -> Return:
    """Apply for a return or an exchange."""
    return create_once(
        shop.database,
        Once(
            operation="returns",
            key=idempotency_key,
            mark=fingerprint(order_id, data),
            now=shop.clock(),
            document_type=Return,
            create=lambda session: apply_for_return(shop, session, order_id, data),
        ),
    )
