"""Faults: asked one thing at a time, checked step by step, solved or handed to the technicians exactly once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from actions.context import Turn
from actions.shop_api import Document, ShopApi
from actions.transactions.case import Case
from actions.transactions.device import DETAILS
from actions.transactions.diagnosis import known_fault
from actions.words import parse_time, stamp
from tests.actions.conversation import Conversation
from tests.conftest import RunningShop

TECHNICAL, ACCOUNT, PAYMENT = "report_technical_issue", "report_account_issue", "report_payment_issue"

Talk = Callable[..., Conversation]


@pytest.fixture
def talk(shop: ShopApi, fixtures: dict[str, Any]) -> Talk:
    """Start a conversation of a customer, or of a visitor."""

    def start(customer_id: str | None = None, now: str | None = None) -> Conversation:
        return Conversation(shop, now or fixtures["now"], customer_id)

    return start


@pytest.fixture
def filed(shop: ShopApi, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The tickets the bot files during the test, as it sends them."""
    sent: list[dict[str, Any]] = []
    file_ticket = shop.file_ticket

    def noting(body: dict[str, Any], key: str) -> Document:
        sent.append(body)
        return file_ticket(body, key)

    monkeypatch.setattr(shop, "file_ticket", noting)
    return sent


def titles(talk: Conversation) -> list[str]:
    return [button["title"] for message in talk.said for button in message["buttons"]]


def customer_with(running_shop: RunningShop, shop: ShopApi, status: str, place: int = 0) -> tuple[str, Any]:
    """A customer one of whose orders has the status and was not to be paid at the door; and that order."""
    found = [
        (customer["customer_id"], shop.order(order["order_id"]))
        for customer in running_shop.customers
        for order in customer["orders"]
        if order["status"] == status
    ]
    return [(name, order) for name, order in found if order["payment"]["method"] != "cod"][place]


def test_a_crash_is_asked_about_checked_and_handed_over(talk: Talk, shop: ShopApi, filed: list[dict[str, Any]]) -> None:
    chat = talk("C1001")
    said = chat.begin("你们app一点订单就闪退", TECHNICAL)
    assert said.endswith("您的手机是苹果还是安卓？")
    assert titles(chat) == ["iPhone", "安卓"]
    assert "系统是哪个版本" in chat.press("iPhone")
    assert "App 是哪个版本" in chat.reply("15.0")
    assert "什么时候" in chat.reply("7.3.1", entities={"app_version": "7.3.1"})
    assert "清一下缓存" in chat.reply("11月3日开始的")
    assert "应用商店" in chat.press("还不行")
    assert "卸载" in chat.reply("更新了没用", "nlu_fallback")
    said = chat.press("之前试过了")
    tickets = shop.tickets("C1001")
    assert len(tickets) == len(filed) == 1
    assert tickets[0]["ticket_id"] in said
    assert "今天" in said or "明天" in said  # within four hours
    assert not said.endswith("直接说就行。")
    assert chat.slots["escalation"] == "technical_fault"  # every check was tried: a person goes on at once
    assert filed[0]["topic"] == "app"
    assert filed[0]["steps"] == ["清缓存", "更新 App", "重装 App"]
    assert filed[0]["sentence"] == (
        "账号 138****5678，iOS 15.0，App 7.3.1，你们app一点订单就闪退，11月3日起，"
        "已清缓存、已更新 App、已重装 App，未解决，需排查闪退原因。"
    )


def test_who_has_had_enough_of_the_checks_keeps_the_ticket_alone(talk: Talk, shop: ShopApi) -> None:
    chat = talk("C1016")
    chat.begin("你们app一点订单就闪退", TECHNICAL)
    chat.press("iPhone")
    chat.reply("15.0")
    chat.reply("7.3.1", entities={"app_version": "7.3.1"})
    chat.reply("11月3日开始的")
    chat.press("还不行")
    chat.reply("不想试了，直接提交吧")
    assert len(shop.tickets("C1016")) == 1
    assert chat.slots["escalation"] is None
    assert "转人工" in titles(chat)


def test_what_the_first_message_tells_is_not_asked(talk: Talk, filed: list[dict[str, Any]]) -> None:
    chat = talk("C1002")
    device = {"platform": "安卓", "system_version": "14", "app_version": "7.3.1"}
    said = chat.begin("安卓14 app7.3.1 更新之后一点订单就闪退，重装过了缓存也清了", TECHNICAL, entities=device)
    assert "应用商店" in said
    chat.press("还不行")
    assert filed[0]["steps"] == ["清缓存", "更新 App", "重装 App"]
    assert "安卓 14，App 7.3.1" in filed[0]["sentence"]
    assert "更新后出现" in filed[0]["sentence"]


def test_a_check_that_helps_ends_it_without_a_ticket(talk: Talk, shop: ShopApi) -> None:
    chat = talk("C1003")
    chat.begin("小程序打开是空白", TECHNICAL, entities={"platform": "小程序"})
    chat.reply("安卓14", entities={"platform": "安卓", "system_version": "14"})
    assert "长按小程序" in chat.press("今天")
    assert "好了就行" in chat.reply("删了重进好了")
    assert not chat.transaction_active
    assert chat.finding["helped"] is True
    assert shop.tickets("C1003") == []


def test_unknown_versions_are_left_out(talk: Talk, filed: list[dict[str, Any]]) -> None:
    chat = talk()
    chat.begin("订单页面加载不出来", TECHNICAL)
    assert titles(chat) == ["iPhone", "安卓", "小程序", "电脑"]
    chat.press("电脑")
    assert "浏览器" in chat.text
    chat.press("不知道")
    chat.reply("记不清了")
    chat.press("还不行")
    chat.press("不试了，直接提交")
    assert filed[0]["topic"] == "page"
    assert filed[0]["customer_id"] is None
    assert filed[0]["sentence"] == (
        "账号未登录，电脑，订单页面加载不出来，已清浏览器缓存，未解决，需排查页面加载不出来的原因。"
    )


def test_going_to_try_is_no_result(talk: Talk) -> None:
    chat = talk("C1004")
    chat.begin("iPhone一点开就闪退", TECHNICAL, entities={"platform": "iPhone"})
    chat.press("不知道")
    chat.press("不知道")
    chat.press("今天")
    assert "清缓存" in chat.reply("好的我试试", "affirm")
    assert "应用商店" in chat.reply("还是闪退", TECHNICAL)


def test_the_same_fault_again_does_not_make_a_second_ticket(talk: Talk, shop: ShopApi) -> None:
    chat = talk("C1005")
    chat.begin("登不上去了，短信验证码登录也试了，验证码重发了好几次，等了两天", ACCOUNT)
    chat.press("不知道")
    (ticket,) = shop.tickets("C1005")
    again = talk("C1005")
    said = again.begin("还是登不上", ACCOUNT)
    assert ticket["ticket_id"] in said
    assert ticket["ticket_id"] in again.press("同一个")
    assert len(shop.tickets("C1005")) == 1


def test_an_answer_that_is_late_brings_a_person(talk: Talk, shop: ShopApi, fixtures: dict[str, Any]) -> None:
    first = talk("C1006")
    first.begin("登录提示环境异常", ACCOUNT)
    while first.transaction_active:
        first.press("不知道" if "不知道" in titles(first) else "还不行")
    later = stamp(parse_time(fixtures["now"]) + timedelta(hours=6))
    chat = talk("C1006", later)
    assert "是我们晚了" in chat.begin("还是登不上", ACCOUNT)
    assert "回复晚了" in chat.press("同一个")
    assert titles(chat) == ["转人工"]


def test_another_fault_than_the_open_one_goes_its_way(talk: Talk, shop: ShopApi) -> None:
    chat = talk("C1007")
    chat.begin("付款失败，限额没问题，换了几种支付方式", PAYMENT)
    assert len(shop.tickets("C1007")) == 1
    other = talk("C1007")
    other.begin("付款老是转圈", PAYMENT)
    assert "限额" in other.press("新问题")


def test_locked_after_wrong_passwords(talk: Talk, shop: ShopApi) -> None:
    chat = talk("C1008")
    assert "30 分钟" in chat.begin("密码输错账号锁了", ACCOUNT)
    said = chat.press("我等等看")
    assert "以后再看" in said
    assert shop.tickets("C1008") == []


def test_a_visitor_tells_the_phone_of_the_account(talk: Talk, filed: list[dict[str, Any]]) -> None:
    chat = talk()
    assert "手机号" in chat.begin("收不到验证码", ACCOUNT)
    chat.reply("13812345678", entities={"phone": "13812345678"})
    chat.press("还不行")
    chat.reply("没收到", "deny")
    assert filed[0]["sentence"].startswith("账号 138****5678，收不到验证码，")
    assert filed[0]["topic"] == "login"


@pytest.mark.parametrize(
    ("words", "topic", "step"),
    [
        ("账号被盗了", ACCOUNT, "支付密码"),
        ("有人用我号下单，不是我下的单", ACCOUNT, "支付密码"),
        ("怎么换绑手机", ACCOUNT, "核实"),
        ("账号被冻结了", ACCOUNT, "核实"),
        ("昵称怎么改", ACCOUNT, "同事"),
        ("没买东西怎么扣我钱", PAYMENT, "免密支付"),
    ],
)
def test_what_takes_a_proof_of_identity_goes_to_a_person(talk: Talk, words: str, topic: str, step: str) -> None:
    chat = talk("C1009")
    assert step in chat.begin(words, topic)
    assert titles(chat) == ["转人工"]
    assert not chat.transaction_active


def test_a_button_brings_no_symptom(talk: Talk) -> None:
    chat = talk("C1010")
    assert "什么情况" in chat.begin("账号登录", ACCOUNT)
    assert "支付密码" in chat.reply("我的号被盗了", ACCOUNT)
    assert not chat.transaction_active


def test_giving_up_files_nothing(talk: Talk, shop: ShopApi) -> None:
    chat = talk("C1011")
    chat.begin("app闪退", TECHNICAL)
    assert "没有提交" in chat.reply("算了", "deny")
    assert shop.tickets("C1011") == []


def test_a_question_in_between_is_left_to_rasa(talk: Talk) -> None:
    chat = talk("C1011")
    chat.begin("app闪退", TECHNICAL)
    assert chat.reply("我的快递今天能不能到啊", "query_logistics") == ""
    assert chat.transaction_active


def test_charged_twice_asks_nothing_technical(talk: Talk, shop: ShopApi, filed: list[dict[str, Any]]) -> None:
    chat = talk("C1013")
    said = chat.begin("扣了两次钱", PAYMENT)
    assert "系统里您最近付的一单" in said
    assert "什么时候扣的" in chat.reply("97")
    said = chat.reply("昨天下午3点", entities={"date": "昨天"})
    (ticket,) = shop.tickets("C1013")
    assert ticket["ticket_id"] in said
    assert "原路退回" in said
    assert filed[0]["topic"] == "payment"
    assert filed[0]["facts"]["amount"] == "¥97"
    assert "下午3点扣款" in filed[0]["sentence"]
    assert chat.finding["order"]["order_id"] == filed[0]["facts"]["order_id"]


def test_amount_and_time_told_at_once_are_filed_at_once(talk: Talk, shop: ShopApi) -> None:
    chat = talk("C1014")
    said = chat.begin("昨天付款重复扣了268元", PAYMENT, entities={"amount": "268", "date": "昨天"})
    assert shop.tickets("C1014")[0]["ticket_id"] in said


def test_money_gone_and_the_order_waits_for_it(talk: Talk, running_shop: RunningShop, shop: ShopApi) -> None:
    customer_id, order = customer_with(running_shop, shop, "pending_payment")
    soon = stamp(parse_time(order["placed_at"]) + timedelta(minutes=10))
    chat = talk(customer_id, soon)
    said = chat.begin("钱扣了订单没变", PAYMENT)
    assert "还显示待付款" in said
    assert "会变成已付款" in said
    assert "以后再看" in chat.press("我等等看")


def test_money_gone_and_the_order_is_paid(talk: Talk, running_shop: RunningShop, shop: ShopApi) -> None:
    customer_id, order = customer_with(running_shop, shop, "unshipped", 1)
    chat = talk(customer_id)
    said = chat.begin("钱扣了订单显示未付款", PAYMENT)
    assert "已经付款成功" in said
    assert order["order_id"][-4:] in said
    assert "好了就行" in chat.reply("刷新了，好了")


def test_money_gone_and_the_order_is_closed(
    talk: Talk, running_shop: RunningShop, shop: ShopApi, filed: list[dict[str, Any]]
) -> None:
    customer_id, order = customer_with(running_shop, shop, "cancelled")
    chat = talk(customer_id)
    assert "超时关闭" in chat.begin("被扣了三百多，可订单显示关闭", PAYMENT)
    chat.press("还不行")
    assert filed[0]["facts"]["order_id"] == order["order_id"]


def test_the_agent_gets_what_is_known_before_and_after(talk: Talk) -> None:
    chat = talk("C1015")
    chat.begin("app一点订单就闪退，重装过了", TECHNICAL)
    chat.press("iPhone")
    turn = Turn(parse_time(chat.now), "m", "转人工", "request_human", slots=chat.slots)
    fault = {"platform": "iOS", "symptom": "app一点订单就闪退，重装过了", "tried": ["重装 App"]}
    assert known_fault(turn) == fault
    while chat.transaction_active:
        chat.press("不知道" if "不知道" in titles(chat) else "还不行")
    tried = ["清缓存", "更新 App", "重装 App"]
    turn = Turn(parse_time(chat.now), "m", "转人工", "request_human", slots=chat.slots)
    assert known_fault(turn) == {**fault, "tried": tried}
    assert chat.finding["promises"][0]["due_at"] is not None


@pytest.mark.parametrize(
    ("name", "words", "asked", "told"),
    [
        ("platform", "用的华为", True, "android"),
        ("platform", "买的苹果手机壳页面打不开", False, None),
        ("platform", "苹果订单打不开", False, None),
        ("system_version", "iPhone 15", True, None),
        ("system_version", "iPhone 15 Pro，17.4.1", True, "17.4.1"),
        ("system_version", "鸿蒙4.0", True, "鸿蒙 4.0"),
        ("system_version", "在哪看啊", True, None),
        ("system_version", "不会看", True, "unknown"),
        ("app_version", "7.3.1", False, None),
        ("app_version", "20261116480123", True, None),
        ("since", "昨天买的订单打不开", False, None),
        ("since", "昨晚开始打不开", False, "11月21日晚上"),
        ("since", "上周三吧", True, "上周三"),
        ("since", "两三天前", True, "两三天前"),
        ("amount", "399.5", True, "39950"),
        ("amount", "扣了12月1日那笔", True, None),
        ("when", "11月20号晚上8点", True, "11月20号晚上8点"),
    ],
)
def test_reading_answers(name: str, words: str, asked: bool, told: str | None) -> None:
    turn = Turn(parse_time("2026-11-22T02:00:00Z"), "m", words, "inform")
    assert DETAILS[name].read(Case(turn), asked) == told
