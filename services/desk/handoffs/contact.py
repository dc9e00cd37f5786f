"""Which phone number in a waiting customer's message is the one to reach them at. No I/O."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

_GAP = r"[ \-]?"
# A mobile number, in one piece or as 3-4-4, never a part of a longer number such as an order's.
_MOBILE = re.compile(
    rf"(?<![\dA-Za-z.])(?:(?:\+|00)?86{_GAP})?(1[3-9]\d{_GAP}\d{{4}}{_GAP}\d{{4}})(?![\d.]|-\d)", re.ASCII
)
_LANDLINE = re.compile(r"(?<![\d\-])(0\d{2,3}-?[2-9]\d{6,7})(?![\d\-])", re.ASCII)
_MOST_OTHER_CHARACTERS = 8  # 我的电话是…，谢谢


def contact_in(text: str, mine: Collection[str], not_mine: Collection[str]) -> str | None:
    """The digits of the only phone number in `text` when it is the customer's own, else None.

    It is their own when one of the words `mine` is there or the rest is short, and none of `not_mine` is.
    """
    plain = unicodedata.normalize("NFKC", text)
    found = [*_MOBILE.finditer(plain), *_LANDLINE.finditer(plain)]
    numbers = {re.sub(r"\D", "", match.group(1)) for match in found}
    if len(numbers) != 1 or any(word in plain for word in not_mine):
        return None
    rest = plain
    for match in found:
        rest = rest.replace(match.group(0), "")
    little_else = sum(character.isalnum() for character in rest) <= _MOST_OTHER_CHARACTERS
    return numbers.pop() if little_else or any(word in plain for word in mine) else None
