"""The customer's level, what it brings, and how far the next one is."""

from __future__ import annotations

import re

from actions.answer import Answer, Reply, button, fact, finding
from actions.base import AnsweringAction
from actions.context import Turn
from actions.policies import facts_of, policy, policy_text
from actions.shop_types import Customer
from actions.texts import text
from actions.words import money


def level_words(customer: Customer) -> str:
    """Level, growth and what it brings; the way to the next level in money, and what that adds."""
    facts = facts_of("membership")
    words = text("membership.level", tier=tier_name(customer["tier"]), growth=customer["growth_value"])
    if customer["tier"] in facts:
        words += text("membership.benefits", benefits=facts[customer["tier"]])
    missing, next_tier = customer["growth_to_next_tier"], customer["next_tier"]
    if not next_tier or missing is None:
        return words + text("membership.top")
    return words + text(
        "membership.next",
        missing=missing,
        spend=money(spend_fen(missing)),
        next_tier=tier_name(next_tier),
        benefits=facts[next_tier],
    )


def asked_words(customer: Customer, words: str) -> str:
    """Only what is asked for: how far the next level is, or what a named one brings; "" for the whole."""
    facts = facts_of("membership")
    missing, next_tier = customer["growth_to_next_tier"], customer["next_tier"]
    named = next((tier for tier in ("vip", "gold", "silver") if tier_name(tier)[:2] in words), None)
    if re.search(text("membership.reads_distance"), words):
        if not next_tier or missing is None:
            return text("membership.top_already", tier=tier_name(customer["tier"]))
        spend = money(spend_fen(missing))
        return text("membership.distance", next_tier=tier_name(next_tier), spend=spend, missing=missing)
    if named and re.search(text("membership.reads_benefits"), words):
        return text("membership.of_tier", tier=tier_name(named), benefits=facts[named])
    return ""


def spend_fen(growth: int) -> int:
    """What must be bought for so much growth."""
    return -(-growth * 100 // int(policy("membership.growth_per_yuan")))


def tier_name(tier: str) -> str:
    """银卡会员."""
    return text(f"membership.tiers.{tier}")


class ActionAnswerMembership(AnsweringAction):
    """Answers ask_membership: the own level when known, for a visitor the rules."""

    def name(self) -> str:
        return "action_answer_membership"

    async def answer(self, turn: Turn) -> Answer:
        if turn.customer_id is None:
            words = policy_text("membership.ask_membership") + text("membership.login")
            return Answer((Reply(words),), finding(turn, "policy", words))
        customer = await self.ask(self.shop.customer, turn.customer_id)
        words = asked_words(customer, turn.text) or level_words(customer)
        facts = [fact("tier", tier_name(customer["tier"]), "member_api", turn.now)]
        buttons = (button("see_points", "/query_points_balance"), button("see_coupons", "/ask_promotion"))
        return Answer((Reply(words, buttons=buttons),), finding(turn, "membership", words, facts=facts))
