"""What a product is and whether it can be had; when it cannot, what can be had instead."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import EventType, FollowupAction
from rasa_sdk.executor import CollectingDispatcher

from actions.answer import Answer, Button, Reply, fact, finding, human
from actions.base import AnsweringAction
from actions.context import Turn, read_turn
from actions.order_choice import WORD_LENGTH, overlap
from actions.product_focus import product_spoken_of
from actions.promotions import usable
from actions.references import only_points
from actions.shop_api import NotFoundError, ShopError
from actions.shop_types import Coupon, Product, Sku
from actions.texts import text
from actions.words import day, money, parse_time

MAX_ATTRIBUTES = 5
MAX_FOLLOW_UP = 12
MAX_QUERY = 30
ABOUT_PRODUCTS = ("ask_product_info", "ask_stock")
LOW_STOCK = 5
MAX_SIMILAR = 3
# How many products of the category to look through for some that are in stock.
SIMILAR_LIMIT = 8


def product_words(product: Product) -> str:
    """Price, attributes and warranty in two or three sentences."""
    shown = list(product["attributes"].items())[:MAX_ATTRIBUTES]
    attributes = [text("products.attribute", name=name, value=value) for name, value in shown]
    listed = "，".join(attributes) + "。" if attributes else ""
    words = text("products.product", title=product["title"], price=money(product["price_fen"]), attributes=listed)
    months = product["warranty_months"]
    return words + text("products.warranty", months=months) if months else words


def attribute_words(product: Product, words: str) -> str:
    """Only what was asked for: 续航多久, 蓝牙几点几; nothing when no attribute is named."""
    asked = _without_title(product["title"], words)
    shown = [
        text("products.attribute", name=name, value=value)
        for name, value in product["attributes"].items()
        if name in asked or overlap(f"{name} {value}", asked) >= WORD_LENGTH
    ]
    if re.search(text("products.reads_price"), asked):
        if not shown:
            return text("products.only_price", title=product["title"], price=money(product["price_fen"]))
        shown.insert(0, text("products.attribute", name=text("products.price"), value=money(product["price_fen"])))
    if not shown:
        return ""
    return text("products.only", title=product["title"], attributes="，".join(shown[:MAX_ATTRIBUTES]))


def _without_title(title: str, words: str) -> str:
    """What is asked beside the product's own name: 防晒霜 does not ask for its 防晒."""
    length = overlap(title, words)
    if not length:
        return words
    named = next(title[start : start + length] for start in range(len(title)) if title[start : start + length] in words)
    return words.replace(named, " ")


def stock_words(product: Product, now: datetime, wanted: tuple[str, ...] = ()) -> str:
    """Stock of each variety; those the customer named first, and when they are out, what else there is."""
    fitting = [sku for sku in product["skus"] if all(_is_named(word, sku) for word in wanted)] if wanted else []
    if wanted and not fitting:
        intro = text("products.no_such_version", title=product["title"], wanted="".join(wanted))
        return "\n".join([intro, *(_stock_line(sku, now) for sku in product["skus"])])
    lines = [text("products.stock_intro", title=product["title"])]
    lines += [_stock_line(sku, now) for sku in fitting or product["skus"]]
    others = [sku for sku in product["skus"] if sku not in fitting and sku["stock"] > 0]
    if fitting and others and not any(sku["stock"] for sku in fitting):
        lines += [text("products.stock_others"), *(_stock_line(sku, now) for sku in others)]
    return "\n".join(lines)


def coupon_words(product: Product, coupons: list[Coupon], now: datetime) -> str:
    """The coupon that makes this product cheapest, else how much is missing for the nearest one; or nothing."""
    price = product["price_fen"]
    own = [item for item in usable(coupons, now) if item["scope"] in ("all", f"category:{product['category']}")]
    fitting = [item for item in own if item["threshold_fen"] <= price]
    if fitting:
        best = max(fitting, key=lambda item: item["discount_fen"])
        return text("products.coupon_fits", coupon=best["title"], price=money(max(0, price - best["discount_fen"])))
    # One that asks for more than twice the price is no offer.
    near = [item for item in own if item["threshold_fen"] <= 2 * price]
    if not near:
        return ""
    nearest = min(near, key=lambda item: item["threshold_fen"])
    return text("products.coupon_far", coupon=nearest["title"], missing=money(nearest["threshold_fen"] - price))


def is_out(product: Product) -> bool:
    """Whether no version of the product can be ordered now."""
    return not any(sku["stock"] > 0 for sku in product["skus"])


def about(product: Product, intent: str) -> Button:
    """A button that asks the intent about this product."""
    return Button(product["title"], asking(product, intent))


def asking(product: Product, intent: str) -> str:
    """The payload that asks the intent about this product."""
    return f'/{intent}{{"product":"{product["title"]}"}}'


def _is_named(word: str, sku: Sku) -> bool:
    """黑色 is 曜石黑 too, 42码 is 42."""
    word = re.sub(r"(?<=\d)(码|号)$", "", word)
    return word in sku["text"] or (len(word) > 1 and word.endswith("色") and word[:-1] in sku["text"])


def _stock_line(sku: Sku, now: datetime) -> str:
    if sku["stock"] > LOW_STOCK:
        return text("products.stock_line", sku=sku["text"])
    if sku["stock"] > 0:
        return text("products.stock_low_line", sku=sku["text"], stock=sku["stock"])
    if sku["restock_at"]:
        return text("products.restock_line", sku=sku["text"], restock_at=day(parse_time(sku["restock_at"]), now))
    return text("products.out_line", sku=sku["text"])


class ActionAnswerProduct(AnsweringAction):
    """Answers ask_product_info and ask_stock for the product named or on the page."""

    def name(self) -> str:
        return "action_answer_product"

    async def run(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        domain: dict[str, Any],
    ) -> list[EventType]:
        turn = read_turn(tracker)
        if asks_on_about_an_order(turn):
            return [FollowupAction("order_form")]
        events = await super().run(dispatcher, tracker, domain)
        by_rule = turn.intent in ABOUT_PRODUCTS or any(event["event"] == "followup" for event in events)
        # 那黑色呢 comes here from another action: no rule knows what follows, a form goes on with its question.
        return events if by_rule else [*events, FollowupAction(tracker.active_loop.get("name") or "action_listen")]

    async def answer(self, turn: Turn) -> Answer:
        named = turn.entities.get("product", ()) or goods_asked_for(turn.text) or self._spoken_of(turn)
        products = await self._find(turn, named)
        if not products:
            words = text("products.none", query=named[0]) if named else text("products.which")
            if words in turn.said[-2:]:
                words = text("products.which_again")
            return Answer((Reply(words, buttons=(human(),)),), finding(turn, "product", words))
        stock = turn.intent == "ask_stock" or asks_for_stock(turn)
        words, buttons = await (self._stock(turn, products) if stock else self._info(turn, products))
        facts = [fact("product", products[0]["title"], "order_api", turn.now)]
        return Answer((Reply(words, buttons=buttons),), finding(turn, "product", words, facts=facts))

    def _spoken_of(self, turn: Turn) -> tuple[str, ...]:
        """The product of the last answer about one, unless the page shows another."""
        return () if turn.page_product_id else product_spoken_of(turn)

    async def _find(self, turn: Turn, named: tuple[str, ...]) -> list[Product]:
        if named:
            found = await self.ask(self.shop.products, named[0])
            exact = [product for product in found if product["title"] == named[0]]
            return exact or found
        if turn.page_product_id is None:
            return await self._called(turn.text)
        try:
            return [await self.ask(self.shop.product, turn.page_product_id)]
        except NotFoundError:
            return []

    async def _called(self, words: str) -> list[Product]:
        """The products a part of whose title the words hold, when none was understood."""
        subject = re.sub(text("products.reads_beside"), "", words)[:MAX_QUERY]
        found = await self.ask(self.shop.products, subject) if len(subject) >= WORD_LENGTH else []
        return [product for product in found if overlap(product["title"], subject)][:1]

    async def _stock(self, turn: Turn, products: list[Product]) -> tuple[str, tuple[Button, ...]]:
        wanted = turn.entities.get("colour", ()) + turn.entities.get("size", ())
        shown = products[:2]
        words = "\n".join(stock_words(product, turn.now, wanted) for product in shown)
        similar = await self._similar(products[0]) if all(is_out(product) for product in shown) else []
        if not similar:
            return words, tuple(about(product, "ask_product_info") for product in shown)
        lines = [text("products.several_line", title=p["title"], price=money(p["price_fen"])) for p in similar]
        return "\n".join([words, text("products.similar"), *lines]), tuple(about(p, "ask_stock") for p in similar)

    async def _similar(self, product: Product) -> list[Product]:
        """Other products of the category that are in stock, the nearest price first."""
        found = await self.ask(self.shop.products, product["category"], SIMILAR_LIMIT)
        others = [p for p in found if p["product_id"] != product["product_id"] and not is_out(p)]
        alike = [p for p in others if p["category"] == product["category"]]
        return sorted(alike, key=lambda p: abs(p["price_fen"] - product["price_fen"]))[:MAX_SIMILAR]

    async def _info(self, turn: Turn, products: list[Product]) -> tuple[str, tuple[Button, ...]]:
        if len(products) > 1:
            lines = [text("products.several_line", title=p["title"], price=money(p["price_fen"])) for p in products]
            return "\n".join([text("products.several"), *lines]), tuple(about(p, "ask_product_info") for p in products)
        product = products[0]
        asked = attribute_words(product, turn.text)
        if asked:
            return asked, (Button(text("buttons.see_stock"), asking(product, "ask_stock")), human())
        if product_spoken_of(turn) and not names_itself(turn):
            return text("products.not_told", title=product["title"]), (about(product, "ask_product_info"), human())
        words = product_words(product) + await self._coupon(turn, product) + text("products.advice")
        return words, (Button(text("buttons.see_stock"), asking(product, "ask_stock")), human())

    async def _coupon(self, turn: Turn, product: Product) -> str:
        """What the customer's own coupons make of the price; nothing is lost when they cannot be read."""
        if turn.customer_id is None:
            return ""
        try:
            coupons = await self.ask(self.shop.coupons, turn.customer_id)
            words = coupon_words(product, coupons, turn.now)
            none = not words and usable(coupons, turn.now) and re.search(text("products.reads_coupon"), turn.text)
            return text("products.coupon_none") if none else words
        except ShopError:
            return ""


def goods_asked_for(words: str) -> tuple[str, ...]:
    """有没有律师袍卖: goods that nobody knows by name, and not those just spoken of."""
    found = re.search(text("products.reads_goods"), words)
    return (found[1],) if found else ()


def names_itself(turn: Turn) -> bool:
    """Whether the message itself says that the whole of a product is meant, or which one."""
    named = turn.entities.get("product") or turn.page_product_id
    return bool(named) or re.search(text("products.reads_whole"), turn.text) is not None


def asks_for_stock(turn: Turn) -> bool:
    """有没有雾霾蓝的, 那黑色呢: a version asked for, whatever the intent."""
    version = turn.entities.get("colour", ()) + turn.entities.get("size", ())
    return bool(version) and re.search(text("products.reads_stock"), turn.text) is not None


def goes_on_about_a_product(turn: Turn) -> bool:
    """那黑色呢 right after an answer about a product."""
    short = len(turn.text.strip()) <= MAX_FOLLOW_UP and re.search(text("products.reads_follow_up"), turn.text)
    return bool(short and product_spoken_of(turn))


def asks_on_about_an_order(turn: Turn) -> bool:
    """那个耳机呢 after an answer about another order: the same question again, not one about the product."""
    if turn.customer_id is None or turn.focus_topic is None or turn.page_product_id is not None:
        return False
    return only_points(turn.text, turn.entities.get("product", ()))
