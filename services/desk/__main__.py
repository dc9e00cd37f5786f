"""`python -m desk`: migrate the database, then serve."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import TYPE_CHECKING

import structlog
import uvicorn
import uvloop

from desk.app import build_app, build_parts
from desk.kernel import log, settings
from desk.kernel.database import migrate

if TYPE_CHECKING:
    from desk.kernel.clock import Clock

_MAX_SOCKET_FRAME_BYTES = 1024 * 1024  # larger ones end the connection; over 64 kB get an error (chat_socket.md)
_SHUTDOWN_SECONDS = 5


def uvicorn_config(app: object, values: settings.Settings) -> uvicorn.Config:
    """Uvicorn as measured: sans-I/O WebSockets, no per-message deflate, uvloop; clients ping, not the server."""
    return uvicorn.Config(
        app,  # type: ignore[arg-type]
        host=values.host,
        port=values.port,
        loop="uvloop",
        ws="websockets-sansio",
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


async def serve(values: settings.Settings, clock: Clock | None = None) -> None:
    """Serve until a signal ends it."""
    server = uvicorn.Server(uvicorn_config(build_app(build_parts(values, clock)), values))
    structlog.get_logger("desk").info("desk starts", port=values.port, bot=values.rasa_url, shop=values.shop_url)
    await server.serve()


def main(clock: Clock | None = None) -> int:
    """0 after a clean end, 1 with one sentence when the desk cannot start; `clock` instead of the machine's."""
    try:
        values = settings.load(os.environ)
        log.configure(values.log_level)
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


if __name__ == "__main__":
    sys.exit(main())
