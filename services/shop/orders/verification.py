"""Proof that an order is one's own: the last four digits of a phone, five failures in 24 hours, then locked."""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from shop.kernel.errors import InvalidError, RefusedError
from shop.orders.documents import Verification
from shop.orders.store import require_order
from shop.tables import CustomerRow, VerificationAttemptRow

MAX_FAILURES = 5
WINDOW = timedelta(hours=24)
ENDING_DIGITS = 4


def ending_matches(given: str, phones: list[str]) -> bool:
    """Whether `given` ends one of the phones; the time taken does not tell how much of it was right."""
    matches = [hmac.compare_digest(given.encode(), phone[-ENDING_DIGITS:].encode()) for phone in phones]
    return any(matches)


def require_ending(given: str) -> str:
    """The four digits; InvalidError `phone_ending_invalid` for anything else, which does not count as an attempt."""
    if len(given) != ENDING_DIGITS or not (given.isascii() and given.isdecimal()):
        raise InvalidError("phone_ending_invalid", "The phone ending is exactly four digits.")
    return given


def verify(session: Session, order_id: str, given: str, now: datetime) -> Verification:
    """Check and record one attempt.

    Raises NotFoundError `order_not_found`, InvalidError `phone_ending_invalid`, RefusedError `verification_locked`.
    """
    order = require_order(session, order_id, lock=True)
    ending = require_ending(given)
    failures = _recent_failures(session, order_id, now)
    if failures >= MAX_FAILURES:
        raise RefusedError("verification_locked", "Too many wrong phone endings for this order in 24 hours.")
    account = session.get_one(CustomerRow, order.customer_id)
    succeeded = ending_matches(ending, [order.recipient_phone, account.phone])
    session.add(VerificationAttemptRow(order_id=order_id, at=now, succeeded=succeeded))
    if succeeded:
        return Verification(verified=True)
    return Verification(verified=False, attempts_left=MAX_FAILURES - failures - 1)


def _recent_failures(session: Session, order_id: str, now: datetime) -> int:
    query = select(func.count()).where(
        VerificationAttemptRow.order_id == order_id,
        VerificationAttemptRow.succeeded.is_(False),
        VerificationAttemptRow.at > now - WINDOW,
    )
    return session.scalar(query) or 0
