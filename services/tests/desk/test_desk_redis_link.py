"""The connection to Redis below its library: answers in order, refusals, silence, passwords, TLS."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import ssl
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Valkey
from desk.kernel.redis_link import FAILURES, RedisLink, open_link
from redis.exceptions import RedisError, ResponseError

pytestmark = pytest.mark.anyio


@contextlib.asynccontextmanager
async def linked(url: str, **options: float) -> AsyncIterator[RedisLink]:
    link = await open_link(url, **options)
    yield link
    link.close()


async def test_answers_come_in_the_order_of_the_questions(valkey: Valkey) -> None:
    async with linked(valkey.url) as link:
        found: list[Any] = []
        for number in range(500):
            link.ask("ECHO", f"{number}" * 100, answer=found.append)
        assert await link.wait_for("ECHO", "末") == "末".encode()
        assert found == [f"{number}".encode() * 100 for number in range(500)]


async def test_an_answer_larger_than_a_read_is_whole(valkey: Valkey) -> None:
    async with linked(valkey.url) as link:
        large = b"\r\n$5\r\nx" * 300_000
        assert await link.wait_for("SET", "k", large) == b"OK"
        assert await link.wait_for("GET", "k") == large


async def test_a_refused_command_ends_nothing(valkey: Valkey) -> None:
    async with linked(valkey.url) as link:
        found: list[Any] = []
        link.ask("XADD", answer=found.append)
        with pytest.raises(ResponseError, match="wrong number of arguments"):
            await link.wait_for("GET")
        assert isinstance(found[0], ResponseError)
        assert await link.wait_for("PING") == b"PONG"


async def test_a_redis_that_dies_is_lost_and_answers_nothing_more(valkey: Valkey) -> None:
    async with linked(valkey.url) as link:
        found: list[Any] = []
        link.ask("XREAD", "BLOCK", 5000, "STREAMS", "s", "$", answer=found.append)
        valkey.kill()
        assert isinstance(await asyncio.wait_for(link.lost, 5), FAILURES)
        with pytest.raises(FAILURES):
            await link.wait_for("PING")
        assert found == []
    with pytest.raises(FAILURES):
        await open_link(valkey.url)


async def test_silence_is_a_lost_connection_but_not_while_redis_may_wait(valkey: Valkey) -> None:
    async with linked(valkey.url, block_seconds=2.5) as patient, linked(valkey.url) as link:
        assert await patient.wait_for("XREAD", "BLOCK", 2400, "STREAMS", "s", "$") is None
        assert not link.lost.done()  # nothing was asked, so nothing is missing
        valkey.signal(signal.SIGSTOP)
        with pytest.raises(TimeoutError):
            await link.wait_for("PING")
        assert not patient.lost.done()
        valkey.signal(signal.SIGCONT)
        assert await patient.wait_for("PING") == b"PONG"


async def test_what_breaks_in_an_answer_ends_the_connection(valkey: Valkey) -> None:
    broken: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: broken.append(context["exception"]))
    async with linked(valkey.url) as link:
        link.ask("PING", answer=lambda answer: answer.no_such_thing)
        assert isinstance(await asyncio.wait_for(link.lost, 5), RedisError)
    assert isinstance(broken[0], AttributeError)


async def test_passwords_and_databases_of_the_url_are_used(valkey: Valkey) -> None:
    async with linked(valkey.url) as link:
        await link.wait_for("CONFIG", "SET", "requirepass", "geheim")
    with pytest.raises(FAILURES):
        async with linked(valkey.url) as nobody:
            await nobody.wait_for("PING")
    with pytest.raises(FAILURES):
        await open_link(f"redis://:wrong@127.0.0.1:{valkey.port}/0")
    async with linked(f"redis://:geheim@127.0.0.1:{valkey.port}/3") as link:
        assert await link.wait_for("SET", "k", 1) == b"OK"
        assert b"db=3" in await link.wait_for("CLIENT", "INFO")


async def test_tls_as_the_url_has_it(valkey: Valkey, tmp_path: Path) -> None:
    """A server that speaks TLS in front of Valkey."""
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    made += ["-days", "1", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*made, "-keyout", key, "-out", certificate], check=True, capture_output=True, timeout=30)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def joined(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner, outer = await asyncio.open_connection("127.0.0.1", valkey.port)
        await asyncio.gather(pump(reader, outer), pump(inner, writer), return_exceptions=True)

    server = await asyncio.start_server(joined, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    async with server:
        async with linked(f"rediss://localhost:{port}/0?ssl_ca_certs={certificate}") as link:
            assert await link.wait_for("ECHO", b"x" * 100_000) == b"x" * 100_000
        with pytest.raises(FAILURES):
            await open_link(f"rediss://localhost:{port}/0")  # nobody vouches for the certificate
