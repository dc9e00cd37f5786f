"""What the API says about points claims."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

ClaimReason = Literal["not_credited", "not_returned", "wrongly_deducted"]


class PointsClaimRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The order whose points are missing, and what is wrong with them."""

    order_id: str
    reason: ClaimReason


class PointsClaim(msgspec.Struct):
    """`points` are those credited, null while a person reviews the claim, who answers until `answer_by`."""

    points_claim_id: str
    customer_id: str
    order_id: str
    state: Literal["credited", "reviewing"]
    points: int | None
    requested_at: datetime
    answer_by: datetime
