"""A message that was not understood: guesses first, then a person; never the same sentence twice."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answer import Button, Reply, button, finding, human, remember, say
from actions.context import Turn, fallbacks_in_a_row, long_number_in, read_turn
from actions.products import goes_on_about_a_product
from actions.references import points_at_order
from actions.texts import has_text, text

MAX_GUESSES = 3
# A guess is worth showing only when the model saw something in it.
MIN_GUESS_CONFIDENCE = 0.04
NOT_A_GUESS = ("request_human", "complain", "report_safety_issue")


def guesses(ranking: list[dict[str, Any]]) -> list[str]:
    """The likeliest intents that make sense as a button, best first."""
    names = [str(item.get("name")) for item in ranking if float(item.get("confidence") or 0.0) >= MIN_GUESS_CONFIDENCE]
    return [name for name in names if has_text(f"intents.{name}") and name not in NOT_A_GUESS][:MAX_GUESSES]


def clarification(turn: Turn, count: int, names: list[str], waiting_for: str | None) -> Reply:
    """What to say the `count`th time in a row; `waiting_for` is the slot an active form asks for."""
    if count >= 2:
        key = "clarify.in_form_second" if waiting_for else "clarify.second"
        return Reply(text(key), buttons=(human(),))
    if waiting_for == "order_id":
        number = long_number_in(turn.text)
        words = text("order_form.wrong_length", digits=len(number)) if number else text("clarify.in_form_order")
        return Reply(words, buttons=(human(),))
    if waiting_for == "phone_ending":
        return Reply(text("clarify.in_form_ending"), buttons=(human(),))
    if names:
        buttons = tuple(Button(text(f"intents.{name}"), f"/{name}") for name in names)
        return Reply(text("clarify.guesses"), buttons=(*buttons, human()))
    buttons = (button("see_status", "/query_order_status"), button("want_return", "/request_return"), human())
    return Reply(text("clarify.no_guess"), buttons=buttons)


def goes_on_with_an_order(turn: Turn) -> bool:
    """那另一单呢, 第二个呢 after an answer about an order: the same question about another one."""
    return bool(
        turn.customer_id and turn.slots.get("topic") and points_at_order(turn.text, turn.entities.get("product", ()))
    )


class ActionClarify(Action):
    """Asks back, helps with the question of an active form, or offers a person."""

    def name(self) -> str:
        return "action_clarify"

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> list[EventType]:
        turn = read_turn(tracker)
        if tracker.active_loop.get("name") is None and goes_on_with_an_order(turn):
            return [FollowupAction("order_form")]
        if tracker.active_loop.get("name") is None and goes_on_about_a_product(turn):
            return [FollowupAction("action_answer_product")]
        count = fallbacks_in_a_row(tracker.events)
        waiting_for = turn.requested_slot if tracker.active_loop.get("name") else None
        ranking = (tracker.latest_message or {}).get("intent_ranking") or []
        reply = clarification(turn, count, guesses(ranking), waiting_for)
        say(dispatcher, (reply,))
        entry = finding(turn, "clarify", reply.text)
        return [
            SlotSet("fallback_count", float(count)),
            SlotSet("findings", remember(tracker.slots.get("findings"), entry)),
        ]
