"""What the API says about traces."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

TraceReason = Literal["not_received", "no_update", "wrong_place", "refused_by_mistake", "courier", "other"]


class TraceRequest(msgspec.Struct, forbid_unknown_fields=True):
    """Why the parcel is searched; `detail` in the customer's words (at most 500 characters, may be empty)."""

    reason: TraceReason
    detail: str = ""


class Trace(msgspec.Struct):
    """A search for a parcel; the carrier answers until `answer_by`, until then it is open."""

    trace_id: str
    order_id: str
    tracking_number: str
    reason: TraceReason
    detail: str
    requested_at: datetime
    answer_by: datetime


class TraceList(msgspec.Struct):
    """The traces of an order, newest first."""

    traces: list[Trace]
