"""Campaigns and coupons: what can be used now."""

from __future__ import annotations

import re
from datetime import datetime

from actions.answer import Answer, Json, Reply, fact, finding
from actions.base import AnsweringAction
from actions.context import Turn
from actions.policies import asked_lines, facts_of, policy_text
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
    """How many coupons can be used and which one ends first; the card beside it shows each of them."""
    found = usable(coupons, now)
    if not found:
        return text("promotions.none", **facts_of("promotions"))
    first = {"title": found[0]["title"], "until": deadline(parse_time(found[0]["expires_at"]), now)}
    if len(found) == 1:
        return text("promotions.one", **first)
    return text("promotions.several", count=len(found), **first)


def coupons_asked(words: str) -> bool:
    """Whether the own coupons alone are asked for, and not what campaigns there are."""
    return re.search(text("promotions.reads_own"), words) is not None


def coupon_state(coupon: Coupon, now: datetime) -> str:
    """usable, upcoming, used or expired at this moment."""
    if coupon["state"] == "used":
        return "used"
    if coupon["state"] != "unused" or parse_time(coupon["expires_at"]) <= now:
        return "expired"
    return "usable" if parse_time(coupon["valid_from"]) <= now else "upcoming"


def coupons_card(coupons: list[Coupon], now: datetime) -> Json | None:
    """The card of contracts/messages.md; None without coupons."""
    if not coupons:
        return None
    return {"type": "coupons", "coupons": [_entry(coupon, now) for coupon in coupons[:MAX_COUPONS]]}


def _entry(coupon: Coupon, now: datetime) -> Json:
    kind, _, category = coupon["scope"].partition(":")
    return {
        "coupon_id": coupon["coupon_id"],
        "title": coupon["title"],
        "discount_fen": coupon["discount_fen"],
        "threshold_fen": coupon["threshold_fen"],
        "scope_text": text("promotions.card_scope", category=category) if kind == "category" else None,
        "valid_from": coupon["valid_from"],
        "expires_at": coupon["expires_at"],
        "state": coupon_state(coupon, now),
        "used_order_id": coupon["used_order_id"],
    }


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
        words = (
            usable_words(coupons, turn.now)
            if coupons_asked(turn.text)
            else f"{usable_words(coupons, turn.now)}\n{rules}"
        )
        facts = [fact("coupons_usable", len(usable(coupons, turn.now)), "member_api", turn.now)]
        reply = Reply(words, coupons_card(usable(coupons, turn.now), turn.now))
        return Answer((reply,), finding(turn, "coupons", words, facts=facts))
