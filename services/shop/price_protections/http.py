"""HTTP face of price protections."""

from __future__ import annotations

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from shop.context import Shop
from shop.idempotency import Once, create_once, fingerprint
from shop.kernel.http import IdempotencyKey, failures
from shop.price_protections.documents import PriceProtection, PriceProtectionRequest
from shop.price_protections.store import protect_price


@post(
    "/orders/{order_id:str}/price-protections",
    responses=failures(
        {
            404: "order_not_found",
            409: "price_not_lower | price_protection_expired | price_already_protected | order_not_paid | order_closed",
            422: "idempotency_key_invalid | idempotency_key_reused",
        }
    ),
    sync_to_thread=True,
)
def post_price_protection(
    order_id: FromPath[str],
    data: JSONBody[PriceProtectionRequest],
    shop: NamedDependency[Shop],
    idempotency_key: IdempotencyKey,
) -> PriceProtection:
    """Pay back what the goods of an order cost less now."""
    return create_once(
        shop.database,
        Once(
            operation="price-protections",
            key=idempotency_key,
            mark=fingerprint(order_id, data),
            now=shop.clock(),
            document_type=PriceProtection,
            create=lambda session: protect_price(shop, session, order_id),
        ),
    )
