"""The card from which a customer picks an order."""

from __future__ import annotations

import json
from typing import Any

from actions.answer import status_text, title_of
from actions.shop_types import Order


def order_list_card(orders: list[Order]) -> dict[str, Any]:
    """The card of contracts/messages.md; a click says /inform with the order's number."""
    return {
        "type": "order_list",
        "orders": [
            {
                "order_id": order["order_id"],
                "status_text": status_text(order),
                "placed_at": order["placed_at"],
                "amount_fen": order["amount_fen"],
                "title": title_of(order),
                "payload": "/inform" + json.dumps({"order_id": order["order_id"]}, separators=(",", ":")),
            }
            for order in orders
        ],
    }
