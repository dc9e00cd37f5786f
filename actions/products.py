"""What a product is and whether it can be had."""

from __future__ import annotations

from datetime import datetime

from actions.answer import Answer, Reply, fact, finding, human
from actions.base import AnsweringAction
from actions.context import Turn
from actions.shop_api import NotFoundError
from actions.shop_types import Product, Sku
from actions.texts import text
from actions.words import day, money, parse_time

MAX_ATTRIBUTES = 5
LOW_STOCK = 5


def product_words(product: Product) -> str:
    """Price, attributes and warranty in two or three sentences."""
    shown = list(product["attributes"].items())[:MAX_ATTRIBUTES]
    attributes = [text("products.attribute", name=name, value=value) for name, value in shown]
    listed = "，".join(attributes) + "。" if attributes else ""
    words = text("products.product", title=product["title"], price=money(product["price_fen"]), attributes=listed)
    months = product["warranty_months"]
    return words + text("products.warranty", months=months) if months else words


def stock_words(product: Product, now: datetime, wanted: tuple[str, ...] = ()) -> str:
    """Stock of each variety; only those that fit the colours and sizes the customer named, if any do."""
    fitting = [sku for sku in product["skus"] if any(word and word in sku["text"] for word in wanted)]
    lines = [_stock_line(sku, now) for sku in fitting or product["skus"]]
    return text("products.stock_intro", title=product["title"]) + "\n" + "\n".join(lines)


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

    async def answer(self, turn: Turn) -> Answer:
        named = turn.entities.get("product", ())
        products = await self._find(turn, named)
        if not products:
            words = text("products.none", query=named[0]) if named else text("products.which")
            return Answer((Reply(words, buttons=(human(),)),), finding(turn, "product", words))
        words = self._words(turn, products)
        facts = [fact("product", products[0]["title"], "order_api", turn.now)]
        return Answer((Reply(words, buttons=(human(),)),), finding(turn, "product", words, facts=facts))

    async def _find(self, turn: Turn, named: tuple[str, ...]) -> list[Product]:
        if named:
            return await self.ask(self.shop.products, named[0])
        if turn.page_product_id is None:
            return []
        try:
            return [await self.ask(self.shop.product, turn.page_product_id)]
        except NotFoundError:
            return []

    def _words(self, turn: Turn, products: list[Product]) -> str:
        if turn.intent == "ask_stock":
            wanted = turn.entities.get("colour", ()) + turn.entities.get("size", ())
            return "\n".join(stock_words(product, turn.now, wanted) for product in products[:2])
        if len(products) == 1:
            return product_words(products[0]) + text("products.advice")
        lines = [
            text("products.several_line", title=item["title"], price=money(item["price_fen"])) for item in products
        ]
        return text("products.several") + "\n" + "\n".join(lines)
