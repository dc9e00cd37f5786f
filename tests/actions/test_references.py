"""Pointing at an order instead of naming it: in the answer to the list, after it, and in words that only point."""

from __future__ import annotations

from typing import Any, cast

import pytest

from actions.fallback import ActionClarify
from actions.products import ActionAnswerProduct
from actions.references import described, only_points, pointed_at, points_at_order
from actions.shop_api import ShopApi
from actions.shop_types import Order
from actions.talk import ActionTakeInformation
from tests.actions.conftest import Start
from tests.actions.conversation import Conversation


def order(number: str, status: str, title: str, yuan: int) -> Order:
    found = {"order_id": number, "status": status, "lines": [{"title": title}], "amount_fen": yuan * 100}
    return cast("Order", found | {"refund_ids": [], "return_ids": []})


UNPAID, HEADPHONES, SPEAKER, OLD = (
    order("A", "pending_payment", "登机行李箱", 459),
    order("B", "shipped", "云听降噪耳机", 399),
    order("C", "delivered", "蓝牙音箱", 299),
    order("D", "completed", "纯棉四件套", 358),
)
MINE = [UNPAID, HEADPHONES, SPEAKER, OLD]


def followups(events: list[dict[str, Any]]) -> list[str]:
    return [event["name"] for event in events if event["event"] == "followup"]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("第二单到哪了", "B"),
        ("第二个呢", "B"),
        ("最后一个", "D"),
        ("最近那单到哪了", "B"),
        ("最早那单", "D"),
        ("刚才那单呢", "C"),
        ("刚才说的那个", "C"),
        ("刚买的那单", "B"),
    ],
)
def test_place_time_and_memory(words: str, expected: str) -> None:
    choice = pointed_at(MINE, "query_logistics", words, focus_order_id="C")
    assert choice is not None
    assert choice.order_id == expected


def test_a_place_counts_in_the_list_shown() -> None:
    choice = pointed_at(MINE, "query_logistics", "第一个", focus_order_id=None, listed=["C", "D"])
    assert choice is not None
    assert choice.order_id == "C"


@pytest.mark.parametrize("words", ["另一单呢", "那个呢", "另外一个", "还有一单", "不对，是另一单"])
def test_the_other_of_two_is_certain(words: str) -> None:
    choice = pointed_at(MINE, "request_return", words, focus_order_id="C", listed=["C", "D"])
    assert choice is not None
    assert choice.order_id == "D"


def test_another_of_many_becomes_a_list_without_the_one_spoken_of() -> None:
    choice = pointed_at([*MINE, order("E", "shipped", "保温杯", 89)], "urge_order", "另一单呢", focus_order_id="C")
    assert choice is not None
    assert [item["order_id"] for item in choice.listed] == ["B", "E"]


@pytest.mark.parametrize(
    ("words", "goods", "expected"),
    [
        ("那另一单呢", (), True),
        ("第二个呢？", (), True),
        ("那个耳机呢", ("耳机",), True),
        ("还有耳机", ("耳机",), True),
        ("我再看看最近那单", (), True),
        ("不对 是另一单 保温杯那个", ("保温杯",), True),
        ("另一单 保温杯坏了", ("保温杯",), False),
        ("耳机", ("耳机",), False),
        ("那个耳机多少钱", ("耳机",), False),
        ("第二个问题", (), False),
        ("换另外一个颜色", (), False),
        ("我要退第二单", (), False),
        ("那什么时候到呢", (), False),
        ("好的", (), False),
    ],
)
def test_words_that_only_point(words: str, goods: tuple[str, ...], expected: bool) -> None:
    assert only_points(words, goods) is expected


@pytest.mark.parametrize(
    ("words", "expected"), [("另一单什么时候到", True), ("换另外一个颜色", False), ("还有一个问题", False)]
)
def test_a_pointing_word_needs_an_order(words: str, expected: bool) -> None:
    assert points_at_order(words) is expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [("299 的那个", "C"), ("还没付款的", "A"), ("在路上的那个", "B"), ("签收的", None), ("随便", None)],
)
def test_an_order_of_the_list_described(words: str, expected: str | None) -> None:
    assert described(MINE, words) == expected


@pytest.mark.parametrize(("words", "place"), [("第二个", 1), ("最后一个", -1), ("最近那单", 0), ("第一单吧", 0)])
def test_the_list_is_answered_by_pointing(customer: Start, words: str, place: int) -> None:
    talk = customer()
    talk.ask_order("我想退货", "request_return")
    listed = talk.cards[0]["orders"]
    talk.ask_order(words, "nlu_fallback")
    assert talk.slots["order_in_focus"]["order_id"] == listed[place]["order_id"]


def test_after_the_answer_a_place_still_means_the_list(customer: Start) -> None:
    talk = customer()
    talk.ask_order("我的快递", "query_order_status")
    listed = talk.cards[0]["orders"]
    talk.ask_order("第一个", "inform")
    assert listed[1]["order_id"][-4:] in talk.ask_order("第二个呢", "query_order_status")


@pytest.fixture
def asked_refund(customer: Start, fixtures: dict[str, Any]) -> Conversation:
    """A customer who has just asked where the money of one order is."""
    talk = customer(page_order_id=fixtures["order_refunding"])
    talk.ask_order("退款到哪了", "query_refund_status")
    return talk


def test_the_topic_goes_on_with_the_order_pointed_at(asked_refund: Conversation, fixtures: dict[str, Any]) -> None:
    """Understood as a question about the order's state, it is still the question just asked."""
    said = asked_refund.ask_order("那个耳机呢", "query_order_status", entities={"product": "耳机"})
    assert asked_refund.slots["topic"] == "query_refund_status"
    assert fixtures["order_shipped"][-4:] in said
    assert "还没有申请过退款" in said


@pytest.mark.parametrize("words", ["那另一单呢", "最近那单呢"])
def test_pointing_that_was_not_understood_goes_on_too(asked_refund: Conversation, words: str) -> None:
    asked_refund.hear(words, "nlu_fallback")
    assert followups(asked_refund.run(ActionClarify())) == ["order_form"]
    assert asked_refund.text == ""


def test_pointing_as_bare_information_goes_on(asked_refund: Conversation) -> None:
    asked_refund.hear("那另一单呢", "inform")
    assert followups(asked_refund.run(ActionTakeInformation())) == ["order_form"]


def test_goods_pointed_at_are_not_a_question_about_the_product(asked_refund: Conversation, shop: ShopApi) -> None:
    asked_refund.hear("那个耳机呢", "ask_product_info", entities={"product": "耳机"})
    assert followups(asked_refund.run(ActionAnswerProduct(shop))) == ["order_form"]


def test_without_an_earlier_question_pointing_is_asked_about(customer: Start) -> None:
    talk = customer()
    talk.hear("那另一单呢", "nlu_fallback")
    assert talk.run(ActionClarify())
    assert talk.text != ""


def test_another_order_of_a_visitor_is_asked_for(visitor: Start, fixtures: dict[str, Any]) -> None:
    order_id, ending = fixtures["order_shipped"], fixtures["customers"]["normal"]["phone"][-4:]
    talk = visitor()
    talk.ask_order(f"{order_id} 尾号{ending}", "query_logistics", entities={"order_id": order_id})
    assert "订单号" in talk.ask_order("我还有另一单", "query_logistics")
