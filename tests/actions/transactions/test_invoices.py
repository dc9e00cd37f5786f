"""Invoices: issued from what is said or pasted, checked, restated, filed once; changed, told, refused with a way on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from actions.shop_api import ShopApi, ShopUnavailableError
from actions.transactions.invoice_words import read_block
from tests.actions.conversation import Conversation

OnOrder = Callable[[str], Conversation]
TOPIC = "request_invoice"
FIRM, TAX = "杭州云杉科技有限公司", "91330106MA2B1K3X7Q"
BANK = "开户行招商银行杭州分行 账号571908888810101 地址杭州市西湖区文三路478号2幢1203 电话0571-88886666"


@pytest.fixture
def on(shop: ShopApi, fixtures: dict[str, Any]) -> Callable[[str, str], Conversation]:
    """Start a conversation of a customer on the page of the order ending so."""

    def start(customer_id: str, ending: str) -> Conversation:
        order = next(item for item in shop.orders(customer_id) if item["order_id"].endswith(ending))
        return Conversation(shop, fixtures["now"], customer_id, page_order_id=order["order_id"])

    return start


def invoice(shop: ShopApi, talk: Conversation) -> dict[str, Any]:
    """The order's invoice in the shop."""
    return dict(shop.order(talk.page_order_id or "")["invoice"])


def number(talk: Conversation) -> str:
    return str(next(item["value"] for item in talk.finding["facts"] if item["name"] == "document"))


def titles(talk: Conversation) -> list[str]:
    return [item["title"] for message in talk.said for item in message["buttons"]]


def test_the_questions_say_how_far_they_are_and_lead_back_and_out(on_order: OnOrder, shop: ShopApi) -> None:
    talk = on_order("order_shipped")
    talk.ask_order("开发票", TOPIC)
    first = talk.cards[-1]
    assert (first["type"], first["step"], first["steps"]) == ("form", 1, None)
    assert [way["title"] for way in first["actions"]] == ["不办了"]
    asked = titles(talk)
    talk.press("公司普票")
    second = talk.cards[-1]
    assert (second["step"], second["steps"] >= 2) == (2, True)
    assert [way["title"] for way in second["actions"]] == ["上一步", "不办了"]
    talk.press("上一步")
    assert titles(talk) == asked
    assert talk.cards[-1]["step"] == 1
    talk.press("公司普票")
    assert "没有" in talk.press("不办了")
    assert not talk.transaction_active
    assert invoice(shop, talk)["state"] == "none"


def test_a_name_that_sounds_like_thanks_is_taken_as_the_name(on_order: OnOrder) -> None:
    talk = on_order("order_shipped")
    talk.ask_order("开发票", TOPIC)
    talk.press("个人")
    said = talk.reply("谢谢你", "thank")
    assert said.startswith("不客气。")
    said = talk.reply("郑国强", "thank")
    assert "抬头：郑国强" in said
    assert "不客气" not in said


def test_a_personal_invoice_needs_two_taps_and_a_yes(on_order: OnOrder, shop: ShopApi) -> None:
    talk = on_order("order_shipped")
    said = talk.ask_order("开发票", TOPIC)
    assert "¥399" in said
    assert titles(talk) == ["个人", "公司普票", "公司专票"]
    talk.press("个人")
    said = talk.press("个人")
    assert "个人普通发票" in said
    assert said.endswith("就按这个开吗？")
    said = talk.press("确认")
    assert invoice(shop, talk)["state"] == "requested"
    assert number(talk) in said
    assert "邮箱" in said
    assert talk.finding["promises"][0]["due_at"]


def test_a_firm_is_asked_one_thing_at_a_time_and_may_correct_itself(on_order: OnOrder, shop: ShopApi) -> None:
    talk = on_order("order_unshipped")
    assert "全称" in talk.ask_order("能开公司抬头吗", TOPIC)
    assert FIRM in talk.reply(FIRM, "nlu_fallback")
    assert "16 位" in talk.reply("91330106MA2B1K3X")
    said = talk.reply("9133 0106 ma2b 1k3x 7q")
    assert TAX in said
    said = talk.reply("不对，抬头是杭州云帆科技有限公司", "deny")
    assert "杭州云帆科技有限公司" in said
    assert TAX in said
    talk.reply("对的", "affirm")
    asked_for = invoice(shop, talk)
    assert asked_for.pop("requested_at")
    assert asked_for == {
        "state": "requested",
        "title": "杭州云帆科技有限公司",
        "kind": "company",
        "issued_at": None,
        "tax_number": TAX,
    }


def test_a_pasted_block_in_the_first_message_leaves_only_the_yes(on_order: OnOrder, shop: ShopApi) -> None:
    talk = on_order("order_signed_yesterday")
    said = talk.ask_order(f"开专票 {FIRM} 税号{TAX} {BANK}", TOPIC)
    for printed in (FIRM, TAX, "招商银行杭州分行", "571908888810101", "文三路478号2幢1203", "0571-88886666", "¥97"):
        assert printed in said
    assert invoice(shop, talk)["state"] == "none"
    talk.press("确认")
    assert invoice(shop, talk)["kind"] == "special_vat"


def test_a_special_invoice_is_completed_step_by_step(on_order: OnOrder, shop: ShopApi) -> None:
    talk = on_order("order_signed_risky")
    talk.ask_order("要开专票", TOPIC)
    assert "开户行" in talk.reply(f"{FIRM}，税号 {TAX}")
    assert "账号" in talk.reply("招商银行杭州分行")
    assert "6 到 32 位" in talk.reply("1234")
    assert "地址" in talk.reply("5719 0888 8810 101")
    assert "电话" in talk.reply("杭州市西湖区文三路478号", "modify_order")
    said = talk.reply("13812345678")
    assert "138****5678" in said
    assert "571908888810101" in said
    talk.press("确认")
    assert invoice(shop, talk)["kind"] == "special_vat"


def test_another_kind_at_the_confirmation_asks_for_what_is_missing(on_order: OnOrder) -> None:
    talk = on_order("order_signed_sold_out")
    assert talk.ask_order(f"开票，抬头{FIRM}，税号{TAX}", TOPIC).endswith("就按这个开吗？")
    assert "开户行" in talk.reply("改成专票吧")
    assert "没有提交" in talk.reply("算了", "deny")


def test_one_line_is_given_anew_and_the_rest_stays(on_order: OnOrder) -> None:
    talk = on_order("order_signed_sold_out")
    talk.ask_order(f"开票，抬头{FIRM}，税号{TAX}", TOPIC)
    talk.press("改一下")
    assert {"类型", "抬头", "税号"} <= set(titles(talk))
    assert "就按这个开吗" in talk.reply("嗯", "affirm")
    talk.press("改一下")
    talk.press("抬头")
    assert TAX in talk.reply("杭州另一家科技有限公司")


def test_a_question_in_between_and_words_that_are_no_answer(on_order: OnOrder) -> None:
    talk = on_order("order_signed_sold_out")
    talk.ask_order("开公司发票", TOPIC)
    assert talk.reply("快递到哪了", "query_logistics") == ""
    assert "营业执照" in talk.reply("这个填什么", "nlu_fallback")
    assert "全称" in talk.reply("好的", "affirm")


def test_the_state_is_told_to_whoever_only_asks(on_order: OnOrder) -> None:
    talk = on_order("order_delivered")
    said = talk.ask_order("发票开了吗", TOPIC)
    assert "「个人」" in said
    assert "邮箱" in said
    assert not talk.transaction_active
    assert '/request_invoice{"choice":"title"}' in talk.buttons


def test_an_issued_one_with_the_wrong_title_is_issued_anew(on_order: OnOrder, shop: ShopApi) -> None:
    talk = on_order("order_delivered")
    said = talk.ask_order("发票抬头开错了", TOPIC)
    assert "冲红" in said
    said = talk.reply(f"应该是{FIRM}")
    assert "税号" in said
    said = talk.reply(TAX)
    assert "公司普通发票" in said
    said = talk.press("确认")
    assert number(talk) in said
    assert talk.finding["promises"][0]["due_at"]
    assert invoice(shop, talk)["title"] == FIRM
    assert "还没开出来" in talk.ask_order("发票什么时候开", TOPIC)


def test_the_button_of_a_told_state_begins_the_change(on: Callable[[str, str], Conversation], shop: ShopApi) -> None:
    talk = on("C1026", "231870")
    said = talk.ask_order("换一种发票", TOPIC, entities={"choice": "kind"})
    assert said.endswith("选专票。")
    assert "个人" not in titles(talk)
    talk.press("公司普票")
    talk.reply("杭州静怡咨询有限公司")
    said = talk.reply(TAX)
    assert "冲红" in said
    assert invoice(shop, talk)["title"] == "曹静怡"


def test_a_requested_one_is_put_right(on: Callable[[str, str], Conversation], shop: ShopApi) -> None:
    talk = on("C1030", "272195")
    said = talk.ask_order("税号写错了，改一下", TOPIC)
    assert "西安立群机电有限公司" in said
    assert said.endswith("正确的税号是多少？")
    said = talk.reply("是91610131MA6TX2E45R")
    assert "西安立群机电有限公司" in said
    said = talk.press("确认")
    assert "改好了" in said


def test_the_same_data_again_change_nothing(on: Callable[[str, str], Conversation]) -> None:
    talk = on("C1002", "517742")
    talk.ask_order("发票税号错了，税号91320106MA1WQ7D83K", TOPIC)
    said = talk.press("确认")
    assert "一模一样" in said
    assert talk.buttons[0].startswith("/request_invoice")


def test_an_old_one_cannot_be_changed_and_nobody_types_for_nothing(shop: ShopApi, fixtures: dict[str, Any]) -> None:
    order = next(item for item in shop.orders("C1011") if item["order_id"].endswith("205718"))
    talk = Conversation(shop, "2027-11-22T02:00:00Z", "C1011", page_order_id=order["order_id"])
    said = talk.ask_order("发票抬头开错了", TOPIC)
    assert "不能自助改" in said
    assert not talk.transaction_active


@pytest.mark.parametrize(
    ("status", "expected"),
    [("pending_payment", "付了款就能开票"), ("refunded", "不能再开票"), ("cancelled", "已经取消")],
)
def test_refusals_have_a_way_on(shop: ShopApi, fixtures: dict[str, Any], status: str, expected: str) -> None:
    orders = (order for count in range(1, 31) for order in shop.orders(f"C10{count:02d}"))
    found = next(order for order in orders if order["status"] == status)
    talk = Conversation(shop, fixtures["now"], found["customer_id"], page_order_id=found["order_id"])
    assert expected in talk.ask_order("开发票", TOPIC)
    assert talk.buttons
    assert not talk.transaction_active


def test_trying_again_after_an_answer_got_lost_files_one(
    on_order: OnOrder, shop: ShopApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = on_order("order_signed_two_lines")
    talk.ask_order(f"开票，抬头{FIRM}，税号{TAX}", TOPIC)
    filing = shop.file_for_order

    def lose_the_answer(*arguments: Any) -> dict[str, Any]:
        filing(*arguments)
        raise ShopUnavailableError("no answer in time")

    monkeypatch.setattr(shop, "file_for_order", lose_the_answer)
    assert "还没提交成功" in talk.press("确认")
    monkeypatch.undo()
    said = talk.press("再试一次")
    assert "申请好了" in said
    assert invoice(shop, talk)["state"] == "requested"


def test_how_to_is_answered_with_the_rule_first(on_order: OnOrder) -> None:
    said = on_order("order_high_value").ask_order("怎么开发票，要什么资料", TOPIC)
    assert "180 天内" in said
    assert "开给个人还是公司" in said


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            f"{FIRM} 税号{TAX} 开户行招商银行杭州分行 账号571908888810101",
            {"title": FIRM, "tax_number": TAX, "bank": "招商银行杭州分行", "account": "571908888810101"},
        ),
        (
            f"名称：{FIRM}\n纳税人识别号：{TAX}\n地址、电话：杭州市西湖区文三路478号 0571-88886666\n"
            "开户行及账号：招商银行杭州分行 5719 0888 8810 101",
            {
                "title": FIRM,
                "tax_number": TAX,
                "bank": "招商银行杭州分行",
                "account": "571908888810101",
                "address": "杭州市西湖区文三路478号",
                "phone": "0571-88886666",
            },
        ),
        (f"帮我给{FIRM}开发票", {"title": FIRM}),
        ("抬头改成华为技术有限公司", {"title": "华为技术有限公司"}),
        ("抬头为华为技术有限公司", {"title": "华为技术有限公司"}),
        ("名称：张伟 开个人", {"title": "张伟"}),
        ("抬头开元旅业有限公司", {"title": "开元旅业有限公司"}),
        (f"抬头开{FIRM}", {"title": FIRM}),
        (f"税号错了，税号是{TAX}", {"tax_number": TAX}),
        ("抬头写李晓雯", {"title": "李晓雯"}),
        (f"９１３３０１０６ＭＡ２Ｂ１Ｋ３Ｘ７Ｑ {FIRM}", {"title": FIRM, "tax_number": TAX}),
        ("税号9133010612345", {}),
        ("发票抬头开错了", {}),
        ("抬头写错了", {}),
        ("抬头写什么", {}),
        ("能开公司抬头吗", {}),
        ("公司采购，麻烦开增票", {}),
        ("抬头是个人的，想换成单位", {"title": "个人"}),
        ("我的身份证330106199001011234", {}),
        ("发票可以寄到另外的地址不", {}),
        ("开户行填什么", {}),
    ],
)
def test_what_a_message_names(words: str, expected: dict[str, str]) -> None:
    assert read_block(words) == expected
