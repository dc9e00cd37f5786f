"""Cancelling, taking back, changing and urging an order: asked, restated, filed once, and never a dead end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from actions.shop_api import ShopApi
from actions.transactions.addresses import address_in, bare_name_in, mobile_in, named_in
from tests.actions.conversation import Conversation

OnOrder = Callable[[str], Conversation]
Ending = Callable[[str], Conversation]


@pytest.fixture
def ending(shop: ShopApi, running_shop: Any, fixtures: dict[str, Any]) -> Ending:
    """Start a conversation of the signed owner on the page of the order with these last six digits."""

    def start(digits: str) -> Conversation:
        for person in running_shop.customers:
            for brief in person["orders"]:
                if brief["order_id"].endswith(digits):
                    who = person["customer_id"]
                    order_id = brief["order_id"]
                    return Conversation(shop, fixtures["now"], who, page_order_id=order_id)
        raise AssertionError(digits)

    return start


def order_of(shop: ShopApi, talk: Conversation) -> Any:
    return shop.order(talk.page_order_id or "")


def changes_of(shop: ShopApi, talk: Conversation) -> list[dict[str, Any]]:
    return shop.modifications(talk.page_order_id or "")


# cancelling


def test_a_paid_order_is_cancelled_once_with_amount_way_and_day(ending: Ending, shop: ShopApi) -> None:
    talk = ending("521064")
    said = talk.ask_order("取消订单", "cancel_order")
    assert "可以取消" in said and "是什么原因" in said
    said = talk.press("拍错了")
    assert "¥" in said and "微信支付" in said and "工作日到账" in said
    said = talk.press("确认")
    order = order_of(shop, talk)
    assert order["status"] == "refunding"
    assert "取消单号 X" in said and "前到账" in said
    (refund,) = shop.refunds(order["order_id"])
    assert refund["reason"] == "拍错了"
    assert talk.finding["promises"][0]["due_at"] == refund["expected_by"]
    again = talk.ask_order("取消订单", "cancel_order")
    assert "已经在退款" in again and "/undo_request" in talk.buttons
    assert len(shop.refunds(order["order_id"])) == 1


def test_the_reason_in_the_first_message_is_not_asked_for(ending: Ending, shop: ShopApi) -> None:
    talk = ending("523470")
    assert talk.ask_order("等太久了，不发我就取消", "cancel_order").endswith("现在取消吗？")
    assert "没有提交" in talk.reply("算了", "deny")
    assert order_of(shop, talk)["status"] == "unshipped"


def test_a_reason_of_the_customers_own_is_kept_in_their_words(ending: Ending, shop: ShopApi) -> None:
    talk = ending("532775")
    assert talk.ask_order("朋友已经送了一个，帮我取消订单", "cancel_order").endswith("现在取消吗？")
    talk.press("确认")
    assert "朋友已经送" in shop.refunds(talk.page_order_id or "")[0]["reason"]


def test_an_unpaid_order_needs_no_reason(ending: Ending, shop: ShopApi) -> None:
    talk = ending("535521")
    said = talk.ask_order("帮我取消", "cancel_order")
    assert "不会扣款" in said and said.endswith("现在取消吗？")
    said = talk.press("确认")
    assert "没有扣款" in said and "取消单号 X" in said
    assert order_of(shop, talk)["status"] == "cancelled"


def test_why_it_waits_is_told_before_cancelling(ending: Ending) -> None:
    said = ending("519628").ask_order("取消订单", "cancel_order")
    assert "因为" in said and "前发" in said


def test_money_is_paid_back_for_a_return_wished_before_dispatch(ending: Ending) -> None:
    assert "现在取消吗" in ending("513845").ask_order("不想要了退货", "request_return")


def test_a_shipped_order_has_two_ways_to_the_money(on_order: OnOrder) -> None:
    talk = on_order("order_shipped")
    said = talk.ask_order("不想要了，取消吧", "cancel_order")
    assert "拒收" in said and "7 天内" in said
    assert "/query_logistics" in talk.buttons
    assert not talk.transaction_active


# taking back


def test_a_cancellation_is_taken_back_once(ending: Ending, shop: ShopApi) -> None:
    talk = ending("531196")
    talk.ask_order("拍错了，取消订单", "cancel_order")
    talk.press("确认")
    said = talk.ask_order("还是要吧，恢复订单", "undo_request")
    assert "取消和退款一起撤回" in said and said.endswith("现在恢复吗？")
    said = talk.press("确认")
    assert "单号 D" in said and "前发出" in said
    assert order_of(shop, talk)["status"] == "unshipped"
    assert "没有在办的" in talk.ask_order("撤回", "undo_request")


def test_a_return_is_withdrawn_and_may_be_asked_for_again(ending: Ending, shop: ShopApi) -> None:
    talk = ending("382947")
    said = talk.ask_order("不退了", "undo_request")
    assert "退货" in said and "¥" in said
    said = talk.press("确认")
    assert "单号 D" in said
    assert shop.returns(talk.page_order_id or "")[0]["state"] == "withdrawn"
    assert order_of(shop, talk)["status"] == "delivered"


def test_an_exchange_is_withdrawn(ending: Ending, shop: ShopApi) -> None:
    talk = ending("386614")
    assert "换货" in talk.ask_order("不换了", "undo_request")
    assert "换货撤回好了" in talk.press("确认")


@pytest.mark.parametrize(
    ("digits", "words"), [("364715", "已经到仓库"), ("357209", "已经打出去"), ("480123", "没有在办的")]
)
def test_what_cannot_be_taken_back_says_why_and_leads_on(ending: Ending, digits: str, words: str) -> None:
    talk = ending(digits)
    said = talk.ask_order("撤回申请", "undo_request")
    assert words in said and digits[-4:] in said
    assert talk.buttons and not talk.transaction_active


def test_goods_sold_meanwhile_cannot_be_had_back(ending: Ending, shop: ShopApi) -> None:
    talk = ending("525803")
    talk.ask_order("拍错了取消", "cancel_order")
    talk.press("确认")
    other = order_of(shop, ending("524988"))
    line = {"line_id": other["lines"][0]["line_id"], "sku": "P119-2"}
    shop.file_for_order(other["order_id"], "modifications", {"line": line}, "taken")
    talk.ask_order("恢复订单", "undo_request")
    said = talk.press("确认")
    assert "刚卖完" in said and "退款照常走" in said
    assert "/query_refund_status" in talk.buttons


# changing


def test_an_address_in_the_first_message_is_restated_whole(ending: Ending, shop: ShopApi) -> None:
    talk = ending("526139")
    before = order_of(shop, talk)["recipient"]
    said = talk.ask_order("把地址改成浙江省杭州市西湖区文三路1号", "modify_order")
    assert "浙江省杭州市西湖区文三路1号" in said and before["name"] in said
    assert before["phone"] not in said and f"****{before['phone'][-4:]}" in said
    said = talk.press("确认")
    after = order_of(shop, talk)["recipient"]
    assert after == {**before, "province": "浙江省", "city": "杭州市", "district": "西湖区", "detail": "文三路1号"}
    assert changes_of(shop, talk)[0]["modification_id"] in said and "前发出" in said
    assert len(changes_of(shop, talk)) == 1
    assert "登记的就是" in talk.ask_order("把地址改成浙江省杭州市西湖区文三路1号", "modify_order")


@pytest.mark.parametrize("intent", ["modify_order", "inform", "nlu_fallback", "out_of_scope"])
def test_an_address_is_taken_under_any_intent_and_corrected(ending: Ending, intent: str) -> None:
    talk = ending("527361")
    assert "新地址" in talk.ask_order("地址填错了", "modify_order")
    said = talk.reply("江苏省苏州市吴中区星湖街328号 张三 13812349876", intent)
    assert "张三 138****9876，江苏省苏州市吴中区星湖街328号" in said
    assert "星湖街9号" in talk.reply("不对，是星湖街9号", "deny")
    assert "139****0000" in talk.reply("电话也改成13912340000", "modify_order")
    assert "张三" in talk.text and "星湖街9号" in talk.text


def test_only_the_street_keeps_the_city(ending: Ending, shop: ShopApi) -> None:
    talk = ending("527361")
    talk.ask_order("改地址", "modify_order")
    assert "四川省成都市武侯区文三路1号502" in talk.reply("文三路1号502", "inform")


def test_a_city_without_street_is_asked_on(ending: Ending) -> None:
    talk = ending("527361")
    assert "鄞州区收到了" in talk.ask_order("地址改为宁波市鄞州区", "modify_order")
    assert "浙江省宁波市鄞州区钱湖北路12号" in talk.reply("钱湖北路12号", "inform")


def test_what_was_left_out_is_added_to_the_address(ending: Ending) -> None:
    said = ending("527361").ask_order("地址没写楼号，补一下：9栋2单元", "modify_order")
    assert "天府二街 138 号 3 栋 2104 9栋2单元" in said


def test_phone_and_name_are_asked_for_one_at_a_time(ending: Ending, shop: ShopApi) -> None:
    talk = ending("536117")
    assert "要改哪一项" in talk.ask_order("我要改订单", "modify_order")
    assert "新手机号" in talk.press("手机号")
    assert "11 位" in talk.reply("1391234", "inform")
    assert "139****5678" in talk.reply("13912345678", "inform")
    talk.press("确认")
    assert order_of(shop, talk)["recipient"]["phone"] == "13912345678"
    assert "收件人改成谁" in talk.ask_order("收件人写错了", "modify_order")
    assert "李强 139****5678" in talk.reply("李强", "nlu_fallback")
    talk.press("确认")
    assert len(changes_of(shop, talk)) == 2


def test_a_change_that_is_called_off_files_nothing(ending: Ending, shop: ShopApi) -> None:
    talk = ending("529914")
    talk.ask_order("备注一下放门口，不用打电话", "modify_order")
    assert "放门口" in talk.text and talk.text.endswith("现在写上吗？")
    talk.reply("算了", "deny")
    assert changes_of(shop, talk) == []


def test_a_note_is_written_on_the_order(ending: Ending, shop: ShopApi) -> None:
    talk = ending("529914")
    assert "要备注什么" in talk.ask_order("想加个备注", "modify_order")
    assert "周末再送" in talk.reply("周末再送", "modify_order")
    assert "修改单号 M" in talk.press("确认")
    assert changes_of(shop, talk)[0]["note"] == "周末再送"


def test_a_question_in_between_is_not_taken_for_an_answer(ending: Ending) -> None:
    talk = ending("529914")
    talk.ask_order("改地址", "modify_order")
    assert talk.reply("运费怎么算", "ask_shipping_policy") == ""
    assert talk.transaction_active


def test_another_version_at_the_same_price(on_order: OnOrder, shop: ShopApi) -> None:
    talk = on_order("order_unshipped")
    assert "这些都有货" in talk.ask_order("颜色拍错了", "modify_order")
    assert "换成「米白 500 毫升」" in talk.reply("米白的", "inform")
    said = talk.press("确认")
    assert "修改单号 M" in said and "现在发「米白 500 毫升」" in said
    assert order_of(shop, talk)["lines"][0]["sku_text"] == "米白 500 毫升"


def test_a_version_named_at_once_keeps_the_rest(ending: Ending) -> None:
    said = ending("519628").ask_order("雾灰的换成黑色吧", "request_exchange")
    assert "「黑色" in said or "哪一款" in said


def test_a_version_that_is_sold_out_names_the_day_and_the_others(on_order: OnOrder) -> None:
    talk = on_order("order_unshipped")
    said = talk.ask_order("换成墨绿750毫升的", "modify_order")
    assert "没货" in said and "补货" in said


def test_another_price_is_said_with_both_prices(on_order: OnOrder) -> None:
    talk = on_order("order_price_dropped_unshipped")
    said = talk.ask_order("想换个颜色", "modify_order")
    assert "¥529" in said and "¥499" in said and "/cancel_order" in talk.buttons


def test_a_parcel_under_way_is_intercepted_once(on_order: OnOrder, shop: ShopApi) -> None:
    talk = on_order("order_shipped")
    said = talk.ask_order("已经发货了还能改地址吗，改成杭州市滨江区江南大道1号", "modify_order")
    assert "在路上" in said and "2 小时内答复" in said
    said = talk.press("确认")
    (wish,) = changes_of(shop, talk)
    assert wish["kind"] == "interception" and wish["modification_id"] in said and "前快递答复" in said
    assert talk.finding["promises"][0]["due_at"] == wish["answer_by"]
    again = talk.ask_order("改地址", "modify_order")
    assert wish["modification_id"] in again and not talk.transaction_active


@pytest.mark.parametrize(("words", "way"), [("换个颜色", "天内来找我"), ("备注放门口", "备注加不上")])
def test_version_and_note_of_a_parcel_under_way_lead_on(ending: Ending, words: str, way: str) -> None:
    talk = ending("417733")
    assert way in talk.ask_order(words, "modify_order")
    assert talk.buttons and not talk.transaction_active


def test_the_number_of_pieces_stays(ending: Ending) -> None:
    talk = ending("529914")
    assert "数量改不了" in talk.ask_order("数量多拍了一个，改成一件", "modify_order")
    assert "/cancel_order" in talk.buttons


def test_a_closed_order_is_not_changed(ending: Ending) -> None:
    talk = ending("403917")
    assert "改不了" in talk.ask_order("改地址", "modify_order")
    assert "/undo_request" in talk.buttons


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            "深圳南山区科技园R3栋506",
            {"province": "广东省", "city": "深圳市", "district": "南山区", "detail": "科技园R3栋506"},
        ),
        (
            "上海市浦东新区张江路88弄，谢谢",
            {"province": "上海市", "city": "上海市", "district": "浦东新区", "detail": "张江路88弄"},
        ),
        ("送到单位，地址是高新区科技路18号", {"district": "高新区", "detail": "科技路18号"}),
        ("文三路1号张三13812345678", {"detail": "文三路1号", "name": "张三", "phone": "13812345678"}),
        ("收件人：李强，电话139 1234 5678，江苏省昆山市", None),
        ("快递4号能到吗", None),
        ("我把东路写成西路了", None),
    ],
)
def test_addresses_are_read_by_plain_rules(words: str, expected: dict[str, str] | None) -> None:
    assert address_in(words, asked=False) == expected


def test_names_and_numbers_are_read_by_plain_rules() -> None:
    assert mobile_in("13812345678打不通，改成139-1234-5678") == "13912345678"
    assert mobile_in("20261120000311") is None
    assert named_in("收货人换成我对象名字 李强") == "李强"
    assert named_in("收件人改成我妈") is None
    assert bare_name_in("叫王小明就行") == "王小明"


# urging


def test_the_warehouse_is_urged_at_once_and_what_is_known_is_said(on_order: OnOrder, shop: ShopApi) -> None:
    talk = on_order("order_price_dropped_unshipped")
    said = talk.ask_order("怎么还不发货", "urge_order")
    assert "前发出" in said and "催单号 U" in said and "前给答复" in said
    assert not talk.transaction_active
    assert talk.finding["promises"][0]["due_at"]
    again = talk.ask_order("快点发", "urge_order")
    assert "还没到点" in again and again != said and "/cancel_order" in talk.buttons
    assert "第 2 次" in on_order("order_price_dropped_unshipped").ask_order("快点发", "urge_order")


def test_the_carrier_is_urged_with_reason_and_time(on_order: OnOrder) -> None:
    said = on_order("order_shipped").ask_order("快点送", "urge_order")
    assert "暴雨" in said and "优先派送" in said and "催单号 U" in said


@pytest.mark.parametrize(
    ("digits", "way"),
    [
        ("437519", "/report_delivery_problem"),
        ("403917", ""),
        ("408793", ""),
        ("534410", ""),
        ("428863", ""),
        ("470982", "/modify_order"),
    ],
)
def test_what_cannot_be_hurried_leads_on(ending: Ending, digits: str, way: str) -> None:
    talk = ending(digits)
    said = talk.ask_order("催一下", "urge_order")
    assert digits[-4:] in said and talk.buttons and not talk.transaction_active
    assert "催单号" not in said
    assert not way or way in talk.buttons


# as customers speak


def test_yes_in_the_words_of_the_wish_and_a_question_in_between(ending: Ending, shop: ShopApi) -> None:
    talk = ending("519628")
    restated = talk.ask_order("羽绒服不想要了，帮我取消", "cancel_order")
    assert "¥699" in restated
    assert "¥699" in talk.reply("等下 钱退到哪里 几天到？", "query_refund_status")
    assert "取消单号 X" in talk.reply("行吧取消", "cancel_order")
    assert order_of(shop, talk)["status"] == "refunding"


def test_wanting_it_after_all_gives_the_cancelling_up(ending: Ending, shop: ShopApi) -> None:
    talk = ending("523470")
    talk.ask_order("不想要了 取消", "cancel_order")
    assert "一切照旧" in talk.reply("啊我又想要了 能恢复吗", "undo_request")
    assert order_of(shop, talk)["status"] == "unshipped"


def test_waiting_too_long_is_a_reason_not_an_urge(ending: Ending) -> None:
    talk = ending("524988")
    assert "什么原因" in talk.ask_order("取消订单", "cancel_order")
    assert "现在取消吗" in talk.reply("等太久了", "urge_order")


def test_an_urge_that_waits_is_told_again(on_order: OnOrder) -> None:
    talk = on_order("order_shipped")
    first = talk.ask_order("催一下", "urge_order")
    number = first[first.index("U20") :][:15]
    again = talk.ask_order("催过了吗", "urge_order")
    assert number in again and "还没到点" in again
    assert number in talk.ask_order("到哪了", "query_logistics")


def test_a_lost_parcel_is_not_to_be_refused_at_the_door(ending: Ending) -> None:
    said = ending("428863").ask_order("不要了", "cancel_order")
    assert "拒收" not in said and "退款或补发" in said


def test_one_number_of_the_address_is_put_right(ending: Ending) -> None:
    talk = ending("523470")
    talk.ask_order("地址改成上海市浦东新区张江路88号3栋201，李四收 13700001111", "modify_order")
    assert "张江路88号3栋202" in talk.reply("门牌错了 是202", "modify_order")
    assert "张江路88号5栋202" in talk.reply("不对 5栋", "inform")
    talk.reply("不对 整个都错了", "inform")
    said = talk.reply("江苏省苏州市姑苏区人民路10号", "inform")
    assert "苏州市" in said and "李四 137****1111" in said


def test_talk_about_an_address_is_no_address() -> None:
    assert address_in("扫地机那单地址门牌号写错了 应该是8栋", asked=False) is None


def test_the_versions_are_the_answer_to_which_colours(ending: Ending) -> None:
    talk = ending("531196")
    talk.ask_order("箱子我想换个颜色", "modify_order")
    assert "能换的是这几款" in talk.reply("有啥颜色", "ask_product_info")


def test_a_time_for_a_parcel_under_way_is_told_to_the_carrier(ending: Ending) -> None:
    said = ending("490318").ask_order("手机能不能晚两天送", "modify_order")
    assert "95338" in said and "手机号" not in said
