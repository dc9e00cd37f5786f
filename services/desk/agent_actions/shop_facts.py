"""What the shop says before an agent's action is confirmed: whose it is, whether it can be, what it is worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desk.agent_actions import rules
from desk.customers.shop import ShopRefusedError
from desk.kernel.errors import ConflictError, DeskError, NotFoundError

if TYPE_CHECKING:
    from desk.agent_actions.rules import Facts, Json, Wanted
    from desk.customers.shop import ShopClient
    from desk.kernel.wording import Wording

_NOT_THEIRS = {"order_not_found", "coupon_not_found", "customer_not_found"}


async def gather(shop: ShopClient, customer_id: str, wanted: Wanted) -> Facts:
    """The facts of a checked request.

    NotFoundError `order_not_found`, `coupon_not_found` (also for another customer's), `customer_not_found`;
    ShopRefusedError when it is clear that the shop would refuse; InvalidError `action_invalid`; UnavailableError.
    """
    if wanted.action == "coupon":
        tier = str((await shop.customer(customer_id)).get("tier") or "")
        return rules.Facts(amount_fen=wanted.amount_fen or 0, tier=tier, before={"tier": tier}, told={"tier": tier})
    if wanted.action == "coupon_reissue":
        return _coupon_facts(await shop.coupons(customer_id), wanted)
    order = await order_of(shop, customer_id, wanted.order_id or "")
    if wanted.action == "reship":
        reason = rules.reship_refusal(order)
        if reason is not None:
            raise ShopRefusedError(reason, {})
        return _goods_facts(order, rules.lines_of(order, wanted.line_ids), {})
    eligibility = await shop.return_eligibility(order["order_id"])
    rules.lines_of(order, wanted.line_ids)
    reason = rules.return_refusal(eligibility, wanted)
    if reason is not None:
        raise ShopRefusedError(reason, {})
    told = {"deadline": eligibility["deadline"], "freight_payer": eligibility["freight_payer"]}
    if wanted.quality_issue and eligibility["kind"] == "no_reason":
        told["freight_payer"] = None  # whose fault it is is seen at the inspection
    return _goods_facts(order, rules.lines_of(order, rules.going_back(eligibility, wanted)), told)


async def order_of(shop: ShopClient, customer_id: str, order_id: str) -> Json:
    """The order if it is this customer's; NotFoundError `order_not_found`, whatever else it may be."""
    try:
        order = await shop.order(order_id)
    except ShopRefusedError as refused:
        raise NotFoundError("order_not_found") from refused
    if order.get("customer_id") != customer_id:
        raise NotFoundError("order_not_found")
    return order


def refusal(wording: Wording, reason: str) -> DeskError:
    """The shop's no as an agent is told it: the reason as a code for programs and in words for people."""
    if reason in _NOT_THEIRS:
        return NotFoundError(reason)
    words = wording.name("agent_actions.refusals", reason)
    return ConflictError("shop_refused", details={"reason": reason}, why=words)


def _goods_facts(order: Json, lines: list[Json], told: Json) -> Facts:
    shown = [{name: line[name] for name in ("line_id", "title", "sku_text", "quantity")} for line in lines]
    return rules.Facts(
        amount_fen=rules.paid_fen(order, lines),
        tier=None,
        before={"order_status": order["status"], "return_ids": list(order.get("return_ids") or [])},
        told={"lines": shown, **told},
    )


def _coupon_facts(coupons: list[Json], wanted: Wanted) -> Facts:
    coupon = next((one for one in coupons if one["coupon_id"] == wanted.coupon_id), None)
    if coupon is None:
        raise NotFoundError("coupon_not_found")
    if coupon["state"] == "unused":
        raise ShopRefusedError("coupon_still_usable", {})
    shown = {name: coupon[name] for name in ("coupon_id", "title", "state", "expires_at")}
    return rules.Facts(
        amount_fen=int(coupon["discount_fen"]),
        tier=None,
        before={"coupon_state": coupon["state"]},
        told={"coupon": shown},
    )
