"""Whose goods a message speaks of: never those spoken of before when it names others."""

from __future__ import annotations

from typing import Any

import pytest

from actions.order_choice import goods_word_in, mentioned, names
from actions.order_form import proven_ending
from tests.actions.conftest import Start


@pytest.mark.parametrize(
    ("words", "expected"),
    [("鞋子不想要了能退不", "鞋子"), ("洗衣机怎么还没发货", "洗衣机"), ("我的东西到哪了", ""), ("手机尾号5678", "")],
)
def test_goods_are_told_from_words_that_fit_anything(words: str, expected: str) -> None:
    assert goods_word_in(words) == expected


def test_goods_that_no_order_holds_bring_the_list(customer: Start, fixtures: dict[str, Any]) -> None:
    talk = customer(page_order_id=fixtures["order_shipped"])
    talk.ask_order("我耳机到哪了", "query_logistics")
    said = talk.ask_order("鞋子不想要了能退不", "request_return")
    assert "没看到鞋子" in said and "耳机" not in said
    assert talk.cards[0]["type"] == "order_list"


def test_a_short_name_of_goods_finds_the_order(customer: Start) -> None:
    assert names("保温杯", "那杯子不要了") and not names("登山背包", "那杯子不要了")
    talk = customer("silver")
    assert "智能手表" in talk.ask_order("我那表发票开了没", "request_invoice")


def test_an_urge_after_a_refund_is_about_that_refund(customer: Start) -> None:
    talk = customer()
    talk.ask_order("精华液的退款到哪了", "query_refund_status")
    assert "耳机" not in talk.ask_order("那帮我催催", "urge_order")


def test_an_invoice_that_is_wrong_is_that_of_the_goods_named(customer: Start) -> None:
    said = customer("silver").ask_order("键盘那单的发票抬头开错了", "request_invoice")
    assert "机械键盘" in said and "智能手表" not in said


def test_a_visitor_proves_the_next_order_of_the_same_phone_with_the_same_ending(
    visitor: Start, fixtures: dict[str, Any]
) -> None:
    talk = visitor()
    first, second = fixtures["order_unshipped"], fixtures["order_shipped"]
    talk.ask_order(first, "inform", entities={"order_id": first})
    ending = fixtures["customers"]["normal"]["phone"][-4:]
    assert "保温杯" in talk.ask_order(ending, "inform")
    assert "后四位" not in talk.ask_order(second, "inform", entities={"order_id": second})
    assert first[-4:] in talk.ask_order("那第一单呢", "nlu_fallback")
    assert proven_ending(talk.events) == ending


def test_no_ending_is_known_before_one_has_proven_an_order() -> None:
    assert proven_ending([{"event": "slot", "name": "phone_ending", "value": "1111"}]) is None
    assert not mentioned([], "鞋子")


def test_to_look_into_it_takes_the_search_that_was_offered(customer: Start) -> None:
    talk = customer("normal")
    talk.customer_id = "C1014"
    assert "发起查件" in talk.ask_order("四件套到哪了", "query_logistics")
    assert talk.ask_order("查一下吧", "query_logistics").endswith("现在查吗？")
