"""HTTP face of tickets."""

from __future__ import annotations

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from shop.context import Shop
from shop.customers.store import require_customer
from shop.idempotency import Once, create_once, fingerprint
from shop.kernel.http import IdempotencyKey, failures
from shop.tickets.documents import Ticket, TicketList, TicketRequest
from shop.tickets.store import open_ticket, read_customer_tickets


@get(
    "/customers/{customer_id:str}/tickets",
    responses=failures({404: "customer_not_found"}),
    sync_to_thread=True,
)
def get_customer_tickets(customer_id: FromPath[str], shop: NamedDependency[Shop]) -> TicketList:
    """The tickets of a customer, newest first."""
    with shop.database.read() as session:
        require_customer(session, customer_id)
        return TicketList(read_customer_tickets(session, customer_id))


@post(
    "/tickets",
    responses=failures(
        {
            404: "customer_not_found",
            422: "sentence_invalid | facts_invalid | steps_invalid | idempotency_key_invalid | idempotency_key_reused",
        }
    ),
    sync_to_thread=True,
)
def post_ticket(data: JSONBody[TicketRequest], shop: NamedDependency[Shop], idempotency_key: IdempotencyKey) -> Ticket:
    """Hand a fault of app or page to the technicians."""
    return create_once(
        shop.database,
        Once(
            operation="tickets",
            key=idempotency_key,
            mark=fingerprint(data.customer_id or "", data),
            now=shop.clock(),
            document_type=Ticket,
            create=lambda session: open_ticket(shop, session, data),
        ),
    )
