"""Transactions change the shop, so each module of these tests has a shop of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from actions.settings import Settings
from actions.shop_api import ShopApi
from tests.actions.conversation import Conversation
from tests.conftest import RunningShop, start_shop


@pytest.fixture(scope="module")
def running_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningShop]:
    with start_shop(tmp_path_factory.mktemp("shop")) as shop:
        yield shop


@pytest.fixture(scope="module")
def shop(running_shop: RunningShop) -> ShopApi:
    return ShopApi(Settings(running_shop.url, running_shop.token))


@pytest.fixture(scope="module")
def number_of(shop: ShopApi, running_shop: RunningShop) -> Callable[[str], str]:
    """The number of a demo order by its name or its last six digits: what is before them is the day it was placed."""
    owners = [customer["customer_id"] for customer in running_shop.customers]
    numbers = {order["order_id"][-6:]: order["order_id"] for owner in owners for order in shop.orders(owner, 100)}
    return lambda name: numbers[name] if name in numbers else str(running_shop.fixtures[name])


@pytest.fixture
def on_order(shop: ShopApi, fixtures: dict[str, Any]) -> Callable[[str], Conversation]:
    """Start a conversation of the signed owner on the page of a named order of the demo data."""

    def start(name: str) -> Conversation:
        order = shop.order(fixtures[name])
        return Conversation(shop, fixtures["now"], order["customer_id"], page_order_id=order["order_id"])

    return start


@pytest.fixture
def on_number(running_shop: RunningShop, shop: ShopApi, fixtures: dict[str, Any]) -> Callable[[str], Conversation]:
    """Start a conversation of the signed owner on the page of the order whose number ends like this."""
    owners = {
        brief["order_id"][-6:]: (person["customer_id"], brief["order_id"])
        for person in running_shop.customers
        for brief in person["orders"]
    }

    def start(ending: str) -> Conversation:
        customer_id, order_id = owners[ending]
        return Conversation(shop, fixtures["now"], customer_id, page_order_id=order_id)

    return start
