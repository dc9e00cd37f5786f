"""Proving that an order is one's own: right and wrong endings, the lock, many guesses at the same time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from conftest import RunningShop
from shop.demo.seeding import ensure_demo_data
from shop.kernel.db import Database
from shop.kernel.errors import InvalidError, RefusedError
from shop.migrating import migrate
from shop.orders.verification import ending_matches, require_ending, verify
from shop.tables import OrderRow
from sqlalchemy import select

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)


def verified(shop: RunningShop, order_id: str, ending: str) -> object:
    response = shop.post(f"/orders/{order_id}/verify", {"phone_ending": ending})
    return response.json() if response.status_code == 200 else response.json()["error"]["code"]


def test_the_ending_of_recipient_and_account_count(fresh_shop: RunningShop) -> None:
    gift = next(o for o in fresh_shop.orders(customer_id="C1004") if o["recipient"]["name"] != "赵雅琴")
    assert verified(fresh_shop, gift["order_id"], gift["recipient"]["phone"][-4:]) == {"verified": True}
    assert verified(fresh_shop, gift["order_id"], "3395") == {"verified": True}
    assert verified(fresh_shop, gift["order_id"], "0000") == {"verified": False, "attempts_left": 4}


def test_five_failures_lock_the_order_even_for_the_right_ending(fresh_shop: RunningShop) -> None:
    order_id = fresh_shop.named["order_shipped"]
    for left in (4, 3, 2, 1, 0):
        assert verified(fresh_shop, order_id, "0000") == {"verified": False, "attempts_left": left}
    response = fresh_shop.post(f"/orders/{order_id}/verify", {"phone_ending": "5678"})
    assert response.status_code == 429
    assert response.json()["error"]["code"] == "verification_locked"
    assert verified(fresh_shop, fresh_shop.named["order_delivered"], "5678") == {"verified": True}


def test_an_unknown_order_is_404(fresh_shop: RunningShop) -> None:
    assert verified(fresh_shop, "20990101000000", "5678") == "order_not_found"


@pytest.mark.parametrize("ending", ["", "567", "05678", "13812345678", "56a8", "５６７８", "١٢٣٤", " 5678"])
def test_what_is_no_ending_is_refused_and_not_counted(fresh_shop: RunningShop, ending: str) -> None:
    order_id = fresh_shop.named["order_unshipped"]
    assert verified(fresh_shop, order_id, ending) == "phone_ending_invalid"
    assert verified(fresh_shop, order_id, "5678") == {"verified": True}


@pytest.mark.parametrize("body", [None, {}, {"phone_ending": 5678}, {"phone_ending": None}, [], {"phone": "5678"}])
def test_a_malformed_body_is_400(fresh_shop: RunningShop, body: object) -> None:
    response = fresh_shop.post(f"/orders/{fresh_shop.named['order_unshipped']}/verify", body)
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "invalid_request"


def test_a_hundred_guesses_at_once_get_no_more_than_five_tries(fresh_shop: RunningShop) -> None:
    order_id = fresh_shop.named["order_high_value"]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda n: str(verified(fresh_shop, order_id, f"{n:04d}")), range(100)))
    assert sum("attempts_left" in answer for answer in answers) == 5
    assert answers.count("verification_locked") == 95


def test_failures_are_forgotten_after_a_day(empty_database: Callable[[], Database]) -> None:
    database = empty_database()
    migrate(database)
    ensure_demo_data(database, now=NOW, renew=True)
    with database.read() as session:
        order_id = session.scalars(select(OrderRow.order_id)).first()
    assert order_id is not None

    def attempt(at: datetime) -> int | None:
        with database.write() as session:
            return verify(session, order_id, "0000", at).attempts_left

    assert [attempt(NOW + timedelta(hours=hour)) for hour in range(5)] == [4, 3, 2, 1, 0]
    with pytest.raises(RefusedError):
        attempt(NOW + timedelta(hours=24) - timedelta(seconds=1))
    assert attempt(NOW + timedelta(hours=24)) == 0
    assert attempt(NOW + timedelta(hours=72)) == 4


def test_the_rule_alone() -> None:
    assert ending_matches("5678", ["13812345678", "13900000000"])
    assert ending_matches("0000", ["13812345678", "13900000000"])
    assert not ending_matches("1234", ["13812345678"])
    with pytest.raises(InvalidError):
        require_ending("12 4")
