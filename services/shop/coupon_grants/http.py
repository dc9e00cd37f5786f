"""HTTP face of coupon grants."""

from __future__ import annotations

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from shop.context import Shop
from shop.coupon_grants.documents import CouponGrant, CouponGrantList, CouponGrantRequest
from shop.coupon_grants.store import grant_coupon, read_coupon_grants
from shop.idempotency import Once, create_once, fingerprint
from shop.kernel.http import IdempotencyKey, failures


@get(
    "/customers/{customer_id:str}/coupon-grants",
    responses=failures({404: "customer_not_found"}),
    sync_to_thread=True,
)
def get_coupon_grants(customer_id: FromPath[str], shop: NamedDependency[Shop]) -> CouponGrantList:
    """The coupons a customer was given, newest first."""
    with shop.database.read() as session:
        return CouponGrantList(read_coupon_grants(session, customer_id, shop.clock()))


@post(
    "/customers/{customer_id:str}/coupon-grants",
    responses=failures(
        {
            404: "customer_not_found",
            422: "title_invalid | reason_invalid | amount_invalid | idempotency_key_invalid | idempotency_key_reused",
        }
    ),
    sync_to_thread=True,
)
def post_coupon_grant(
    customer_id: FromPath[str],
    data: JSONBody[CouponGrantRequest],
    shop: NamedDependency[Shop],
    idempotency_key: IdempotencyKey,
) -> CouponGrant:
    """Give a customer a coupon."""
    return create_once(
        shop.database,
        Once(
            operation="coupon-grants",
            key=idempotency_key,
            mark=fingerprint(customer_id, data),
            now=shop.clock(),
            document_type=CouponGrant,
            create=lambda session: grant_coupon(shop, session, customer_id, data),
        ),
    )
