"""Opens and reads tickets."""

from __future__ import annotations

from datetime import timedelta

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from shop.context import Shop
from shop.customers.store import require_customer
from shop.kernel.text import require_text
from shop.tables import TicketRow
from shop.tickets.documents import Ticket, TicketRequest
from shop.tickets.rules import LONGEST_TEXT, require_facts, require_steps


def open_ticket(shop: Shop, session: Session, request: TicketRequest) -> Ticket:
    """Hand a fault to the technicians.

    Raises NotFoundError `customer_not_found`; InvalidError `sentence_invalid`, `facts_invalid`, `steps_invalid`.
    """
    sentence = require_text(request.sentence, field="sentence", longest=LONGEST_TEXT)
    facts, steps = require_facts(request.facts), require_steps(request.steps)
    if request.customer_id is not None:
        require_customer(session, request.customer_id)
    now = shop.clock()
    row = TicketRow(
        ticket_id=shop.new_id("K", now),
        customer_id=request.customer_id,
        topic=request.topic,
        state="open",
        facts=facts,
        steps=steps,
        sentence=sentence,
        requested_at=now,
        answer_by=now + timedelta(hours=shop.ticket_policy.answer_hours),
    )
    session.add(row)
    session.flush()
    return _document(row)


def read_customer_tickets(session: Session, customer_id: str) -> list[Ticket]:
    """The tickets of a customer known to exist, newest first."""
    rows = session.scalars(
        select(TicketRow)
        .where(TicketRow.customer_id == customer_id)
        .order_by(TicketRow.requested_at.desc(), TicketRow.ticket_id.desc())
    )
    return [_document(row) for row in rows]


def _document(row: TicketRow) -> Ticket:
    return msgspec.convert(row, Ticket, from_attributes=True)
