"""Several wishes: named once, each in its own words, one after the other, none lost when another one comes between."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from actions.clauses import own_words
from actions.context import Turn
from actions.pending import ActionNextWish, waiting_topics
from actions.policies import policy_text
from actions.products import ActionAnswerProduct
from actions.shop_api import ShopApi
from actions.transactions.detail import STOP, WAIT
from actions.transactions.form import ActionBeginTransaction
from actions.transactions.unfinished import unfinished
from actions.words import parse_time
from tests.actions.conversation import Conversation

OnOrder = Callable[[str], Conversation]
OnNumber = Callable[[str], Conversation]
FIRM, TAX = "杭州云杉科技有限公司", "91330106MA2B1K3X7Q"


def next_wish(talk: Conversation) -> list[str]:
    """Run action_next_wish; the action it hands over to is told."""
    events = talk.run(ActionNextWish())
    return [event["name"] for event in events if event["event"] == "followup"]


@pytest.mark.parametrize(
    ("topic", "own"),
    [
        ("request_return", "音箱我想退"),
        ("report_coupon_issue", "另外300减40的券怎么用不了"),
    ],
)
def test_each_wish_has_its_own_words(topic: str, own: str) -> None:
    words = "音箱我想退 另外300减40的券怎么用不了"
    assert own_words(words, topic, ["request_return", "report_coupon_issue"]) == own


def test_words_without_a_wish_belong_to_the_one_before() -> None:
    words = "我要退货 保温杯买错颜色了 另外我那个新人券怎么用不了"
    assert own_words(words, "request_return", ["request_return", "report_coupon_issue"]) == "我要退货，保温杯买错颜色了"


def test_still_in_stock_is_no_break() -> None:
    words = "保温杯想退 再帮我看下四件套还有货没"
    assert own_words(words, "ask_stock", ["request_return", "ask_stock"]) == "再帮我看下四件套还有货没"


def test_a_single_wish_keeps_all_words() -> None:
    assert own_words("开发票 抬头个人", "request_invoice", ["request_invoice"]) == "开发票 抬头个人"


def test_the_list_is_told_once_and_the_second_wish_keeps_its_words(on_order: OnOrder) -> None:
    talk = on_order("order_signed_yesterday")
    intents = ["request_return", "report_coupon_issue"]
    said = talk.ask_order("我要退货 买错颜色了 另外我那个新人券怎么用不了", "request_return", intents=intents)
    assert said.count("两件事我都看到了") == 1
    assert "原因「不想要了」" in said
    said = talk.press("确认")
    assert "提交好了" in said
    assert next_wish(talk) == ["action_begin_transaction"]
    assert "优惠券用不了" in talk.text
    talk.run(ActionBeginTransaction(talk.shop))
    assert "新人满99减15" in talk.text
    assert waiting_topics(talk.slots) == []


def test_an_answer_may_bring_another_wish(on_number: OnNumber) -> None:
    talk = on_number("451937")
    talk.ask_order("开发票", "request_invoice")
    said = talk.reply("个人的 另外四件套有货没", "inform", intents=["inform", "ask_stock"])
    assert "有没有货我记下了" in said
    assert waiting_topics(talk.slots) == ["ask_stock"]
    talk.press("个人")
    talk.press("确认")
    assert next_wish(talk) == ["action_answer_product"]


def test_what_another_wish_interrupts_goes_on_where_it_stood(on_number: OnNumber) -> None:
    talk = on_number("397688")
    talk.ask_order("开公司发票", "request_invoice")
    talk.reply(FIRM)
    assert talk.reply("我先把这个退了", "request_return") == ""
    talk.ask_order("我先把这个退了 不喜欢", "request_return")
    talk.press("确认")
    assert waiting_topics(talk.slots) == ["request_invoice"]
    assert next_wish(talk) == ["transaction_form"]
    assert "回到刚才开发票的事" in talk.text
    talk.transaction_active = True
    talk.slots["requested_slot"] = "detail"
    said = talk.reply(TAX)
    assert FIRM in said
    assert TAX in said


def test_given_up_wishes_do_not_take_the_next_with_them(on_order: OnOrder) -> None:
    talk = on_order("order_delivered")
    intents = ["request_return", "report_coupon_issue"]
    talk.ask_order("音箱我想退 另外300减40的券怎么用不了", "request_return", intents=intents)
    talk.reply("算了不退了", "deny")
    assert waiting_topics(talk.slots) == ["report_coupon_issue"]
    assert next_wish(talk) == ["action_begin_transaction"]


def test_a_goodbye_ends_all_of_them(on_order: OnOrder) -> None:
    talk = on_order("order_delivered")
    intents = ["request_return", "report_coupon_issue"]
    talk.ask_order("音箱我想退 另外300减40的券怎么用不了", "request_return", intents=intents)
    talk.reply("不弄了拜拜", "goodbye")
    assert waiting_topics(talk.slots) == []


def test_a_person_hears_what_is_still_to_come(on_order: OnOrder) -> None:
    talk = on_order("order_delivered")
    intents = ["request_return", "report_coupon_issue"]
    talk.ask_order("音箱我想退 另外300减40的券怎么用不了", "request_return", intents=intents)
    found = unfinished(Turn(parse_time(talk.now), "m", "转人工", "request_human", slots=talk.slots))
    assert found is not None
    assert "还没轮到：优惠券用不了" in found["result"]


def test_time_to_look_it_up_is_given(on_number: OnNumber) -> None:
    talk = on_number("276642")
    talk.ask_order("开公司发票", "request_invoice")
    talk.reply(FIRM)
    assert talk.reply("税号我找一下", "request_invoice") == "不急，好了直接发我。"
    assert TAX in talk.reply(TAX)


def test_a_greeting_in_between_is_no_miss(on_number: OnNumber) -> None:
    talk = on_number("276642")
    talk.ask_order("开发票", "request_invoice")
    assert talk.reply("你好", "greet").startswith("在的。")
    assert talk.reply("谢谢", "thank").startswith("不客气。")
    assert talk.slots["transaction"]["missed"] == 0


@pytest.mark.parametrize("words", ["还是不改了", "那还是不退了", "先不弄了", "算了"])
def test_words_that_stop(words: str) -> None:
    assert STOP.search(words)


@pytest.mark.parametrize("words", ["等一下 这个杯子我还想退", "我找不到", "等下 运费谁出啊"])
def test_words_that_do_not_wait(words: str) -> None:
    assert not WAIT.search(words)


def test_a_rule_is_told_by_the_line_asked_for() -> None:
    whole = policy_text("shipping.ask_shipping_policy")
    carriers = policy_text("shipping.ask_shipping_policy", "能发顺丰不")
    assert carriers in whole.split("\n")
    assert "顺丰" in carriers
    assert policy_text("shipping.ask_shipping_policy", "你们怎么寄") == whole
    assert "删除" in policy_text("privacy.ask_privacy", "把我的信息删掉")


def product(shop: ShopApi, fixtures: dict[str, Any], text: str, **understood: Any) -> Conversation:
    talk = Conversation(shop, fixtures["now"])
    talk.hear(text, "ask_product_info", **understood)
    talk.run(ActionAnswerProduct(shop))
    return talk


def test_only_the_detail_asked_for(shop: ShopApi, fixtures: dict[str, Any]) -> None:
    talk = product(shop, fixtures, "云听耳机续航多久", entities={"product": "云听降噪耳机"})
    assert talk.text == "云听降噪耳机，续航：30 小时。"


def test_a_version_asked_for_after_a_product(shop: ShopApi, fixtures: dict[str, Any]) -> None:
    talk = product(shop, fixtures, "云听耳机续航多久", entities={"product": "云听降噪耳机"})
    talk.hear("那黑色呢", "inform", entities={"colour": "黑色"})
    events = talk.run(ActionAnswerProduct(shop))
    assert "曜石黑：还剩 3 件" in talk.text
    assert {"event": "followup", "timestamp": None, "name": "action_listen"} in events
