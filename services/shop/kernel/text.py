"""Checks of free text that customers wrote."""

from __future__ import annotations

from shop.kernel.errors import InvalidError


def require_text(text: str, *, field: str, longest: int) -> str:
    """The text without surrounding space; InvalidError `<field>_invalid` when empty, too long or not printable."""
    stripped = text.strip()
    if not stripped or len(stripped) > longest or not stripped.replace("\n", "").isprintable():
        raise InvalidError(f"{field}_invalid", f"{field} needs 1 to {longest} printable characters.")
    return stripped
