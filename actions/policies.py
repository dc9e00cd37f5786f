"""Policy answers: the texts of playbook/policies.yml with the numbers of the same file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from actions.answer import Answer, Reply, finding, human
from actions.base import AnsweringAction
from actions.context import Turn
from actions.texts import TextError, book, fill, find, gaps, shown
from actions.words import money

# Which policy text answers which intent, and what the person behind the button would do (None: nobody needed).
TEXT_OF_INTENT: dict[str, tuple[str, str | None]] = {
    "ask_shipping_policy": ("shipping.ask_shipping_policy", None),
    "ask_warranty": ("warranty.ask_warranty", "human_check"),
    "ask_price_protection": ("price_protection.ask_price_protection", "human_check"),
    "bargain": ("promotions.bargain", None),
    "ask_payment_method": ("payments.ask_payment_method", None),
    "ask_privacy": ("privacy.ask_privacy", "human"),
}


def policy(path: str) -> Any:
    """A fact of the policies ("shipping.stuck_days"); raises TextError."""
    return find(book("policies"), path)


def policy_text(path: str) -> str:
    """The finished text `section.name`; raises TextError when a fact is missing."""
    section_name, name = path.split(".")
    section = policy(section_name)
    template = find(section, f"texts.{name}")
    return fill(template, {gap: _fact_words(section, gap) for gap in gaps(template)}, path)


def facts_of(section_name: str) -> dict[str, str]:
    """The facts of one section as words, to fill texts elsewhere."""
    section = policy(section_name)
    return {name: _fact_words(section, name) for name, value in section.items() if not isinstance(value, Mapping)}


def payer_words(payer: str) -> str:
    """Who pays the way back, "customer" or "shop", as a clause."""
    return str(policy(f"returns.payer_words.{payer}"))


def _fact_words(section: Mapping[str, Any], name: str) -> str:
    value = policy(name) if "." in name else find(section, name)
    if isinstance(value, Mapping):
        raise TextError(f"{name} is a section, not a fact")
    if name.endswith("_payer"):
        return payer_words(str(value))
    return money(int(value)) if name.endswith("_fen") else shown(value)


class ActionAnswerPolicy(AnsweringAction):
    """Answers a question about the rules from the policies."""

    def name(self) -> str:
        return "action_answer_policy"

    async def answer(self, turn: Turn) -> Answer:
        path, help_from = TEXT_OF_INTENT[turn.intent]
        words = policy_text(path)
        buttons = (human(help_from),) if help_from else ()
        return Answer((Reply(words, buttons=buttons),), finding(turn, "policy", words))
