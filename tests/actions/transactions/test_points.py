"""Points that are missing: credited at once, told when they come, or looked at by a person with number and time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from actions.answer import Json
from actions.shop_api import ShopApi
from actions.words import day_time, parse_time
from tests.actions.conversation import Conversation

OnOrder = Callable[[str], Conversation]
TOPIC = "report_points_issue"


def ask(talk: Conversation, words: str) -> str:
    """Complain about points on the page of the order."""
    talk.slots["topic"] = TOPIC
    return talk.ask_order(words, TOPIC)


def documents(talk: Conversation) -> list[Json]:
    """The numbers told to the agent."""
    return [item for item in talk.finding["facts"] if item["name"] == "document"]


def test_points_that_did_not_come_are_credited_at_once(on_order: OnOrder, shop: ShopApi) -> None:
    talk = on_order("order_points_missing")
    before = shop.points(talk.customer_id or "")["balance"]
    said = ask(talk, "这单积分一直没到账")
    balance = shop.points(talk.customer_id or "")["balance"]
    assert balance == before + 129
    assert "129 分" in said
    assert f"现在一共 {balance} 分" in said
    assert documents(talk)[0]["value"] in said
    assert not talk.transaction_active


def test_the_second_time_it_is_told_when_they_came(on_order: OnOrder, shop: ShopApi) -> None:
    talk = on_order("order_points_missing")
    ask(talk, "积分没给我")
    balance = shop.points(talk.customer_id or "")["balance"]
    said = ask(talk, "积分还是没到")
    assert "129 分" in said
    assert "已经到账了" in said
    assert shop.points(talk.customer_id or "")["balance"] == balance


def test_points_that_are_not_due_get_their_exact_time(
    on_order: OnOrder, shop: ShopApi, fixtures: dict[str, Any]
) -> None:
    talk = on_order("order_points_not_due")
    said = ask(talk, "积分怎么还没到账")
    due_at = talk.finding["promises"][0]["due_at"]
    assert day_time(parse_time(due_at), parse_time(fixtures["now"])) in said
    assert "198 分" in said
    assert "/request_human" in talk.buttons


def test_before_completion_it_is_said_what_starts_the_clock(on_order: OnOrder) -> None:
    said = ask(on_order("order_delivered"), "没给我积分")
    assert "确认收货" in said
    assert "24 小时内" in said


def test_points_spent_on_a_refunded_order_come_back_once(on_order: OnOrder, shop: ShopApi) -> None:
    talk = on_order("order_points_spent")
    before = shop.points(talk.customer_id or "")["balance"]
    said = ask(talk, "退款到了积分没退")
    back = shop.points(talk.customer_id or "")["balance"] - before
    assert back > 0
    assert f"{back} 分" in said
    assert "已经退回来了" in ask(talk, "积分没退给我")
    assert shop.points(talk.customer_id or "")["balance"] == before + back


def test_what_is_wrong_is_asked_once_when_not_said(on_order: OnOrder) -> None:
    talk = on_order("order_refunding")
    said = ask(talk, "积分不对啊")
    assert said.endswith("是哪种情况？")
    assert "1274" in said
    assert "点一个最接近的" in talk.reply("嗯就是那个", "nlu_fallback")
    said = talk.press("退款后没退回")
    assert "前给您结果" in said
    assert not talk.transaction_active


def test_a_wrong_deduction_shows_the_bookings_and_is_reviewed_once(on_order: OnOrder, shop: ShopApi) -> None:
    talk = on_order("order_high_value")
    said = ask(talk, "我的积分怎么被扣了")
    assert "最近的积分变动" in said
    number = documents(talk)[0]["value"]
    assert number in said
    assert talk.finding["promises"][0]["due_at"]
    again = ask(talk, "积分被乱扣")
    assert number in again
    assert "不用再提交" in again


@pytest.mark.parametrize("words", ["算了", "不用了"])
def test_given_up_files_nothing(on_order: OnOrder, words: str) -> None:
    talk = on_order("order_shipped")
    ask(talk, "积分有问题")
    assert "没有提交" in talk.reply(words, "deny")
    assert not talk.transaction_active


def test_a_visitor_who_proved_the_order_learns_no_balance(shop: ShopApi, fixtures: dict[str, Any]) -> None:
    order = shop.order(fixtures["order_coupon_lost"])
    talk = Conversation(shop, fixtures["now"])
    talk.slots["verified_orders"] = [order["order_id"]]
    talk.slots["order_in_focus"] = {"order_id": order["order_id"]}
    said = ask(talk, "积分被扣了")
    assert "前给您结果" in said
    assert "最近的积分变动" not in said
