"""A price that dropped after buying: checked, told with figures, paid back once after a yes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from actions.policies import ActionAnswerPolicy
from actions.shop_api import ShopApi
from tests.actions.conversation import Conversation

OnOrder = Callable[[str], Conversation]
TOPIC = "ask_price_protection"


def ask(talk: Conversation, words: str = "刚买就降价了，能退差价吗") -> str:
    """Say on the page of the order that the price dropped; the policy answer hands over to the order form."""
    talk.hear(words, TOPIC)
    events = talk.run(ActionAnswerPolicy(talk.shop))
    assert [event["name"] for event in events if event["event"] == "followup"] == ["order_form"]
    assert talk.slots["topic"] == TOPIC
    return talk.ask_order(words, TOPIC)


def refunds(shop: ShopApi, talk: Conversation) -> list[int]:
    """What the shop pays back for the order."""
    return [item["amount_fen"] for item in shop.refunds(talk.page_order_id or "")]


def test_figures_are_told_before_the_yes(on_order: OnOrder, shop: ShopApi) -> None:
    talk = on_order("order_price_dropped")
    said = ask(talk)
    price = shop.product(shop.order(talk.page_order_id or "")["lines"][0]["product_id"])["price_fen"] // 100
    assert "¥429" in said
    assert f"¥{price}" in said
    assert f"¥{(429 - price) * 2}" in said
    assert "一单只能退一次" in said
    assert refunds(shop, talk) == []


def test_no_means_that_nothing_is_filed(on_order: OnOrder, shop: ShopApi) -> None:
    talk = on_order("order_price_dropped")
    ask(talk)
    assert "没有提交" in talk.press("先不用")
    assert refunds(shop, talk) == []


def test_a_question_in_between_is_left_to_rasa(on_order: OnOrder) -> None:
    talk = on_order("order_price_dropped")
    ask(talk)
    assert talk.reply("这个包防水吗", "ask_product_info") == ""
    assert talk.transaction_active


def test_paid_back_once(on_order: OnOrder, shop: ShopApi) -> None:
    talk = on_order("order_price_dropped")
    ask(talk)
    said = talk.press("确认")
    paid = refunds(shop, talk)
    assert len(paid) == 1
    assert f"¥{paid[0] // 100}" in said
    assert "前到账" in said
    number = next(item["value"] for item in talk.finding["facts"] if item["name"] == "document")
    assert number in said
    assert talk.finding["promises"][0]["due_at"]
    ask(talk, "又降价了")
    again = talk.press("确认")
    assert number in again
    assert "一单只能退一次" in again
    assert refunds(shop, talk) == paid


def test_an_order_not_yet_sent_is_protected_too(on_order: OnOrder, shop: ShopApi) -> None:
    talk = on_order("order_price_dropped_unshipped")
    ask(talk, "昨天买的今天便宜了")
    talk.reply("好的", "affirm")
    assert len(refunds(shop, talk)) == 1


def test_an_equal_price_is_told_with_the_last_day(on_order: OnOrder, shop: ShopApi) -> None:
    talk = on_order("order_delivered")
    said = ask(talk, "蓝牙音箱降价了给我退差价")
    assert "¥299" in said
    assert "一样" in said
    assert "价保到" in said
    assert not talk.transaction_active
    assert talk.buttons


def test_too_late_names_the_day_and_another_way(shop: ShopApi, fixtures: dict[str, Any]) -> None:
    old = next(order for order in shop.orders("C1001") if order["status"] == "completed")
    talk = Conversation(shop, fixtures["now"], "C1001", page_order_id=old["order_id"])
    said = ask(talk)
    assert "7 天" in said
    assert "已经过了" in said
    assert "/ask_promotion" in talk.buttons


@pytest.mark.parametrize(
    ("status", "expected", "way_on"),
    [
        ("pending_payment", "按现在的价", "/cancel_order"),
        ("refunding", "整笔退给您", "/query_refund_status"),
        ("cancelled", "已经取消", "/ask_promotion"),
    ],
)
def test_other_states_have_a_way_on(
    shop: ShopApi, fixtures: dict[str, Any], status: str, expected: str, way_on: str
) -> None:
    orders = (order for number in range(1, 31) for order in shop.orders(f"C10{number:02d}"))
    found = next(order for order in orders if order["status"] == status)
    talk = Conversation(shop, fixtures["now"], found["customer_id"], page_order_id=found["order_id"])
    assert expected in ask(talk)
    assert way_on in talk.buttons


@pytest.mark.parametrize(("who", "words"), [("C1001", "价保几天"), (None, "降价了可以退差价吗")])
def test_the_rule_comes_with_a_button(shop: ShopApi, fixtures: dict[str, Any], who: str | None, words: str) -> None:
    talk = Conversation(shop, fixtures["now"], who)
    talk.hear(words, TOPIC)
    talk.run(ActionAnswerPolicy(shop))
    assert "7 天内" in talk.text
    assert talk.buttons[0] == f"/{TOPIC}"
    talk.hear("退差价", TOPIC)
    assert talk.run(ActionAnswerPolicy(shop))[-1]["name"] == "order_form"
