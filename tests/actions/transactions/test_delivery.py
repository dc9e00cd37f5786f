"""A parcel that does not come: what the track says, where to look, ways with times, and one search by the carrier."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from actions.shop_api import ShopApi
from actions.transactions.delivery import named_reason
from actions.words import deadline, parse_time
from tests.actions.conversation import Conversation

OnPage = Callable[[str], Conversation]
PROBLEM = "report_delivery_problem"
# Orders of the demo data by what happens to their parcel.
WEATHER, ADDRESS, LOST, REFUSED, STUCK = (
    "order_shipped",
    "470982",
    "428863",
    "453392",
    "415586",
)
SPLIT, ON_ITS_WAY, DELIVERED = "402651", "417733", "order_delivered"


@pytest.fixture
def on_page(shop: ShopApi, fixtures: dict[str, Any], number_of: Callable[[str], str]) -> OnPage:
    """A conversation of the owner of an order, by name or by the end of its number."""

    def start(name: str) -> Conversation:
        order = shop.order(number_of(name))
        return Conversation(shop, fixtures["now"], order["customer_id"], page_order_id=order["order_id"])

    return start


def traces(shop: ShopApi, talk: Conversation) -> list[dict[str, Any]]:
    """What the shop holds for the order."""
    return shop.traces(talk.page_order_id or "")


def titles(talk: Conversation) -> list[str]:
    return [button["title"] for message in talk.said for button in message["buttons"]]


# --- the track first, then one question


def test_delivered_but_not_received_hears_the_track_where_to_look_and_one_question(on_page: OnPage) -> None:
    talk = on_page(DELIVERED)
    said = talk.ask_order("显示签收了但我没收到", PROBLEM)
    assert "15:20 已签收" in said
    for place in ("家门口", "快递柜", "驿站", "门卫", "家人", "13868112207"):
        assert place in said
    assert said.endswith("24 小时内给答复。现在查吗？")
    assert talk.cards[0]["type"] == "logistics"


def test_a_parcel_on_its_way_hears_where_it_is_and_when_it_comes(on_page: OnPage) -> None:
    said = on_page(ON_ITS_WAY).ask_order("我的包裹有问题", PROBLEM)
    assert "无锡转运中心" in said
    assert "预计明天" in said


def test_who_was_treated_rudely_hears_no_track(on_page: OnPage) -> None:
    said = on_page(ON_ITS_WAY).ask_order("快递员态度恶劣", PROBLEM)
    assert "不应该" in said and "转运中心" not in said
    assert said.endswith("现在报吗？")


def test_the_reason_is_asked_only_when_the_words_do_not_tell(on_page: OnPage) -> None:
    talk = on_page(ON_ITS_WAY)
    assert "是哪种情况？" in talk.ask_order("我的包裹有问题", PROBLEM)
    assert "物流一直不动" in titles(talk)
    assert "卡在了哪一站" in talk.press("物流一直不动")
    delivered = on_page(DELIVERED)
    delivered.ask_order("这个包裹有问题", PROBLEM)
    assert "物流一直不动" not in titles(delivered)


# --- ways with times for a parcel that is held up


def test_a_parcel_held_up_is_offered_an_urge_a_search_and_the_money(on_page: OnPage, shop: ShopApi) -> None:
    talk = on_page(WEATHER)
    said = talk.ask_order("包裹卡在杭州不动了", PROBLEM)
    assert "暴雨" in said
    assert "2 小时内答复" in said
    assert "24 小时内查清" in said
    assert talk.buttons == ["/urge_order", f"/{PROBLEM}", "/cancel_order"]
    assert not talk.transaction_active
    assert "现在查吗？" in talk.ask_order("发起查件", PROBLEM)
    said = talk.press("确认")
    (filed,) = traces(shop, talk)
    assert (filed["reason"], filed["detail"]) == ("no_update", "")
    assert filed["trace_id"] in said


def test_an_address_that_cannot_be_found_can_be_changed(on_page: OnPage) -> None:
    talk = on_page(ADDRESS)
    assert "缺少门牌号" in talk.ask_order("一直不动", PROBLEM)
    assert talk.buttons[:2] == ["/modify_order", f"/{PROBLEM}"]


@pytest.mark.parametrize(
    ("name", "words", "said"),
    [
        (LOST, "快递丢了吧", "疑似丢失"),
        (REFUSED, "我没拒收啊怎么退回去了", "要求重新送"),
        (STUCK, "五天没更新了", "已经 6 天没有新进展"),
        (SPLIT, "一直没更新", "运单尾号 1673"),
    ],
)
def test_where_only_a_search_helps_it_is_what_is_asked(on_page: OnPage, name: str, words: str, said: str) -> None:
    talk = on_page(name)
    assert said in talk.ask_order(words, PROBLEM)
    assert talk.text.endswith("现在查吗？")


# --- changing one's mind


def test_the_reason_can_be_corrected_before_the_yes(on_page: OnPage) -> None:
    talk = on_page(ON_ITS_WAY)
    talk.ask_order("我没收到", PROBLEM)
    assert "您的原话" in talk.reply("不对，是快递员不肯送上楼", PROBLEM)


def test_giving_up_files_nothing(on_page: OnPage, shop: ShopApi) -> None:
    talk = on_page(ON_ITS_WAY)
    talk.ask_order("我没收到", PROBLEM)
    assert "没有提交" in talk.press("先不用")
    assert traces(shop, talk) == []


def test_another_question_in_between_is_left_to_rasa(on_page: OnPage) -> None:
    talk = on_page(DELIVERED)
    talk.ask_order("没收到货", PROBLEM)
    assert talk.reply("能开发票吗", "request_invoice") == ""
    assert talk.transaction_active


# --- filed


def test_a_search_has_number_time_and_what_happens_to_a_lost_parcel(
    on_page: OnPage, shop: ShopApi, fixtures: dict[str, Any]
) -> None:
    talk = on_page(DELIVERED)
    talk.ask_order("显示签收了但我没收到", PROBLEM)
    said = talk.reply("好的", "affirm")
    (filed,) = traces(shop, talk)
    now = parse_time(fixtures["now"])
    assert (filed["reason"], filed["detail"]) == ("not_received", "显示签收了但我没收到")
    assert filed["trace_id"] in said
    assert deadline(parse_time(filed["answer_by"]), now) in said
    assert "补发还是退款您选" in said
    assert filed["answer_by"] in [item["due_at"] for item in talk.finding["promises"]]
    assert talk.finding["logistics"]["tracking_number"] == filed["tracking_number"]


def test_said_twice_makes_one_search(on_page: OnPage, shop: ShopApi) -> None:
    talk = on_page(DELIVERED)
    (filed,) = traces(shop, talk)
    said = talk.ask_order("还是没找到我的快递", PROBLEM)
    assert filed["trace_id"] in said
    assert "前给答复" in said
    assert not talk.transaction_active
    assert traces(shop, talk) == [filed]


def test_a_search_that_was_not_answered_in_time_brings_a_person(
    on_page: OnPage, shop: ShopApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = on_page(DELIVERED)
    late = {**traces(shop, talk)[0], "answer_by": "2026-01-01T00:00:00Z"}
    monkeypatch.setattr(shop, "traces", lambda order_id: [late])
    said = talk.ask_order("还是没收到", PROBLEM)
    assert late["trace_id"] in said
    assert "/request_human" in talk.buttons


# --- nothing to search


@pytest.mark.parametrize(
    ("name", "words", "button"),
    [
        ("order_unshipped", "还没发出", "/urge_order"),
        ("530047", "还没付款", None),
        ("408793", "已经取消", None),
        ("order_refunding", "的退款", None),
    ],
)
def test_without_a_parcel_the_state_of_the_order_is_told(
    on_page: OnPage, name: str, words: str, button: str | None
) -> None:
    talk = on_page(name)
    assert words in talk.ask_order("快递一直没动静", PROBLEM)
    assert talk.buttons
    assert button is None or button in talk.buttons


# --- reading the customer's words


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("快递显示签收没收到东西", "not_received"),
        ("柜子空的，码输进去打开什么都没有", "not_received"),
        ("包裹被别人拿走了", "not_received"),
        ("物流三天没更新了", "no_update"),
        ("中转站停了四天没走", "no_update"),
        ("快递送错地方了，送到隔壁小区", "wrong_place"),
        ("没经我同意就放超市了", "wrong_place"),
        ("显示拒收，可我从来没拒收过", "refused_by_mistake"),
        ("快递员态度特别差，还骂我", "courier"),
        ("不给送上楼", "courier"),
        ("包裹有问题", None),
    ],
)
def test_the_reason_is_read_from_the_words(words: str, reason: str | None) -> None:
    assert named_reason(words) == reason


# --- yes in words of its own


@pytest.mark.parametrize(
    ("words", "intent"), [("家里人都问了没有", PROBLEM), ("都没有", "deny"), ("查吧", "query_logistics")]
)
def test_who_has_looked_already_wants_the_search(on_page: OnPage, shop: ShopApi, words: str, intent: str) -> None:
    talk = on_page({PROBLEM: "386614", "deny": "395523"}.get(intent, "385102"))
    talk.ask_order("显示签收了但我没收到", PROBLEM)
    assert "查件单号 W" in talk.reply(words, intent)
    assert len(traces(shop, talk)) == 1
