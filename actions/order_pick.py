"""Which order a message of a signed customer means, or the list to show: pointing words first, then everything else."""

from __future__ import annotations

import re

from actions.context import Turn, order_tail_in
from actions.order_choice import (
    DEFAULT_TOPIC,
    FITTING_STATES,
    MAX_LISTED,
    PROGRESS,
    Choice,
    choose,
    fits,
    goods_word_in,
    mentioned,
    with_invoice,
)
from actions.references import described, only_points, pointed_at, points_at_order
from actions.shop_types import Order

CLAUSES = re.compile(r"[，,。！!？?；;、\s]+|还有|对了|另外")
SENDING = r"发货|快递|物流|包裹|派送|送"
BY_STATE = re.compile(r"(取消|退款|退|没付款|没发货|签收|在路上|完成)了?的?那?(一|个)?(订单|单|笔)|(取消|退)了的那?个")
ABOUT_ALL = (DEFAULT_TOPIC, "query_logistics")
# 我的订单都啥情况: more than one is meant. 都什么时候了 is only impatience.
ALL = re.compile(
    r"都(有|是)?(哪些|啥(?!时候)|什么(?!时候)|到哪|咋样|怎么样)|(所有|全部)的?(订单|快递|包裹|单)|(哪些|[几两三]个)(订单|快递|包裹)"
)


def continued(turn: Turn, topic: str) -> str:
    """The topic of the last answer when the message only points at another order (那另一单呢), else `topic`."""
    earlier = turn.focus_topic
    if turn.requested_slot is None and earlier in FITTING_STATES and only_points(turn.text, goods_of(turn)):
        return earlier
    return topic


def asks_about_all(turn: Turn, topic: str) -> bool:
    """Whether the message asks about several orders at once."""
    return topic in ABOUT_ALL and ALL.search(turn.text) is not None


def goods_of(turn: Turn) -> tuple[str, ...]:
    """The goods the message names."""
    return turn.entities.get("product", ())


def choice_of(turn: Turn, topic: str, orders: list[Order], listed: list[str] | None = None) -> Choice:
    """The order the message means, or the list to show; `listed` are the orders shown last."""
    focus = turn.focus_order_id if turn.focus_page_order_id == turn.page_order_id else None
    orders = with_invoice(orders, topic, turn.text)
    rules = (_settled, _pointed, _all_of_them, _of_no_order, _one_of_several)
    said = next((choice for choice in (rule(turn, topic, orders, listed or []) for rule in rules) if choice), None)
    if said is not None:
        return said
    choice = choose(
        orders,
        topic,
        turn.text,
        page_order_id=turn.page_order_id,
        focus_order_id=focus,
        order_tail=order_tail_in(turn.text, asked=False),
    )
    # 退款到了积分没退: of several that fit, the words describe one.
    found = described(choice.listed, turn.text) if choice.fits else None
    return Choice(found) if found else choice


def _settled(turn: Turn, topic: str, orders: list[Order], listed: list[str]) -> Choice | None:
    order_id = _by_its_state(orders, turn.text) or _urged_in_focus(turn, topic, orders)
    return Choice(order_id) if order_id else None


def _pointed(turn: Turn, topic: str, orders: list[Order], listed: list[str]) -> Choice | None:
    """第二个, 刚才那单, 另一单呢."""
    if not points_at_order(turn.text, goods_of(turn)):
        return None
    meant = pointed_at(orders, topic, turn.text, focus_order_id=turn.focus_order_id, listed=listed)
    named = mentioned(orders, turn.text) if meant is None else []
    return Choice(named[0]["order_id"]) if len(named) == 1 else meant


def _all_of_them(turn: Turn, topic: str, orders: list[Order], listed: list[str]) -> Choice | None:
    """我的订单都啥情况."""
    if not asks_about_all(turn, topic) or mentioned(orders, turn.text):
        return None
    shown = [order for order in orders if topic == DEFAULT_TOPIC or fits(order, topic)][:MAX_LISTED]
    return Choice(None, tuple(shown)) if len(shown) > 1 else None


def _of_no_order(turn: Turn, topic: str, orders: list[Order], listed: list[str]) -> Choice | None:
    """鞋子不想要了 is never said of the headphones spoken of before: the list, when no order holds such goods."""
    goods = goods_word_in(turn.text)
    if not goods or mentioned(orders, turn.text) or order_tail_in(turn.text, asked=False):
        return None
    fitting = [order for order in orders if fits(order, topic)]
    return Choice(None, tuple((fitting or orders)[:MAX_LISTED]), fits=bool(fitting), foreign=goods)


def _by_its_state(orders: list[Order], words: str) -> str | None:
    """取消了的那单呢: the only order in the state that the pointing words name."""
    pointed = BY_STATE.search(words)
    return described(orders, pointed[0]) if pointed and not mentioned(orders, words) else None


def _urged_in_focus(turn: Turn, topic: str, orders: list[Order]) -> str | None:
    """那帮我催催 after the progress of a refund, a return or a claim: that one, not a parcel of another order."""
    here = [order["order_id"] for order in orders if order["order_id"] == turn.focus_order_id]
    waits = topic == "urge_order" and turn.focus_topic in PROGRESS and not re.search(SENDING, turn.text)
    return here[0] if waits and here and not mentioned(orders, turn.text) else None


def _one_of_several(turn: Turn, topic: str, orders: list[Order], listed: list[str]) -> Choice | None:
    """音箱那单取消，精华液那单退款到哪了: the order this wish is about, when each clause names another one."""
    named: dict[str, Order] = {}
    for clause in CLAUSES.split(turn.text):
        named |= {order["order_id"]: order for order in mentioned(orders, clause)}
    fitting = [order_id for order_id, order in named.items() if fits(order, topic)]
    if len(named) < 2 or len(fitting) < 2:
        return Choice(fitting[0]) if len(named) > 1 and fitting else None
    brought_up = bool(turn.message_id) and (turn.slots.get("asked") or {}).get("message_id") == turn.message_id
    others = [order_id for order_id in fitting if order_id != turn.focus_order_id]
    return Choice(others[0]) if brought_up and len(others) == 1 else None


def picked(turn: Turn, topic: str, orders: list[Order], listed: list[str]) -> str | None:
    """The order an answer to the list names: by place, by pointing, by goods, by number, by state or amount."""
    shown = [order for order in orders if order["order_id"] in listed] or list(choose(orders, topic, "").listed)
    numbers = [order["order_id"] for order in shown]
    meant = pointed_at(shown, topic, turn.text, focus_order_id=turn.focus_order_id, listed=numbers)
    if meant is not None:
        return meant.order_id
    by_goods = choose(orders, topic, turn.text, order_tail=order_tail_in(turn.text, asked=True)).order_id
    return by_goods or described(shown, turn.text)
