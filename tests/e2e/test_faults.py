"""kill -9 of the desk and of Rasa in the middle of conversations: nothing said is lost, nothing is said twice."""

from __future__ import annotations

import time
import uuid

import httpx
from conftest import System
from people import WAIT_SECONDS, AgentClient, Customer


def send_until_acknowledged(customer: Customer, text: str) -> int:
    """What the widget does: the same client id again until the desk acknowledges; returns the sequence number."""
    client_id = str(uuid.uuid4())
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        try:
            answer = customer.post(text, client_id)
        except httpx.TransportError:
            time.sleep(0.2)
            continue
        if answer.status_code == 200:
            return int(answer.json()["seq"])
        time.sleep(0.2)
    raise AssertionError("never acknowledged")


def told(customer: Customer, words: str) -> int:
    return sum(words in (event.get("text") or "") and event["sender"] == "bot" for event in customer.seen)


def test_the_desk_is_killed_between_question_and_answer(system: System) -> None:
    customer = Customer(system.url, system.fixtures["customers"]["normal"]["identity"])
    seq = send_until_acknowledged(customer, "我还有多少积分")
    system.kill("desk")
    system.wait_ready()
    assert "积分" in customer.answer_after(seq)
    second = send_until_acknowledged(customer, "我的会员等级是什么")
    customer.answer_after(second)
    mine = [event["text"] for event in customer.seen if event["sender"] == "customer"]
    assert mine == ["我还有多少积分", "我的会员等级是什么"]
    assert told(customer, "积分") >= 1


def test_rasa_is_killed_and_the_waiting_message_is_answered_after_it_is_back(system: System) -> None:
    customer = Customer(system.url, system.fixtures["customers"]["normal"]["identity"])
    customer.say("我还有多少积分")
    system.kill("rasa")
    seq = send_until_acknowledged(customer, f"订单{system.fixtures['order_shipped']}到哪了")
    system.wait_ready()
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline and not told(customer, "暴雨") and customer.state == "bot":
        customer.read(wait=5)
    assert told(customer, "暴雨") == 1 or customer.state == "queued", "neither answered nor handed to a person"
    assert [event["seq"] for event in customer.seen] == list(range(1, customer.seq + 1))
    assert seq < customer.seq


def test_people_still_reach_each_other_while_rasa_is_down(system: System) -> None:
    customer = Customer(system.url, system.fixtures["customers"]["silver"]["identity"])
    customer.say("转人工")
    login = system.agent()
    agent = AgentClient(system.url, login["username"], login["password"])
    agent.go_online()
    handoff = agent.handoff_of(customer.id)
    assert agent.claim(handoff["id"]).status_code == 200
    system.kill("rasa")
    assert agent.say(customer.id, "您好，我在。").status_code == 200
    customer.post("好的")
    assert "您好，我在。" in customer.answer_after(customer.seq - 1)
    resolved = agent.http.post(f"/api/v1/conversations/{customer.id}/resolve", json={"outcome": "solved"})
    assert resolved.status_code == 200
    system.wait_ready()
