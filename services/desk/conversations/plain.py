"""Plain messages: between a customer and the agent who has them, one in a statement or two, many in four.

Whatever is special about a message (a button, a new page, an attachment, a resend, a conversation that is not an
agent's) is left to the job that does one at a time; what is stored and announced is the same.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from msgspec import Struct

from desk.conversations.notes import EventStored
from desk.conversations.rules import Event, Sender, check_client_id, check_text
from desk.conversations.usecases import Accepted, Incoming
from desk.kernel import ids
from desk.kernel.errors import InvalidError
from desk.kernel.jobs import Row, Written
from desk.kernel.locks import locks_rows
from desk.kernel.prepared import run_many, run_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sqlalchemy as sa

    from desk.kernel.context import Scene


class Plain(NamedTuple):
    """A message that is probably plain; `agent_id` when an agent wrote it."""

    conversation_id: str
    incoming: Incoming
    scene: Scene
    agent_id: str | None = None


class _Standing(NamedTuple):
    state: str
    owner_kind: str
    owner_agent_id: str | None
    owner_agent_name: str | None
    session: int
    page: Any


class _Known(Struct):
    conversation_id: str
    client_id: str


class _New(Struct):
    conversation_id: str
    seq: int
    type: str
    sender: Sender
    message_id: str
    client_id: str
    text: str
    agent_id: str | None
    agent_name: str | None
    session: int
    at: datetime | str


class _Moved(Struct):
    conversation_id: str
    last_seq: int
    last_customer_seq: int | None
    updated_at: datetime | str


_TYPES = {"seq": "bigint", "last_seq": "bigint", "last_customer_seq": "bigint", "session": "integer"}
_TIMES = {"at", "updated_at"}


def row_of(conversation_id: str, incoming: Incoming, scene: Scene, agent_id: str | None = None) -> Row | None:
    """How this message is written together with others; None when it cannot be plain."""
    if incoming.payload is not None or incoming.attachments:
        return None
    return Row(Plain(conversation_id, incoming, scene, agent_id), write_together, write_alone)


def write_together(connection: sa.Connection, messages: Sequence[Plain]) -> list[Written | None]:
    """Store those of the messages that are plain; None for each other."""
    batch = _Batch(connection, messages)
    written = [batch.add(message) for message in messages]
    batch.store()
    return written


def write_alone(connection: sa.Connection, message: Plain) -> Written | None:
    """Store the message if it is plain; on PostgreSQL in a single statement, which needs no transaction."""
    incoming, now, page = message.incoming, message.scene.now, message.incoming.page
    try:
        text, client_id = check_text(incoming.text or ""), check_client_id(incoming.client_id)
    except InvalidError:
        return None
    on_postgresql, message_id = locks_rows(connection), ids.message_id(now)
    values = {
        "id": message.conversation_id,
        "client_id": client_id,
        "agent_id": message.agent_id,
        "page": None if page is None else msgspec.json.encode(page).decode(),
        "message_id": message_id,
        "text": text,
        "at": now if on_postgresql else _stored_time(now),
    }
    sender: Sender = "customer" if message.agent_id is None else "agent"
    text_of = _TAKING_AND_ADDING if on_postgresql else _TAKING
    taken = run_text(connection, text_of[sender], values).fetchone()
    if taken is None:
        return None
    seq, session, agent_name = taken
    name = None if message.agent_id is None else agent_name
    if not on_postgresql:
        run_text(connection, _ADDING[sender], values | {"seq": seq, "session": session, "agent_name": name})
    new = _New(
        message.conversation_id,
        seq,
        "message",
        sender,
        message_id,
        client_id,
        text,
        message.agent_id,
        name,
        session,
        now,
    )
    return _written(new, now)


def _written(new: _New, now: datetime) -> Written:
    event = Event(
        conversation_id=new.conversation_id,
        seq=new.seq,
        type=new.type,
        sender=new.sender,
        message_id=new.message_id,
        client_id=new.client_id,
        text=new.text,
        payload=None,
        buttons=None,
        card=None,
        agent_id=new.agent_id,
        agent_name=new.agent_name,
        understanding=None,
        session=new.session,
        at=now,
    )
    return Written(Accepted(event, duplicate=False, to_agent=True), [EventStored(event, "agent")])


class _Batch:
    """The conversations of some messages, locked until the commit, and what is added to them."""

    def __init__(self, connection: sa.Connection, messages: Sequence[Plain]) -> None:
        self._connection = connection
        self._as_text = not locks_rows(connection)
        self._standings: dict[str, _Standing] = {}
        self._last_seqs: dict[str, int] = {}
        self._moved: dict[str, _Moved] = {}
        self._new: list[_New] = []
        self._read({message.conversation_id for message in messages})
        self._known = self._read_known([_Known(m.conversation_id, m.incoming.client_id) for m in messages])

    def add(self, message: Plain) -> Written | None:
        """The message with its place in the sequence, to be stored; None when it is not plain."""
        standing = self._standings.get(message.conversation_id)
        key = (message.conversation_id, message.incoming.client_id)
        if standing is None or key in self._known or not _fits(message, standing):
            return None
        try:
            text = check_text(message.incoming.text or "")
            client_id = check_client_id(message.incoming.client_id)
        except InvalidError:
            return None
        self._known.add(key)
        return _written(self._next(message, standing, client_id, text), message.scene.now)

    def store(self) -> None:
        """Write what was added."""
        if not self._new:
            return
        if self._as_text:  # half of what SQLite's own JSON takes
            run_many(self._connection, _INSERT_EACH, [msgspec.structs.astuple(new) for new in self._new])
        else:
            self._run(_INSERT, self._new)
        self._run(_UPDATE, list(self._moved.values()))

    def _next(self, message: Plain, standing: _Standing, client_id: str, text: str) -> _New:
        conversation_id, now = message.conversation_id, message.scene.now
        at = _stored_time(now) if self._as_text else now
        moved = self._moved.get(conversation_id)
        if moved is None:
            moved = _Moved(conversation_id, self._last_seqs[conversation_id], None, at)
            self._moved[conversation_id] = moved
        moved.last_seq += 1
        moved.updated_at = at
        sender: Sender = "customer"
        name = None
        if message.agent_id is None:
            moved.last_customer_seq = moved.last_seq
        else:
            sender, name = "agent", standing.owner_agent_name
        new = _New(
            conversation_id,
            moved.last_seq,
            "message",
            sender,
            ids.message_id(now),
            client_id,
            text,
            message.agent_id,
            name,
            standing.session,
            at,
        )
        self._new.append(new)
        return new

    def _read(self, conversation_ids: set[str]) -> None:
        for conversation_id, last_seq, *standing in self._run(_STANDINGS, sorted(conversation_ids)):
            self._standings[conversation_id] = _Standing(*standing)
            self._last_seqs[conversation_id] = last_seq

    def _read_known(self, wanted: list[_Known]) -> set[tuple[str, str]]:
        return {(conversation_id, client_id) for conversation_id, client_id in self._run(_KNOWN, wanted)}

    def _run(self, text: dict[bool, str], rows: list[Any]) -> Any:
        return run_text(self._connection, text[locks_rows(self._connection)], (msgspec.json.encode(rows).decode(),))


def _fits(message: Plain, standing: _Standing) -> bool:
    if standing.owner_kind != "agent" or standing.state == "closed":
        return False
    page = message.incoming.page
    if page is not None and page != _page(standing.page):
        return False
    return message.agent_id is None or message.agent_id == standing.owner_agent_id


def _stored_time(moment: datetime) -> str:
    """As kernel.database.UtcTime keeps it in SQLite."""
    return moment.astimezone(UTC).isoformat(" ", "microseconds")[: -len("+00:00")]


def _page(stored: Any) -> Any:
    return msgspec.json.decode(stored) if isinstance(stored, str) else stored


def _source(kind: type[Struct], *, postgresql: bool) -> str:
    """The rows of the statement's one parameter, a JSON array of `kind`s, as a table `t`."""
    names = kind.__struct_fields__
    if postgresql:
        types = {name: "timestamptz" if name in _TIMES else _TYPES.get(name, "text") for name in names}
        return f"json_to_recordset(%s::json) AS t({', '.join(f'{name} {types[name]}' for name in names)})"
    columns = ", ".join(f"value->>'{name}' AS {name}" for name in names)
    return f"(SELECT {columns} FROM json_each(?)) AS t"  # noqa: S608 - names of our own columns


def _both(text: str, kind: type[Struct]) -> dict[bool, str]:
    """For SQLite (False) and PostgreSQL (True)."""
    return {postgresql: text.replace("ROWS", _source(kind, postgresql=postgresql)) for postgresql in (False, True)}


_STANDING_COLUMNS = "id, last_seq, " + ", ".join(_Standing._fields)
_STANDINGS = {
    False: f"SELECT {_STANDING_COLUMNS} FROM conversations WHERE id IN (SELECT value FROM json_each(?))",  # noqa: S608
    True: f"SELECT {_STANDING_COLUMNS} FROM conversations "  # noqa: S608
    'WHERE id IN (SELECT json_array_elements_text(%s::json)) ORDER BY id COLLATE "C" FOR NO KEY UPDATE',
}
_KNOWN = _both(
    "SELECT e.conversation_id, e.client_id FROM ROWS JOIN events AS e "
    "ON e.conversation_id = t.conversation_id AND e.client_id = t.client_id",
    _Known,
)
_NEW_COLUMNS = ", ".join(_New.__struct_fields__)
_INSERT_EACH = f"INSERT INTO events ({_NEW_COLUMNS}) VALUES ({', '.join('?' * len(_New.__struct_fields__))})"  # noqa: S608
_INSERT = _both(f"INSERT INTO events ({_NEW_COLUMNS}) SELECT {_NEW_COLUMNS} FROM ROWS", _New)  # noqa: S608
_UPDATE = _both(
    "UPDATE conversations SET last_seq = t.last_seq, updated_at = t.updated_at, "
    "last_customer_seq = coalesce(t.last_customer_seq, conversations.last_customer_seq) "
    "FROM ROWS WHERE conversations.id = t.conversation_id",
    _Moved,
)

# One message. Its place in the sequence is taken only if nothing about it is special.
_TAKE = (
    "UPDATE conversations SET last_seq = last_seq + 1, {marks}updated_at = :at "
    "WHERE id = :id AND owner_kind = 'agent' AND state <> 'closed'{whose} "
    "AND (CAST(:page AS text) IS NULL OR CAST(page AS text) = :page) AND NOT EXISTS "
    "(SELECT 1 FROM events WHERE events.conversation_id = :id AND events.client_id = :client_id) "
    "RETURNING last_seq, session, owner_agent_name"
)
_ADD = (
    "INSERT INTO events (conversation_id, seq, type, sender, message_id, client_id, text, agent_id, agent_name, "
    "session, at) SELECT :id, {seq}, 'message', '{sender}', :message_id, :client_id, :text, :agent_id, {name}, "
    "{session}, :at"
)
_PARTS: dict[Sender, dict[str, str]] = {
    "customer": {"marks": "last_customer_seq = last_seq + 1, ", "whose": "", "name": "NULL"},
    "agent": {"marks": "", "whose": " AND owner_agent_id = :agent_id", "name": "owner_agent_name"},
}


def _taking(sender: Sender) -> str:
    return _TAKE.format(**_PARTS[sender])


def _adding(sender: Sender) -> str:
    """For SQLite, behind `_taking`."""
    return _ADD.format(seq=":seq", sender=sender, name=":agent_name", session=":session")


def _taking_and_adding(sender: Sender) -> str:
    """For PostgreSQL."""
    name = _PARTS[sender]["name"]
    adding = _ADD.format(seq="last_seq", sender=sender, name=name, session="session")
    text = f"WITH taken AS ({_taking(sender)}) {adding} FROM taken RETURNING seq, session, agent_name"
    return re.sub(r":(\w+)", r"%(\1)s", text)


_SENDERS: tuple[Sender, ...] = ("customer", "agent")
_TAKING = {sender: _taking(sender) for sender in _SENDERS}
_ADDING = {sender: _adding(sender) for sender in _SENDERS}
_TAKING_AND_ADDING = {sender: _taking_and_adding(sender) for sender in _SENDERS}
