"""HTTP face of modifications of orders."""

from __future__ import annotations

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from shop.context import Shop
from shop.idempotency import Once, create_once, fingerprint
from shop.kernel.http import IdempotencyKey, failures
from shop.modifications.documents import Modification, ModificationList, ModificationRequest
from shop.modifications.store import modify, read_order_modifications
from shop.orders.store import require_order


@get("/orders/{order_id:str}/modifications", responses=failures({404: "order_not_found"}), sync_to_thread=True)
def get_order_modifications(order_id: FromPath[str], shop: NamedDependency[Shop]) -> ModificationList:
    """The modifications of an order, newest first."""
    with shop.database.read() as session:
        require_order(session, order_id)
        return ModificationList(read_order_modifications(session, order_id))


@post(
    "/orders/{order_id:str}/modifications",
    responses=failures(
        {
            404: "order_not_found",
            409: "order_already_shipped | order_delivered | order_closed | sku_out_of_stock | sku_price_differs"
            " | interception_already_open",
            422: "nothing_to_change | recipient_invalid | line_unknown | sku_unknown | note_invalid"
            " | idempotency_key_invalid | idempotency_key_reused",
        }
    ),
    sync_to_thread=True,
)
def post_modification(
    order_id: FromPath[str],
    data: JSONBody[ModificationRequest],
    shop: NamedDependency[Shop],
    idempotency_key: IdempotencyKey,
) -> Modification:
    """Change recipient, version or note of an order; of one under way, ask the carrier for another recipient."""
    return create_once(
        shop.database,
        Once(
            operation="modifications",
            key=idempotency_key,
            mark=fingerprint(order_id, data),
            now=shop.clock(),
            document_type=Modification,
            create=lambda session: modify(shop, session, order_id, data),
        ),
    )
