"""HTTP face of claims."""

from __future__ import annotations

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from shop.claims.documents import Claim, ClaimList, ClaimRequest, EvidenceRequest
from shop.claims.store import add_evidence, claim, read_order_claims
from shop.context import Shop
from shop.idempotency import Once, create_once, fingerprint
from shop.kernel.http import IdempotencyKey, failures
from shop.orders.store import require_order


@get("/orders/{order_id:str}/claims", responses=failures({404: "order_not_found"}), sync_to_thread=True)
def get_order_claims(order_id: FromPath[str], shop: NamedDependency[Shop]) -> ClaimList:
    """The claims of an order, newest first."""
    with shop.database.read() as session:
        require_order(session, order_id)
        return ClaimList(read_order_claims(session, order_id))


@post(
    "/orders/{order_id:str}/claims",
    responses=failures(
        {
            404: "order_not_found",
            409: "not_delivered | order_closed | claim_expired | claim_already_open | return_already_open",
            422: "description_invalid | line_unknown | remedy_not_possible"
            " | idempotency_key_invalid | idempotency_key_reused",
        }
    ),
    sync_to_thread=True,
)
def post_claim(
    order_id: FromPath[str], data: JSONBody[ClaimRequest], shop: NamedDependency[Shop], idempotency_key: IdempotencyKey
) -> Claim:
    """Claim damaged, wrong, missing or faulty goods; small and plain claims are settled at once."""
    return create_once(
        shop.database,
        Once(
            operation="claims",
            key=idempotency_key,
            mark=fingerprint(order_id, data),
            now=shop.clock(),
            document_type=Claim,
            create=lambda session: claim(shop, session, order_id, data),
        ),
    )


@post(
    "/claims/{claim_id:str}/evidence",
    status_code=200,
    responses=failures({404: "claim_not_found"}),
    sync_to_thread=True,
)
def post_claim_evidence(claim_id: FromPath[str], data: JSONBody[EvidenceRequest], shop: NamedDependency[Shop]) -> Claim:
    """Lay files beside a claim; a file named again is there once, so repeating is safe."""
    with shop.database.write() as session:
        return add_evidence(session, claim_id, data)
