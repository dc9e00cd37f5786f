"""HTTP face of invoices."""

from __future__ import annotations

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from shop.context import Shop
from shop.idempotency import Once, create_once, fingerprint
from shop.invoices.changing import change_invoice
from shop.invoices.documents import Invoice, InvoiceChange, InvoiceRequest
from shop.invoices.store import request_invoice
from shop.kernel.http import IdempotencyKey, failures


@post(
    "/orders/{order_id:str}/invoices",
    responses=failures(
        {
            404: "order_not_found",
            409: "order_closed | order_not_paid | invoice_already_requested | invoice_already_issued",
            422: "title_invalid | tax_number_invalid | bank_details_missing | bank_details_invalid"
            " | idempotency_key_invalid | idempotency_key_reused",
        }
    ),
    sync_to_thread=True,
)
def post_invoice(
    order_id: FromPath[str],
    data: JSONBody[InvoiceRequest],
    shop: NamedDependency[Shop],
    idempotency_key: IdempotencyKey,
) -> Invoice:
    """Request the invoice of a paid order."""
    return create_once(
        shop.database,
        Once(
            operation="invoices",
            key=idempotency_key,
            mark=fingerprint(order_id, data),
            now=shop.clock(),
            document_type=Invoice,
            create=lambda session: request_invoice(shop, session, order_id, data),
        ),
    )


@post(
    "/orders/{order_id:str}/invoices/changes",
    responses=failures(
        {
            404: "order_not_found",
            409: "no_invoice | order_closed | invoice_change_expired",
            422: "title_invalid | tax_number_invalid | bank_details_missing | bank_details_invalid | nothing_to_change"
            " | idempotency_key_invalid | idempotency_key_reused",
        }
    ),
    sync_to_thread=True,
)
def post_invoice_change(
    order_id: FromPath[str],
    data: JSONBody[InvoiceRequest],
    shop: NamedDependency[Shop],
    idempotency_key: IdempotencyKey,
) -> InvoiceChange:
    """Change a requested invoice, or withdraw an issued one and have a new one issued."""
    return create_once(
        shop.database,
        Once(
            operation="invoice_changes",
            key=idempotency_key,
            mark=fingerprint(order_id, data),
            now=shop.clock(),
            document_type=InvoiceChange,
            create=lambda session: change_invoice(shop, session, order_id, data),
        ),
    )
