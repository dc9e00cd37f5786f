"""Rules of webhooks without I/O: which steps are events, body, signature, when to try again."""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from desk.kernel.clock import iso

DeliveryState = Literal["waiting", "delivered", "dead"]

# Kind of a handoff's step -> event of contracts/webhooks.md. Steps that are not named are nobody else's business.
EVENTS = {
    "queued": "handoff.created",
    "claimed": "handoff.claimed",
    "taken_over": "handoff.claimed",
    "transferred": "handoff.transferred",
    "returned": "handoff.returned",
    "resolved": "handoff.resolved",
    "cancelled": "handoff.cancelled",
    "superseded": "handoff.cancelled",
    "handed_back": "handoff.handed_back",
}
TIMEOUT_SECONDS = 5.0
LEASE_SECONDS = 30.0  # well above the time-out: nobody else sends while this one may still be sending
FIRST_RETRY_SECONDS = 2.0
LONGEST_RETRY_SECONDS = 3_600.0
LONGEST_PAUSE_SECONDS = 60.0
GIVE_UP_AFTER = timedelta(hours=24)
KEEP_DELIVERED = timedelta(days=7)


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One event for one endpoint, as the sender needs it; `attempts` are those that ended without success."""

    id: str
    url: str
    event_id: str
    event: str
    body: str
    created_at: datetime
    attempts: int


class Fault(msgspec.Struct, frozen=True):
    """Why a delivery failed; `down` when the receiver as a whole seems not to work."""

    words: str
    down: bool


def fault_of(status: int) -> Fault | None:
    """None for 2xx. Other answers below 500 say something about this event only, but for 429: slow down."""
    if 200 <= status < 300:
        return None
    return Fault(f"HTTP {status}", down=status >= 500 or status == 429)


def pause_seconds(failed_rounds: int) -> float:
    """How long a receiver is left alone after so many rounds in which it did not work: 0.5 s doubling to a minute."""
    return 0.0 if failed_rounds == 0 else min(LONGEST_PAUSE_SECONDS, 0.25 * 2 ** min(failed_rounds, 20))


def event_id(handoff_id: str, number: int) -> str:
    """The same step of a handoff always has the same event id, at every endpoint and in every attempt."""
    return f"{handoff_id}.{number}"


def body_of(handoff_id: str, number: int, event: str, at: datetime, view: dict[str, Any]) -> str:
    """The JSON that is sent; `view` is the handoff's full view, of which only handoff.created carries the summary."""
    handoff = dict(view)
    summary, valid = handoff.pop("summary", None), handoff.pop("summary_valid", None)
    body: dict[str, Any] = {
        "event_id": event_id(handoff_id, number),
        "event": event,
        "at": iso(at),
        "number": number,
        "handoff": handoff,
    }
    if event == "handoff.created":
        body |= {"summary": summary, "summary_valid": valid}
    return msgspec.json.encode(body).decode()


def signature(secret: str, at_seconds: int, body: str) -> str:
    """The value of X-Baton-Signature: HMAC-SHA256 over "<unix seconds>.<body>"."""
    digest = hmac.new(secret.encode(), f"{at_seconds}.{body}".encode(), hashlib.sha256).hexdigest()
    return f"t={at_seconds},v1={digest}"


def next_attempt_at(attempts: int, created_at: datetime, now: datetime, share: float) -> datetime | None:
    """When to try again after the `attempts`-th failure, or None to give up. `share` 0..1 is the jitter.

    2 s, doubling up to an hour, each between half and all of it, until 24 h after the event.
    """
    longest = min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** min(attempts - 1, 20))
    at = now + timedelta(seconds=longest * (0.5 + share / 2))
    return at if at - created_at < GIVE_UP_AFTER else None
