"""When an order may still be changed, and to what: plain functions of its state and the wish."""

from __future__ import annotations

import re

from shop.kernel.errors import ConflictError, InvalidError
from shop.kernel.text import require_text
from shop.modifications.documents import ModificationKind, RecipientWish
from shop.orders.documents import Recipient

_LONGEST_PART = 200
_MOBILE = re.compile(r"1[3-9]\d{9}")
_COUNTRY_CODE = re.compile(r"^(?:\+86|0086)")
_BEFORE_DISPATCH = ("pending_payment", "unshipped")
_DELIVERED = ("delivered", "completed")


def modification_kind(status: str, *, only_recipient: bool) -> ModificationKind:
    """Applied before dispatch, an interception of the parcel after it.

    Raises ConflictError `order_already_shipped` (line or note of a parcel under way), `order_delivered`,
    `order_closed`.
    """
    if status in _BEFORE_DISPATCH:
        return "applied"
    if status in _DELIVERED:
        raise ConflictError("order_delivered", "The order has been delivered.")
    if status != "shipped":
        raise ConflictError("order_closed", f"An order in state {status} is not changed any more.")
    if not only_recipient:
        raise ConflictError("order_already_shipped", "Of an order under way only the recipient can be changed.")
    return "interception"


def wished_recipient(present: Recipient, wish: RecipientWish) -> Recipient:
    """The recipient with the wished parts; InvalidError `recipient_invalid` for an empty part or no mobile number."""
    parts: dict[str, str] = {}
    for name in RecipientWish.__struct_fields__:
        given: str | None = getattr(wish, name)
        if given is None:
            parts[name] = getattr(present, name)
        elif name == "phone":
            parts[name] = _require_mobile(given)
        else:
            parts[name] = require_text(given, field="recipient", longest=_LONGEST_PART)
    return Recipient(**parts)


def _require_mobile(given: str) -> str:
    number = _COUNTRY_CODE.sub("", re.sub(r"[\s-]", "", given))
    if not number.isascii() or not _MOBILE.fullmatch(number):
        raise InvalidError("recipient_invalid", "The recipient's phone is a mobile number of 11 digits.")
    return number


def require_same_price(unit_price_fen: int, price_fen: int) -> None:
    """ConflictError `sku_price_differs` with both prices when the version costs something else by now."""
    if unit_price_fen != price_fen:
        raise ConflictError(
            "sku_price_differs",
            "This version has another price by now.",
            {"unit_price_fen": unit_price_fen, "price_fen": price_fen},
        )
