"""The order form: found without asking, proven before a word is said, never a dead end."""

from __future__ import annotations

from typing import Any

import pytest

from actions.order_answer import ActionAnswerOrder
from actions.order_form import ActionLeaveOrder
from actions.pending import NEXT, ActionNextWish
from actions.settings import Settings
from actions.shop_api import ShopApi
from tests.actions.conftest import Start
from tests.actions.conversation import Conversation
from tests.actions.scripted import Scripted
from tests.conftest import RunningShop

INVENTED = "20261101000000"


def ending(fixtures: dict[str, Any], who: str = "normal") -> str:
    return str(fixtures["customers"][who]["phone"][-4:])


def secrets_of(shop: ShopApi, order_id: str) -> list[str]:
    """What must not be heard before the order is proven."""
    order = shop.order(order_id)
    return [order["recipient"]["name"], order["recipient"]["detail"], *(line["title"] for line in order["lines"])]


def followups(talk: Conversation) -> list[str]:
    """The actions that actions of this conversation have called for."""
    return [event["name"] for event in talk.events if event["event"] == "followup"]


def test_customer_on_the_page_of_an_order_is_not_asked(customer: Start, fixtures: dict[str, Any]) -> None:
    talk = customer(page_order_id=fixtures["order_shipped"])
    said = talk.ask_order("怎么还没到", "query_logistics")
    assert fixtures["order_shipped"][-4:] in said
    assert talk.cards[0]["type"] == "logistics"
    assert not talk.form_active


def test_customer_who_names_the_goods_is_not_asked(customer: Start, fixtures: dict[str, Any]) -> None:
    talk = customer()
    assert fixtures["order_shipped"][-4:] in talk.ask_order("我那个耳机咋还没到", "query_logistics")


def test_only_order_that_fits_is_taken(customer: Start, fixtures: dict[str, Any]) -> None:
    talk = customer()
    assert fixtures["order_refunding"][-4:] in talk.ask_order("退款到哪了", "query_refund_status")


def test_several_orders_become_a_list_of_at_most_five_newest_first(customer: Start) -> None:
    talk = customer()
    talk.ask_order("我想退货", "request_return")
    listed = talk.cards[0]["orders"]
    assert 1 < len(listed) <= 5
    assert [item["placed_at"] for item in listed] == sorted((item["placed_at"] for item in listed), reverse=True)
    assert all(item["payload"] == f'/inform{{"order_id":"{item["order_id"]}"}}' for item in listed)


def test_click_on_the_list_answers(customer: Start, fixtures: dict[str, Any]) -> None:
    talk = customer()
    talk.ask_order("我想退货", "request_return")
    said = talk.ask_order("蓝牙音箱", "inform", entities={"order_id": fixtures["order_delivered"]})
    assert "还能退" in said
    assert talk.slots["order_in_focus"]["order_id"] == fixtures["order_delivered"]
    assert talk.slots["order_id"] is None


@pytest.mark.parametrize("words", ["第一个", "最近那单", "蓝牙音箱那个", "订单尾号7519", "7519"])
def test_list_may_be_answered_in_words(customer: Start, fixtures: dict[str, Any], words: str) -> None:
    assert fixtures["order_delivered"].endswith("7519")
    talk = customer()
    talk.ask_order("我想退货", "request_return")
    assert "订单尾号 7519" in talk.ask_order(words, "inform")


def test_question_about_goods_inside_the_form_chooses_nothing(customer: Start) -> None:
    talk = customer()
    talk.ask_order("我想退货", "request_return")
    said = talk.ask_order("蓝牙音箱支持货到付款吗", "ask_payment_method")
    assert talk.form_active
    assert "接着刚才的" in said


def test_repeated_trigger_asks_again_and_stays_in_the_form(customer: Start) -> None:
    talk = customer()
    first = talk.ask_order("我要退货", "request_return")
    second = talk.ask_order("我要退货", "request_return")
    assert talk.form_active
    assert first != second
    assert talk.cards[0]["type"] == "order_list"


def test_new_topic_replaces_the_topic(customer: Start, fixtures: dict[str, Any]) -> None:
    talk = customer()
    talk.ask_order("我想退货", "request_return")
    said = talk.ask_order("算了，先看退款到哪了", "query_refund_status")
    assert fixtures["order_refunding"][-4:] in said
    assert talk.slots["topic"] == "query_refund_status"


def test_leaving_forgets_what_was_half_given(customer: Start) -> None:
    talk = customer()
    talk.ask_order("查订单", "query_order_status", entities={"order_id": INVENTED})
    talk.hear("算了", "deny")
    events = talk.run(ActionLeaveOrder())
    assert {"event": "active_loop", "timestamp": None, "name": None} in events
    assert talk.slots["order_id"] is None


def test_visitor_is_asked_for_number_then_ending(visitor: Start, shop: ShopApi, fixtures: dict[str, Any]) -> None:
    order_id = fixtures["order_shipped"]
    talk = visitor()
    assert "订单号" in talk.ask_order("我的快递到哪了", "query_logistics")
    said = talk.ask_order(order_id, "inform", entities={"order_id": order_id})
    assert "后四位" in said
    assert not any(word in said for word in secrets_of(shop, order_id))
    assert "到" in talk.ask_order(ending(fixtures), "inform")
    assert talk.cards[0]["type"] == "logistics"


def test_visitor_who_says_everything_at_once_is_answered_at_once(visitor: Start, fixtures: dict[str, Any]) -> None:
    order_id = fixtures["order_shipped"]
    talk = visitor()
    words = f"订单{order_id}手机尾号{ending(fixtures)}到哪了"
    talk.ask_order(words, "query_logistics", entities={"order_id": order_id})
    assert talk.cards[0]["type"] == "logistics"


def test_proven_order_is_not_proven_twice(visitor: Start, fixtures: dict[str, Any]) -> None:
    order_id = fixtures["order_shipped"]
    talk = visitor()
    talk.ask_order(f"{order_id} 尾号{ending(fixtures)}", "query_logistics", entities={"order_id": order_id})
    assert order_id[-4:] in talk.ask_order("那我能退吗", "request_return")
    assert not talk.form_active


def test_third_wrong_ending_is_refused_and_a_person_offered(
    visitor: Start,
    shop: ShopApi,
    fixtures: dict[str, Any],
) -> None:
    order_id = fixtures["order_high_value"]
    talk = visitor()
    talk.ask_order("查订单", "query_order_status", entities={"order_id": order_id})
    heard = [talk.ask_order(wrong, "inform") for wrong in ("0001", "0002", "0003")]
    assert "还可以再试 2 次" in heard[0]
    assert "还可以再试 1 次" in heard[1]
    assert "先不查了" in heard[2]
    assert "/request_human" in talk.buttons
    assert not talk.form_active
    assert not any(word in "".join(heard) for word in secrets_of(shop, order_id))
    after = talk.ask_order(f"{order_id} 尾号{ending(fixtures)}", "query_logistics", entities={"order_id": order_id})
    assert "先不查了" in after


def test_invented_number_sounds_like_a_wrong_ending(visitor: Start, fixtures: dict[str, Any]) -> None:
    """A visitor cannot learn which order numbers exist."""
    heard = []
    for order_id in (INVENTED, fixtures["order_delivered"]):
        talk = visitor()
        talk.ask_order("查订单", "query_order_status", entities={"order_id": order_id})
        heard.append(talk.ask_order("9999", "inform").replace(order_id[-4:], "····"))
    assert heard[0] == heard[1]
    assert "没有对上" in heard[0]


@pytest.mark.parametrize("foreign", [True, False])
def test_number_that_is_not_the_customers_lists_their_own(
    customer: Start,
    shop: ShopApi,
    fixtures: dict[str, Any],
    foreign: bool,
) -> None:
    """Somebody else's order and an invented one get the same words, the own orders to click, and the ending asked."""
    order_id = fixtures["customers"]["silver"]["orders"][0] if foreign else INVENTED
    talk = customer()
    said = talk.ask_order("查订单", "query_order_status", entities={"order_id": order_id})
    assert "不在您这个账号名下" in said
    assert talk.cards[0]["type"] == "order_list"
    if foreign:
        assert not any(word in said for word in secrets_of(shop, order_id))


def test_somebody_elses_order_is_told_after_the_ending(customer: Start, fixtures: dict[str, Any]) -> None:
    order_id = fixtures["customers"]["silver"]["orders"][0]
    talk = customer()
    talk.ask_order("查订单", "query_order_status", entities={"order_id": order_id})
    assert order_id[-4:] in talk.ask_order(ending(fixtures, "silver"), "inform")
    assert talk.slots["verified_orders"] == [order_id]


def test_page_of_somebody_else_shows_nothing(customer: Start, shop: ShopApi, fixtures: dict[str, Any]) -> None:
    order_id = fixtures["customers"]["silver"]["orders"][0]
    talk = customer(page_order_id=order_id)
    said = talk.ask_order("我想退货", "request_return")
    assert order_id not in talk.slots["verified_orders"]
    assert not any(word in said for word in secrets_of(shop, order_id))


def test_page_is_not_proof_for_a_visitor(visitor: Start, shop: ShopApi, fixtures: dict[str, Any]) -> None:
    talk = visitor(page_order_id=fixtures["order_shipped"])
    said = talk.ask_order("到哪了", "query_logistics")
    assert talk.form_active
    assert not any(word in said for word in secrets_of(shop, fixtures["order_shipped"]))


def test_further_wishes_are_announced_and_come_one_after_the_other(customer: Start, fixtures: dict[str, Any]) -> None:
    talk = customer(page_order_id=fixtures["order_refunding"])
    said = talk.ask_order(
        "退款到没到 积分也没退",
        "query_refund_status",
        intents=["query_refund_status", "report_points_issue"],
    )
    assert said.count("两件事我都看到了：") == 1
    assert followups(talk) == [NEXT]
    events = talk.run(ActionNextWish())
    assert "接下来是积分不对的事" in talk.text
    assert followups(talk) == [NEXT, "order_form"]
    assert {"topic": "report_points_issue", "pending": None}.items() <= {
        e.get("name"): e.get("value") for e in events
    }.items()


def test_shop_down_is_said_clearly_and_a_person_offered(down: ShopApi, running_shop: RunningShop) -> None:
    now, customers = running_shop.fixtures["now"], running_shop.fixtures["customers"]
    talk = Conversation(down, now, customers["normal"]["customer_id"])
    said = talk.ask_order("我的快递到哪了", "query_logistics")
    assert "订单系统这会儿没有回应" in said
    assert "/request_human" in talk.buttons
    assert not talk.form_active
    assert talk.finding["result"].startswith("订单系统没有回应")


def test_shop_down_while_a_visitor_proves_an_order(down: ShopApi, running_shop: RunningShop) -> None:
    talk = Conversation(down, running_shop.fixtures["now"])
    talk.ask_order("查订单", "query_order_status", entities={"order_id": INVENTED})
    assert "订单系统这会儿没有回应" in talk.ask_order("5678", "inform")
    assert talk.slots["verify_failures"] == 0


def test_nothing_is_said_without_proof_even_when_the_form_is_skipped(
    visitor: Start,
    shop: ShopApi,
    fixtures: dict[str, Any],
) -> None:
    """The answering action guards itself: a wrong rule must not be enough to leak an order."""
    talk = visitor()
    talk.slots |= {"order_id": fixtures["order_shipped"], "topic": "query_logistics"}
    talk.hear("到哪了", "query_logistics")
    talk.run(ActionAnswerOrder(shop))
    assert "没核对上" in talk.text
    assert not any(word in talk.text for word in secrets_of(shop, fixtures["order_shipped"]))


def test_customer_without_orders_hears_so(scripted: type[Scripted], fixtures: dict[str, Any]) -> None:
    scripted.body = '{"orders": [], "name": "李一", "honorific": null, "profile": null}'.encode()
    api = ShopApi(Settings(f"http://127.0.0.1:{scripted.port}", "t"))
    talk = Conversation(api, fixtures["now"], "C1")
    assert "没看到订单" in talk.ask_order("到哪了", "query_logistics")
    assert not talk.form_active


# --- as customers speak


def of(shop: ShopApi, fixtures: dict[str, Any], customer_id: str) -> Conversation:
    return Conversation(shop, fixtures["now"], customer_id)


def test_the_words_describe_the_one_order_that_was_refunded(shop: ShopApi, fixtures: dict[str, Any]) -> None:
    talk = of(shop, fixtures, "C1030")
    said = talk.ask_order("退款到了积分没退", "report_points_issue")
    assert "哪一单" not in said and not talk.form_active


def test_each_wish_is_about_the_order_of_its_clause(shop: ShopApi, fixtures: dict[str, Any]) -> None:
    talk = of(shop, fixtures, "C1020")
    assert "3845" in talk.ask_order("音箱那单给我取消，精华液那单退款到哪了", "cancel_order")


def test_all_orders_become_a_list(shop: ShopApi, fixtures: dict[str, Any]) -> None:
    talk = of(shop, fixtures, "C1029")
    talk.ask_order("我的订单都啥情况", "query_order_status")
    assert len(talk.cards[0]["orders"]) == 3
    assert "6117" in talk.ask_order("没发货那个", "query_order_status")


def test_pointing_at_goods_answers_the_list(shop: ShopApi, fixtures: dict[str, Any]) -> None:
    talk = of(shop, fixtures, "C1028")
    talk.ask_order("快递员凶得很", "report_delivery_problem")
    assert talk.cards[0]["type"] == "order_list"
    said = talk.ask_order("儿童积木那个", "ask_product_info", entities={"product": "儿童积木"})
    assert "2904" in said


def test_one_character_names_the_goods_behind_a_measure_word(shop: ShopApi, fixtures: dict[str, Any]) -> None:
    assert "8793" in of(shop, fixtures, "C1017").ask_order("那双鞋我又想要了", "undo_request")


def test_a_wish_that_is_given_up_ends_the_questions(visitor: Start) -> None:
    talk = visitor()
    talk.ask_order("我想取消订单 20261117526139", "cancel_order", entities={"order_id": "20261117526139"})
    assert "想不起来" in talk.ask_order("后四位我忘了", "inform")
    assert "先不动" in talk.ask_order("算了不取消了", "cancel_order")
    assert not talk.form_active
