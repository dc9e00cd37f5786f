"""What the API says about claims."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec

from shop.refunds.documents import Refund

ClaimKind = Literal["damaged", "wrong", "missing", "quality"]
Remedy = Literal["refund", "reship", "exchange", "part_refund"]
ClaimState = Literal["approved", "reviewing"]


class ClaimRequest(msgspec.Struct, forbid_unknown_fields=True):
    """`description` in the customer's words (1 to 500 characters); no `line_ids` means all lines."""

    kind: ClaimKind
    description: str
    remedy: Remedy
    line_ids: list[str] | None = None


class Evidence(msgspec.Struct, forbid_unknown_fields=True):
    """A file the customer sent to the desk: where it lies is the desk's to say (`url`, relative to it)."""

    id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    kind: Literal["image", "video", "document"]
    name: Annotated[str, msgspec.Meta(max_length=200)]
    url: Annotated[str, msgspec.Meta(max_length=500)]


class EvidenceRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Files to lay beside a claim."""

    evidence: Annotated[list[Evidence], msgspec.Meta(max_length=50)]


class Claim(msgspec.Struct):
    """Goods that were not as they should be, and what makes up for them.

    `approved` at once: `refund` (with `amount_fen`), an exchange (`return_id`) or goods sent again until `reship_by`;
    `reviewing`: a person looks at the photos and answers until `answer_by`.
    """

    claim_id: str
    order_id: str
    kind: ClaimKind
    remedy: Remedy
    state: ClaimState
    description: str
    line_ids: list[str]
    amount_fen: int | None
    refund: Refund | None
    return_id: str | None
    reship_by: datetime | None
    needs_photos: bool
    requested_at: datetime
    answer_by: datetime
    evidence: list[Evidence] = []


class ClaimList(msgspec.Struct):
    """The claims of an order, newest first."""

    claims: list[Claim]
