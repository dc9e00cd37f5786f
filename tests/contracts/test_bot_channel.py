"""contracts/bot_channel.md: its own examples are accepted and answered in the shape it shows."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from addons.channel_answers import answer_of, turn_of
from addons.channel_requests import (
    HARMLESS_SLASH,
    BadRequestError,
    handback_request,
    message_request,
    neutralised,
    understanding_request,
)

DOCUMENT = (Path(__file__).resolve().parents[2] / "contracts" / "bot_channel.md").read_text(encoding="utf-8")
BLOCKS = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", DOCUMENT, flags=re.S)]
REQUEST, ANSWER = ({**block} for block in BLOCKS[:2])
IDS = {"conversation_id": "c_01J", "message_id": "m_01J"}


def test_the_documented_message_is_accepted() -> None:
    message = message_request(REQUEST | IDS)
    assert message.sender_id == "c_01J.1"
    assert message.said == REQUEST["text"]
    assert message.metadata()["context"] == REQUEST["context"]
    assert message.metadata()["service"] == REQUEST["service"]


def test_a_desk_that_says_nothing_of_its_service_is_understood() -> None:
    for missing in ({}, {"service": None}):
        body = {name: value for name, value in (REQUEST | IDS).items() if name != "service"} | missing
        assert message_request(body).metadata()["service"] is None
    with pytest.raises(BadRequestError):
        message_request(REQUEST | IDS | {"service": "closed"})


def test_files_without_words_are_a_piece_of_information_and_with_words_the_words_count() -> None:
    file = {"id": "f_1", "kind": "image", "name": "破损.jpg", "url": "/api/v1/x"}
    body = {"conversation_id": "c_1", "session": 1, "message_id": "m_1", "at": "2026-11-22T02:00:00Z"}
    bare = message_request({**body, "text": "[图片] [图片]", "attachments": [file, file]})
    assert (bare.said, bare.is_wordless) == ("/inform", True)
    assert bare.metadata()["attachments"] == [file, file]
    told = message_request({**body, "text": "杯子碎了", "attachments": [file]})
    assert (told.said, told.is_wordless) == ("杯子碎了", False)
    assert message_request({**body, "text": "[图片]"}).said == "[图片]"
    for broken in ("x", [5], [{"id": "f_1"}], [file] * 101):
        with pytest.raises(BadRequestError):
            message_request({**body, "text": "x", "attachments": broken})


def test_an_answer_has_exactly_the_documented_fields() -> None:
    events: list[dict[str, Any]] = [
        {
            "event": "user",
            "text": "x",
            "metadata": {"message_id": "m_01J"},
            "parse_data": {
                "intent": {"name": "query_logistics", "confidence": 0.93},
                "intents": ANSWER["understanding"]["intents"],
                "emotion": ANSWER["understanding"]["emotion"],
                "entities": [{"entity": "order_id", "value": "1", "start": 0}],
            },
        },
        {
            "event": "bot",
            "text": "…",
            "metadata": {},
            "data": {"buttons": ANSWER["replies"][0]["buttons"], "custom": None},
        },
        {"event": "action", "name": "action_listen"},
        {"event": "bot", "text": "later", "data": {}, "metadata": {}},
    ]
    turn = turn_of(events, "m_01J")
    assert turn is not None
    answer = answer_of(turn)
    assert set(answer) == set(ANSWER)
    assert answer["replies"] == [ANSWER["replies"][0] | {"text": "…"}]
    assert answer["understanding"]["intents"] == ANSWER["understanding"]["intents"]
    assert answer["understanding"]["emotion"] == ANSWER["understanding"]["emotion"]
    assert set(answer["understanding"]["entities"][0]) == set(ANSWER["understanding"]["entities"][0])
    assert turn_of(events, "m_other") is None


def test_a_handback_is_read() -> None:
    handback = handback_request(
        {
            "conversation_id": "c_1",
            "session": 2,
            "handoff_id": "h_1",
            "note": None,
            "settled": ["退款已提交"],
            "messages": [{"sender": "agent", "text": "好了", "at": "2026-11-22T02:00:00Z"}],
        }
    )
    assert (handback.sender_id, handback.settled) == ("c_1.2", ("退款已提交",))
    with pytest.raises(BadRequestError):
        handback_request({"conversation_id": "c_1", "session": 2, "handoff_id": "h_1", "messages": [{"sender": "dog"}]})


@pytest.mark.parametrize(
    "text", ["/restart", " /x", "\t/x", "\u200b/x", "\u200f\u2060 \ufeff/x", "／x", "\u3000／x", "//x"]
)
def test_no_text_can_start_like_a_command(text: str) -> None:
    harmless = neutralised(text)
    assert harmless.startswith(HARMLESS_SLASH)
    assert harmless.endswith("x") or harmless.endswith("restart")


@pytest.mark.parametrize("text", ["你好", "1/2", "a/b", "😡", "-/x"])
def test_other_text_is_not_touched(text: str) -> None:
    assert neutralised(text) == text


def test_understanding_needs_text() -> None:
    assert understanding_request({"text": "/x"}) == HARMLESS_SLASH + "x"
    with pytest.raises(BadRequestError):
        understanding_request({"text": "\u200b"})
