"""Which order a customer means: pure rules over their orders, the page, and the words of the message."""

from __future__ import annotations

import re
from dataclasses import dataclass

from actions.shop_types import Order
from actions.texts import text

MAX_LISTED = 5
DEFAULT_TOPIC = "query_order_status"
# A product word shorter than this says too little to tell two orders apart.
WORD_LENGTH = 2

OPEN = ("pending_payment", "unshipped", "shipped", "refunding")
RECEIVED = ("delivered", "completed")
PROGRESS = ("query_refund_status", "query_after_sales_progress")
FITTING_STATES: dict[str, tuple[str, ...]] = {
    "query_order_status": OPEN,
    "urge_order": ("unshipped", "shipped"),
    "modify_order": ("pending_payment", "unshipped", "shipped"),
    "cancel_order": ("pending_payment", "unshipped", "shipped"),
    "undo_request": ("refunding", "cancelled"),
    "query_logistics": ("shipped",),
    "report_delivery_problem": ("shipped", "delivered"),
    "request_return": RECEIVED,
    "request_exchange": RECEIVED,
    "query_refund_status": ("refunding", "refunded"),
    "query_after_sales_progress": ("refunding",),
    "report_damaged_item": RECEIVED,
    "report_wrong_item": RECEIVED,
    "report_quality_issue": RECEIVED,
    "request_invoice": ("shipped", *RECEIVED),
    "report_points_issue": (*RECEIVED, "refunded", "cancelled"),
    "ask_price_protection": ("unshipped", "shipped", *RECEIVED),
}
# What can be had instead for the order spoken of (actions/transactions/registry.py), so nobody is led to another one.
ALSO_IN_FOCUS: dict[str, tuple[str, ...]] = {
    "cancel_order": RECEIVED,
    "modify_order": RECEIVED,
    "request_return": OPEN,
    "request_exchange": OPEN,
    "urge_order": ("refunding",),
}
_MEASURES = "双只块个台部件条张把顶瓶盒套箱本袋"
_ANOTHER = re.compile(
    r"另外?一?个?(订?单)|别的(那?个?)订?单|其他订?单|不是这(一|个)?(单|订单)|换一?(个订)?单(?!位)|(选|弄|搞)错(了)?订?单(?!位)"
)
_INVOICE_THERE = re.compile(
    r"(抬头|税号|发票|名称).{0,4}(错|不对|有误|改|换)|开错|重开|(发票|票).{0,3}开(了|好)|没收到发票"
)
_ORDINALS = {"一": 0, "1": 0, "二": 1, "2": 1, "两": 1, "三": 2, "3": 2, "四": 3, "4": 3, "五": 4, "5": 4}


@dataclass(frozen=True)
class Choice:
    """Either one order, or those to choose from; `fits` is False when none of them suits the topic."""

    order_id: str | None
    listed: tuple[Order, ...] = ()
    fits: bool = True
    foreign: str = ""  # goods the customer names that no order holds


def choose(
    orders: list[Order],
    topic: str,
    words: str,
    *,
    page_order_id: str | None = None,
    focus_order_id: str | None = None,
    order_tail: str | None = None,
) -> Choice:
    """The order a message without a number means.

    The end of an order number, else product words narrow first. Then the order spoken of last on this page if it
    fits, the
    order on the page, the only order that fits the topic, and the one spoken of last. Otherwise a list, newest first.
    """
    named = [order for order in orders if order_tail and order["order_id"].endswith(order_tail)]
    named = named or mentioned(orders, words)
    pool = named or orders
    fitting = [order for order in pool if fits(order, topic)]
    page_is_theirs = any(order["order_id"] == page_order_id for order in pool)
    in_focus = [order for order in pool if order["order_id"] == focus_order_id]
    if any(order in fitting or order["status"] in ALSO_IN_FOCUS.get(topic, ()) for order in in_focus):
        return Choice(focus_order_id)
    if page_is_theirs:
        return Choice(page_order_id)
    # Whoever asks where the money is means the one that has not come.
    waiting = [order for order in fitting if order["status"] == "refunding"] if topic in PROGRESS else []
    if len(fitting) == 1 or len(waiting) == 1:
        return Choice((waiting or fitting)[0]["order_id"])
    if any(order["order_id"] == focus_order_id for order in pool):
        return Choice(focus_order_id)
    if len(named) == 1:
        return Choice(named[0]["order_id"])
    return Choice(None, tuple((fitting or pool)[:MAX_LISTED]), fits=bool(fitting))


def with_invoice(orders: list[Order], topic: str, words: str) -> list[Order]:
    """抬头开错了: only an invoice that there is can be wrong."""
    if topic != "request_invoice" or not _INVOICE_THERE.search(words):
        return orders
    named = mentioned(orders, words) or orders
    return [order for order in named if order["invoice"]["state"] != "none"] or orders


def means_another_order(words: str) -> bool:
    """不对，是另一单: the customer means an order other than the one spoken of."""
    return bool(_ANOTHER.search(words))


def fits(order: Order, topic: str) -> bool:
    """Whether a topic makes sense for an order in its state."""
    if topic in PROGRESS and (order["return_ids"] or order["refund_ids"]):
        return True
    if topic == "undo_request" and order["return_ids"] and order["status"] in RECEIVED:
        return True
    return order["status"] in FITTING_STATES.get(topic, OPEN)


def mentioned(orders: list[Order], words: str) -> list[Order]:
    """The orders whose goods the words name best, [] when they name none."""
    scores = [(max((overlap(line["title"], words) for line in order["lines"]), default=0), order) for order in orders]
    best = max((score for score, _ in scores), default=0)
    return [order for score, order in scores if score == best] if best else _by_last_character(orders, words)


def names(title: str, words: str) -> bool:
    """Whether the words name goods of this title: 保温杯, 杯子."""
    return bool(overlap(title, words)) or f"{title[-1:]}子" in words


def goods_word_in(words: str) -> str:
    """What kind of goods the words name (鞋子, 洗衣机), "" for none: 东西 and 包裹 may be anything."""
    found = re.search(text("order_form.goods_words"), words)
    return found[0] if found else ""


def _by_last_character(orders: list[Order], words: str) -> list[Order]:
    """那双鞋, 我那表, 鞋子: one character counts behind a measure word or a pointing one, or with 子."""
    named = re.findall(rf"[那这][{_MEASURES}]([\u4e00-\u9fff])", words)
    named += re.findall(r"(?:我那|我的|我这|买的)([\u4e00-\u9fff])(?![裹装\u5b50])", words)
    named += re.findall(r"([\u4e00-\u9fff])子", words)
    named += [goods_word_in(words).removesuffix("子")]
    named += re.findall(r"^[那这]?([\u4e00-\u9fff])(?:呢|$|不想要|想退|能退|能换|坏|小了|大了|开胶)", words.strip())
    return [order for order in orders if any(line["title"][-1:] in named for line in order["lines"])]


def overlap(title: str, words: str) -> int:
    """Length of the longest run of the title that the words contain; 0 below two Chinese characters."""
    chinese = re.findall(r"[\u4e00-\u9fff]+", title)
    longest = 0
    for run in chinese:
        for start in range(len(run)):
            for end in range(start + max(longest + 1, WORD_LENGTH), len(run) + 1):
                if run[start:end] not in words:
                    break
                longest = end - start
    return longest


def ordinal_in(words: str) -> int | None:
    """第二个 -> 1, 最近那单 -> 0; None when the words name no place in the list."""
    place = re.search(r"第\s*([一二两三四五1-5])\s*[个单笔条件]", words)
    if place:
        return _ORDINALS[place[1]]
    return 0 if re.search(r"最近|最新|最上面|刚(买|下)", words) else None
