"""Answers that need no order: points, level, coupons, products, rules, fallback."""

from __future__ import annotations

from typing import Any

import pytest
from rasa_sdk import Action

from actions.after_sales import ActionAnswerReturnPolicy
from actions.fallback import ActionClarify
from actions.membership import ActionAnswerMembership
from actions.pending import NEXT, waiting_topics
from actions.points import ActionAnswerPoints
from actions.policies import TEXT_OF_INTENT, ActionAnswerPolicy
from actions.products import ActionAnswerProduct
from actions.promotions import ActionAnswerCoupons
from actions.shop_api import ShopApi
from actions.talk import ActionAffirm, ActionGreet, ActionTakeInformation
from tests.actions.conftest import Start
from tests.actions.conversation import Conversation

ANSWERS: list[tuple[type[Action], str]] = [
    *[(ActionAnswerPolicy, intent) for intent in TEXT_OF_INTENT],
    (ActionAnswerReturnPolicy, "ask_return_policy"),
    (ActionAnswerPoints, "query_points_balance"),
    (ActionAnswerPoints, "ask_points_expiry"),
    (ActionAnswerPoints, "ask_points_redemption"),
    (ActionAnswerMembership, "ask_membership"),
    (ActionAnswerCoupons, "ask_promotion"),
    (ActionAnswerProduct, "ask_product_info"),
    (ActionAnswerProduct, "ask_stock"),
]
ASKS_THE_SHOP = {
    ActionAnswerPoints,
    ActionAnswerMembership,
    ActionAnswerCoupons,
    ActionAnswerProduct,
}


@pytest.mark.parametrize(("action", "intent"), ANSWERS)
@pytest.mark.parametrize("who", ["customer", "visitor"])
def test_every_intent_is_answered(
    request: pytest.FixtureRequest,
    shop: ShopApi,
    action: type[Action],
    intent: str,
    who: str,
) -> None:
    talk: Conversation = request.getfixturevalue(who)()
    talk.hear("耳机", intent, entities={"product": "耳机"})
    talk.run(action(shop))
    assert len(talk.text) > 10
    assert "{" not in talk.text
    assert "没有回应" not in talk.text
    assert talk.finding["message_id"] == talk.message_id


@pytest.mark.parametrize(("action", "intent"), [pair for pair in ANSWERS if pair[0] in ASKS_THE_SHOP])
def test_shop_down(
    down: ShopApi,
    fixtures: dict[str, Any],
    action: type[Action],
    intent: str,
) -> None:
    talk = Conversation(down, fixtures["now"], "C1001")
    talk.hear("耳机", intent, entities={"product": "耳机"})
    talk.run(action(down))
    assert "订单系统这会儿没有回应" in talk.text
    assert talk.buttons == ["/request_human"]


def test_rules_are_told_even_when_the_shop_is_down(down: ShopApi, fixtures: dict[str, Any]) -> None:
    talk = Conversation(down, fixtures["now"], "C1001")
    talk.hear("运费多少", "ask_shipping_policy")
    talk.run(ActionAnswerPolicy(down))
    assert "包邮" in talk.text


def test_points_balance_is_the_shops(customer: Start, shop: ShopApi) -> None:
    talk = customer()
    talk.hear("我有多少积分", "query_points_balance")
    talk.run(ActionAnswerPoints(shop))
    assert str(shop.points("C1001")["balance"]) in talk.text
    assert talk.cards[0]["type"] == "points"


def test_coupons_that_can_be_used_come_as_a_card(customer: Start, shop: ShopApi) -> None:
    talk = customer()
    talk.hear("我有哪些优惠券", "ask_promotion")
    talk.run(ActionAnswerCoupons(shop))
    (card,) = talk.cards
    shown = card["coupons"]
    of_shop = {item["coupon_id"]: item for item in shop.coupons("C1001")}
    assert card["type"] == "coupons" and shown
    assert [item["expires_at"] for item in shown] == sorted(item["expires_at"] for item in shown)
    for item in shown:
        source = of_shop[item["coupon_id"]]
        assert item["state"] == "usable"
        assert (item["discount_fen"], item["threshold_fen"]) == (source["discount_fen"], source["threshold_fen"])
        assert (item["scope_text"] is None) == (not source["scope"].startswith("category:"))


def test_a_visitor_gets_no_coupon_card(visitor: Start, shop: ShopApi) -> None:
    talk = visitor()
    talk.hear("我有哪些优惠券", "ask_promotion")
    talk.run(ActionAnswerCoupons(shop))
    assert talk.cards == []


def test_return_policy_is_answered_for_the_order_on_the_page(
    customer: Start, shop: ShopApi, fixtures: dict[str, Any]
) -> None:
    talk = customer(page_order_id=fixtures["order_delivered"])
    talk.hear("怎么退货", "ask_return_policy")
    talk.run(ActionAnswerReturnPolicy(shop))
    assert "无理由退到" in talk.text
    assert fixtures["order_delivered"][-4:] in talk.text


def test_return_policy_tells_a_visitor_nothing_about_the_order_on_the_page(
    visitor: Start,
    shop: ShopApi,
    fixtures: dict[str, Any],
) -> None:
    talk = visitor(page_order_id=fixtures["order_delivered"])
    talk.hear("怎么退货", "ask_return_policy")
    talk.run(ActionAnswerReturnPolicy(shop))
    assert fixtures["order_delivered"][-4:] not in talk.text


def test_bare_order_number_continues_with_the_form(visitor: Start) -> None:
    talk = visitor()
    talk.hear("20261118000123", "inform", entities={"order_id": "20261118000123"})
    events = talk.run(ActionTakeInformation())
    assert [event["name"] for event in events if event["event"] == "followup"] == ["order_form"]


def test_greeting_names_the_customer(customer: Start, shop: ShopApi) -> None:
    talk = customer()
    talk.hear("在吗", "greet")
    talk.run(ActionGreet(shop))
    assert talk.said[0]["response"] == "utter_greet"
    assert talk.said[0]["hello"] == "李女士您好，"


def test_fallback_guesses_then_offers_a_person_in_other_words(visitor: Start) -> None:
    talk = visitor()
    ranking = [("nlu_fallback", 0.5), ("query_logistics", 0.2), ("request_return", 0.1), ("ask_stock", 0.01)]
    talk.hear("呃那个", "nlu_fallback", ranking=ranking)
    talk.run(ActionClarify())
    first = talk.text
    assert talk.buttons == ["/query_logistics", "/request_return", "/request_human"]
    talk.hear("嗯就那个", "nlu_fallback", ranking=ranking)
    talk.run(ActionClarify())
    assert talk.buttons == ["/request_human"]
    assert talk.text != first
    assert talk.slots["fallback_count"] == 2


def test_fallback_starts_again_after_something_understood(visitor: Start) -> None:
    talk = visitor()
    for intent in ("nlu_fallback", "thank", "nlu_fallback"):
        talk.hear("呃", intent)
    talk.run(ActionClarify())
    assert talk.slots["fallback_count"] == 1


@pytest.mark.parametrize(
    ("slot", "words", "expected"),
    [
        ("order_id", "2026111800012", "13 位"),
        ("order_id", "不知道在哪看", "我的订单"),
        ("phone_ending", "啥", "最后四位"),
    ],
)
def test_fallback_inside_the_form_helps_with_its_question(
    visitor: Start,
    slot: str,
    words: str,
    expected: str,
) -> None:
    talk = visitor()
    talk.form_active, talk.slots["requested_slot"] = True, slot
    talk.hear(words, "nlu_fallback")
    talk.run(ActionClarify())
    assert expected in talk.text


def test_yes_to_an_offered_person_is_a_wish_for_one(customer: Start) -> None:
    talk = customer()
    offered = {"buttons": [{"title": "转人工", "payload": "/request_human"}]}
    talk.events.append({"event": "bot", "text": "转给同事看一下？", "data": offered})
    talk.hear("好的", "affirm")
    talk.run(ActionAffirm())
    assert talk.slots["escalation"] == {"code": "customer_request", "words": ["好的"]}


def test_a_further_wish_waits_while_the_first_needs_the_customer(customer: Start, fixtures: dict[str, Any]) -> None:
    talk = customer(page_order_id=fixtures["order_unshipped"])
    said = talk.ask_order("取消订单 还有开发票", "cancel_order", intents=["cancel_order", "request_invoice"])
    assert "两件事我都看到了：" in said
    assert talk.transaction_active
    assert waiting_topics(talk.slots) == ["request_invoice"]
    talk.reply("先不取消了", "deny")
    assert [event["name"] for event in talk.events if event["event"] == "followup"] == [NEXT]


@pytest.mark.parametrize(
    ("topic", "order"), [("query_logistics", "order_shipped"), ("query_order_status", "order_unshipped")]
)
def test_yes_to_a_choice_or_to_no_question_decides_nothing(
    customer: Start, fixtures: dict[str, Any], topic: str, order: str
) -> None:
    talk = customer(page_order_id=fixtures[order])
    talk.ask_order("订单", topic)
    talk.hear("好的", "affirm")
    assert talk.run(ActionAffirm()) == []
    assert talk.text == "utter_affirm"


def test_number_of_the_wrong_length_is_pointed_out_once(visitor: Start) -> None:
    talk = visitor()
    talk.ask_order("查订单", "query_order_status")
    talk.hear("2026111648012", "inform")
    talk.run(ActionTakeInformation())
    assert "13 位" in talk.text
