"""What may be asked for about one customer: everything that is known, or that nothing is known any more."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

from msgspec import Struct, json, structs

from desk.attachments import store as attachment_store
from desk.audit import store as audit_store
from desk.audit.rules import Actor, Subject, record_view
from desk.kernel.clock import iso
from desk.kernel.errors import ConflictError, NotFoundError
from desk.privacy import store
from desk.privacy.tables import PARTS

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    import sqlalchemy as sa

    from desk.attachments.files import LocalFiles
    from desk.attachments.rules import Attachment
    from desk.privacy.tracker import TrackerStore

FORMAT = "baton-customer-1"


class Request(Struct, frozen=True, kw_only=True):
    """Whose data: a customer of the shop, or one conversation of a visitor nobody vouched for; who asks, and why."""

    customer_id: str | None
    conversation_id: str | None
    actor: Actor
    reason: str
    now: datetime

    @property
    def subject(self) -> Subject:
        """The customer or the conversation in the audit trail."""
        if self.customer_id is not None:
            return Subject("customer", self.customer_id)
        return Subject("conversation", self.conversation_id)


class Erased(Struct, frozen=True):
    """What went."""

    conversations: int
    files: int
    tracker_events: int


def conversations_of(connection: sa.Connection, request: Request) -> list[str]:
    """The conversations it is about; NotFoundError `customer_not_found` when there are none."""
    if request.customer_id is not None:
        found = store.of_customer(connection, request.customer_id)
    else:
        wanted = request.conversation_id or ""
        found = [wanted] if store.rows(connection, PARTS[-1], wanted) else []
    if not found:
        raise NotFoundError("customer_not_found")
    return found


def export(
    connection: sa.Connection, request: Request, files: LocalFiles, tracker: TrackerStore, out: Path
) -> dict[str, int]:
    """Write a ZIP (customer.json and the uploaded files) for its owner's eyes only; how much of what it holds.

    NotFoundError `customer_not_found`. Agents' ids and internal keys of files are not in it.
    """
    found = conversations_of(connection, request)
    told = [_told(connection, one, tracker) for one in found]
    uploads = [one for conversation in found for one in attachment_store.of_conversation(connection, conversation)]
    about = [record_view(one) for one in audit_store.about(connection, request.subject.id or "")]
    head = {"format": FORMAT, "subject": request.subject, "exported_at": iso(request.now)}
    counts = {"conversations": len(found), "files": len(uploads)}
    fresh = out.with_name(out.name + ".new")
    try:
        fresh.touch(mode=0o600)
        with zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED) as archive:
            document = {**head, "conversations": told, "audit": about}
            archive.writestr("customer.json", json.format(json.encode(document), indent=1))
            for one in uploads:
                archive.write(files.path(one.file_key), file_name(one))
        _write_down(connection, "customer_exported", request, counts)
        fresh.replace(out)
    finally:
        fresh.unlink(missing_ok=True)
    return counts


def _write_down(connection: sa.Connection, event: str, request: Request, counts: dict[str, int]) -> None:
    details = {"reason": request.reason, **counts}
    audit_store.record(connection, event, request.actor, request.subject, request.now, details=details)


def _told(connection: sa.Connection, conversation_id: str, tracker: TrackerStore) -> dict[str, Any]:
    parts = {part.table.name: store.rows(connection, part, conversation_id) for part in PARTS}
    return {"conversation_id": conversation_id, **parts, "rasa": tracker.export(conversation_id)}


def file_name(attachment: Attachment) -> str:
    """Where an upload lies in the archive; its own name comes cleaned, the id makes it unique."""
    return f"attachments/{attachment.id}_{attachment.name}"


def erase(engine: sa.Engine, request: Request, files: LocalFiles, tracker: TrackerStore) -> Erased:
    """Nothing that was said or written about the customer is left in desk, attachments and tracker store.

    Several transactions: it can be run again when it was broken off. ConflictError `customer_with_agent` while a
    person has one of the conversations or the customer waits for one; NotFoundError `customer_not_found`.
    """
    with engine.begin() as connection:
        found = conversations_of(connection, request)
        if store.with_a_person(connection, found):
            raise ConflictError("customer_with_agent")
        _write_down(connection, "erasure_started", request, {"conversations": len(found)})
    for one in found:
        with engine.begin() as connection:
            if store.close(connection, one, request.now) is None:
                raise ConflictError("customer_with_agent")
    # Before the rows that lead there, so that a second run still finds them; once more for a turn under way.
    events = tracker.erase(found)
    gone = sum(erase_conversation(engine, one, request.now, "request", files) for one in found)
    events += tracker.erase(found)
    done = Erased(len(found), gone, events)
    with engine.begin() as connection:
        _write_down(connection, "customer_erased", request, structs.asdict(done))
    return done


def erase_conversation(engine: sa.Engine, conversation_id: str, now: datetime, reason: str, files: LocalFiles) -> int:
    """One closed conversation, rows and files; how many files went. A file without a row would be swept anyway."""
    with engine.begin() as connection:
        keys = attachment_store.remove_of_conversation(connection, conversation_id)
        store.erase(connection, conversation_id, now, reason)
    for key in keys:
        files.remove(key)
    return len(keys)
