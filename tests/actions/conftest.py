"""Conversations with the actions, against a really running shop or one that is down."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import ThreadingHTTPServer
from typing import Any

import pytest

from actions.settings import Settings
from actions.shop_api import ShopApi
from tests.actions.conversation import Conversation
from tests.actions.scripted import Scripted
from tests.conftest import RunningShop, free_port

Start = Callable[..., Conversation]


@pytest.fixture(scope="session")
def shop(running_shop: RunningShop) -> ShopApi:
    return ShopApi(Settings(running_shop.url, running_shop.token))


@pytest.fixture
def down() -> ShopApi:
    """A shop nobody answers for: its port is closed."""
    return ShopApi(Settings(f"http://127.0.0.1:{free_port()}", "any", connect_timeout_seconds=0.2))


@pytest.fixture
def visitor(shop: ShopApi, running_shop: RunningShop) -> Start:
    """Start a conversation nobody vouched for."""
    return lambda **more: Conversation(shop, running_shop.fixtures["now"], **more)


@pytest.fixture
def customer(shop: ShopApi, running_shop: RunningShop) -> Start:
    """Start a conversation of a signed demo customer, `normal` unless said otherwise."""

    def start(who: str = "normal", **more: Any) -> Conversation:
        customer_id = running_shop.fixtures["customers"][who]["customer_id"]
        return Conversation(shop, running_shop.fixtures["now"], customer_id, **more)

    return start


@pytest.fixture
def fixtures(running_shop: RunningShop) -> dict[str, Any]:
    """The demo data by name."""
    return running_shop.fixtures


@pytest.fixture
def scripted() -> Iterator[type[Scripted]]:
    handler = type("Handler", (Scripted,), {"asked": [], "codes": [200]})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    handler.port = server.server_address[1]
    yield handler
    server.shutdown()
    server.server_close()
