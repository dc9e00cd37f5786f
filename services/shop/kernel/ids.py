"""Ids of documents the shop creates: a letter for the kind, the shop day, six random digits."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import datetime

from shop.kernel.clock import shop_day

NewId = Callable[[str, datetime], str]


def new_document_id(prefix: str, at: datetime) -> str:
    """`R20261122384412`: readable on the phone, not guessable from the one before."""
    return f"{prefix}{shop_day(at):%Y%m%d}{secrets.randbelow(1_000_000):06d}"
