"""Three order numbers and never the phone ending: a person goes on; one answer is not said twice in one message."""

from __future__ import annotations

import asyncio
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.answer import Answer, Reply, finding
from actions.context import Turn
from actions.order_questions import ActionAskPhoneEnding
from actions.repeated import afresh
from actions.shop_api import ShopApi
from actions.words import parse_time

Json = dict[str, Any]


def asked(*numbers: str) -> tuple[list[Json], list[Any]]:
    """What is said and returned after these numbers."""
    events: list[Json] = [{"event": "active_loop", "name": "order_form"}]
    for number in numbers:
        events.append({"event": "user", "text": number, "parse_data": {"intent": {"name": "inform"}}, "metadata": {}})
        events += [{"event": "slot", "name": "order_id", "value": number}] * 2
    slots = {"order_id": numbers[-1], "requested_slot": "phone_ending"}
    message = {"text": numbers[-1], "intent": {"name": "inform"}, "entities": []}
    tracker = Tracker("c_1.1", slots, message, events, False, None, {"name": "order_form"}, "order_form")
    dispatcher = CollectingDispatcher()
    returned = asyncio.run(ActionAskPhoneEnding(ShopApi.__new__(ShopApi)).run(dispatcher, tracker, {}))
    return dispatcher.messages, returned


def test_the_third_number_brings_a_person() -> None:
    said, events = asked("20261116999991", "20261116999992", "20261116999993")
    assert said == []
    assert [(event["name"], event["value"]) for event in events] == [("escalation", "repeated_failure")]


def test_a_corrected_number_is_simply_taken() -> None:
    said, events = asked("20261116999991", "20261116999992")
    assert "9992" in said[0]["text"]
    assert events == []


def test_the_answer_to_two_wishes_of_one_message_is_said_once() -> None:
    turn = Turn(parse_time("2026-11-22T13:00:00Z"), "m_1", "怎么还没到", "urge_order", slots={})
    entry = finding(turn, "logistics", "防晒霜到成都了。")
    answer = Answer((Reply("防晒霜到成都了。"),), entry)
    assert afresh(turn, answer, []).replies[0].text == "防晒霜到成都了。"
    (again,) = afresh(turn, answer, [entry]).replies
    assert "上面" in again.text
