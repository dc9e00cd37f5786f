"""The order a question about the rules is asked with: named, pointed at, on the page, or spoken of before."""

from __future__ import annotations

from actions.context import Turn, order_number_in
from actions.order_choice import goods_word_in, mentioned
from actions.references import pointed_at
from actions.shop_api import NotFoundError, ShopApi
from actions.shop_types import Order


def known_order(shop: ShopApi, turn: Turn) -> Order | None:
    """The order at hand if it has been shown to be this customer's, else None. Blocking; raises ShopError."""
    named = next((order_number_in(value) for value in turn.entities.get("order_id", ())), None)
    meant = named or _meant(shop, turn)
    order_id = meant or turn.page_order_id or turn.focus_order_id
    if order_id is None:
        return None
    try:
        order = shop.order(order_id)
    except NotFoundError:
        return None
    if meant is None and goods_word_in(turn.text) and not mentioned([order], turn.text):
        return None  # 鞋子能退吗, while the headphones were spoken of
    owned = turn.customer_id is not None and order["customer_id"] == turn.customer_id
    return order if owned or order_id in turn.verified_orders else None


def _meant(shop: ShopApi, turn: Turn) -> str | None:
    """The one order of a signed customer that the words mean: 那个耳机能保修吗, 另一单呢."""
    if turn.customer_id is None:
        return None
    orders = shop.orders(turn.customer_id)
    choice = pointed_at(orders, turn.intent, turn.text, focus_order_id=turn.focus_order_id)
    if choice is not None and choice.order_id is not None:
        return choice.order_id
    named = turn.entities.get("product") or goods_word_in(turn.text)
    goods = mentioned(orders, turn.text) if named else []
    ids = [order["order_id"] for order in goods]
    here = [known for known in (turn.focus_order_id, turn.page_order_id) if known in ids]
    if here:
        return here[0]
    return ids[0] if len(ids) == 1 else None
