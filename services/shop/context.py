"""What the handlers work with, made once at start-up."""

from __future__ import annotations

from dataclasses import dataclass, field

from shop.claims.policy import ClaimPolicy
from shop.coupon_grants.policy import CouponGrantPolicy
from shop.coupon_reissues.policy import CouponReissuePolicy
from shop.invoices.policy import InvoicePolicy
from shop.kernel.clock import Clock
from shop.kernel.db import Database
from shop.kernel.ids import NewId
from shop.points.policy import PointsPolicy
from shop.price_protections.policy import PriceProtectionPolicy
from shop.returns.policy import ReturnPolicy
from shop.tickets.policy import TicketPolicy


@dataclass(frozen=True, slots=True)
class Shop:
    """Database, clock, ids and the rules' numbers; handlers receive it as the argument `shop`."""

    database: Database
    clock: Clock
    new_id: NewId
    return_policy: ReturnPolicy
    identity_secret: str
    claim_policy: ClaimPolicy = field(default_factory=ClaimPolicy)
    invoice_policy: InvoicePolicy = field(default_factory=InvoicePolicy)
    coupon_reissue_policy: CouponReissuePolicy = field(default_factory=CouponReissuePolicy)
    coupon_grant_policy: CouponGrantPolicy = field(default_factory=CouponGrantPolicy)
    points_policy: PointsPolicy = field(default_factory=PointsPolicy)
    price_protection_policy: PriceProtectionPolicy = field(default_factory=PriceProtectionPolicy)
    ticket_policy: TicketPolicy = field(default_factory=TicketPolicy)
