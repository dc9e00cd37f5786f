"""Whether an order's invoice has been issued, and what is needed for one."""

from __future__ import annotations

from actions.answer import Answer, Reply, fact, finding, human, status_text, title_of
from actions.context import Turn
from actions.policies import facts_of, policy_text
from actions.shop_types import Order
from actions.texts import has_text, text
from actions.words import day_time, money, parse_time, tail

NOT_INVOICEABLE = ("pending_payment", "cancelled", "refunded")


def answer_invoice(turn: Turn, order: Order) -> Answer:
    """State of the invoice; for a new or wrong one the person who issues it."""
    words = _state_words(turn, order)
    if order["invoice"]["state"] == "issued":
        words += policy_text("invoices.reissue")
    facts = [fact("invoice_state", order["invoice"]["state"], "order_api", turn.now)]
    reply = Reply(words, buttons=(human("human_invoice"),))
    return Answer((reply,), finding(turn, "invoice", words, order=order, facts=facts))


def _state_words(turn: Turn, order: Order) -> str:
    invoice = order["invoice"]
    names = {
        "title": title_of(order),
        "tail": tail(order["order_id"]),
        "status": status_text(order),
        "amount": money(order["payment"]["paid_fen"]),
        "invoice_title": invoice["title"] or "",
        "issue_hours": facts_of("invoices")["issue_hours"],
        "kind": "",
        "issued_at": "",
    }
    if invoice["state"] == "issued":
        kind = f"invoices.kinds.{invoice['kind']}"
        names["kind"] = text(kind) if has_text(kind) else text("invoices.kinds.personal")
        names["issued_at"] = day_time(parse_time(invoice["issued_at"]), turn.now) if invoice["issued_at"] else ""
        return text("invoices.issued", **names)
    if invoice["state"] == "requested":
        return text("invoices.requested" if invoice["title"] else "invoices.requested_no_title", **names)
    if order["status"] in NOT_INVOICEABLE:
        return text("invoices.not_yet", **names)
    return text("invoices.none", **names)
