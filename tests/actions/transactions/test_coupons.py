"""Coupons that got lost are issued anew or reviewed; those still there are explained; nobody is left without a way."""

from __future__ import annotations

from typing import Any

import pytest

from actions.shop_api import ShopApi
from tests.actions.conversation import Conversation

TOPIC = "report_coupon_issue"


@pytest.fixture
def talk_of(shop: ShopApi, fixtures: dict[str, Any]) -> Any:
    """Start a conversation of a signed customer."""
    return lambda customer_id: Conversation(shop, fixtures["now"], customer_id)


def coupons(shop: ShopApi, talk: Conversation) -> list[str]:
    """Numbers of the coupons in the account."""
    return [item["coupon_id"] for item in shop.coupons(talk.customer_id or "")]


def number(talk: Conversation) -> str:
    """The document's number as the agent sees it."""
    return str(next(item["value"] for item in talk.finding["facts"] if item["name"] == "document"))


def test_a_coupon_of_a_refunded_order_is_issued_at_once_and_once(talk_of: Any, shop: ShopApi) -> None:
    talk = talk_of("C1028")
    before = coupons(shop, talk)
    said = talk.begin("退款了优惠券没退给我", TOPIC)
    assert "满300减30" in said
    assert "抱歉" in said
    assert "前都能用" in said
    assert number(talk) in said
    assert len(coupons(shop, talk)) == len(before) + 1
    (card,) = talk.cards
    (shown,) = card["coupons"]
    assert (card["type"], shown["title"], shown["state"]) == ("coupons", "满300减30", "usable")
    assert shown["coupon_id"] not in before
    again = talk.begin("满300减30 那张券没退", TOPIC)
    if talk.transaction_active:
        again = talk.press(next(title for title in titles(talk) if "4185" in title))
    assert "补过" in again
    assert len(coupons(shop, talk)) == len(before) + 1


def test_a_coupon_that_ran_out_during_a_refund_is_issued(talk_of: Any) -> None:
    said = talk_of("C1030").begin("券也过期了", TOPIC)
    assert "数码满400减50" in said
    assert "补了一张新的" in said


def test_several_are_listed_lost_ones_first(talk_of: Any) -> None:
    talk = talk_of("C1001")
    said = talk.begin("优惠券有问题", TOPIC)
    assert said.endswith("说的是哪张券？")
    assert len(titles(talk)) == 5
    assert "过期" in titles(talk)[0] or "用在" in titles(talk)[0]
    assert titles(talk)[-1] == "都不是"


def test_a_coupon_named_by_its_terms_is_reviewed_with_number_and_time(talk_of: Any) -> None:
    talk = talk_of("C1001")
    said = talk.begin("200减20那张用不了", TOPIC)
    assert "美妆满200减20" in said
    assert "前给您答复" in said
    assert talk.finding["promises"][0]["due_at"]
    first = number(talk)
    again = talk.begin("美妆满200减20怎么回事", TOPIC)
    assert first in again
    assert "不用再提交" in again


def test_a_usable_coupon_is_explained_with_what_is_lacking(talk_of: Any) -> None:
    talk = talk_of("C1001")
    talk.begin("优惠券用不了", TOPIC)
    said = talk.press(next(title for title in titles(talk) if title.startswith("满20000减1500")))
    assert "¥20000" in said
    assert "还差" in said
    assert not talk.transaction_active


def test_a_coupon_of_a_category_says_so(talk_of: Any) -> None:
    said = talk_of("C1009").begin("券用不了", TOPIC)
    assert "箱包" in said
    assert "¥400" in said


def test_not_among_them_leads_to_a_person(talk_of: Any) -> None:
    talk = talk_of("C1001")
    talk.begin("活动送的券没收到", TOPIC)
    said = talk.press("都不是")
    assert "发放记录" in said
    assert "/request_human" in talk.buttons
    assert not talk.transaction_active


def test_one_coupon_is_not_taken_for_one_that_never_came(talk_of: Any) -> None:
    talk = talk_of("C1012")
    assert talk.begin("活动说送的券没发给我", TOPIC).endswith("说的是哪张券？")


def test_an_empty_account_is_told_where_coupons_are(talk_of: Any) -> None:
    talk = talk_of("C1007")
    assert "领" in talk.begin("券不见了", TOPIC)
    assert "/request_human" in talk.buttons


def test_a_visitor_is_asked_to_sign_in_and_told_the_rule(talk_of: Any) -> None:
    talk = talk_of(None)
    said = talk.begin("优惠券没退", TOPIC)
    assert "登录" in said
    assert "门槛" in said
    assert not talk.transaction_active


def test_given_up_and_interrupted(talk_of: Any) -> None:
    talk = talk_of("C1001")
    talk.begin("优惠券有问题", TOPIC)
    assert talk.reply("运费多少", "ask_shipping_policy") == ""
    assert talk.reply("呃", "nlu_fallback") != ""
    assert "没有提交" in talk.reply("算了", "deny")


def titles(talk: Conversation) -> list[str]:
    """The buttons of the last words."""
    return [item["title"] for message in talk.said for item in message["buttons"]]
