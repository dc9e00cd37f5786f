"""Damaged, wrong, missing and faulty goods: said once, restated, filed once; small ones made good at once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from actions.shop_api import ShopApi, ShopConflictError, ShopUnavailableError
from actions.transactions.claim_words import remedy_in, tells, wrong_or_missing
from tests.actions.conversation import Conversation

OnOrder = Callable[[str], Conversation]
DAMAGED, WRONG, QUALITY = "report_damaged_item", "report_wrong_item", "report_quality_issue"


@pytest.fixture
def on_page(shop: ShopApi, fixtures: dict[str, Any], number_of: Callable[[str], str]) -> Callable[[str], Conversation]:
    """A conversation of the owner of an order, by name or by the end of its number."""

    def start(name: str) -> Conversation:
        order = shop.order(number_of(name))
        return Conversation(shop, fixtures["now"], order["customer_id"], page_order_id=order["order_id"])

    return start


def claims(shop: ShopApi, talk: Conversation) -> list[dict[str, Any]]:
    """What the shop holds for the order."""
    return shop.claims(talk.page_order_id or "")


def titles(talk: Conversation) -> list[str]:
    return [button["title"] for message in talk.said for button in message["buttons"]]


# --- what is said is not asked for


def test_a_fault_and_a_remedy_named_at_once_leave_only_the_confirmation(on_page: OnOrder) -> None:
    talk = on_page("order_signed_yesterday")
    said = talk.ask_order("杯口裂了，给我退款", DAMAGED)
    assert "抱歉" in said or "对不起" in said
    assert "杯口裂了" in said
    assert said.endswith("确认提交吗？")


def test_the_bare_wish_is_asked_how_it_looks(on_page: OnOrder) -> None:
    talk = on_page("order_signed_yesterday")
    assert "坏成什么样" in talk.ask_order("收到的东西坏了", DAMAGED)
    assert talk.reply("盖子摔断了", DAMAGED).endswith("您想怎么办？")
    assert "退款" in titles(talk)


def test_a_wrong_item_is_asked_for_the_kind_only_when_the_words_do_not_tell(on_page: OnOrder) -> None:
    talk = on_page("order_signed_yesterday")
    assert "是发错了，还是少了东西？" in talk.ask_order("收到的东西有点问题", WRONG)
    talk.press("来的不是我要的")
    assert "和您订的哪里不一样" in talk.text
    assert "少了什么" in on_page("order_signed_yesterday").ask_order("少发了", WRONG)


def test_which_goods_is_asked_only_in_an_order_of_several_and_read_from_the_words(on_page: OnOrder) -> None:
    talk = on_page("order_signed_two_lines")
    assert "是哪一件？" in talk.ask_order("到手就碎了", DAMAGED)
    assert {"保温杯", "护手霜礼盒", "都有问题"} <= set(titles(talk))
    said = on_page("order_signed_two_lines").ask_order("护手霜碎了，退款", DAMAGED)
    assert "护手霜礼盒（订单尾号" in said


def test_a_missing_part_is_sent_after_and_nobody_gets_the_price_of_the_whole(on_page: OnOrder) -> None:
    talk = on_page("order_signed_yesterday")
    talk.ask_order("没有收到赠品", WRONG)
    assert "把少的补寄给我" in titles(talk)
    assert "退款" not in titles(talk)


def test_sold_out_goods_cannot_be_sent_again_and_the_question_says_until_when(on_page: OnOrder) -> None:
    talk = on_page("order_signed_sold_out")
    said = talk.ask_order("盖子裂了，重新寄一个", DAMAGED)
    assert "才有货" in said
    assert {"退款", "东西留着，退一部分钱"} == set(titles(talk))
    assert "原路退回" in talk.press("退款")


# --- changing one's mind


def test_the_remedy_and_the_kind_can_be_corrected_before_the_yes(on_page: OnOrder) -> None:
    talk = on_page("order_signed_yesterday")
    talk.ask_order("发来的颜色不对，要白的，换成我订的", WRONG)
    assert "确认提交吗？" in talk.text
    assert "原路退回" in talk.reply("还是退款吧", "request_return")
    talk.reply("不对，是少了个盖子", WRONG)
    assert "把少的补寄给我" in titles(talk)
    assert "缺的补寄给您" in talk.press("把少的补寄给我")


def test_giving_up_files_nothing(on_page: OnOrder, shop: ShopApi) -> None:
    talk = on_page("order_signed_yesterday")
    talk.ask_order("杯口裂了，退款", DAMAGED)
    assert "没有提交" in talk.reply("算了", "deny")
    assert claims(shop, talk) == []


def test_another_question_in_between_is_left_to_rasa(on_page: OnOrder) -> None:
    talk = on_page("order_signed_yesterday")
    talk.ask_order("东西坏了", DAMAGED)
    assert talk.reply("积分什么时候过期", "ask_points_expiry") == ""
    assert talk.transaction_active


def test_a_topic_that_is_hardly_read_changes_nothing_while_a_question_is_open(on_page: OnOrder) -> None:
    talk = on_page("order_signed_two_lines")
    talk.ask_order("护手霜盖子裂了一支", DAMAGED)
    again = talk.reply("杯子是好的就护手霜", "report_quality_issue", sure=0.34)
    assert again
    assert talk.slots["transaction"]["topic"] == DAMAGED


# --- filed


def test_a_small_claim_is_refunded_at_once_and_only_once(on_page: OnOrder, shop: ShopApi) -> None:
    talk = on_page("order_signed_yesterday")
    talk.ask_order("杯口裂了，退款", DAMAGED)
    said = talk.press("确认")
    (filed,) = claims(shop, talk)
    assert (filed["state"], filed["description"]) == ("approved", "杯口裂了，退款")
    assert filed["claim_id"] in said
    assert "¥89" in said
    assert "前到账" in said
    assert talk.finding["promises"][0]["due_at"] == filed["refund"]["expected_by"]
    again = talk.ask_order("杯子裂了", DAMAGED)
    assert filed["claim_id"] in again
    assert claims(shop, talk) == [filed]


def test_goods_sent_again_have_a_time(on_page: OnOrder, shop: ShopApi) -> None:
    talk = on_page("order_signed_two_lines")
    talk.ask_order("保温杯碎了，给我补发一个", DAMAGED)
    said = talk.press("确认")
    (filed,) = claims(shop, talk)
    assert (filed["remedy"], len(filed["line_ids"])) == ("reship", 1)
    assert "前寄出" in said
    assert "照片" not in said


def test_the_other_goods_of_the_order_can_be_claimed_next_and_the_same_cannot(on_page: OnOrder, shop: ShopApi) -> None:
    talk = on_page("order_signed_two_lines")
    (first,) = claims(shop, talk)
    assert first["claim_id"] in talk.ask_order("保温杯还是碎的", DAMAGED)
    said = talk.ask_order("护手霜发成别的味道了，退款", WRONG)
    assert "护手霜礼盒（订单尾号" in said
    talk.press("确认")
    assert [item["kind"] for item in claims(shop, talk)].count("wrong") == 1


def test_what_a_person_looks_at_names_number_time_and_photos(on_page: OnOrder, shop: ShopApi) -> None:
    talk = on_page("order_delivered")
    talk.ask_order("蓝牙老断，充不进电", QUALITY)
    talk.press("换一件新的")
    said = talk.press("确认")
    (filed,) = claims(shop, talk)
    assert filed["state"] == "reviewing"
    assert filed["claim_id"] in said
    assert "前给您答复" in said
    assert "3 张照片" in said
    assert talk.finding["promises"][0]["due_at"] == filed["answer_by"]
    assert "issue" in [item["name"] for item in talk.finding["facts"]]
    assert "答复" in talk.ask_order("音箱又断了", QUALITY)


def test_a_lost_answer_is_asked_for_again_and_gives_the_same_claim(
    on_page: OnOrder, shop: ShopApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = on_page("order_signed_risky")
    talk.ask_order("盖子漏水，重新寄一个", DAMAGED)
    _lose_the_answer_once(monkeypatch)
    assert "再试一次" in talk.press("确认")
    said = talk.press("再试一次")
    (filed,) = claims(shop, talk)
    assert filed["claim_id"] in said


# --- refused


def test_out_of_stock_while_filing_offers_the_others_and_remembers_what_was_said(
    on_page: OnOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = on_page("306615")
    talk.ask_order("屏幕裂了，重新寄一个", DAMAGED)
    with monkeypatch.context() as patch:
        _refuse(patch, "remedy_not_possible", {"sku": "S1", "stock": 0, "restock_at": None})
        assert "没货" in talk.press("确认")
    assert {"退款", "东西留着，退一部分钱"} <= set(titles(talk))
    payload = next(button for button in talk.buttons if "part_refund" in button)
    said = talk.ask_order("东西留着，退一部分钱", DAMAGED, entities=json.loads(payload.partition(DAMAGED)[2]))
    assert "屏幕裂了" in said
    assert said.endswith("确认提交吗？")


@pytest.mark.parametrize(
    ("name", "words", "buttons"),
    [
        ("order_shipped", "还没有签收记录", {"/query_logistics", "/request_human"}),
        ("order_unshipped", "还没发出", {"/urge_order"}),
        ("order_refunding", "已经在退款", {"/query_refund_status"}),
        ("218409", "能走保修", {"/ask_warranty", "/request_human"}),
        ("386614", "386614", {"/query_after_sales_progress"}),
    ],
)
def test_what_is_not_possible_names_the_way_on(on_page: OnOrder, name: str, words: str, buttons: set[str]) -> None:
    talk = on_page(name)
    assert words in talk.ask_order("打开就裂了", DAMAGED)
    assert buttons <= set(talk.buttons)
    assert not talk.transaction_active


# --- reading the customer's words


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("没有收到赠品", "missing"),
        ("买二送一少了一个", "missing"),
        ("收到空包裹", "missing"),
        ("发错了", "wrong"),
        ("这哪是我买的", "wrong"),
        ("颜色发成灰色，我要米白", "wrong"),
        ("东西有问题", None),
    ],
)
def test_wrong_or_missing_is_read(words: str, kind: str | None) -> None:
    assert wrong_or_missing(words) == kind


@pytest.mark.parametrize(
    ("words", "kind", "told"),
    [
        ("收到的东西坏了怎么办", "damaged", False),
        ("商品破损", "damaged", False),
        ("杯盖摔掉漆了", "damaged", True),
        ("收到就碎了", "damaged", True),
        ("质量太差了", "quality", False),
        ("不好使", "quality", False),
        ("按键要按两下才有反应", "quality", True),
        ("发错货了", "wrong", False),
        ("我买的黑色发来蓝色", "wrong", True),
        ("少件", "missing", False),
        ("少了充电线", "missing", True),
    ],
)
def test_more_than_the_bare_wish_is_recognised(words: str, kind: str, *, told: bool) -> None:
    assert tells(words, kind, ()) == told


@pytest.mark.parametrize(
    ("words", "asked", "remedy"),
    [
        ("退款吧", True, "refund"),
        ("我不想退款，给我换一个", True, "exchange"),
        ("再发一个", True, "reship"),
        ("退一部分就行", True, "part_refund"),
        ("上次换过一次又坏了", False, None),
        ("换一个", False, "exchange"),
    ],
)
def test_remedies_are_read(words: str, asked: bool, remedy: str | None) -> None:
    assert remedy_in(words, asked=asked) == remedy


def _refuse(patch: pytest.MonkeyPatch, code: str, details: dict[str, Any]) -> None:
    def file(self: ShopApi, order_id: str, kind: str, body: dict[str, Any], key: str) -> None:
        raise ShopConflictError(code, details)

    patch.setattr(ShopApi, "file_for_order", file)


def _lose_the_answer_once(monkeypatch: pytest.MonkeyPatch) -> None:
    real = ShopApi.file_for_order
    lost: list[str] = []

    def file(self: ShopApi, order_id: str, kind: str, body: dict[str, Any], key: str) -> dict[str, Any]:
        document = real(self, order_id, kind, body, key)
        if not lost:
            lost.append(key)
            raise ShopUnavailableError("the answer was lost")
        return document

    monkeypatch.setattr(ShopApi, "file_for_order", file)
