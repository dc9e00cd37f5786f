"""Saying it twice creates one document: the answer of a writing call is stored under its Idempotency-Key."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

import msgspec
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from shop.kernel.db import Database
from shop.kernel.errors import InvalidError
from shop.tables import IdempotencyRow

LONGEST_KEY = 200
Document = TypeVar("Document", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Once(Generic[Document]):
    """A writing call that shall happen once.

    `operation` and `key` name it, `mark` is the fingerprint of its request, `create` does it inside a session.
    """

    operation: str
    key: str
    mark: str
    now: datetime
    document_type: type[Document]
    create: Callable[[Session], Document]


def fingerprint(subject_id: str, request: msgspec.Struct) -> str:
    """What tells a repeated call from another one under the same key; `subject_id` is the order or customer."""
    return hashlib.sha256(subject_id.encode() + b"\n" + msgspec.json.encode(request, order="sorted")).hexdigest()


def create_once(database: Database, once: Once[Document]) -> Document:
    """The document of `create`, or the stored one when the key has been used for the same request.

    A failed `create` leaves nothing behind, so the key may be tried again. Raises InvalidError
    `idempotency_key_invalid`, `idempotency_key_reused` (same key, another request), and what `create` raises.
    """
    key = once.key
    if not 0 < len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        raise InvalidError("idempotency_key_invalid", f"Idempotency-Key needs 1 to {LONGEST_KEY} ASCII characters.")
    try:
        return _create(database, once)
    except IntegrityError:
        # On PostgreSQL two first calls may meet; the one that lost finds the winner's document now.
        return _create(database, once)


def _create(database: Database, once: Once[Document]) -> Document:
    with database.write() as session:
        stored = session.scalar(
            select(IdempotencyRow).where(IdempotencyRow.operation == once.operation, IdempotencyRow.key == once.key)
        )
        if stored is not None:
            return _repeat(stored, once)
        row = IdempotencyRow(
            operation=once.operation, key=once.key, fingerprint=once.mark, document={}, created_at=once.now
        )
        session.add(row)
        session.flush()
        document = once.create(session)
        row.document = msgspec.to_builtins(document)
        return document


def _repeat(stored: IdempotencyRow, once: Once[Document]) -> Document:
    if stored.fingerprint != once.mark:
        raise InvalidError("idempotency_key_reused", "This Idempotency-Key was used for another request.")
    return msgspec.convert(stored.document, once.document_type)
