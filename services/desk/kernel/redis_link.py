"""One connection to Redis below its library: commands go out at once, answers come by a call, in order.

redis-py says hello (addresses, passwords, TLS, as its URLs have them) and gives its connection away. Its way of a
command, through a pool, a retry, a stream and a task, takes twice as long from one process to another as what is here
(docs/decisions/0018).
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, cast

from hiredis import HiredisError, Reader, pack_command
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError

if TYPE_CHECKING:
    from collections.abc import Callable

FAILURES = (RedisError, OSError, TimeoutError)
_ANSWER_SECONDS = 2.0
_CHECK_SECONDS = 0.5


class RedisLink(asyncio.Protocol):
    """Open it with `open_link`. `lost` is done when the connection is over."""

    def __init__(self, writer: asyncio.StreamWriter, block_seconds: float) -> None:
        self._writer = writer  # closes the connection when it is collected
        self._patience_seconds = block_seconds + _ANSWER_SECONDS
        self._loop = asyncio.get_running_loop()
        self._reader = Reader()
        self._asked: deque[tuple[float, Callable[[Any], None]]] = deque()
        self.lost: asyncio.Future[Exception] = self._loop.create_future()
        self._check = self._loop.call_later(_CHECK_SECONDS, self._check_answers)

    def ask(self, *command: str | int | bytes, answer: Callable[[Any], None]) -> None:
        """Send a command; `answer` is given what came back, a ResponseError when Redis refused it.

        It is not called when the connection is lost before.
        """
        if not self.lost.done():
            self._asked.append((self._loop.time(), answer))
            self._writer.write(pack_command(cast("Any", command)))

    async def wait_for(self, *command: str | int | bytes) -> Any:
        """Send a command and wait for its answer; one of FAILURES."""
        answered: asyncio.Future[Any] = self._loop.create_future()
        self.ask(*command, answer=answered.set_result)
        await asyncio.wait({answered, self.lost}, return_when=asyncio.FIRST_COMPLETED)
        if not answered.done():
            raise self.lost.result()
        if isinstance(answer := answered.result(), ResponseError):
            raise answer
        return answer

    def close(self, error: Exception | None = None) -> None:
        """End it, because of `error` if there is one."""
        self._check.cancel()
        if not self.lost.done():
            self.lost.set_result(error or RedisConnectionError("closed"))
        self._writer.transport.abort()

    def data_received(self, data: bytes) -> None:
        """What Redis answered; a part of an answer waits for the rest."""
        self._reader.feed(data)
        try:
            while self._asked and (found := self._reader.gets()) is not False:
                _, answer = self._asked.popleft()
                answer(ResponseError(str(found)) if isinstance(found, HiredisError) else found)
        except HiredisError as error:
            self.close(RedisConnectionError(str(error)))

    def connection_lost(self, exc: Exception | None) -> None:
        """The end, however it came."""
        known = isinstance(exc, FAILURES)  # else whoever was given the answer broke
        self.close(exc if known else RedisConnectionError(repr(exc) if exc else "Redis hung up"))

    def _check_answers(self) -> None:
        if self._asked and self._loop.time() - self._asked[0][0] > self._patience_seconds:
            self.close(TimeoutError("Redis does not answer"))
        else:
            self._check = self._loop.call_later(_CHECK_SECONDS, self._check_answers)


async def open_link(url: str, block_seconds: float = 0.0) -> RedisLink:
    """Connect and log in; one of FAILURES. No command will be kept waiting by Redis itself for over `block_seconds`."""
    pool = ConnectionPool.from_url(
        url,
        protocol=2,
        socket_timeout=_ANSWER_SECONDS,
        socket_connect_timeout=_ANSWER_SECONDS,
        retry=Retry(NoBackoff(), 0),  # who must try again knows it there
    )
    connection: Any = pool.make_connection()  # type: ignore[no-untyped-call]
    await connection.connect()
    writer: asyncio.StreamWriter = connection._writer  # it has no public name
    connection._reader = connection._writer = None  # or it would end with this object
    link = RedisLink(writer, block_seconds)
    writer.transport.set_protocol(link)
    return link
