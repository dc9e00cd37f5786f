"""HTTP face of coupon reissues."""

from __future__ import annotations

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from shop.context import Shop
from shop.coupon_reissues.documents import CouponReissue, CouponReissueRequest
from shop.coupon_reissues.store import request_coupon_reissue
from shop.idempotency import Once, create_once, fingerprint
from shop.kernel.http import IdempotencyKey, failures


@post(
    "/customers/{customer_id:str}/coupon-reissues",
    responses=failures(
        {
            404: "customer_not_found | coupon_not_found",
            409: "coupon_still_usable | coupon_already_reissued | coupon_reissue_already_open",
            422: "idempotency_key_invalid | idempotency_key_reused",
        }
    ),
    sync_to_thread=True,
)
def post_coupon_reissue(
    customer_id: FromPath[str],
    data: JSONBody[CouponReissueRequest],
    shop: NamedDependency[Shop],
    idempotency_key: IdempotencyKey,
) -> CouponReissue:
    """Ask for a new coupon in place of one that was lost."""
    return create_once(
        shop.database,
        Once(
            operation="coupon-reissues",
            key=idempotency_key,
            mark=fingerprint(customer_id, data),
            now=shop.clock(),
            document_type=CouponReissue,
            create=lambda session: request_coupon_reissue(shop, session, customer_id, data),
        ),
    )
