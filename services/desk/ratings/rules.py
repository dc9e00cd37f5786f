"""Rules of ratings without I/O: what one may look like."""

from __future__ import annotations

from unicodedata import category

from desk.kernel.errors import InvalidError

MAX_REASONS = 10
MAX_REASON_CHARACTERS = 40
MAX_COMMENT_CHARACTERS = 1_000


def check_rating(score: int, reasons: list[str], comment: str) -> None:
    """InvalidError `rating_invalid` unless 1..5 stars, at most ten short reasons and a comment of 1,000 characters."""
    fits = (
        1 <= score <= 5
        and len(reasons) <= MAX_REASONS
        and all(0 < len(reason) <= MAX_REASON_CHARACTERS for reason in reasons)
        and len(comment) <= MAX_COMMENT_CHARACTERS
        and not any(category(character) in {"Cs", "Cc"} for character in "".join(reasons) + comment.replace("\n", ""))
    )
    if not fits:
        raise InvalidError("rating_invalid")
