"""`python -m shop`: migrate, seed, serve."""

from __future__ import annotations

import os
import socket
import sys

import structlog
import uvicorn

from shop.app import create_app
from shop.kernel.errors import SettingsError
from shop.kernel.log import configure_logging
from shop.kernel.settings import Settings
from shop.starting import prepare_shop

log = structlog.get_logger()


def main() -> int:
    """Serve until told to stop; 1 with one clear sentence when that is impossible."""
    configure_logging()
    try:
        settings = Settings.from_environment(os.environ)
        settings.require_token()
        if settings.demo:
            settings.require_identity_secret()
        listening = _listen(settings.host, settings.port)
        shop = prepare_shop(settings)
    except SettingsError as problem:
        sys.stderr.write(f"shop: {problem}\n")
        return 1
    app = create_app(shop, token=settings.token, demo=settings.demo)
    log.info("shop is serving", address=f"http://{settings.host}:{settings.port}", demo=settings.demo)
    uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False)).run(sockets=[listening])
    return 0


def _listen(host: str, port: int) -> socket.socket:
    """The listening socket, taken before any work is done, so that a busy port is the first thing said."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError as problem:
        listening.close()
        raise SettingsError(
            f"Port {port} on {host} cannot be used ({problem.strerror}); set BATON_SHOP_PORT."
        ) from problem
    return listening


if __name__ == "__main__":
    sys.exit(main())
