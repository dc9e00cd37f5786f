"""Several wishes in one message: all are named, then dealt with one after the other."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answer import Reply, say
from actions.context import Turn, read_turn
from actions.order_choice import FITTING_STATES
from actions.texts import has_text, shown, text

NEXT = "action_next_wish"
# Wishes that another action than the order form answers; the rest is of no use after another answer.
ANSWERED_BY: dict[str, str] = {
    "ask_shipping_policy": "action_answer_policy",
    "ask_warranty": "action_answer_policy",
    "ask_price_protection": "action_answer_policy",
    "bargain": "action_answer_policy",
    "ask_payment_method": "action_answer_policy",
    "ask_privacy": "action_answer_policy",
    "ask_return_policy": "action_answer_return_policy",
    "query_points_balance": "action_answer_points",
    "ask_points_expiry": "action_answer_points",
    "ask_points_redemption": "action_answer_points",
    "ask_membership": "action_answer_membership",
    "ask_promotion": "action_answer_coupons",
    "ask_product_info": "action_answer_product",
    "ask_stock": "action_answer_product",
    "report_coupon_issue": "action_begin_transaction",
    "report_payment_issue": "action_begin_transaction",
    "report_account_issue": "action_begin_transaction",
    "report_technical_issue": "action_begin_transaction",
}


def further_wishes(turn: Turn) -> list[str]:
    """What else the message asked for, in the order in which to handle it."""
    return [name for name in turn.intents if name != turn.intent and name in (*ANSWERED_BY, *FITTING_STATES)]


def listed(turn: Turn) -> str:
    """两件事我都看到了：…，一件一件来。 in front of the first answer, or nothing."""
    wishes = further_wishes(turn)
    if not wishes:
        return ""
    names = [text(f"intents.{name}") for name in (turn.intent, *wishes) if has_text(f"intents.{name}")]
    return text("talk.several", count=text(f"talk.counts.c{len(names)}"), wishes=shown(names)) if names else ""


def going_on(tracker: Tracker, turn: Turn, *, busy: bool = False) -> list[EventType]:
    """The events that bring the next wish; while a transaction is busy it only waits in slot `pending`."""
    waiting = list(tracker.slots.get("pending") or [])
    fresh = [name for name in further_wishes(turn) if name not in waiting]
    queue = [*fresh, *waiting]
    events: list[EventType] = [SlotSet("pending", queue)] if queue or waiting else []
    return [*events, FollowupAction(NEXT)] if queue and not busy else events


class ActionNextWish(Action):
    """Turns to the next wish of an earlier message: slot `asked` makes it the intent of this turn."""

    def name(self) -> str:
        return NEXT

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> list[EventType]:
        queue = list(tracker.slots.get("pending") or [])
        if not queue:
            return [FollowupAction("action_listen")]
        wish, rest = queue[0], queue[1:]
        turn = read_turn(tracker)
        say(dispatcher, (Reply(text("talk.next", wish=text(f"intents.{wish}"))),))
        events = [SlotSet("pending", rest), SlotSet("asked", {"message_id": turn.message_id, "intent": wish})]
        if wish in ANSWERED_BY:
            return [*events, FollowupAction(ANSWERED_BY[wish])]
        return [*events, SlotSet("topic", wish), FollowupAction("order_form")]
