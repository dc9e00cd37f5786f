"""`python -m desk`: migrate the database, then serve; `python -m desk export-customer …` and `erase-customer …`."""

from __future__ import annotations

import asyncio
import gc
import os
import sys
from typing import TYPE_CHECKING

import structlog
import uvicorn
import uvloop

from desk.app import build_app, build_parts
from desk.kernel import log, settings
from desk.kernel.engine import migrate
from desk.kernel.wire import Wire

if TYPE_CHECKING:
    from desk.kernel.clock import Clock

_MAX_SOCKET_FRAME_BYTES = 1024 * 1024  # larger ones end the connection; over 64 kB get an error (chat_socket.md)
_SHUTDOWN_SECONDS = 5
# The thread that commits and the loop that delivers take turns: with Python's 5 ms a message would wait that long for
# a loop that is busy, or the loop for a commit.
_SWITCH_SECONDS = 0.0005
_COLLECT_AFTER = (10_000, 20, 20)


def uvicorn_config(app: object, values: settings.Settings) -> uvicorn.Config:
    """Uvicorn as measured: our own wire, no per-message deflate, uvloop; clients ping, not the server."""
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        host=values.host,
        port=values.port,
        loop="uvloop",
        ws=Wire,
        ws_per_message_deflate=False,
        ws_max_size=_MAX_SOCKET_FRAME_BYTES,
        ws_ping_interval=None,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(values.trusted_proxies),
        forwarded_allow_ips=",".join(values.trusted_proxies) or None,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )


def spare_the_collector() -> None:
    """Python's collector of cycles looks at what is new, and does not go through all that was loaded.

    Messages on their way are thousands of objects: with Python's thresholds half of the processor under load went into
    looking at them, and again and again at everything else, to find nothing.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)


async def serve(values: settings.Settings, clock: Clock | None = None) -> None:
    """Serve until a signal ends it."""
    spare_the_collector()
    server = uvicorn.Server(uvicorn_config(build_app(build_parts(values, clock)), values))
    structlog.get_logger("desk").info("desk starts", port=values.port, bot=values.rasa_urls, shop=values.shop_url)
    await server.serve()


def main(clock: Clock | None = None) -> int:
    """0 after a clean end, 1 with one sentence when the desk cannot start; `clock` instead of the machine's."""
    try:
        values = settings.load(os.environ)
        sys.setswitchinterval(_SWITCH_SECONDS)
        log.configure(values.log_level, as_json=values.log_json)
        values.data_dir.mkdir(parents=True, exist_ok=True)
        migrate(values.database_url)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(serve(values, clock))
    except settings.SettingsError as error:
        print(f"desk: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


def command(argv: list[str]) -> int:
    """Serve without a word, else do what the word says."""
    if not argv:
        return main()
    from desk.privacy import commands

    return commands.main(argv)


if __name__ == "__main__":
    sys.exit(command(sys.argv[1:]))
