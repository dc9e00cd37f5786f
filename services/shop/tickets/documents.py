"""What the API says about tickets."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

TicketTopic = Literal["login", "app", "payment", "page", "other"]


class TicketRequest(msgspec.Struct, forbid_unknown_fields=True):
    """A fault in the customer's words (`sentence`), with what is known of it and what was tried.

    `customer_id` is null for a visitor; `facts` are free names with short values, `steps` what has been tried.
    """

    topic: TicketTopic
    sentence: str
    customer_id: str | None = None
    facts: dict[str, str] = {}
    steps: list[str] = []


class Ticket(msgspec.Struct):
    """A ticket; the technicians answer until `answer_by`."""

    ticket_id: str
    topic: TicketTopic
    state: Literal["open"]
    requested_at: datetime
    answer_by: datetime


class TicketList(msgspec.Struct):
    """The tickets of a customer, newest first."""

    tickets: list[Ticket]
