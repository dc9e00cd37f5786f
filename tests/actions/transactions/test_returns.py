"""Returning and exchanging: eligible, asked, restated, confirmed, filed once; corrected, given up, interrupted."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from actions.shop_api import ShopApi
from tests.actions.conversation import Conversation

OnOrder = Callable[[str], Conversation]


@pytest.fixture
def returning(on_order: OnOrder) -> Conversation:
    """A signed customer on the page of an order that may go back without a reason, who has just asked for it."""
    talk = on_order("order_signed_yesterday")
    talk.ask_order("我要退货", "request_return")
    return talk


def open_returns(shop: ShopApi, talk: Conversation) -> list[str]:
    """Numbers of the returns the shop holds for the order."""
    return [item["return_id"] for item in shop.returns(talk.page_order_id or "")]


def test_the_conditions_come_before_the_question(returning: Conversation) -> None:
    assert "无理由退到" in returning.text
    assert "运费由您承担" in returning.text
    assert "不想要了" in [button["title"] for message in returning.said for button in message["buttons"]]


def test_a_reason_named_at_once_is_not_asked_for(on_order: OnOrder) -> None:
    said = on_order("order_signed_yesterday").ask_order("买错了想退掉", "request_return")
    assert said.endswith("确认提交吗？")
    assert "不想要了" in said


def test_giving_up_files_nothing(returning: Conversation, shop: ShopApi) -> None:
    returning.press("不想要了")
    assert "没有提交" in returning.press("先不用")
    assert open_returns(shop, returning) == []


def test_a_question_in_between_is_left_to_rasa(returning: Conversation) -> None:
    assert returning.reply("积分什么时候过期", "ask_points_expiry") == ""
    assert returning.transaction_active


def test_another_order_is_looked_up_again(returning: Conversation, shop: ShopApi) -> None:
    returning.reply("不对，是另一单", "deny")
    assert not returning.transaction_active
    assert returning.events[-1]["name"] == "order_form"
    assert returning.slots["topic"] == "request_return"


def test_another_order_keeps_the_wish_whatever_the_understanding_reads(returning: Conversation) -> None:
    returning.reply("不对 是另一单 保温杯那个", "report_wrong_item")
    assert returning.slots["order_in_focus"]["topic"] == "request_return"


def test_three_answers_not_understood_bring_a_person(returning: Conversation) -> None:
    again = returning.reply("嗯这个嘛", "nlu_fallback")
    assert again != ""
    returning.reply("天气不错", "out_of_scope")
    returning.reply("啦啦啦", "nlu_fallback")
    assert returning.slots["escalation"]["code"] == "repeated_failure"


def test_the_reason_can_be_corrected_before_the_yes(returning: Conversation) -> None:
    returning.press("不想要了")
    assert "质量问题" in returning.reply("不对，是质量问题", "deny")


def test_the_same_question_never_sounds_the_same_twice_running(returning: Conversation) -> None:
    asked = [returning.said[-1]["text"]]
    asked += [returning.reply(words, "request_return") for words in ("我要退货呀", "就是想退掉", "退了它", "给我退")]
    assert all(earlier != later for earlier, later in pairwise(asked))


def test_reason_restated_confirmed_and_filed_once(returning: Conversation, shop: ShopApi) -> None:
    said = returning.press("不想要了")
    assert said.endswith("确认提交吗？")
    said = returning.press("确认")
    filed = open_returns(shop, returning)
    assert len(filed) == 1
    assert filed[0] in said
    assert "工作日" in said
    again = returning.ask_order("我要退货", "request_return")
    assert filed[0] in again
    assert open_returns(shop, returning) == filed
