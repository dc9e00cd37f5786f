"""Checks of free text that customers wrote."""

from __future__ import annotations

from shop.kernel.errors import InvalidError


def is_text(text: str, longest: int) -> bool:
    """Whether a text has 1 to `longest` printable characters; line breaks are allowed."""
    return 0 < len(text) <= longest and text.replace("\n", "").isprintable()


def require_text(text: str, *, field: str, longest: int) -> str:
    """The text without surrounding space; InvalidError `<field>_invalid` when empty, too long or not printable."""
    stripped = text.strip()
    if not is_text(stripped, longest):
        raise InvalidError(f"{field}_invalid", f"{field} needs 1 to {longest} printable characters.")
    return stripped
