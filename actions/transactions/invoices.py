"""Invoices: issued for a paid order, put right or issued anew when what stands on them is wrong."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any, ClassVar

from actions.answer import Answer, Button, Json, Reply, button, fact, finding, human, lead, promise, status_text
from actions.policies import facts_of, policy, policy_text
from actions.shop_api import Document, ShopApi, ShopConflictError
from actions.texts import has_text, text
from actions.transactions.case import Case
from actions.transactions.detail import Detail
from actions.transactions.invoice_details import (
    BANK_DETAILS,
    PERSONAL,
    SPECIAL_VAT,
    changing,
    details_of,
    invoice_of,
    kept_tax_number,
    kept_title,
    kind_of,
    pressed,
    reads,
)
from actions.transactions.invoice_words import TAX_LENGTHS, read_block
from actions.transactions.transaction import Transaction
from actions.words import day, day_time, days_between, money, parse_time, stamp

CLOSED = ("cancelled", "refunding", "refunded")
# Refusals after which the customer may change the invoice there is, and those after which the data are given again.
CHANGE_NEXT = ("invoice_already_requested", "invoice_already_issued", "nothing_to_change")
FILL_AGAIN = ("title_invalid", "tax_number_invalid", "bank_details_missing", "bank_details_invalid", "no_invoice")


class InvoiceRequest(Transaction):
    """Issues the order's invoice, or changes the one there is. The shop tells only state, title and kind of it, so a
    change needs the rest of a company's data again."""

    topic: ClassVar[str] = "request_invoice"
    texts: ClassVar[str] = "invoices"

    def refuse(self, case: Case) -> Answer | None:
        there_is_one = changing(case)
        if there_is_one and _only_asks(case):
            overdue = _is_overdue(case)
            ways = change_buttons() if not overdue else (human("human_invoice"), *change_buttons())
            return _told(case, _state_words(case, told_when=True), ways)
        if there_is_one and reads(case, "asks_amount"):
            words = _state_words(case) + case.say("invoices.amount_rule")
            return _told(case, words, (human("human_check"), *change_buttons()))
        expired_at = _expired_at(case) if there_is_one else None
        if expired_at and case.the_order["status"] not in CLOSED:
            words = case.say("invoices.refused.invoice_change_expired", expired_at=expired_at)
            return _told(case, words, (human("human_invoice"),))
        return _impossible(case)

    def opening(self, case: Case) -> str:
        if changing(case):
            how = case.say(f"invoices.change_{invoice_of(case)['state']}") if "change" in case.details else ""
            return lead(case.turn) + _state_words(case) + how
        if reads(case, "asks_rule"):
            return policy_text("invoices.request_invoice") + "\n" + case.say("invoices.opening_rule")
        unknown_yet = reads(case, "asks_state") or reads(case, "wants_change")
        name = "opening_none" if unknown_yet else "opening_issue"
        return lead(case.turn) + case.say(f"invoices.{name}", **facts_of("invoices"))

    def details(self, case: Case) -> tuple[Detail, ...]:
        return details_of(case)

    def restate(self, case: Case) -> Reply:
        amount = money(case.the_order["payment"]["paid_fen"])
        printed = {name: _shown(name, str(value)) for name, value in _body(case).items()} | {"amount": amount}
        lines = "\n".join(
            text("transactions.invoices.field_line", field=text(f"transactions.invoices.fields.{name}"), value=value)
            for name, value in printed.items()
        )
        if not changing(case):
            return Reply(case.say("invoices.restate_issue", lines=lines))
        how = case.say("invoices.change_issued") if invoice_of(case)["state"] == "issued" else ""
        return Reply(case.say("invoices.restate_change", lines=lines, how=how))

    def commit(self, shop: ShopApi, case: Case, key: str) -> Document:
        call = "invoices/changes" if changing(case) else "invoices"
        return shop.file_for_order(case.the_order["order_id"], call, _body(case), key)

    def done(self, case: Case, document: Document) -> Answer:
        changed = "change_id" in document
        name = f"done_{document['kind']}" if changed else "done_issue"
        invoice = document["invoice"] if changed else document
        number = document["change_id" if changed else "invoice_id"]
        hours = timedelta(hours=int(policy("invoices.issue_hours")))
        due = parse_time(document.get("answer_by") or document["requested_at"])
        due = due if document.get("answer_by") else due + hours
        words = case.say(
            f"invoices.{name}", number=number, due_at=day_time(due, case.turn.now), invoice_title=invoice["title"]
        )
        facts = [_state_fact(case, invoice["state"]), fact("document", number, "order_api", case.turn.now)]
        what = "changed_invoice" if changed else "filed_invoice"
        promises = [promise(case.turn, words, stamp(due))]
        entry = finding(case.turn, what, words, order=case.order, facts=facts, promises=promises)
        return Answer((Reply(words, buttons=change_buttons()),), entry)

    def refused(self, case: Case, error: ShopConflictError) -> Answer:
        path = f"invoices.refused.{error.code}"
        if not has_text(f"transactions.{path}"):
            return super().refused(case, error)
        words = case.say(path, **self.refusal_values(case, error))
        if error.code in CHANGE_NEXT:
            buttons = change_buttons()
        elif error.code in FILL_AGAIN:
            buttons = (button("fill_again", "/request_invoice"),)
        else:
            buttons = ()
        return _told(case, words, (*buttons, human("human_invoice")), what="refused")

    def refusal_values(self, case: Case, error: ShopConflictError) -> dict[str, object]:
        expired_at = error.details.get("expired_at")
        missing = [_field(name) for name in error.details.get("missing") or BANK_DETAILS]
        return {
            "status": status_text(case.the_order),
            "lengths": TAX_LENGTHS,
            "missing": missing,
            "field": _field(str(error.details.get("field") or "account")),
            "expired_at": day(parse_time(expired_at), case.turn.now) if expired_at else "",
        }


def change_buttons() -> tuple[Button, ...]:
    """Begin a change of the invoice."""
    return tuple(button(f"invoice_{name}", f'/request_invoice{{"choice":"{name}"}}') for name in ("title", "kind"))


def _impossible(case: Case) -> Answer | None:
    """The answer for an order that gets no invoice in its state, else None."""
    order = case.the_order
    if order["status"] == "cancelled":
        return _told(case, case.say("invoices.refused.order_cancelled"), (human("human_invoice"),))
    if order["status"] in CLOSED:
        words = case.say("invoices.refused.order_closed", status=status_text(order))
        return _told(case, words, (button("see_refund", "/query_refund_status"),))
    if not order["payment"]["paid_fen"]:
        way_on = button("see_status", "/query_order_status")
        return _told(case, case.say("invoices.refused.order_not_paid"), (way_on, human()))
    return None


def _only_asks(case: Case) -> bool:
    wants = pressed(case) or reads(case, "wants_change") or read_block(case.turn.text)
    return reads(case, "asks_state") and not wants


def _expired_at(case: Case) -> str | None:
    """The last day for a change when it is over: nobody should type a tax number for nothing."""
    received_at = case.the_order["completed_at"] or case.the_order["delivered_at"]
    days = int(policy("invoices.apply_days"))
    if not received_at or days_between(parse_time(received_at), case.turn.now) <= days:
        return None
    return day(parse_time(received_at) + timedelta(days=days), case.turn.now)


def _state_words(case: Case, *, told_when: bool = False) -> str:
    invoice = invoice_of(case)
    kind = _kind_text(str(invoice["kind"] or PERSONAL))
    at = day_time(parse_time(invoice["issued_at"]), case.turn.now) if invoice["issued_at"] else ""
    words = case.say(
        f"invoices.state_{invoice['state']}", invoice_title=invoice["title"] or kind, kind=kind, issued_at=at
    )
    if not told_when:
        return words
    due = _due_at(case)
    if due is None:
        return words + case.say(f"invoices.{invoice['state']}_when", **facts_of("invoices"))
    name = "requested_overdue" if due < case.turn.now else "requested_due"
    return words + case.say(f"invoices.{name}", due_at=day_time(due, case.turn.now))


def _due_at(case: Case) -> datetime | None:
    """When an invoice that is asked for will be ready; None when there is nothing to wait for."""
    invoice = invoice_of(case)
    if invoice["state"] != "requested" or not invoice.get("requested_at"):
        return None
    return parse_time(str(invoice["requested_at"])) + timedelta(hours=int(policy("invoices.issue_hours")))


def _is_overdue(case: Case) -> bool:
    due = _due_at(case)
    return invoice_of(case)["state"] != "requested" or due is None or due < case.turn.now


def _told(case: Case, words: str, buttons: tuple[Button, ...], what: str = "invoice") -> Answer:
    facts = [_state_fact(case, invoice_of(case)["state"])]
    entry = finding(case.turn, what, words, order=case.order, facts=facts)
    return Answer((Reply(words, buttons=buttons),), entry)


def _state_fact(case: Case, state: str) -> Json:
    return fact("invoice_state", state, "order_api", case.turn.now)


def _body(case: Case) -> dict[str, Any]:
    """All that shall stand on the invoice."""
    kind = kind_of(case) or PERSONAL
    named = case.details.get("person" if kind == PERSONAL else "title")
    body: dict[str, Any] = {"kind": kind, "title": named or kept_title(case)}
    names = () if kind == PERSONAL else ("tax_number", *(BANK_DETAILS if kind == SPECIAL_VAT else ()))
    given = {"tax_number": kept_tax_number(case), **case.details}
    return body | {name: given[name] for name in names}


def _field(name: str) -> str:
    return text(f"transactions.invoices.fields.{name}")


def _kind_text(kind: str) -> str:
    return text(f"transactions.invoices.kinds.{kind}")


def _shown(name: str, value: str) -> str:
    if name == "kind":
        return _kind_text(value)
    # A mobile number is somebody's own, also on a company's invoice.
    return re.sub(r"^(1\d{2})\d{4}(\d{4})$", r"\1****\2", value) if name == "phone" else value
