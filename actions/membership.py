"""The customer's level and what it brings."""

from __future__ import annotations

from actions.answer import Answer, Reply, fact, finding
from actions.base import AnsweringAction
from actions.context import Turn
from actions.policies import policy_text
from actions.shop_types import Customer
from actions.texts import text


def level_words(customer: Customer) -> str:
    """Level, growth and the way to the next level."""
    tier = text(f"membership.tiers.{customer['tier']}")
    words = text("membership.level", tier=tier, growth=customer["growth_value"])
    if not customer["next_tier"] or customer["growth_to_next_tier"] is None:
        return words + text("membership.top")
    next_tier = text(f"membership.tiers.{customer['next_tier']}")
    return words + text("membership.next", missing=customer["growth_to_next_tier"], next_tier=next_tier)


class ActionAnswerMembership(AnsweringAction):
    """Answers ask_membership: the own level when known, then the rules."""

    def name(self) -> str:
        return "action_answer_membership"

    async def answer(self, turn: Turn) -> Answer:
        rules = policy_text("membership.ask_membership")
        if turn.customer_id is None:
            words = rules + text("membership.login")
            return Answer((Reply(words),), finding(turn, "policy", words))
        customer = await self.ask(self.shop.customer, turn.customer_id)
        words = level_words(customer) + "\n" + rules
        facts = [fact("tier", text(f"membership.tiers.{customer['tier']}"), "member_api", turn.now)]
        return Answer((Reply(words),), finding(turn, "membership", words, facts=facts))
