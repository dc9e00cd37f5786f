"""Rules without I/O, in tables: times, money, anomalies, delays, dispatch, refunds, choice of an order."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Any, cast

import pytest

from actions.context import long_number_in, order_number_in, order_tail_in, phone_ending_in
from actions.logistics import situation
from actions.order_choice import choose, ordinal_in, overlap
from actions.orders import dispatch_of
from actions.refunds import days_overdue
from actions.shop_types import Order, Refund, Shipment
from actions.words import addressed, day_time, deadline, money, parse_time

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=timezone.utc)  # 10:00 in Shanghai


def at(text: str) -> datetime:
    return parse_time(text)


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("2026-11-21T10:20:00Z", "昨天 18:20"),
        ("2026-11-22T15:59:00Z", "今天 23:59"),
        ("2026-11-22T16:00:00Z", "明天 00:00"),
        ("2026-11-24T06:00:00Z", "后天 14:00"),
        ("2026-11-20T06:00:00Z", "前天 14:00"),
        ("2026-11-26T10:00:00Z", "11月26日 18:00"),
        ("2025-12-31T16:30:00Z", "1月1日 00:30"),
        ("2027-01-02T01:00:00Z", "2027年1月2日 09:00"),
    ],
)
def test_day_time(moment: str, words: str) -> None:
    assert day_time(at(moment), NOW) == words


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        ("2026-11-27T15:59:59Z", "11月27日"),
        ("2026-11-27T16:00:00Z", "11月27日"),
        ("2026-11-23T06:00:00Z", "明天 14:00"),
    ],
)
def test_deadline_of_a_whole_day_is_named_by_the_day(moment: str, words: str) -> None:
    assert deadline(at(moment), NOW) == words


@pytest.mark.parametrize(("fen", "words"), [(39900, "¥399"), (1250, "¥12.50"), (5, "¥0.05"), (0, "¥0"), (-300, "-¥3")])
def test_money(fen: int, words: str) -> None:
    assert money(fen) == words


@pytest.mark.parametrize(
    ("name", "honorific", "words"),
    [
        ("李晓雯", "女士", "李女士"),
        ("欧阳静", "女士", "欧阳女士"),
        ("欧阳", "先生", "欧先生"),
        ("Tom Lee", "先生", "Tom Lee"),
    ],
)
def test_addressed(name: str, honorific: str, words: str) -> None:
    assert addressed(name, honorific) == words


@pytest.mark.parametrize(
    ("text", "asked", "ending"),
    [
        ("5678", True, "5678"),
        ("5678", False, None),
        ("尾号５６７８", False, "5678"),
        ("手机后四位是 5678", False, "5678"),
        ("13812345678", False, "5678"),
        ("订单20261118000123手机尾号5678", False, "5678"),
        ("20261118000123", True, None),
        ("订单尾号0123", True, None),
        ("不知道", True, None),
        ("56789", True, None),
    ],
)
def test_phone_ending_in(text: str, asked: bool, ending: str | None) -> None:
    assert phone_ending_in(text, asked=asked) == ending


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("20261118000123", "20261118000123"),
        ("SO２０２６１１１８０００１２３", "20261118000123"),
        ("2026 1118 000123", "20261118000123"),
        ("20261318000123", None),
        ("2026111800012", None),
        ("78191968847973", None),
        ("", None),
    ],
)
def test_order_number_in(value: str, number: str | None) -> None:
    assert order_number_in(value) == number


def test_other_numbers() -> None:
    assert order_tail_in("订单尾号0123的", asked=False) == "0123"
    assert order_tail_in("0123", asked=True) == "0123"
    assert order_tail_in("0123", asked=False) is None
    assert long_number_in("是2026 1118 00012吗") == "2026111800012"
    assert long_number_in("买了 3 件") is None


def event(code: str, days_ago: float, text: str = "【杭州】说明") -> dict[str, str]:
    moment = NOW - timedelta(days=days_ago)
    return {"at": moment.strftime("%Y-%m-%dT%H:%M:%SZ"), "code": code, "text": text, "place": "杭州"}


def parcel(
    *events: dict[str, str],
    status: str = "in_transit",
    late_days: float = -1,
    eta_days: float | None = 1,
) -> Shipment:
    """A parcel promised `late_days` ago (negative: in the future) and expected in `eta_days`."""
    clock = "%Y-%m-%dT%H:%M:%SZ"
    return cast(
        "Shipment",
        {
            "tracking_number": "SF1",
            "order_id": "20261118000123",
            "carrier": {"code": "SF", "name": "顺丰速运", "phone": None},
            "status": status,
            "shipped_at": None,
            "courier": None,
            "events": list(events),
            "deliver_by": (NOW - timedelta(days=late_days)).strftime(clock),
            "eta": None if eta_days is None else (NOW + timedelta(days=eta_days)).strftime(clock),
        },
    )


@pytest.mark.parametrize(
    ("shipment", "expected"),
    [
        (parcel(event("ARRIVED", 0.5)), {"anomaly": None, "days_late": 0, "days_late_expected": 0}),
        (
            parcel(event("EXCEPTION_WEATHER", 1), event("ARRIVED", 2), late_days=2),
            {"anomaly": "weather", "days_late": 2, "days_late_expected": 3},
        ),
        (
            parcel(event("ARRIVED", 0.2), event("EXCEPTION_BACKLOG", 2), late_days=1),
            {"anomaly": "backlog", "days_late": 1},
        ),
        (parcel(event("EXCEPTION_ADDRESS", 1), eta_days=None), {"anomaly": "address", "days_late": 0, "eta": None}),
        (parcel(event("EXCEPTION_CUSTOMS", 1)), {"anomaly": "customs"}),
        (parcel(event("EXCEPTION_LOST", 6), status="exception", eta_days=None), {"anomaly": "lost", "days_still": 6}),
        (parcel(event("EXCEPTION_REFUSED", 1), status="returned", eta_days=None), {"anomaly": "refused"}),
        (parcel(event("ARRIVED", 4), late_days=-1), {"anomaly": "unknown", "days_still": 4, "days_late": 0}),
        (parcel(event("ARRIVED", 1), late_days=1), {"anomaly": "unknown", "days_late": 1}),
        (parcel(event("ARRIVED", 1), late_days=-0.5, eta_days=1), {"anomaly": "unknown", "days_late_expected": 1}),
        (
            parcel(event("DELIVERED", 1), event("EXCEPTION_WEATHER", 2), status="delivered", late_days=2),
            {"anomaly": "weather", "days_late": 1, "days_still": 0, "eta": None},
        ),
        (parcel(event("ARRIVED", 0.1), eta_days=-0.5), {"eta_passed": True}),
        (parcel(), {"last": None, "days_still": 0}),
    ],
)
def test_situation_of_a_parcel(shipment: Shipment, expected: dict[str, Any]) -> None:
    seen = situation(shipment, NOW, stuck_days=3)
    assert {name: getattr(seen, name) for name in expected} == expected


def order(**changes: Any) -> Order:
    return cast(
        "Order",
        {
            "order_id": "20261118000123",
            "status": "unshipped",
            "hold": None,
            "ship_by": None,
            "lines": [],
            "refund_ids": [],
            "return_ids": [],
        }
        | changes,
    )


def hold(expected_ship_at: str | None, detail: str | None = None, code: str = "warehouse_backlog") -> dict[str, Any]:
    return {"code": code, "since": "2026-11-20T00:00:00Z", "expected_ship_at": expected_ship_at, "detail": detail}


@pytest.mark.parametrize(
    ("given", "ship_at", "overdue", "reason"),
    [
        (order(ship_by="2026-11-22T10:00:00Z"), "2026-11-22T10:00:00Z", False, ""),
        (order(ship_by="2026-11-21T10:00:00Z"), "2026-11-21T10:00:00Z", True, ""),
        (order(), None, False, ""),
        (
            order(ship_by="2026-11-21T10:00:00Z", hold=hold("2026-11-23T04:00:00Z", "仓库排队。")),
            "2026-11-23T04:00:00Z",
            False,
            "仓库排队",
        ),
        (order(hold=hold("2026-11-21T04:00:00Z", code="presale")), None, False, "这是预售商品，按预售时间发"),
        (order(hold=hold(None, code="something_new")), None, False, "仓库还在处理"),
    ],
)
def test_dispatch(given: Order, ship_at: str | None, overdue: bool, reason: str) -> None:
    plan = dispatch_of(given, NOW)
    assert plan.ship_at == (at(ship_at) if ship_at else None)
    assert (plan.overdue, plan.reason) == (overdue, reason)


@pytest.mark.parametrize(
    ("state", "expected_by", "days"),
    [
        ("paying", "2026-11-18T10:00:00Z", 4),
        ("paying", "2026-11-22T01:00:00Z", 1),
        ("paying", "2026-11-23T01:00:00Z", 0),
        ("completed", "2026-11-18T10:00:00Z", 0),
        ("reviewing", None, 0),
    ],
)
def test_refund_overdue(state: str, expected_by: str | None, days: int) -> None:
    assert days_overdue(cast("Refund", {"state": state, "expected_by": expected_by}), NOW) == days


def listed(number: int, status: str, title: str, **more: Any) -> Order:
    return order(order_id=f"202611180001{number:02d}", status=status, lines=[{"title": title}], **more)


MINE = [
    listed(9, "shipped", "云听降噪耳机"),
    listed(8, "shipped", "保温杯"),
    listed(7, "delivered", "云听音箱"),
    listed(6, "completed", "羽绒服", refund_ids=["R1"]),
]


@pytest.mark.parametrize(
    ("topic", "words", "known", "expected"),
    [
        ("query_logistics", "我那个耳机呢", {}, "20261118000109"),
        ("query_logistics", "到哪了", {}, None),
        ("query_refund_status", "退款呢", {}, "20261118000106"),
        ("query_logistics", "到哪了", {"page_order_id": "20261118000107"}, "20261118000107"),
        ("query_logistics", "耳机到哪了", {"page_order_id": "20261118000107"}, "20261118000109"),
        (
            "query_logistics",
            "到哪了",
            {"focus_order_id": "20261118000108", "page_order_id": "20261118000107"},
            "20261118000108",
        ),
        ("request_return", "音箱想退", {}, "20261118000107"),
        ("request_return", "耳机想退", {}, "20261118000109"),
        ("query_logistics", "订单", {"order_tail": "0108"}, "20261118000108"),
        ("query_logistics", "到哪了", {"page_order_id": "20269999999999"}, None),
        ("query_refund_status", "退款呢", {"focus_order_id": "20261118000109"}, "20261118000106"),
        ("undo_request", "撤回", {"focus_order_id": "20261118000109"}, "20261118000109"),
    ],
)
def test_choice(topic: str, words: str, known: dict[str, str], expected: str | None) -> None:
    assert choose(MINE, topic, words, **known).order_id == expected


def test_nothing_fits_lists_everything() -> None:
    choice = choose(MINE, "undo_request", "撤回")
    assert (choice.order_id, choice.fits, len(choice.listed)) == (None, False, 4)


@pytest.mark.parametrize(
    ("words", "place"), [("第二个", 1), ("第 3 单", 2), ("最近那单", 0), ("耳机", None), ("倒数第二", None)]
)
def test_ordinal(words: str, place: int | None) -> None:
    assert ordinal_in(words) == place


@pytest.mark.parametrize(
    ("title", "words", "length"),
    [
        ("云听降噪耳机", "我那个耳机", 2),
        ("云听降噪耳机", "降噪耳机呢", 4),
        ("云听降噪耳机", "听见了", 0),
        ("USB 线", "线", 0),
    ],
)
def test_overlap(title: str, words: str, length: int) -> None:
    assert overlap(title, words) == length
