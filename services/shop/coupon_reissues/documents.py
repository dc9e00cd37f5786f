"""What the API says about coupon reissues."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from shop.coupons.documents import Coupon

ReissueReason = Literal["not_received", "not_returned", "expired_by_fault", "other"]
ReissueState = Literal["issued", "reviewing"]


class CouponReissueRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The coupon that is missing, and why in the customer's view."""

    coupon_id: str
    reason: ReissueReason


class CouponReissue(msgspec.Struct):
    """`coupon` is the new one, null while a person reviews the request, who answers until `answer_by`."""

    reissue_id: str
    customer_id: str
    coupon_id: str
    state: ReissueState
    coupon: Coupon | None
    requested_at: datetime
    answer_by: datetime
