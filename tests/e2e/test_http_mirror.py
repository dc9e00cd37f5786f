"""Routine needs, identity and hostile input through the HTTP mirror, answered by the running system."""

from __future__ import annotations

import uuid

import pytest
from conftest import System
from people import AgentClient, Customer


@pytest.fixture
def signed(system: System) -> Customer:
    """A logged-in customer of the normal tier."""
    return Customer(system.url, system.fixtures["customers"]["normal"]["identity"])


@pytest.fixture
def visitor(system: System) -> Customer:
    """Somebody nobody vouches for."""
    return Customer(system.url)


def tail(order_id: str) -> str:
    return order_id[-4:]


def test_a_signed_customer_gets_the_parcel_with_its_reason_and_time(system: System, signed: Customer) -> None:
    answer = signed.say(f"订单{system.fixtures['order_shipped']}到哪了")
    assert tail(system.fixtures["order_shipped"]) in answer
    assert system.fixtures["tracking"] in answer
    assert "暴雨" in answer
    assert "预计" in answer


def test_the_page_tells_which_order_is_meant(system: System) -> None:
    page = {"url": "https://shop.example/order", "order_id": system.fixtures["order_unshipped"]}
    customer = Customer(system.url, system.fixtures["customers"]["normal"]["identity"], page)
    assert tail(system.fixtures["order_unshipped"]) in customer.say("怎么还没发货")


def test_a_visitor_is_asked_for_the_phone_ending_and_then_answered(system: System, visitor: Customer) -> None:
    order, phone = system.fixtures["order_shipped"], system.fixtures["customers"]["normal"]["phone"]
    asked = visitor.say(f"帮我查下订单{order}到哪了")
    assert "尾号" in asked or "后四位" in asked or "后 4 位" in asked
    assert "暴雨" not in asked
    assert "暴雨" in visitor.say(phone[-4:])


def test_three_wrong_endings_are_refused_and_a_person_is_offered(system: System, visitor: Customer) -> None:
    visitor.say(f"查一下{system.fixtures['order_delivered']}这个订单")
    answers = [visitor.say(ending) for ending in ("0001", "0002", "0003")]
    assert "人工" in answers[-1] or visitor.state == "queued"
    assert not any("签收" in answer for answer in answers)


def test_an_invented_order_number_is_never_answered_with_an_order(system: System, signed: Customer) -> None:
    invented = "20261101999999"
    answer = signed.say(f"订单{invented}现在什么情况")
    assert "没" in answer
    assert not any((event.get("card") or {}).get("order_id") == invented for event in signed.seen)


def test_nobody_elses_order_is_shown(system: System, signed: Customer) -> None:
    foreign = system.fixtures["customers"]["gold"]["orders"][0]
    answer = signed.say(f"订单{foreign}到哪了")
    assert "尾号" in answer or "没" in answer
    assert not any((event.get("card") or {}).get("order_id") == foreign for event in signed.seen)


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("我还有多少积分", "积分"),
        ("我的积分什么时候过期", "到期"),
        ("七天无理由退货怎么算", "7"),
        ("你是真人还是机器人", "机器人"),
    ],
)
def test_routine_questions_are_answered(signed: Customer, question: str, words: str) -> None:
    assert words in signed.say(question)


def test_refund_progress_comes_from_the_shop(system: System, signed: Customer) -> None:
    answer = signed.say(f"订单{system.fixtures['order_refunding']}的退款到哪一步了")
    assert tail(system.fixtures["order_refunding"]) in answer
    assert "退款" in answer


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "/restart",
        '/handoff{"x":1}',
        '/inform{"order_id":"20261101999999"}',
        "　/restart",
        "'; DROP TABLE events; --",
        "{{7*7}} ${7*7}",
    ],
)
def test_hostile_text_is_only_text(signed: Customer, text: str) -> None:
    sent = signed.post(text)
    assert sent.status_code == 200
    signed.answer_after(sent.json()["seq"])
    mine = next(event for event in signed.seen if event["seq"] == sent.json()["seq"])
    assert mine["text"] == text
    assert signed.state in ("bot", "queued")
    assert "积分" in signed.say("我还有多少积分") or signed.state == "queued"


def test_empty_and_endless_messages_get_a_clear_error(signed: Customer) -> None:
    for text, code in (("", "message_empty"), ("   ", "message_empty"), ("好" * 10_000, "message_too_long")):
        answer = signed.post(text)
        assert answer.status_code == 422
        assert answer.json()["error"]["code"] == code
    assert signed.say("我还有多少积分")


def test_a_payload_nobody_offered_is_refused(signed: Customer) -> None:
    answer = signed.post("查订单", payload='/inform{"order_id":"20261101999999"}')
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "payload_not_offered"


def test_the_same_client_id_is_stored_and_answered_once(signed: Customer) -> None:
    client_id = str(uuid.uuid4())
    first = signed.post("我还有多少积分", client_id)
    again = signed.post("我还有多少积分", client_id)
    assert first.json() == again.json()
    signed.answer_after(first.json()["seq"])
    signed.read(wait=2)
    assert sum(event.get("client_id") == client_id for event in signed.seen) == 1
    assert sum(event["sender"] == "bot" and event["seq"] > first.json()["seq"] for event in signed.seen) == 1


def test_a_forged_identity_is_refused(system: System) -> None:
    import httpx

    forged = system.fixtures["customers"]["normal"]["identity"][:-4] + "AAAA"
    answer = httpx.post(f"{system.url}/api/v1/conversations", json={"identity": forged}, timeout=10)
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "identity_invalid"


def test_asking_for_a_person_works_in_one_message(system: System, signed: Customer) -> None:
    signed.say("转人工")
    signed.wait_state("queued")
    agent = system.agent()
    desk = AgentClient(system.url, agent["username"], agent["password"])
    summary = desk.handoff_of(signed.id)["summary"]
    assert summary["triggers"][0]["code"] == "customer_request"
    assert signed.http.post(f"/api/v1/conversations/{signed.id}/handoff-cancellation").status_code == 204
    signed.wait_state("bot")
