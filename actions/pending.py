"""Several wishes in one message: all are named, then dealt with one after the other."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import EventType, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.answer import Reply, button, say
from actions.context import Turn, further_wish_of, read_turn
from actions.order_choice import FITTING_STATES
from actions.texts import has_text, shown, text

Json = dict[str, Any]

NEXT = "action_next_wish"
# Rasa stops a turn at MAX_NUMBER_OF_PREDICTIONS actions (the launcher says 60) without a word, and is stuck then; a
# wish takes five. What is left waits for a word.
MOST_ACTIONS_BEFORE = 40
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


# 杯子坏了想退: the fault and what is wanted for it are one matter.
GOODS_BACK = ("request_return", "request_exchange")
# 不发我就不要了退钱: what is cancelled is paid back; stage and parcel of an order are told together.
ONE_ANSWER = (
    {"report_account_issue", "report_technical_issue"},
    {"cancel_order", "request_return"},
    {"query_order_status", "query_logistics"},
    {"query_logistics", "report_delivery_problem"},
    {"query_order_status", "report_delivery_problem"},
    {"cancel_order", "ask_return_policy"},
    {"request_return", "ask_return_policy"},
    {"request_exchange", "ask_return_policy"},
    {"report_quality_issue", "ask_return_policy"},
    {"report_damaged_item", "ask_return_policy"},
    {"report_quality_issue", "ask_warranty"},
    {"ask_membership", "ask_product_info"},
)
ABOUT_GOODS = (*GOODS_BACK, "report_damaged_item", "report_wrong_item", "report_quality_issue")


def same_matter(one: str, other: str) -> bool:
    """Whether two wishes about the same goods are settled by one document."""
    both = (one, other)
    if set(both) in ONE_ANSWER:
        return True
    return all(name in ABOUT_GOODS for name in both) and any(name in GOODS_BACK for name in both)


def further_wishes(turn: Turn) -> list[str]:
    """What else the message asked for, in the order in which to handle it."""
    others = [name for name in turn.intents if name != turn.intent and name in (*ANSWERED_BY, *FITTING_STATES)]
    if turn.intent == "ask_return_policy" and re.search(text("after_sales.reads_refused"), turn.text):
        others = [name for name in others if name != "ask_shipping_policy"]  # 拒收运费谁出 is one question
    return [name for name in others if not same_matter(turn.intent, name)]


def is_brought_up(tracker: Tracker, turn: Turn) -> bool:
    """Whether action_next_wish has brought up what this turn answers now."""
    asked = tracker.slots.get("asked") or {}
    return bool(turn.message_id) and asked.get("message_id") == turn.message_id


def queue_of(slots: Mapping[str, Any]) -> list[Json]:
    """Slot `pending`: {topic, text, entities} of each wish that waits, with `transaction` when it had begun already."""
    return [dict(item) if isinstance(item, Mapping) else {"topic": str(item)} for item in slots.get("pending") or []]


def waiting_topics(slots: Mapping[str, Any]) -> list[str]:
    """The wishes that wait, first come first served."""
    return [str(item["topic"]) for item in queue_of(slots)]


def with_further(turn: Turn, slots: Mapping[str, Any]) -> list[Json]:
    """The queue with what else this message asked for; each keeps the words, so that nobody has to repeat them."""
    waiting = queue_of(slots)
    known = {item["topic"] for item in waiting}
    fresh = [further_wish_of(turn, name) for name in further_wishes(turn) if name not in known]
    return [*fresh, *waiting]


def listed(turn: Turn) -> str:
    """两件事我都看到了：…，一件一件来。 once in front of the first answer, or nothing."""
    names = [text(f"intents.{name}") for name in (turn.intent, *further_wishes(turn)) if has_text(f"intents.{name}")]
    if len(names) < 2:
        return ""
    words = text("talk.several", count=text(f"talk.counts.c{len(names)}"), wishes=shown(names))
    return "" if any(words in bubble for bubble in turn.said_now) else words


def going_on(tracker: Tracker, turn: Turn, *, busy: bool = False) -> list[EventType]:
    """The events that bring the next wish; while a form waits for the customer it only waits in slot `pending`."""
    queue = with_further(turn, tracker.slots)
    if turn.intent == "goodbye":
        return [SlotSet("pending", None)]
    events: list[EventType] = [SlotSet("pending", queue)] if queue else []
    if queue and not busy:
        return [*events, FollowupAction(NEXT)]
    # No rule knows what follows an answer that another answer has brought about: without this Rasa falls back.
    return [*events, FollowupAction("action_listen")] if is_brought_up(tracker, turn) and not busy else events


def actions_of_turn(events: list[Json]) -> int:
    """How many actions the newest message has set off so far."""
    count = 0
    for event in reversed(events):
        if event.get("event") == "user":
            break
        count += event.get("event") == "action"
    return count


class ActionNextWish(Action):
    """Turns to the next wish: slot `asked` makes it the intent of this turn, with the words it was said in. A
    transaction that another one had displaced goes on where it stood."""

    def name(self) -> str:
        return NEXT

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> list[EventType]:
        queue = queue_of(tracker.slots)
        if not queue:
            return [FollowupAction("action_listen")]
        if actions_of_turn(tracker.events) > MOST_ACTIONS_BEFORE:
            names = dict.fromkeys(text(f"intents.{topic}") for topic in waiting_topics(tracker.slots))
            words = text("talk.more", wishes=shown(list(names)))
            say(dispatcher, (Reply(words, buttons=(button("go_on", "/affirm"),)),))
            return [FollowupAction("action_listen")]
        wish, rest = queue[0], queue[1:]
        topic, begun = str(wish["topic"]), wish.get("transaction")
        say(dispatcher, (Reply(text("talk.back" if begun else "talk.next", wish=text(f"intents.{topic}"))),))
        asked = {"message_id": read_turn(tracker).message_id, "intent": topic}
        asked |= {name: wish[name] for name in ("text", "entities", "beside") if name in wish}
        events: list[EventType] = [SlotSet("pending", rest or None), SlotSet("asked", asked)]
        if begun:
            again = {"transaction": begun, "transaction_open": True, "detail": None}
            slots: list[EventType] = [SlotSet(name, value) for name, value in again.items()]
            return [*events, *slots, FollowupAction("transaction_form")]
        if topic in ANSWERED_BY:
            return [*events, FollowupAction(ANSWERED_BY[topic])]
        return [*events, SlotSet("topic", topic), FollowupAction("order_form")]
