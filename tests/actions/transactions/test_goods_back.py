"""Goods that go back in the customers' own ways: corrections, changes of mind, one matter told as two."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from actions.context import Turn
from actions.order_choice import choose
from actions.pending import further_wishes
from actions.shop_api import ShopApi
from tests.actions.conversation import Conversation

OnOrder = Callable[[str], Conversation]
OnNumber = Callable[[str], Conversation]


def turn_of(talk: Conversation, *intents: str) -> Turn:
    """A turn with several wishes."""
    return Turn(now=None, message_id="m", text="", intent=intents[0], intents=intents)  # type: ignore[arg-type]


def test_a_fault_and_what_is_wanted_for_it_are_one_matter(on_order: OnOrder) -> None:
    talk = on_order("order_signed_yesterday")
    assert further_wishes(turn_of(talk, "report_quality_issue", "request_return")) == []
    assert further_wishes(turn_of(talk, "request_return", "report_points_issue")) == ["report_points_issue"]


def test_a_colour_in_one_word_names_the_version(on_order: OnOrder) -> None:
    talk = on_order("order_delivered")
    said = talk.ask_order("想换货", "request_exchange")
    assert "还能换尺码、颜色" in said
    assert "什么原因" in talk.reply("换成灰色的", "request_exchange")
    assert "换成「沙砾灰」" in talk.reply("买错颜色了", "request_return")


def test_a_size_is_not_found_inside_another(on_number: OnNumber) -> None:
    talk = on_number("386614")  # 轻羽羽绒服 黑色 M, with an exchange under way
    assert "等审核" in talk.ask_order("换成雾灰 XL", "request_exchange")


def test_the_next_size_up_is_the_next_in_the_same_colour(on_number: OnNumber) -> None:
    talk = on_number("461150")  # 白蓝 41, only faults count
    talk.ask_order("大一码的有没有，想换", "request_exchange")
    assert talk.slots["transaction"]["details"]["version"] == "P103-3"


def test_without_a_fault_nothing_is_asked_once_the_days_are_over(on_number: OnNumber) -> None:
    said = on_number("461150").ask_order("不喜欢，想退掉", "request_return")
    assert "只有质量问题才能退换" in said
    assert "原因" in said and "确认" not in said


def test_no_fault_after_the_days_ends_kindly(on_number: OnNumber) -> None:
    talk = on_number("461150")
    assert "有质量问题吗" in talk.ask_order("退货", "request_return")
    assert "11月" in talk.press("不是质量问题") or "前都能办" in talk.text
    assert not talk.transaction_active


def test_activated_goods_are_not_promised_a_return(on_number: OnNumber) -> None:
    said = on_number("517742").ask_order("手表激活过了还能退吗", "request_return")
    assert "激活过就不能无理由退" in said


def test_the_goods_named_in_passing_correct_a_claim(on_order: OnOrder) -> None:
    talk = on_order("order_signed_two_lines")
    talk.ask_order("护手霜盖子裂了，流得到处都是", "report_damaged_item")
    assert talk.reply("杯子是好的就护手霜", "ask_product_info") != ""
    assert "护手霜礼盒（订单" in talk.reply("再寄一个", "inform")


def test_another_one_is_not_in_stock_but_another_colour_is(on_order: OnOrder, shop: ShopApi) -> None:
    talk = on_order("order_signed_sold_out")
    talk.ask_order("杯盖是坏的，盖不紧", "report_damaged_item")
    assert "还是没货" in talk.reply("换一个吧", "request_exchange")
    assert talk.reply("那换别的颜色", "request_exchange") == ""
    talk.transaction_active = False
    said = talk.ask_order("那换别的颜色", "request_exchange")
    assert "运费由我们承担" in said
    said = talk.reply("白色的", "inform")
    assert "换成「米白 500 毫升」" in said
    assert talk.slots["pending"] in (None, [])


def test_money_of_a_return_under_way_is_told_by_the_return(on_order: OnOrder) -> None:
    talk = on_order("order_signed_yesterday")
    talk.ask_order("不想要了，退掉", "request_return")
    talk.press("确认")
    said = talk.ask_order("多久到账", "query_refund_status")
    assert "24 小时内审完" in said and "到账" in said
    assert "/query_refund_status" not in talk.buttons


def test_a_second_break_after_an_exchange_is_seen(on_number: OnNumber) -> None:
    said = on_number("600612").ask_order("换过一次又不加热了", "report_quality_issue")
    assert "换过一次又坏" in said


def test_a_parcel_sent_back_by_mistake_is_not_told_to_be_refused(on_number: OnNumber) -> None:
    assert "派送时拒收就行" not in on_number("453392").ask_order("我没拒收，钱退不退", "query_refund_status")


@pytest.mark.parametrize(("topic", "ending"), [("cancel_order", "397688"), ("request_return", "397688")])
def test_the_order_spoken_of_stays(shop: ShopApi, topic: str, ending: str) -> None:
    orders = shop.orders("C1028")
    focus = next(order["order_id"] for order in orders if order["order_id"].endswith(ending))
    assert choose(orders, topic, "不想要了", focus_order_id=focus).order_id == focus


def test_the_refund_that_has_not_come_is_meant(shop: ShopApi) -> None:
    found = choose(shop.orders("C1020"), "query_refund_status", "退款咋还没到").order_id
    assert found is not None and found.endswith("357209")
