"""The desk's channel on a really running Rasa: secret, input, metadata, repeats, handoff, hand-back."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from addons.summary.builder import problems


def card_and_metadata(answer: dict[str, Any]) -> dict[str, Any]:
    return dict(json.loads(answer["replies"][0]["text"]))


def test_only_the_desk_gets_in(bot: Any) -> None:
    body = bot.chat().body("你好")
    for path in ("/messages", "/understanding", "/handbacks"):
        assert bot.post(path, body, token="wrong").status_code == 401
    refused = requests.post(f"{bot.url}/webhooks/desk/messages", json=body, timeout=10)
    assert refused.status_code == 401
    assert refused.json()["error"]["code"] == "unauthorized"
    assert requests.get(f"{bot.url}/webhooks/desk/health", timeout=10).status_code == 401


def test_rasas_own_http_api_is_off(bot: Any) -> None:
    assert requests.get(f"{bot.url}/conversations/c_0.1/tracker", timeout=10).status_code == 404


def test_health_names_the_model(bot: Any) -> None:
    answer = requests.get(
        f"{bot.url}/webhooks/desk/health", timeout=10, headers={"Authorization": "Bearer test-token-of-the-desk"}
    )
    assert answer.json() == {"status": "ok", "model": "tiny.tar.gz"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"text": None}, "text_invalid"),
        ({"text": " \u200b"}, "text_empty"),
        ({"text": "长" * 10_001}, "text_too_long"),
        ({"message_id": ""}, "message_id_invalid"),
        ({"conversation_id": "a.b"}, "conversation_id_invalid"),
        ({"session": 0}, "session_invalid"),
        ({"session": True}, "session_invalid"),
        ({"at": "yesterday"}, "at_invalid"),
        ({"payload": ""}, "payload_invalid"),
        ({"context": []}, "context_invalid"),
    ],
)
def test_a_malformed_message_is_refused(bot: Any, change: dict[str, Any], code: str) -> None:
    answer = bot.post("/messages", bot.chat().body("你好", **change))
    if code == "context_invalid":  # an empty list counts as no context
        assert answer.status_code == 200
        return
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b"null", b"\xff\xfe"])
def test_what_is_no_json_object_is_refused(bot: Any, raw: bytes) -> None:
    answer = requests.post(
        f"{bot.url}/webhooks/desk/messages",
        data=raw,
        timeout=10,
        headers={"Authorization": "Bearer test-token-of-the-desk"},
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "body_invalid")


def test_one_utter_call_is_one_reply_with_text_buttons_and_card(bot: Any) -> None:
    answer = bot.chat().say("我的快递到哪了")
    first, second = answer["replies"]
    assert first["buttons"] == [{"title": "转人工", "payload": "/request_human"}]
    assert first["card"] == {"type": "points", "balance": 1, "lots": []}
    assert second == {"text": "第二条", "buttons": [], "card": None}
    assert answer["understanding"]["intents"][0]["name"] == "query_logistics"
    assert answer["understanding"]["emotion"]["family"] == "neutral"


def test_the_metadata_reaches_the_actions(bot: Any) -> None:
    chat = bot.chat()
    context = {"customer": {"customer_id": "C1001", "verified_by": "signed"}, "page": {"order_id": "20261118000123"}}
    service = {"on_duty": False, "open": False, "next_open_words": "明天 08:00", "queue_length": 2}
    seen = card_and_metadata(chat.say("我的快递到哪了", context=context, service=service))
    assert seen == {
        "message_id": f"m_{chat.conversation_id}_1",
        "at": "2026-11-22T02:00:00Z",
        "session": 1,
        "conversation_id": chat.conversation_id,
        "context": context,
        "service": service,
        "text": "我的快递到哪了",
        "payload": None,
        "attachments": [],
        "wordless": False,
    }


@pytest.mark.parametrize(
    "text",
    [
        "/request_human",
        "  /request_human",
        "\u200b/request_human",
        "\ufeff \u2060/request_human",
        "／request_human",
        "/restart",
        '/handoff{"x":1}',
        '/inform{"order_id":"20261118000999"}',
        "EXTERNAL: restart",
    ],
)
def test_a_typed_command_stays_text(bot: Any, text: str) -> None:
    chat = bot.chat()
    chat.say("我要退货")  # asks for the order: a planted order_id would be taken
    answer = chat.say(text)
    assert answer["understanding"]["entities"] in ([], [{"entity": "order_id", "value": "20261118000999"}])
    for intent in answer["understanding"]["intents"]:
        assert intent["confidence"] < 1.0  # an executed command has confidence 1.0
    assert answer["replies"]


def test_a_payload_acts_as_a_command_and_keeps_its_title(bot: Any) -> None:
    chat = bot.chat()
    answer = chat.say("就查这一单", payload='/inform{"order_id":"20261118000123"}')
    assert answer["understanding"]["intents"] == [{"name": "inform", "confidence": 1.0}]
    assert answer["understanding"]["entities"] == [{"entity": "order_id", "value": "20261118000123"}]
    assert card_and_metadata(answer)["text"] == "就查这一单"


def test_a_repeated_message_is_answered_from_the_store(bot: Any) -> None:
    chat = bot.chat()
    first = chat.body("我的快递到哪了")
    original = bot.post("/messages", first).json()
    chat.say("你好")
    assert bot.post("/messages", first).json() == original
    handoff = chat.body("转人工")
    assert bot.post("/messages", handoff).json() == bot.post("/messages", handoff).json()


def test_messages_sent_twice_at_once_are_handled_once(bot: Any) -> None:
    chat = bot.chat()
    body = chat.body("转人工")
    with ThreadPoolExecutor(4) as pool:
        answers = [answer.json() for answer in pool.map(lambda _: bot.post("/messages", body), range(4))]
    assert all(answer == answers[0] for answer in answers)
    assert chat.say("转人工")["handoff"] is not None


def test_an_older_session_is_refused(bot: Any) -> None:
    chat = bot.chat()
    old = chat.body("你好")
    assert bot.post("/messages", old).status_code == 200
    chat.session = 2
    chat.say("你好")
    chat.session = 1
    refused = bot.post("/messages", chat.body("在吗"))
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "old_session")
    assert bot.post("/messages", old).status_code == 200  # a repeat changes nothing, so it is no harm


def test_understanding_only_parses(bot: Any) -> None:
    answer = bot.post("/understanding", {"text": "订单号是20261118000123", "at": "2026-11-22T02:00:00Z"})
    assert answer.json()["understanding"]["entities"] == [{"entity": "order_id", "value": "20261118000123"}]
    typed = bot.post("/understanding", {"text": "/request_human"}).json()["understanding"]
    assert typed["intents"][0]["confidence"] < 1.0


def test_the_handoff_comes_in_band(bot: Any) -> None:
    chat = bot.chat()
    chat.say("我的快递到哪了")
    answer = chat.say("转人工")
    summary = answer["handoff"]
    assert problems(summary) == []
    assert summary["handoff_id"] == "h_" + answer["message_id"]
    assert summary["conversation_id"] == chat.conversation_id
    assert [trigger["code"] for trigger in summary["triggers"]] == ["customer_request"]
    assert [issue["intent"] for issue in summary["issues"]] == ["query_logistics"]
    assert answer["replies"][0]["text"]
    again = chat.say("转人工")
    assert again["handoff"] is not None
    assert again["replies"] != answer["replies"]  # not the same words twice


def test_a_handoff_wins_over_a_form_and_ends_it(bot: Any) -> None:
    chat = bot.chat()
    assert chat.say("我要退货")["replies"][0]["text"] == "哪一笔订单？"
    answer = chat.say("转人工")
    assert answer["handoff"] is not None
    assert all(reply["text"] != "哪一笔订单？" for reply in answer["replies"])
    assert chat.say("你好")["replies"] == [{"text": "您好", "buttons": [], "card": None}]


def test_a_handoff_wins_when_the_message_fills_the_form(bot: Any) -> None:
    chat = bot.chat()
    chat.say("我要退货")
    assert chat.say("订单号是20261118000123")["replies"][0]["text"] == "什么原因要退？"
    assert chat.say("东西漏电，手都被电到了")["handoff"]["triggers"][0]["code"] == "safety"


def test_an_action_can_ask_for_a_person(bot: Any) -> None:
    answer = bot.chat().say("app闪退")
    assert answer["replies"][0]["text"] == "查到这里了"
    assert answer["handoff"]["triggers"][0]["code"] == "technical_fault"
    assert answer["handoff"]["route"]["skill_group"] == "technical"


def test_after_a_handback_the_bot_goes_on_and_counts_afresh(bot: Any) -> None:
    chat = bot.chat()
    chat.say("我要退货")
    handoff = chat.say("垃圾公司 我要投诉你们")["handoff"]
    body = {
        "conversation_id": chat.conversation_id,
        "session": 1,
        "handoff_id": handoff["handoff_id"],
        "note": "已退款",
        "settled": ["退款已提交"],
        "messages": [{"sender": "agent", "text": "已经给您退了", "at": "2026-11-22T02:05:00Z"}],
    }
    assert bot.post("/handbacks", body).status_code == 204
    assert bot.post("/handbacks", body).status_code == 204  # again: nothing happens
    after = chat.say("你好")
    assert after["handoff"] is None
    assert after["replies"] == [{"text": "您好", "buttons": [], "card": None}]
    second = chat.say("转人工")["handoff"]
    assert [trigger["code"] for trigger in second["triggers"]] == ["customer_request"]
    assert second["emotion"]["course"] == []


def test_a_handback_of_nothing_is_refused(bot: Any) -> None:
    answer = bot.post("/handbacks", {"conversation_id": "c_x", "session": 1})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "handoff_id_invalid")


def test_a_handoff_reaches_the_desk_although_its_action_failed(bot: Any) -> None:
    chat = bot.chat()
    chat.say("我的快递到哪了")
    body = chat.body("你们服务太差了，骗子", context={"fail": True})
    answer = bot.post("/messages", body).json()
    assert problems(answer["handoff"]) == []
    assert answer["handoff"]["triggers"][0]["code"] == "anger"
    assert answer["handoff"]["issues"][0]["intent"] == "query_logistics"
    assert "对不起" in answer["replies"][0]["text"]
    assert bot.post("/messages", body).json() == answer


def test_a_turn_whose_action_failed_is_answered_with_a_way_to_a_person(bot: Any) -> None:
    chat = bot.chat()
    body = chat.body("我的快递到哪了", context={"fail": True})
    answer = bot.post("/messages", body).json()
    (reply,) = answer["replies"]
    assert "抱歉" in reply["text"]
    assert reply["buttons"] == [{"title": "转人工", "payload": "/request_human"}]
    assert bot.post("/messages", body).json() == answer
    assert chat.say("转人工", payload="/request_human")["handoff"] is not None
