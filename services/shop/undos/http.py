"""HTTP face of taking back."""

from __future__ import annotations

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from shop.context import Shop
from shop.idempotency import Once, create_once, fingerprint
from shop.kernel.http import IdempotencyKey, failures
from shop.undos.documents import Undo, UndoRequest
from shop.undos.store import undo


@post(
    "/orders/{order_id:str}/undos",
    responses=failures(
        {
            404: "order_not_found",
            409: "nothing_to_undo | refund_already_paid | goods_already_inspected | stock_gone | coupon_gone",
            422: "idempotency_key_invalid | idempotency_key_reused",
        }
    ),
    sync_to_thread=True,
)
def post_undo(
    order_id: FromPath[str], data: JSONBody[UndoRequest], shop: NamedDependency[Shop], idempotency_key: IdempotencyKey
) -> Undo:
    """Take back the newest return, exchange or cancellation that can be taken back."""
    return create_once(
        shop.database,
        Once(
            operation="undos",
            key=idempotency_key,
            mark=fingerprint(order_id, data),
            now=shop.clock(),
            document_type=Undo,
            create=lambda session: undo(shop, session, order_id),
        ),
    )
