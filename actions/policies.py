"""Policy answers: the texts of playbook/policies.yml with the numbers of the same file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answer import Answer, Reply, button, finding, human
from actions.base import AnsweringAction
from actions.context import Turn, read_turn
from actions.pending import ABOUT_GOODS
from actions.product_focus import names_a_product
from actions.texts import TextError, book, fill, find, gaps, shown, text
from actions.words import money

PRICE_PROTECTION = "ask_price_protection"
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


def policy_text(path: str, words: str = "") -> str:
    """The finished text `section.name`, or the lines of it that the customer's words ask for.

    Raises TextError when a fact is missing.
    """
    section_name, name = path.split(".")
    section = policy(section_name)
    template = _lines_for(find(section, f"texts.{name}"), section.get("asked", {}).get(name, ()), words)
    return fill(template, {gap: _fact_words(section, gap) for gap in gaps(template)}, path)


def facts_of(section_name: str) -> dict[str, str]:
    """The facts of one section as words, to fill texts elsewhere."""
    section = policy(section_name)
    return {name: _fact_words(section, name) for name, value in section.items() if not isinstance(value, Mapping)}


def payer_words(payer: str) -> str:
    """Who pays the way back, "customer" or "shop", as a clause."""
    return str(policy(f"returns.payer_words.{payer}"))


def asked_lines(path: str, words: str) -> int:
    """How many lines of the text `section.name` the words ask for; 0 for none in particular."""
    section_name, name = path.split(".")
    patterns: Sequence[str] = policy(section_name).get("asked", {}).get(name, ())
    return sum(bool(re.search(pattern, words)) for pattern in patterns)


def _lines_for(template: str, patterns: Sequence[str], words: str) -> str:
    lines = template.strip().split("\n")
    asked = [line for line, pattern in zip(lines, patterns, strict=False) if words and re.search(pattern, words)]
    return "\n".join(asked or lines)


def _fact_words(section: Mapping[str, Any], name: str) -> str:
    value = policy(name) if "." in name else find(section, name)
    if isinstance(value, Mapping):
        raise TextError(f"{name} is a section, not a fact")
    if name.endswith("_payer"):
        return payer_words(str(value))
    return money(int(value)) if name.endswith("_fen") else shown(value)


class ActionAnswerPolicy(AnsweringAction):
    """Answers a question about the rules from the policies. Whoever says that a price dropped wants the difference
    back, which the order form begins."""

    def name(self) -> str:
        return "action_answer_policy"

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> list[EventType]:
        turn = read_turn(tracker)
        if turn.intent == "bargain" and re.search(text("products.reads_price"), turn.text) and names_a_product(turn):
            return [FollowupAction("action_answer_product")]
        if turn.customer_id and turn.intent == "ask_shipping_policy" and _wants_a_place(turn):
            return [SlotSet("topic", "modify_order"), FollowupAction("order_form")]
        if _wants_difference(turn):
            return [SlotSet("topic", PRICE_PROTECTION), FollowupAction("order_form")]
        return await super().run(dispatcher, tracker, domain)

    async def answer(self, turn: Turn) -> Answer:
        from actions.order_policy import answer_for_order  # it needs this module's facts

        if turn.intent == "ask_shipping_policy" and _of_a_refusal(turn):
            words = policy_text("returns.refused")
            return Answer((Reply(words),), finding(turn, "policy", words))
        known = await self.ask(answer_for_order, self.shop, turn)
        if known is not None:
            return known
        path, help_from = TEXT_OF_INTENT[turn.intent]
        words = policy_text(path, _asked_of(turn))
        buttons = (human(help_from),) if help_from else ()
        if turn.intent == PRICE_PROTECTION:
            buttons = (button("refund_difference", f"/{PRICE_PROTECTION}"), *buttons)
        return Answer((Reply(words, buttons=buttons),), finding(turn, "policy", words))


def _asked_of(turn: Turn) -> str:
    """The words, and what they leave out: whoever is sending goods back asks who pays for that."""
    under_way = turn.slots.get("transaction") or {}
    asks_freight = under_way.get("topic") in ABOUT_GOODS and re.search(r"[运邮]费|快递费", turn.text)
    return text("shipping_back_words") if asks_freight else turn.text


def _of_a_refusal(turn: Turn) -> bool:
    """运费要我出不, right after hearing that the parcel can be refused at the door."""
    freight = re.search(text("transactions.common.asks.freight"), turn.text) is not None
    spoken_of = any(re.search(text("after_sales.reads_refused"), words) for words in (*turn.said[-2:], turn.text))
    return freight and spoken_of


def _wants_a_place(turn: Turn) -> bool:
    """能送到驿站不, 能不能晚两天送: something to tell the courier, no question for the rules."""
    return re.search(text("transactions.orders.reads_courier"), turn.text) is not None


def _wants_difference(turn: Turn) -> bool:
    """Whether a price is said to have dropped; a visitor says so by the button only, and proves the order next."""
    if turn.intent != PRICE_PROTECTION:
        return False
    is_pressed = turn.text.strip() in (text("buttons.refund_difference"), f"/{PRICE_PROTECTION}")
    dropped = re.search(text("transactions.price.reads.dropped"), turn.text) is not None
    return is_pressed or (turn.customer_id is not None and dropped)
