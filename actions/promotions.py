"""Campaigns and coupons: what is in the account, why one does not work."""

from __future__ import annotations

from datetime import datetime

from actions.answer import Answer, Button, Reply, fact, finding, human
from actions.base import AnsweringAction
from actions.context import Turn
from actions.policies import policy_text
from actions.shop_types import Coupon
from actions.texts import text
from actions.words import day, deadline, parse_time, tail

MAX_COUPONS = 5
MAX_PAST = 3


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


def past_words(coupons: list[Coupon], now: datetime) -> str:
    """Why a coupon may be missing: used on which order, lapsed, or not begun; empty when nothing explains it."""
    unusable = [item for item in coupons if item not in usable(coupons, now)]
    newest = sorted(unusable, key=lambda item: item["expires_at"], reverse=True)[:MAX_PAST]
    if not newest:
        return ""
    return text("promotions.recent_intro") + "\n" + "\n".join(_past_line(item, now) for item in newest)


def _line(coupon: Coupon, now: datetime) -> str:
    words = text(
        "promotions.coupon_line", title=coupon["title"], expires_at=deadline(parse_time(coupon["expires_at"]), now)
    )
    kind, _, category = coupon["scope"].partition(":")
    return words + (text("promotions.coupon_scope", category=category) if kind == "category" else "")


def _past_line(coupon: Coupon, now: datetime) -> str:
    title = coupon["title"]
    if coupon["state"] == "used" and coupon["used_order_id"]:
        return text("promotions.used_line", title=title, tail=tail(coupon["used_order_id"]))
    if coupon["state"] == "unused" and parse_time(coupon["valid_from"]) > now:
        return text("promotions.not_started_line", title=title, valid_from=day(parse_time(coupon["valid_from"]), now))
    return text("promotions.expired_line", title=title, expires_at=deadline(parse_time(coupon["expires_at"]), now))


class ActionAnswerCoupons(AnsweringAction):
    """Answers ask_promotion and report_coupon_issue from the customer's coupons and the rules."""

    def name(self) -> str:
        return "action_answer_coupons"

    async def answer(self, turn: Turn) -> Answer:
        trouble = turn.intent == "report_coupon_issue"
        rules = policy_text("promotions.coupon_rules" if trouble else "promotions.ask_promotion")
        buttons: tuple[Button, ...] = (human("human_check"),) if trouble else ()
        if turn.customer_id is None:
            words = f"{rules}\n{text('promotions.login')}"
            return Answer((Reply(words, buttons=buttons),), finding(turn, "policy", words))
        coupons = await self.ask(self.shop.coupons, turn.customer_id)
        parts = [usable_words(coupons, turn.now)]
        if trouble:
            named = [item for item in coupons if item["title"] in turn.text]
            parts = [] if named else parts
            parts += [past_words(named or coupons, turn.now), rules + text("promotions.issue_next")]
        else:
            parts.append(rules)
        words = "\n".join(part for part in parts if part)
        facts = [fact("coupons_usable", len(usable(coupons, turn.now)), "member_api", turn.now)]
        return Answer((Reply(words, buttons=buttons),), finding(turn, "coupons", words, facts=facts))
