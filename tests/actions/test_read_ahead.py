"""What a turn will ask of the shop is read while the message is being understood; a wrong guess does no harm."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from actions import read_ahead
from actions.read_ahead import MOST_QUESTIONS, likely_questions
from actions.shop_api import Question, ShopApi
from addons.turn_memory import one_turn, remembered
from tests.conftest import RunningShop


@pytest.fixture
def vip(running_shop: RunningShop) -> dict[str, Any]:
    customer: dict[str, Any] = running_shop.fixtures["customers"]["vip"]
    return customer


@pytest.fixture(autouse=True)
def _ahead(shop: ShopApi, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(read_ahead, "shop_api", lambda: shop)
    read_ahead._LAST_ASKED.clear()
    yield
    read_ahead._LAST_ASKED.clear()


def context_of(customer: dict[str, Any]) -> dict[str, Any]:
    return {"customer": {"customer_id": customer["customer_id"]}}


def read_within(seconds: float = 5.0) -> list[Question]:
    """What the turn that goes on has read by itself, once there is something."""
    memory, until = remembered(), time.monotonic() + seconds
    assert memory is not None
    while time.monotonic() < until:
        done = [question for (_, question), answer in list(memory.answers.items()) if answer.done()]
        if done and len(done) == len(memory.answers):
            return done
        time.sleep(0.01)
    return []


def test_the_first_message_of_a_customer_finds_orders_and_name(vip: dict[str, Any]) -> None:
    with one_turn("conversation-1", context_of(vip)):
        path = f"/customers/{vip['customer_id']}"
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline and len(read_within()) < 2:
            pass
        assert set(read_within()) == {(path,), (f"{path}/orders", ("limit", 20))}


def test_the_next_message_finds_what_the_last_one_asked(shop: ShopApi, vip: dict[str, Any]) -> None:
    order_id = vip["orders"][0]
    with one_turn("conversation-1", context_of(vip)):
        shop.returns(order_id)
        shop.returns(order_id)
    with one_turn("conversation-1", context_of(vip)):
        assert read_within() == [(f"/orders/{order_id}/returns",)]


def test_another_conversation_guesses_by_itself(shop: ShopApi, vip: dict[str, Any]) -> None:
    with one_turn("conversation-1", context_of(vip)):
        shop.returns(vip["orders"][0])
    assert likely_questions(read_ahead._LAST_ASKED.get("conversation-2"), {}) == []


def test_a_visitor_on_the_page_of_an_order_reads_that_order_only() -> None:
    assert likely_questions(None, {"customer": None, "page": {"order_id": "20261101000123"}}) == [
        ("/orders/20261101000123",)
    ]


def test_no_turn_asks_for_more_than_the_shop_should_bear() -> None:
    asked: list[Question] = [(f"/orders/{number}",) for number in range(50)]
    assert likely_questions([*asked, *asked], {}) == asked[:MOST_QUESTIONS]


def test_conversations_are_forgotten_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_ahead, "CONVERSATIONS", 3)
    for number in range(10):
        with one_turn(f"conversation-{number}"):
            pass
    assert list(read_ahead._LAST_ASKED) == ["conversation-7", "conversation-8", "conversation-9"]
