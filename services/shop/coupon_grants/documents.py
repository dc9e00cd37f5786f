"""What the API says about coupon grants."""

from __future__ import annotations

from datetime import datetime

import msgspec

from shop.coupons.documents import Coupon


class CouponGrantRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A coupon over `discount_fen`, usable from `threshold_fen` on; `title` is what the customer reads.

    `reason` is for the shop's books. How much may be given is the caller's to check.
    """

    title: str
    discount_fen: int
    reason: str
    threshold_fen: int = 0


class CouponGrant(msgspec.Struct):
    """The coupon given, usable at once for all goods."""

    grant_id: str
    customer_id: str
    coupon: Coupon
    reason: str
    granted_at: datetime


class CouponGrantList(msgspec.Struct):
    """The coupons a customer was given, newest first."""

    grants: list[CouponGrant]
