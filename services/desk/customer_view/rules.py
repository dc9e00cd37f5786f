"""An order's course, tickets and contacts without I/O: documents of the shop and of the desk in, what is shown out."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from desk.customers.rules import mask_name, mask_order
from desk.kernel.clock import iso
from desk.kernel.masking import mask_phone, mask_text

if TYPE_CHECKING:
    from desk.handoffs.rules import Handoff

Json = dict[str, Any]

_ORDER_TIMES = (
    ("placed", "placed_at"),
    ("paid", "paid_at"),
    ("shipped", "shipped_at"),
    ("delivered", "delivered_at"),
    ("completed", "completed_at"),
)
_REFUND_TIMES = (
    ("refund_requested", "requested_at"),
    ("refund_approved", "approved_at"),
    ("refund_paid", "paid_at"),
)


def order_course(order: Json, documents: dict[str, list[Json]], *, masked: bool) -> Json:
    """{order, parcels, events}: everything that happened to the order, newest first.

    An event is {at, kind, text?, document_id?, state?, amount_fen?, due_at?}; `kind` is a code, `text` the words of
    the carrier or the customer.
    """
    events = [_event(order[field], kind) for kind, field in _ORDER_TIMES if order.get(field)]
    for name, read in (
        ("shipments", _parcel_events),
        ("refunds", _refund_events),
        ("returns", _return_events),
        ("claims", _claim_events),
        ("traces", _trace_events),
    ):
        for document in documents[name]:
            events += read(document)
    # The later step of what happened at one moment stands above: ties keep the order of the course, reversed.
    events = sorted(events, key=lambda event: datetime.fromisoformat(event["at"]))[::-1]
    if masked:
        events = [{**event, "text": mask_text(event["text"])} if "text" in event else event for event in events]
    return {
        "order": mask_order(order) if masked else order,
        "parcels": [_parcel(shipment, masked=masked) for shipment in documents["shipments"]],
        "events": events,
    }


def ticket_view(ticket: Json, *, masked: bool) -> Json:
    """A ticket of the shop's technicians."""
    sentence = str(ticket.get("sentence") or "")
    shown = {name: ticket.get(name) for name in ("ticket_id", "topic", "state", "requested_at", "answer_by")}
    return {**shown, "sentence": mask_text(sentence) if masked else sentence}


def contact_view(handoff: Handoff, outcome: str) -> Json:
    """An earlier time a person was asked for; `outcome` in words."""
    return {
        "handoff_id": handoff.id,
        "conversation_id": handoff.conversation_id,
        "at": iso(handoff.queued_at),
        "ended_at": None if handoff.ended_at is None else iso(handoff.ended_at),
        "headline": handoff.headline,
        "skill_group": handoff.skill_group,
        "agent": handoff.agent_name,
        "state": handoff.state,
        "outcome": outcome,
    }


def _event(at: str, kind: str, **more: Any) -> Json:
    return {"at": at, "kind": kind, **{name: value for name, value in more.items() if value is not None}}


def _parcel_events(shipment: Json) -> list[Json]:
    number = shipment["tracking_number"]
    return [
        _event(one["at"], "parcel", text=one["text"], document_id=number, state=one.get("code"))
        for one in reversed(shipment["events"])
    ]


def _refund_events(refund: Json) -> list[Json]:
    about = {"document_id": refund["refund_id"], "amount_fen": refund["amount_fen"]}
    found = [_event(refund[field], kind, **about) for kind, field in _REFUND_TIMES if refund.get(field)]
    if refund["state"] in ("requested", "reviewing", "approved", "paying"):
        found[-1] |= {"state": refund["state"], "due_at": refund["expected_by"]}
    elif refund["state"] in ("rejected", "withdrawn"):
        found[-1]["state"] = refund["state"]
        if refund.get("reject_reason"):
            found[-1]["text"] = refund["reject_reason"]
    return found


def _return_events(document: Json) -> list[Json]:
    kind, about = document["kind"], {"document_id": document["return_id"], "text": document["reason"]}
    if document["updated_at"] == document["requested_at"]:
        return [_event(document["requested_at"], f"{kind}_requested", state=document["state"], **about)]
    return [
        _event(document["requested_at"], f"{kind}_requested", **about),
        _event(document["updated_at"], f"{kind}_updated", document_id=document["return_id"], state=document["state"]),
    ]


def _claim_events(claim: Json) -> list[Json]:
    due_at = claim.get("reship_by") or (claim["answer_by"] if claim["state"] == "reviewing" else None)
    return [
        _event(
            claim["requested_at"],
            f"claim_{claim['remedy']}",
            document_id=claim["claim_id"],
            state=claim["state"],
            amount_fen=claim.get("amount_fen"),
            due_at=due_at,
            text=claim["description"],
        )
    ]


def _trace_events(trace: Json) -> list[Json]:
    return [
        _event(
            trace["requested_at"],
            "trace",
            document_id=trace["trace_id"],
            due_at=trace["answer_by"],
            text=trace.get("detail") or None,
        )
    ]


def _parcel(shipment: Json, *, masked: bool) -> Json:
    shown = {name: shipment.get(name) for name in ("tracking_number", "carrier", "status", "shipped_at", "eta")}
    courier = shipment.get("courier")
    if isinstance(courier, dict) and masked:
        courier = {"name": mask_name(str(courier.get("name"))), "phone": mask_phone(str(courier.get("phone")))}
    return {**shown, "courier": courier}
