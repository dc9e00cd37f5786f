"""HTTP face of points claims."""

from __future__ import annotations

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from shop.context import Shop
from shop.idempotency import Once, create_once, fingerprint
from shop.kernel.http import IdempotencyKey, failures
from shop.points_claims.documents import PointsClaim, PointsClaimRequest
from shop.points_claims.store import file_points_claim


@post(
    "/customers/{customer_id:str}/points-claims",
    responses=failures(
        {
            404: "customer_not_found | order_not_found",
            409: "points_not_due | points_already_credited | points_claim_already_open",
            422: "idempotency_key_invalid | idempotency_key_reused",
        }
    ),
    sync_to_thread=True,
)
def post_points_claim(
    customer_id: FromPath[str],
    data: JSONBody[PointsClaimRequest],
    shop: NamedDependency[Shop],
    idempotency_key: IdempotencyKey,
) -> PointsClaim:
    """Claim points of an order that are missing."""
    return create_once(
        shop.database,
        Once(
            operation="points-claims",
            key=idempotency_key,
            mark=fingerprint(customer_id, data),
            now=shop.clock(),
            document_type=PointsClaim,
            create=lambda session: file_points_claim(shop, session, customer_id, data),
        ),
    )
