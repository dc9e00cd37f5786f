"""Campaigns and coupons: what can be used now."""

from __future__ import annotations

from datetime import datetime

from actions.answer import Answer, Reply, fact, finding
from actions.base import AnsweringAction
from actions.context import Turn
from actions.policies import asked_lines, policy_text
from actions.shop_types import Coupon
from actions.texts import text
from actions.words import deadline, parse_time

MAX_COUPONS = 5


def usable(coupons: list[Coupon], now: datetime) -> list[Coupon]:
    """Coupons that work at this moment, soonest expiry first."""
    open_ones = [
        item
        for item in coupons
        if item["state"] == "unused" and parse_time(item["valid_from"]) <= now < parse_time(item["expires_at"])
    ]
    return sorted(open_ones, key=lambda item: item["expires_at"])


def usable_words(coupons: list[Coupon], now: datetime) -> str:
    """The usable coupons, one a line."""
    lines = [_line(item, now) for item in usable(coupons, now)[:MAX_COUPONS]]
    if not lines:
        return text("promotions.none")
    return text("promotions.coupons_intro") + "\n" + "\n".join(lines)


def _line(coupon: Coupon, now: datetime) -> str:
    words = text(
        "promotions.coupon_line", title=coupon["title"], expires_at=deadline(parse_time(coupon["expires_at"]), now)
    )
    kind, _, category = coupon["scope"].partition(":")
    return words + (text("promotions.coupon_scope", category=category) if kind == "category" else "")


class ActionAnswerCoupons(AnsweringAction):
    """Answers ask_promotion from the customer's coupons and the rules."""

    def name(self) -> str:
        return "action_answer_coupons"

    async def answer(self, turn: Turn) -> Answer:
        rules = policy_text("promotions.ask_promotion", turn.text)
        if turn.customer_id is None:
            words = f"{rules}\n{text('promotions.login')}"
            return Answer((Reply(words),), finding(turn, "policy", words))
        if asked_lines("promotions.ask_promotion", turn.text):
            return Answer((Reply(rules),), finding(turn, "policy", rules))
        coupons = await self.ask(self.shop.coupons, turn.customer_id)
        words = f"{usable_words(coupons, turn.now)}\n{rules}"
        facts = [fact("coupons_usable", len(usable(coupons, turn.now)), "member_api", turn.now)]
        return Answer((Reply(words),), finding(turn, "coupons", words, facts=facts))
