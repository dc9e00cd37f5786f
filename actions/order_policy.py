"""A question about the rules, asked with an order at hand, answered for that order: warranty and shipping."""

from __future__ import annotations

import calendar
import logging
import re
from datetime import datetime

from actions.answer import Answer, Button, Reply, button, fact, finding, human, slowest, title_of
from actions.context import Turn
from actions.known_order import known_order
from actions.offers import buttons_for
from actions.orders import dispatch_of, order_card
from actions.policies import facts_of, policy
from actions.shop_api import NotFoundError, ShopApi, ShopError
from actions.shop_types import Order, Shipment
from actions.texts import shown, text
from actions.words import SHANGHAI, day, days_between, deadline, money, parse_time, tail

logger = logging.getLogger(__name__)

FOR_AN_ORDER = ("ask_warranty", "ask_shipping_policy")
ON_THE_WAY = ("unshipped", "shipped")
RECEIVED = ("delivered", "completed")


def answer_for_order(shop: ShopApi, turn: Turn) -> Answer | None:
    """The answer for the order at hand; None when there is none, the rule says it all, or the shop does not answer.

    Blocking.
    """
    if turn.intent not in FOR_AN_ORDER:
        return None
    try:
        return _for_order(shop, turn)
    except ShopError as error:
        logger.warning("message %s hears the rule without its order: %s", turn.message_id, error)
        return None


def _for_order(shop: ShopApi, turn: Turn) -> Answer | None:
    order = known_order(shop, turn)
    if order is None:
        return None
    if turn.intent == "ask_warranty" and order["status"] in (*ON_THE_WAY, *RECEIVED):
        return _warranty(shop, turn, order)
    if turn.intent == "ask_shipping_policy" and order["status"] in ON_THE_WAY:
        return _shipping(shop, turn, order)
    return None


def warranty_end(received: datetime, months: int) -> datetime:
    """The last moment of the warranty's last day in Shanghai, a month's last day when the month is shorter."""
    start = received.astimezone(SHANGHAI)
    year, month = divmod(start.month - 1 + months, 12)
    year, month = start.year + year, month + 1
    last = min(start.day, calendar.monthrange(year, month)[1])
    return start.replace(year=year, month=month, day=last, hour=23, minute=59, second=59, microsecond=0)


def warranty_words(order: Order, months: dict[str, int | None], now: datetime) -> str:
    """How long each of the goods is covered, by product id."""
    titles: dict[int, list[str]] = {}
    for line in order["lines"]:
        titles.setdefault(months.get(line["product_id"]) or 0, []).append(line["title"])
    lines = [_covered(shown(list(dict.fromkeys(names))), order, count, now) for count, names in titles.items()]
    return text("order_policy.about", tail=tail(order["order_id"])) + "\n".join(lines)


def within_quality_days(order: Order, now: datetime) -> bool:
    """Whether a fault still means a return or an exchange instead of a repair."""
    received = order["delivered_at"]
    return received is not None and days_between(parse_time(received), now) <= int(policy("returns.quality_days"))


def shipping_words(order: Order, shipment: Shipment | None, now: datetime) -> str:
    """What this order's sending cost, who carries it, and when it leaves or arrives."""
    freight = order["freight_fen"]
    words = text("order_policy.about", tail=tail(order["order_id"]))
    words += text("order_policy.freight" if freight else "order_policy.freight_free", freight=money(freight))
    if shipment is not None:
        words += text("order_policy.carrier", carrier=shipment["carrier"]["name"])
        if shipment["eta"] and parse_time(shipment["eta"]) > now:
            words += text("logistics.eta", eta=deadline(parse_time(shipment["eta"]), now))
        return words
    plan = dispatch_of(order, now)
    if plan.ship_at and not plan.overdue:
        words += text("order_policy.ship_at", ship_at=deadline(plan.ship_at, now))
    return words


def _covered(title: str, order: Order, months: int, now: datetime) -> str:
    if not months:
        over = order["delivered_at"] is not None and not within_quality_days(order, now)
        key = "no_warranty_over" if over else "no_warranty"
        return text(f"order_policy.{key}", title=title, quality_days=facts_of("returns")["quality_days"])
    if order["delivered_at"] is None:
        return text("order_policy.warranty_ahead", title=title, months=months)
    end = warranty_end(parse_time(order["delivered_at"]), months)
    key = "warranty" if end > now else "warranty_over"
    return text(f"order_policy.{key}", title=title, months=months, until=day(end, now))


def _warranty(shop: ShopApi, turn: Turn, order: Order) -> Answer:
    months: dict[str, int | None] = {}
    for product_id in {line["product_id"] for line in order["lines"]}:
        try:
            months[product_id] = shop.product(product_id)["warranty_months"]
        except NotFoundError:
            months[product_id] = int(policy("warranty.months_default"))
    words = warranty_words(order, months, turn.now)
    buttons: tuple[Button, ...] = (button("see_status", "/query_order_status"),)
    fresh = within_quality_days(order, turn.now)
    if order["status"] in RECEIVED:
        buttons = (button("report_quality", "/report_quality_issue") if fresh else human("human_check"),)
    if order["status"] in RECEIVED and (fresh or any(months.values())):
        returns = facts_of("returns")
        names = {"freight": returns["quality_freight_payer"], "quality_days": returns["quality_days"]}
        wants_repair = re.search(text("order_policy.repair_asked"), turn.text) is not None
        key = "fault_now" if fresh else "repair" if wants_repair else "fault_later"
        words += "\n" + text(f"order_policy.{key}", **facts_of("warranty"), **names)
    return _answered(turn, order, words, buttons)


def _shipping(shop: ShopApi, turn: Turn, order: Order) -> Answer:
    shipment = slowest(shop.shipments(order["order_id"])) if order["status"] == "shipped" else None
    words = shipping_words(order, shipment, turn.now)
    buttons = buttons_for(("readdress",)) if shipment is None else (button("see_logistics", "/query_logistics"),)
    return _answered(turn, order, words, buttons)


def _answered(turn: Turn, order: Order, words: str, buttons: tuple[Button, ...]) -> Answer:
    facts = [fact("product", title_of(order), "order_api", turn.now)]
    reply = Reply(words, order_card(order, turn.now), buttons)
    return Answer((reply,), finding(turn, "policy", words, order=order, facts=facts))
