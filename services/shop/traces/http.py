"""HTTP face of traces."""

from __future__ import annotations

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from shop.context import Shop
from shop.idempotency import Once, create_once, fingerprint
from shop.kernel.http import IdempotencyKey, failures
from shop.orders.store import require_order
from shop.traces.documents import Trace, TraceList, TraceRequest
from shop.traces.store import read_order_traces, trace


@get("/orders/{order_id:str}/traces", responses=failures({404: "order_not_found"}), sync_to_thread=True)
def get_order_traces(order_id: FromPath[str], shop: NamedDependency[Shop]) -> TraceList:
    """The traces of an order, newest first."""
    with shop.database.read() as session:
        require_order(session, order_id)
        return TraceList(read_order_traces(session, order_id))


@post(
    "/orders/{order_id:str}/traces",
    responses=failures(
        {
            404: "order_not_found",
            409: "nothing_to_trace | trace_already_open",
            422: "detail_invalid | idempotency_key_invalid | idempotency_key_reused",
        }
    ),
    sync_to_thread=True,
)
def post_trace(
    order_id: FromPath[str], data: JSONBody[TraceRequest], shop: NamedDependency[Shop], idempotency_key: IdempotencyKey
) -> Trace:
    """Have the carrier search the order's parcel."""
    return create_once(
        shop.database,
        Once(
            operation="traces",
            key=idempotency_key,
            mark=fingerprint(order_id, data),
            now=shop.clock(),
            document_type=Trace,
            create=lambda session: trace(shop, session, order_id, data),
        ),
    )
