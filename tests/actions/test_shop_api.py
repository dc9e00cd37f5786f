"""The HTTP client: typed errors, time-outs, retries of reads only, the breaker, settings."""

from __future__ import annotations

import json
import threading
import time
from contextvars import copy_context

import pytest

from actions.settings import Settings, SettingsError
from actions.shop_api import (
    BREAKER_FAILURES,
    Breaker,
    NotFoundError,
    ShopApi,
    ShopRefusedError,
    ShopUnavailableError,
    VerificationLockedError,
)
from addons.turn_memory import one_turn
from tests.actions.scripted import Scripted
from tests.conftest import RunningShop


def client(scripted: type[Scripted], **more: float) -> ShopApi:
    return ShopApi(Settings(f"http://127.0.0.1:{scripted.port}", "t", **more))


def test_unknown_order(shop: ShopApi) -> None:
    with pytest.raises(NotFoundError) as caught:
        shop.order("20261101000000")
    assert caught.value.code == "order_not_found"


def test_wrong_token(running_shop: RunningShop) -> None:
    with pytest.raises(ShopRefusedError):
        ShopApi(Settings(running_shop.url, "wrong")).order("20261101000000")


def test_verification(shop: ShopApi, running_shop: RunningShop) -> None:
    vip = running_shop.fixtures["customers"]["vip"]
    order_id = vip["orders"][-1]
    assert shop.verify(order_id, vip["phone"][-4:])
    for _ in range(5):
        assert not shop.verify(order_id, "0000")
    with pytest.raises(VerificationLockedError):
        shop.verify(order_id, vip["phone"][-4:])


def test_read_is_repeated_after_a_bad_gateway(scripted: type[Scripted]) -> None:
    scripted.codes, scripted.body = [503, 502, 200], json.dumps({"orders": []}).encode()
    assert client(scripted).orders("C1") == []
    assert len(scripted.asked) == 3


def test_verification_is_never_repeated(scripted: type[Scripted]) -> None:
    scripted.codes = [503]
    with pytest.raises(ShopUnavailableError):
        client(scripted).verify("20261101000000", "5678")
    assert len(scripted.asked) == 1


def test_slow_shop_is_given_up(scripted: type[Scripted]) -> None:
    scripted.delay = threading.Event()
    with pytest.raises(ShopUnavailableError):
        client(scripted, read_timeout_seconds=0.1).verify("20261101000000", "5678")
    scripted.delay.set()


def test_answer_that_is_not_json(scripted: type[Scripted]) -> None:
    scripted.body = b"<html>"
    with pytest.raises(ShopUnavailableError):
        client(scripted).order("1")


def test_odd_ids_stay_one_path_segment(scripted: type[Scripted]) -> None:
    client(scripted).order("../customers/C1?x=1")
    assert scripted.asked == ["GET /api/v1/orders/..%2Fcustomers%2FC1%3Fx%3D1"]


def test_breaker_opens_after_failures_and_tries_again_after_its_rest() -> None:
    clock = [0.0]
    breaker = Breaker(rest_seconds=10, clock=lambda: clock[0])
    for _ in range(BREAKER_FAILURES):
        breaker.check()
        breaker.failed()
    with pytest.raises(ShopUnavailableError):
        breaker.check()
    clock[0] = 10.1
    breaker.check()
    breaker.failed()
    with pytest.raises(ShopUnavailableError):
        breaker.check()
    clock[0] = 21
    breaker.succeeded()
    breaker.failed()
    breaker.check()


def test_open_breaker_does_not_ask(scripted: type[Scripted]) -> None:
    scripted.codes = [500]
    api = client(scripted)
    for _ in range(BREAKER_FAILURES + 3):
        with pytest.raises(ShopUnavailableError):
            api.verify("20261101000000", "5678")
    assert len(scripted.asked) == BREAKER_FAILURES


def test_settings() -> None:
    assert Settings.from_environment({"BATON_SHOP_TOKEN": "t"}).shop_url == "http://127.0.0.1:8001"
    given = Settings.from_environment({"BATON_SHOP_TOKEN": "t", "BATON_SHOP_URL": "https://shop.example/"})
    assert given.shop_url == "https://shop.example"
    with pytest.raises(SettingsError, match="BATON_SHOP_TOKEN is not set"):
        Settings.from_environment({})
    with pytest.raises(SettingsError, match="http"):
        Settings.from_environment({"BATON_SHOP_TOKEN": "t", "BATON_SHOP_URL": "shop"})


def test_a_turn_asks_the_same_thing_once(scripted: type[Scripted]) -> None:
    scripted.body = json.dumps({"orders": [{"order_id": "1"}]}).encode()
    api = client(scripted)
    with one_turn():
        first = api.orders("C1")
        first[0]["order_id"] = "changed by a reader"
        assert api.orders("C1") == [{"order_id": "1"}]
        api.orders("C2")
    assert len(scripted.asked) == 2


def test_outside_of_turns_nothing_is_remembered(scripted: type[Scripted]) -> None:
    scripted.body = json.dumps({"orders": []}).encode()
    api = client(scripted)
    with one_turn():
        api.orders("C1")
    api.orders("C1")
    api.orders("C1")
    assert len(scripted.asked) == 3


def test_after_a_document_was_filed_everything_is_read_again(scripted: type[Scripted]) -> None:
    scripted.body = json.dumps({"orders": [], "return_id": "R1"}).encode()
    api = client(scripted)
    with one_turn():
        api.orders("C1")
        api.file_for_order("1", "returns", {}, "key")
        api.orders("C1")
    assert len(scripted.asked) == 3


def test_an_order_of_the_list_is_not_asked_for_again(scripted: type[Scripted]) -> None:
    scripted.body = json.dumps({"orders": [{"order_id": "1", "status": "shipped"}]}).encode()
    api = client(scripted)
    with one_turn():
        api.orders("C1")
        assert api.order("1") == {"order_id": "1", "status": "shipped"}
    assert len(scripted.asked) == 1


def test_who_asks_while_the_same_is_asked_waits_for_that_answer(scripted: type[Scripted]) -> None:
    scripted.delay = threading.Event()
    scripted.body = json.dumps({"customer_id": "C1"}).encode()
    api = client(scripted)
    with one_turn():
        ahead = threading.Thread(target=copy_context().run, args=(api.read, ("/customers/C1",)))
        ahead.start()
        while not scripted.asked:
            time.sleep(0.01)
        threading.Timer(0.05, scripted.delay.set).start()
        assert api.customer("C1") == {"customer_id": "C1"}
        ahead.join()
    assert len(scripted.asked) == 1


def test_a_read_ahead_that_failed_is_asked_again_by_whoever_needs_it(scripted: type[Scripted]) -> None:
    scripted.codes, scripted.body = [404, 200], json.dumps({"customer_id": "C1"}).encode()
    api = client(scripted)
    with one_turn():
        api.read(("/customers/C1",))
        assert api.customer("C1") == {"customer_id": "C1"}
    assert len(scripted.asked) == 2
