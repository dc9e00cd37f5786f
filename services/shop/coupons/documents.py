"""What the API says about coupons."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

CouponState = Literal["unused", "used", "expired"]


class Coupon(msgspec.Struct):
    """A coupon; `scope` is `all` or `category:<name>`."""

    coupon_id: str
    title: str
    threshold_fen: int
    discount_fen: int
    scope: str
    valid_from: datetime
    expires_at: datetime
    state: CouponState
    used_order_id: str | None


class CouponList(msgspec.Struct):
    """The coupons of a customer: unused first, then by expiry."""

    coupons: list[Coupon]
