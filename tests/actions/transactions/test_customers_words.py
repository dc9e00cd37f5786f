"""What customers say beside yes and no: a question about the thing under way, what to change, which goods are meant."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from actions.shop_api import ShopApi
from tests.actions.conversation import Conversation

OnOrder = Callable[[str], Conversation]
FULL = "福建省厦门市思明区软件园二期8号楼301 收件人王芳 13800138000"


def titles(talk: Conversation) -> list[str]:
    return [button["title"] for message in talk.said for button in message["buttons"]]


def test_to_change_something_is_never_a_yes(on_number: OnOrder, shop: ShopApi) -> None:
    talk = on_number("521064")
    talk.ask_order(f"地址改成{FULL}", "modify_order")
    before = len(shop.modifications(talk.page_order_id or ""))
    assert "哪里要改" in talk.reply("改一下", "modify_order")
    assert "收货地址" in titles(talk)
    assert "现在改吗" in talk.reply("嗯", "affirm")
    said = talk.reply("门牌是302")
    assert "8号楼302" in said and "王芳" in said
    assert len(shop.modifications(talk.page_order_id or "")) == before


def test_when_the_money_comes_is_told_before_the_yes(on_order: OnOrder) -> None:
    talk = on_order("order_signed_yesterday")
    talk.ask_order("杯子颜色跟图片差好多", "report_quality_issue")
    assert "来回运费由我们承担" in talk.reply("运费谁出啊", "ask_shipping_policy")
    talk.reply("那退吧", "request_return")
    said = talk.reply("多久到帐", "query_refund_status")
    assert "工作日到账" in said and "没有退款" not in said
    assert said.endswith("确认提交吗？")


def test_where_the_money_goes_is_told_without_all_the_rest(on_number: OnOrder) -> None:
    talk = on_number("519628")
    talk.ask_order("不想要了取消", "cancel_order")
    said = talk.reply("等下 钱退到哪里 几天到？", "query_refund_status")
    assert "工作日到账" in said and "订单尾号" not in said
    assert said.endswith("现在取消吗？")


def test_one_of_several_goods_goes_back_and_the_others_stay(on_order: OnOrder, shop: ShopApi) -> None:
    talk = on_order("order_price_dropped")
    assert "要退哪一件" in talk.ask_order("想退货", "request_return")
    talk.reply("杯子")
    said = talk.reply("不喜欢")
    assert "只退保温杯" in said and "登山背包" not in said.split("确认")[0].split("只退")[1]
    talk.press("确认")
    document: dict[str, Any] = dict(shop.returns(talk.page_order_id or "")[0])
    assert len(document["lines"]) == 1


def test_an_order_is_cancelled_whole_and_that_is_said(on_number: OnOrder) -> None:
    said = on_number("532775").ask_order("防晒霜那件不要了 保温杯留着", "cancel_order")
    assert "只能一起取消" in said


def test_a_note_leaves_out_the_goods_and_a_second_one_is_added(on_number: OnOrder, shop: ShopApi) -> None:
    talk = on_number("529914")
    assert "备注「送货前打电话」" in talk.ask_order("电饭煲帮我备注送货前打电话", "modify_order")
    talk.press("确认")
    assert "备注「送货前打电话，放门口」" in talk.ask_order("再加一句放门口", "modify_order")


@pytest.mark.parametrize("words", ["放驿站行不", "能送到门口不"])
def test_the_courier_is_named_once_more_in_other_words(on_number: OnOrder, words: str) -> None:
    talk = on_number("490318")
    first = talk.ask_order("能不能晚两天送", "modify_order")
    assert "备注加不上" in first
    again = talk.ask_order(words, "modify_order")
    assert "备注加不上" not in again and "就能约" in again


def test_a_lost_parcel_is_never_to_be_refused_at_the_door(on_number: OnOrder) -> None:
    for intent in ("request_return", "cancel_order"):
        said = on_number("428863").ask_order("不要了 退钱", intent)
        assert "拒收" not in said and "退款或补发" in said


def test_exchange_beyond_the_days_asks_for_the_fault_first(on_number: OnOrder) -> None:
    said = on_number("349761").ask_order("电饭煲想换一个", "request_exchange")
    assert "质量问题吗" in said and "换成哪一款" not in said


def test_an_exchange_under_way_says_how_it_becomes_a_refund(on_number: OnOrder) -> None:
    talk = on_number("386614")
    assert "先撤回换货" in talk.ask_order("羽绒服大了想退", "request_return")
    assert "撤回申请" in titles(talk)


def test_the_tax_number_on_the_invoice_is_not_asked_for_again(on_number: OnOrder, shop: ShopApi) -> None:
    talk = on_number("517742")
    said = talk.ask_order("抬头错了 应该是南京远思软件有限公司", "request_invoice")
    known = shop.order(talk.page_order_id or "")["invoice"]["tax_number"]
    assert known and f"尾号 {known[-4:]}" in said
    assert known in talk.reply("没变", "deny")


def test_what_was_said_holds_for_the_order_that_was_meant(on_number: OnOrder) -> None:
    talk = on_number("415586")
    talk.ask_order("开个人发票", "request_invoice")
    talk.reply("不对 是另一单 保温杯那个", "report_wrong_item")
    assert talk.slots["wish"]["topic"] == "request_invoice"
    assert "个人" in talk.slots["wish"]["text"]


def test_a_part_that_is_missing_needs_no_question_of_which_kind(on_order: OnOrder) -> None:
    said = on_order("order_high_value").ask_order("投影仪盒子里没有遥控器", "report_wrong_item")
    assert "发错了，还是" not in said


def test_a_photo_with_words_joins_the_claim_that_was_filed(on_order: OnOrder, shop: ShopApi) -> None:
    talk = on_order("order_high_value")
    talk.ask_order("投影仪画面有条黑线", "report_quality_issue")
    talk.press("换一件新的")
    assert "同事" in talk.press("确认")
    photo = {"id": "f1", "kind": "image", "name": "1.jpg", "url": "https://shop.example/1.jpg"}
    assert "照片收到了" in talk.ask_order("就是这条黑线", "report_quality_issue", attachments=[photo])
    assert shop.claims(talk.page_order_id or "")[0]["evidence"]


def test_what_was_left_out_of_the_address_is_added_to_it(on_number: OnOrder) -> None:
    talk = on_number("527361")
    said = talk.ask_order("缺门牌号？那是5栋302", "modify_order")
    assert "5栋302" in said and "缺门牌号" not in said


def test_a_phone_given_first_stays_when_the_address_follows(on_number: OnOrder) -> None:
    talk = on_number("521064")
    talk.ask_order("电话改成13900001111", "modify_order")
    talk.press("改一下")
    talk.reply("收货地址", "modify_order")
    assert "139****1111" in talk.reply("福建省厦门市思明区湖滨南路60号")


def test_goods_of_another_order_are_a_correction_of_the_order(on_number: OnOrder) -> None:
    talk = on_number("415586")
    talk.ask_order("开个人发票，抬头写个人", "request_invoice")
    talk.reply("不对 是保温杯那单", "inform")
    assert not talk.transaction_active
    assert talk.slots["topic"] == "request_invoice"


def test_look_into_it_is_a_yes_to_the_search_whatever_it_is_read_as(on_number: OnOrder) -> None:
    talk = on_number("462904")
    assert (
        talk.ask_order("积木物流一直不动", "report_delivery_problem").endswith("您要哪个？") or talk.transaction_active
    )
    if not talk.transaction_active:
        talk.ask_order("发起查件", "report_delivery_problem")
    assert "查件单号" in talk.reply("唉 你帮我查查吧", "query_logistics")
