"""Limits of what comes in by HTTP: messages of one conversation, openings and uploads of one address."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from desk.kernel.errors import TooManyError
from desk.kernel.ratelimit import Buckets
from desk.kernel.web import address_group

if TYPE_CHECKING:
    from desk.kernel.settings import Settings
    from desk.kernel.web import DeskRequest

_MINUTE, _HOUR = 60.0, 3600.0


class Throttle:
    """Each desk counts by itself. A call from this machine has no address of its own and is not limited by one."""

    def __init__(self, settings: Settings) -> None:
        openings, uploads = settings.openings_a_minute, settings.uploads_an_hour
        self._messages = Buckets(settings.message_rate_per_second, settings.message_burst)
        self._openings, self._uploads = Buckets(openings / _MINUTE, openings), Buckets(uploads / _HOUR, uploads)
        self._upload_limit = uploads

    def check(self, conversation_id: str) -> None:
        """TooManyError `too_many_messages` when this conversation sends too fast."""
        if not self._messages.take(conversation_id, _now()):
            wait = self._messages.wait_seconds(conversation_id)
            raise TooManyError("too_many_messages", retry_after_seconds=wait)

    def check_opening(self, request: DeskRequest) -> None:
        """TooManyError `too_many_conversations` when this address opens too many."""
        address = address_group(request)
        if address is not None and not self._openings.take(address, _now()):
            raise TooManyError("too_many_conversations", retry_after_seconds=self._openings.wait_seconds(address))

    def check_upload(self, request: DeskRequest) -> None:
        """TooManyError `too_many_attachments_address` when this address uploads too much."""
        address = address_group(request)
        if address is not None and not self._uploads.take(address, _now()):
            wait = self._uploads.wait_seconds(address)
            raise TooManyError("too_many_attachments_address", retry_after_seconds=wait, limit=self._upload_limit)


def _now() -> float:
    return asyncio.get_running_loop().time()
