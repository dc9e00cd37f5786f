"""Answers from the shop's data: a reason, a time and two ways on; never the same sentence twice."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest

from actions.after_sales import ActionAnswerReturnPolicy
from actions.documents import Filed, named_first
from actions.logistics import WAYS_OF
from actions.membership import ActionAnswerMembership
from actions.offers import WAYS, offer
from actions.order_policy import warranty_end
from actions.points import ActionAnswerPoints, save_words
from actions.policies import ActionAnswerPolicy
from actions.products import ActionAnswerProduct, coupon_words, is_out, stock_words
from actions.shop_api import ShopApi
from actions.shop_types import Coupon, Points, Product
from actions.words import parse_time, stamp
from tests.actions.conftest import Start
from tests.actions.conversation import Conversation
from tests.conftest import RunningShop

NOW = "2026-11-22T02:00:00Z"


@pytest.fixture
def on_number(running_shop: RunningShop, shop: ShopApi, fixtures: dict[str, Any]) -> Start:
    """Start a conversation of the signed owner on the page of the order whose number ends like this."""
    owners = {
        brief["order_id"][-6:]: (person["customer_id"], brief["order_id"])
        for person in running_shop.customers
        for brief in person["orders"]
    }

    def start(ending: str) -> Conversation:
        customer_id, order_id = owners[ending]
        return Conversation(shop, fixtures["now"], customer_id, page_order_id=order_id)

    return start


# --- parcels and orders that wait


@pytest.mark.parametrize(
    ("ending", "reason", "ways"),
    [
        ("480123", "暴雨", ["/urge_order", "/cancel_order"]),
        ("466208", "积压", ["/urge_order", "/cancel_order"]),
        ("476025", "车辆故障", ["/urge_order", "/cancel_order"]),
        ("444871", "海关", ["/report_delivery_problem", "/cancel_order"]),
        ("470982", "门牌号", ["/modify_order", "/cancel_order"]),
        ("453392", "拒收", ["/report_delivery_problem", "/cancel_order"]),
        ("428863", "丢失", ["/report_delivery_problem", "/request_human"]),
        ("415586", "没有新进展", ["/report_delivery_problem", "/request_human"]),
    ],
)
def test_every_anomaly_has_its_reason_and_two_ways_with_a_time(
    on_number: Start, ending: str, reason: str, ways: list[str]
) -> None:
    talk = on_number(ending)
    said = talk.ask_order("到哪了", "query_logistics")
    assert reason in said
    assert "小时内" in said
    assert said.endswith("您要哪个？")
    assert talk.buttons == ways


@pytest.mark.parametrize(
    ("ending", "ways"),
    [
        ("512086", ["/urge_order", "/cancel_order"]),
        ("525803", ["/cancel_order"]),
        ("527361", ["/modify_order", "/cancel_order"]),
        ("519628", ["/modify_order", "/cancel_order"]),
        ("523470", ["/urge_order", "/cancel_order"]),
    ],
)
def test_every_hold_has_the_ways_that_help(on_number: Start, ending: str, ways: list[str]) -> None:
    talk = on_number(ending)
    assert "原因是" in talk.ask_order("怎么还没发", "query_order_status")
    assert talk.buttons == ways


def test_every_way_has_words_and_a_button() -> None:
    for way in WAYS:
        sentence, buttons = offer([way])
        assert sentence.startswith("可以")
        assert len(buttons) == 1
    assert all(set(ways) <= set(WAYS) for ways in WAYS_OF.values())


def test_what_is_under_way_is_not_offered() -> None:
    sentence, buttons = offer(("trace", "refund"), {"/report_delivery_problem"})
    assert "查件" not in sentence
    assert [item.payload for item in buttons] == ["/cancel_order"]


# --- refunds


def test_an_overdue_refund_is_chased_once(on_number: Start, shop: ShopApi) -> None:
    talk = on_number("357209")
    said = talk.ask_order("退款怎么还没到", "query_refund_status")
    tickets = shop.tickets(talk.customer_id or "")
    assert len(tickets) == 1
    assert tickets[0]["ticket_id"] in said
    assert "前查清" in said
    assert talk.finding["promises"][0]["due_at"] == tickets[0]["answer_by"]
    on_number("357209").ask_order("退款呢", "query_refund_status")
    assert len(shop.tickets(talk.customer_id or "")) == 1


def test_a_chase_that_was_not_answered_brings_a_person(on_number: Start) -> None:
    talk = on_number("357209")
    talk.ask_order("退款呢", "query_refund_status")
    talk.now = stamp(parse_time(talk.now) + timedelta(days=1))
    assert "也没做到" in talk.ask_order("退款还是没到", "query_refund_status")
    assert talk.buttons == ["/request_human"]


# --- the same question again


def test_the_same_question_gets_other_words_each_time(customer: Start, fixtures: dict[str, Any]) -> None:
    talk = customer(page_order_id=fixtures["order_shipped"])
    said = [talk.ask_order("到哪了", "query_logistics", emotion=("anxious", n)) for n in range(3)]
    assert len(set(said)) == 3
    assert "还没有新的动静" in said[1]
    assert "预计" in said[1]
    assert "/urge_order" in talk.buttons
    assert "/request_human" in talk.buttons


def test_another_question_about_the_order_is_answered_in_full(customer: Start, fixtures: dict[str, Any]) -> None:
    talk = customer(page_order_id=fixtures["order_refunding"])
    talk.ask_order("退款呢", "query_refund_status")
    assert "验货" in talk.ask_order("寄回去的收到没", "query_after_sales_progress")


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("我羽绒服换货审核过了没", "exchange"),
        ("查件有结果了吗", "trace"),
        ("到哪一步了", "trace"),
        ("退换货办得怎么样", "trace"),
    ],
)
def test_what_is_named_is_told_before_what_was_filed_later(words: str, first: str) -> None:
    filed = [Filed(kind, f"N{kind}", NOW, None, is_open=True, document={}) for kind in ("trace", "exchange", "return")]
    assert named_first(filed, words)[0].kind == first


def test_after_half_an_hour_the_whole_answer_is_told_again(customer: Start, fixtures: dict[str, Any]) -> None:
    talk = customer(page_order_id=fixtures["order_delivered"])
    talk.now = "2027-01-01T02:00:00Z"
    first = talk.ask_order("到哪了", "query_logistics").split("，", 1)[1]
    talk.now = "2027-01-01T02:40:00Z"
    assert talk.ask_order("到哪了", "query_logistics") == first


@pytest.mark.parametrize(
    ("action", "intent", "expected"),
    [
        (ActionAnswerPoints, "query_points_balance", "没有变化"),
        (ActionAnswerPolicy, "ask_payment_method", "哪一点没说清楚"),
    ],
)
def test_answers_without_an_order_are_not_repeated_either(
    customer: Start, shop: ShopApi, action: Any, intent: str, expected: str
) -> None:
    talk = customer()
    for _ in range(2):
        talk.hear("问一下", intent)
        talk.run(action(shop))
    assert expected in talk.text


# --- rules, for the order at hand


def test_warranty_of_the_order_at_hand_has_its_last_day(
    customer: Start, shop: ShopApi, fixtures: dict[str, Any]
) -> None:
    talk = customer(page_order_id=fixtures["order_delivered"])
    talk.hear("保修多久", "ask_warranty")
    talk.run(ActionAnswerPolicy(shop))
    assert "还在保" in talk.text
    assert "退换期" in talk.text
    assert talk.buttons == ["/report_quality_issue"]


def test_warranty_of_the_goods_named(customer: Start, shop: ShopApi, fixtures: dict[str, Any]) -> None:
    talk = customer()
    talk.hear("那个投影仪保修到哪天", "ask_warranty", entities={"product": "投影仪"})
    talk.run(ActionAnswerPolicy(shop))
    assert fixtures["order_high_value"][-4:] in talk.text


def test_shipping_of_an_order_on_its_way(customer: Start, shop: ShopApi, fixtures: dict[str, Any]) -> None:
    talk = customer(page_order_id=fixtures["order_shipped"])
    talk.hear("发什么快递", "ask_shipping_policy")
    talk.run(ActionAnswerPolicy(shop))
    assert "发的顺丰速运" in talk.text


def test_exchange_rule_for_the_order(customer: Start, shop: ShopApi, fixtures: dict[str, Any]) -> None:
    talk = customer(page_order_id=fixtures["order_delivered"])
    talk.hear("怎么换货", "ask_return_policy")
    talk.run(ActionAnswerReturnPolicy(shop))
    assert "还能换尺码、颜色" in talk.text
    assert talk.buttons == ["/request_exchange"]


def test_a_month_without_the_day_ends_with_its_last() -> None:
    assert warranty_end(parse_time("2026-08-31T02:00:00Z"), 6).date().isoformat() == "2027-02-28"


# --- level, points, products


def test_the_way_to_the_next_level_is_told_in_money(customer: Start, shop: ShopApi) -> None:
    talk = customer()
    talk.hear("我的会员", "ask_membership")
    talk.run(ActionAnswerMembership(shop))
    assert "再消费 ¥800" in talk.text
    assert "银卡会员，多得：免费退换运费每月 1 次" in talk.text


@pytest.mark.parametrize(
    ("balance", "lapsing", "expected"),
    [(1488, 300, "买满 ¥15"), (500, 60, "这 100 分能抵 ¥1"), (80, 80, "还差 20 分")],
)
def test_points_about_to_lapse_can_be_saved(balance: int, lapsing: int, expected: str) -> None:
    assert expected in save_words(cast("Points", {"balance": balance}), lapsing)


def product(price: int, **stock: int) -> Product:
    skus = [{"sku": text, "text": text, "stock": count, "restock_at": None} for text, count in stock.items()]
    return cast("Product", {"title": "羽绒服", "category": "服饰", "price_fen": price, "skus": skus})


def test_a_version_that_is_out_comes_with_those_that_are_not() -> None:
    words = stock_words(product(69900, 雾灰=0, 黑色=3), parse_time(NOW), ("雾灰",))
    assert "现在能下单的还有" in words
    assert words.endswith("黑色：还剩 3 件")


def test_a_version_that_does_not_exist_is_said_so() -> None:
    assert "没有「紫色」" in stock_words(product(69900, 雾灰=1), parse_time(NOW), ("紫色",))


def test_a_product_that_is_out_comes_with_similar_ones(customer: Start, shop: ShopApi) -> None:
    class SoldOut(ActionAnswerProduct):
        async def _find(self, turn: Any, named: tuple[str, ...]) -> list[Product]:
            found = shop.product("P118")
            return [cast("Product", {**found, "skus": [{**sku, "stock": 0} for sku in found["skus"]]})]

    talk = customer()
    talk.hear("键盘有货吗", "ask_stock", entities={"product": "键盘"})
    talk.run(SoldOut(shop))
    assert "同类里现在有货的" in talk.text
    assert talk.buttons[0].startswith('/ask_stock{"product":"')
    assert is_out(product(1, 黑色=0))


def test_a_products_own_name_does_not_ask_for_its_attributes(customer: Start, shop: ShopApi) -> None:
    talk = customer()
    talk.hear("保温杯倒开水会烫手吗", "ask_product_info", entities={"product": "保温杯"})
    talk.run(ActionAnswerProduct(shop))
    assert "¥" in talk.text  # 保温杯 is not 保温: all of it is told, with the way to somebody who knows
    talk.hear("保温杯能保温多久", "ask_product_info", entities={"product": "保温杯"})
    talk.run(ActionAnswerProduct(shop))
    assert "保温：" in talk.text.split("\n")[-1]


def test_a_question_about_other_goods_is_not_answered_with_the_last_ones(customer: Start, shop: ShopApi) -> None:
    talk = customer()
    talk.hear("保温杯多重", "ask_product_info", entities={"product": "保温杯"})
    talk.run(ActionAnswerProduct(shop))
    talk.hear("拍立得曝光能调不", "ask_product_info")
    talk.run(ActionAnswerProduct(shop))
    assert "没写这一项" in talk.text
    talk.hear("那多少钱", "ask_product_info")
    talk.run(ActionAnswerProduct(shop))
    assert "现在 ¥" in talk.text  # what was asked, and not that nothing has changed


@pytest.mark.parametrize(("price", "expected"), [(41900, "到手 ¥379"), (25900, "再凑 ¥41"), (9900, "")])
def test_a_coupon_fits_or_its_distance_is_told(price: int, expected: str) -> None:
    coupon = {
        "title": "满300减40", "threshold_fen": 30000, "discount_fen": 4000, "scope": "all", "state": "unused",
        "valid_from": "2026-11-01T00:00:00Z", "expires_at": "2026-12-01T00:00:00Z",
    }  # fmt: skip
    words = coupon_words(product(price, 黑色=1), [cast("Coupon", coupon)], parse_time(NOW))
    assert expected in words if expected else words == ""
