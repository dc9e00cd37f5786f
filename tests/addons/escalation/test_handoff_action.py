"""action_handoff against the really running demo shop, and when shop or builder fail."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from rasa_sdk import Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import handoff
from actions.handoff import ActionHandoff
from actions.settings import Settings
from actions.shop_api import ShopApi
from addons.summary.builder import problems
from tests.addons.escalation.tracker_lines import Event, answered, loop, said, slot


def run(shop: ShopApi, events: list[Event], **slots: Any) -> tuple[list[dict[str, Any]], list[Any]]:
    """(the messages uttered, the events returned)."""
    tracker = Tracker("c_1.1", slots, events[-1], events, False, None, {}, "action_listen")
    dispatcher = CollectingDispatcher()
    returned = asyncio.run(ActionHandoff(shop).run(dispatcher, tracker, {}))
    return dispatcher.messages, returned


def summary_in(messages: list[dict[str, Any]]) -> dict[str, Any]:
    (handoff_message,) = [message for message in messages if message.get("custom")]
    summary = handoff_message["custom"]["handoff"]
    assert problems(summary) == []
    return dict(summary)


@pytest.fixture
def shop(running_shop: Any) -> ShopApi:
    return ShopApi(Settings(running_shop.url, running_shop.token))


@pytest.fixture
def dead_shop() -> ShopApi:
    return ShopApi(Settings("http://127.0.0.1:9", "x", connect_timeout_seconds=0.2, read_timeout_seconds=0.2))


def test_the_person_and_the_order_on_the_page_come_from_the_shop(shop: ShopApi, running_shop: Any) -> None:
    vip = running_shop.fixtures["customers"]["vip"]
    context = {
        "customer": {"customer_id": vip["customer_id"], "verified_by": "signed"},
        "page": {"order_id": vip["orders"][0]},
    }
    messages, _ = run(shop, [said("转人工", "request_human", message_id="m_1", context=context)])
    summary = summary_in(messages)
    assert summary["customer"]["tier"] == "vip"
    assert summary["customer"]["masked_phone"][-4:] == vip["phone"][-4:]
    assert vip["phone"] not in str(summary)
    assert summary["order"]["order_id"] == vip["orders"][0]
    assert summary["priority"] == "high"
    assert summary["handoff_id"] == "h_m_1"
    assert messages[0]["text"]
    assert messages[0]["text"].split("，")[0][-2:] in ("先生", "女士")


def test_somebody_elses_order_on_the_page_is_not_shown(shop: ShopApi, running_shop: Any) -> None:
    customers = running_shop.fixtures["customers"]
    context = {
        "customer": {"customer_id": customers["normal"]["customer_id"]},
        "page": {"order_id": customers["vip"]["orders"][0]},
    }
    messages, _ = run(shop, [said("转人工", "request_human", context=context)])
    assert "order" not in summary_in(messages)


def test_out_of_hours_the_first_words_say_when(dead_shop: ShopApi) -> None:
    service = {"on_duty": False, "open": False, "next_open_words": "周一 08:00", "queue_length": 0}
    messages, _ = run(dead_shop, [said("转人工", "request_human", service=service)])
    assert "周一 08:00 上班" in messages[0]["text"]
    assert summary_in(messages)["handoff_id"]


def test_the_parcel_of_a_named_order_and_the_open_tickets_are_asked_for_at_the_handoff(
    shop: ShopApi, running_shop: Any
) -> None:
    customer_id = running_shop.fixtures["customers"]["normal"]["customer_id"]
    order_id = running_shop.fixtures["order_shipped"]
    body = {"customer_id": customer_id, "topic": "app", "facts": {}, "steps": [], "sentence": "App 闪退。"}
    before = sum(ticket["state"] == "open" for ticket in shop.tickets(customer_id))
    shop.file_ticket(body, "test-open-ticket")
    named = said(
        f"{order_id}怎么还没到，转人工",
        "query_logistics",
        "request_human",
        context={"customer": {"customer_id": customer_id, "verified_by": "signed"}},
        entities={"order_id": order_id},
    )
    latest = {**named, **named["parse_data"]}  # as the SDK has the newest message
    summary = summary_in(run(shop, [latest])[0])
    assert summary["customer"]["open_tickets"] == before + 1
    assert summary["order"]["order_id"] == order_id
    assert summary["logistics"]["tracking_number"]
    assert {"order_status", "days_late"} <= {fact["name"] for fact in summary["facts"]}
    assert [(issue["intent"], issue["state"]) for issue in summary["issues"]] == [("query_logistics", "open")]


def test_without_the_shop_the_person_is_queued_all_the_same(dead_shop: ShopApi) -> None:
    context = {"customer": {"customer_id": "C1001"}, "page": {"order_id": "20261118000123"}}
    messages, _ = run(dead_shop, [said("转人工", "request_human", context=context)])
    assert summary_in(messages)["customer"] == {"customer_id": "C1001", "verified": True, "verified_by": "signed"}


def test_when_the_summary_cannot_be_built_the_smallest_one_goes_out(
    dead_shop: ShopApi,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken(*_arguments: object, **_more: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(handoff, "build_summary", broken)
    messages, _ = run(dead_shop, [said("转人工", "request_human", message_id="m_1")])
    assert summary_in(messages)["handoff_id"] == "h_m_1"


def test_an_open_form_is_closed_and_counters_start_again(dead_shop: ShopApi) -> None:
    events = [
        said("查订单", "query_order_status", message_id="m_1"),
        loop("order_form"),
        said("转人工", "request_human", message_id="m_2"),
    ]
    _, returned = run(dead_shop, events, fallback_count=2)
    assert {"event": "active_loop", "timestamp": None, "name": None} in returned
    assert {event["name"]: event["value"] for event in returned if event["event"] == "slot"} == {
        "requested_slot": None,
        "fallback_count": None,
    }


@pytest.mark.parametrize(
    ("intent", "code"),
    [
        ("complain", "complaint"),
        ("abuse", "abuse"),
        ("report_safety_issue", "safety"),
        ("affirm", "customer_request"),
    ],
)
def test_the_reason_is_right_also_when_a_rule_led_here(dead_shop: ShopApi, intent: str, code: str) -> None:
    messages, _ = run(dead_shop, [said("好", intent, bare=True)])
    assert summary_in(messages)["triggers"][0]["code"] == code


def test_what_the_actions_found_is_in_the_summary(dead_shop: ShopApi) -> None:
    finding = {
        "what": "查询物流",
        "result": "暴雨停运",
        "message_id": "m_1",
        "at": "2026-11-22T02:00:00Z",
        "helped": None,
    }
    events = [
        *answered(said("到哪了", "query_logistics", message_id="m_1")),
        slot("findings", [finding]),
        said("转人工", "request_human", message_id="m_2"),
    ]
    messages, _ = run(dead_shop, events)
    assert summary_in(messages)["attempts"][0]["result"] == "暴雨停运"
