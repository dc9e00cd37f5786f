"""Words that point at an order instead of naming it: 第二个, 最近那单, 刚才那单, 另一单呢, 那个呢."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from actions.order_choice import Choice, fits, means_another_order, mentioned
from actions.shop_types import Order

PLACE, NEWEST, OLDEST, SPOKEN_OF, ANOTHER = "place", "newest", "oldest", "spoken_of", "another"
_UNIT = r"(?:一?(?:个|笔|条|件|张)?(?:订单|单子?)|一?(?:个|笔|条))"
_NUMBERS = {"一": 0, "1": 0, "二": 1, "2": 1, "两": 1, "三": 2, "3": 2, "四": 3, "4": 3, "五": 4, "5": 4}
_PLACE = re.compile(rf"第\s*([一二两三四五1-5])\s*{_UNIT}")
_LAST_PLACE = re.compile(rf"(?:最后|最下面的?|末尾|最底下的?)那?{_UNIT}")
_NEWEST = re.compile(rf"(?:最近|最新|最上面|刚刚?(?:买|下|拍)|刚才(?:买|下单|拍))的?那?{_UNIT}")
_OLDEST = re.compile(rf"(?:最早|最老|最旧|最先)(?:买|下|拍)?的?那?{_UNIT}")
_SPOKEN_OF = re.compile(rf"(?:刚才|刚刚|前面|上面|之前)(?:说|问|查|看)?(?:的|过的)?(?:那|这){_UNIT}")
_ANOTHER = re.compile(rf"(?:另外?|别的|其他的?|其它的?|剩下的?|还有)(?:那|的)?{_UNIT}|那{_UNIT}(?=呢|[吗嘛啊呀？?]*$)")
# What may stand around a pointing word without making the message a wish of its own.
_FILLER = re.compile(
    r"[\s，,。.！!？?～~、]|^(?:那么|那|哦|噢|嗯|好的?|对了|还有)|我的?|想|要|问|再|也|帮|查|看|说|是|下|一下|一样|的|不对|不是|说错|搞错|弄错|选错|错了|呢|吗|嘛|啊|呀|吧|了|怎么样|怎样|情况"
)

_STATES: dict[str, tuple[str, ...]] = {
    r"(没|未|待|不)付款": ("pending_payment",),
    r"(没|未|待|不)发(货|出)": ("unshipped",),
    r"(在|半)路上|运输|(没|未)到|派送": ("shipped",),
    r"签收|收到了|(?<![款钱])到了|完成": ("delivered", "completed"),
    r"退款|在退": ("refunding", "refunded"),
    r"取消": ("cancelled",),
}


@dataclass(frozen=True)
class Reference:
    """What the words point at; `place` counts from 0, -1 is the last."""

    kind: str
    place: int = 0
    words: str = ""


def reference_in(words: str) -> Reference | None:
    """The pointing words of a message, or None."""
    place = _PLACE.search(words)
    if place:
        return Reference(PLACE, _NUMBERS[place[1]], place[0])
    for kind, pattern, number in (
        (PLACE, _LAST_PLACE, -1),
        (NEWEST, _NEWEST, 0),
        (OLDEST, _OLDEST, -1),
        (SPOKEN_OF, _SPOKEN_OF, 0),
        (ANOTHER, _ANOTHER, 0),
    ):
        found = pattern.search(words)
        if found:
            return Reference(kind, number, found[0])
    return Reference(ANOTHER) if means_another_order(words) else None


def points_at_order(words: str, goods: Iterable[str] = ()) -> bool:
    """Whether pointing words mean an order for sure: they say 单, or the message says nothing else."""
    reference = reference_in(words)
    says_order = reference is not None and (not reference.words or re.search(r"单子?$", reference.words) is not None)
    return says_order or only_points(words, goods)


def only_points(words: str, goods: Iterable[str] = ()) -> bool:
    """Whether a message does nothing but point at an order (那另一单呢, 那个耳机呢), so that the last topic goes on."""
    reference = reference_in(words)
    rest = words.replace(reference.words, "") if reference and reference.words else words
    named = False
    for name in goods:
        named = named or name in rest
        rest = rest.replace(name, "")
    if reference is None and not (named and re.search(r"那|呢|还有", words)):
        return False
    rest = re.sub(r"(?:那|这)(?:一?[个单笔件双台条])?", "", rest)
    return len(_FILLER.sub("", rest)) == 0


def pointed_at(
    orders: Sequence[Order], topic: str, words: str, *, focus_order_id: str | None, listed: Sequence[str] = ()
) -> Choice | None:
    """The order the pointing words mean, or those to choose from; None when the message does not point.

    `listed` are the orders last shown to choose from; a place in that list is meant before one among all orders.
    Goods named beside the pointing words (另一个耳机) narrow first.
    """
    reference = reference_in(words)
    if reference is None:
        return None
    by_id = {order["order_id"]: order for order in orders}
    shown = [by_id[order_id] for order_id in listed if order_id in by_id]
    named = mentioned(list(orders), words) if reference.kind == SPOKEN_OF else []
    if len(named) == 1:
        return Choice(named[0]["order_id"])  # 刚才那个音箱
    if reference.kind == SPOKEN_OF:
        return Choice(focus_order_id) if focus_order_id in by_id else None
    if reference.kind == ANOTHER:
        return _another(mentioned(list(orders), words) or shown or list(orders), orders, topic, focus_order_id)
    if reference.kind == PLACE:
        pool = shown or list(orders)
        found = pool[reference.place] if -1 <= reference.place < len(pool) else None
        return Choice(found["order_id"]) if found else None
    fitting = [] if reference.kind == OLDEST else [order for order in orders if fits(order, topic)]
    pool = fitting or list(orders)
    return Choice(pool[reference.place]["order_id"]) if pool else None


def described(orders: Sequence[Order], words: str) -> str | None:
    """The one order of a list that the words describe by its state or amount: 没发货的那个, 399 的."""
    amounts = [int(number) for number in re.findall(r"(?<!\d)\d{1,6}(?!\d)", words)]
    found = [order for order in orders if order["amount_fen"] // 100 in amounts]
    if not found:
        states = [state for pattern, names in _STATES.items() if re.search(pattern, words) for state in names]
        found = [order for order in orders if order["status"] in states]
    return found[0]["order_id"] if len(found) == 1 else None


def listed_before(events: Iterable[Mapping[str, Any]]) -> list[str]:
    """The order numbers of the last list the bot has shown, [] without one."""
    numbers: list[str] = []
    for event in events:
        card = ((event.get("data") or {}).get("custom") or {}).get("card") or {}
        if event.get("event") == "bot" and card.get("type") == "order_list":
            numbers = [str(item["order_id"]) for item in card["orders"]]
    return numbers


def _another(pool: Sequence[Order], orders: Sequence[Order], topic: str, focus_order_id: str | None) -> Choice | None:
    others = [order for order in pool if order["order_id"] != focus_order_id]
    others = others or [order for order in orders if order["order_id"] != focus_order_id]
    fitting = [order for order in others if fits(order, topic)]
    certain = others if len(others) == 1 else fitting
    if len(certain) == 1:
        return Choice(certain[0]["order_id"])
    return Choice(None, tuple((fitting or others)[:5]), fits=bool(fitting)) if others else None
