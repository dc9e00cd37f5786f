"""The shop's rules as plain functions: return windows, points, levels, coupons, search, moments, settings."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop.coupons.store import coupon_state
from shop.customers.tiers import next_tier, tier_of
from shop.demo.moments import moment
from shop.kernel.clock import SHOP_ZONE, end_of_shop_day, shop_day
from shop.kernel.errors import SettingsError
from shop.kernel.settings import REPOSITORY, Settings
from shop.orders.documents import OrderLine
from shop.points.rules import Lot, lapse, spend
from shop.products.search import MINIMUM_SCORE, score
from shop.returns.documents import Eligibility
from shop.returns.policy import ReturnPolicy, load_return_policy
from shop.returns.rules import deadline_of, eligibility

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
DELIVERED = datetime(2026, 11, 15, 15, 30, tzinfo=UTC)  # 23:30 on the 15th in Shanghai


def line(number: int, return_class: str = "no_reason") -> OrderLine:
    return OrderLine(f"L{number}", "P1", "保温杯", "墨绿", "家居", 1, 8900, return_class)  # type: ignore[arg-type]


def ask(
    now: datetime,
    lines: tuple[OrderLine, ...] = (line(1),),
    *,
    status: str = "delivered",
    delivered_at: datetime | None = DELIVERED,
    returning: frozenset[str] = frozenset(),
) -> Eligibility:
    return eligibility(
        status=status,
        delivered_at=delivered_at,
        lines=lines,
        returning_line_ids=returning,
        policy=ReturnPolicy(),
        now=now,
    )


def test_the_last_day_of_a_window_counts_to_its_end_in_shanghai() -> None:
    deadline = deadline_of(DELIVERED, 7)
    assert deadline == datetime(2026, 11, 22, 23, 59, 59, tzinfo=SHOP_ZONE)
    assert ask(deadline).reason_code == "within_no_reason"
    assert ask(deadline + timedelta(seconds=1)).reason_code == "quality_window"
    assert ask(deadline_of(DELIVERED, 15)).kind == "quality_only"
    assert ask(deadline_of(DELIVERED, 15) + timedelta(seconds=1)).reason_code == "expired"


def test_who_pays_the_freight_follows_the_ground() -> None:
    assert ask(NOW).freight_payer == "customer"
    assert ask(NOW + timedelta(days=3)).freight_payer == "shop"
    assert ask(NOW + timedelta(days=30)).freight_payer is None


def test_fresh_goods_go_back_only_for_quality() -> None:
    answer = ask(NOW, (line(1, "quality_only"),))
    assert (answer.eligible, answer.kind, answer.reason_code) == (True, "quality_only", "quality_only_goods")


def test_of_a_mixed_order_the_returnable_lines_decide_then_all_of_them() -> None:
    mixed = (line(1), line(2, "quality_only"))
    assert ask(NOW, mixed).line_ids == ["L1"]
    later = ask(NOW + timedelta(days=3), mixed)
    assert (later.reason_code, later.line_ids) == ("quality_window", ["L1", "L2"])
    rest = ask(NOW, mixed, returning=frozenset({"L1"}))
    assert (rest.reason_code, rest.line_ids) == ("quality_only_goods", ["L2"])


@pytest.mark.parametrize(
    ("status", "delivered_at", "returning", "reason_code"),
    [
        ("shipped", None, frozenset(), "not_delivered"),
        ("cancelled", None, frozenset(), "not_delivered"),
        ("refunding", DELIVERED, frozenset(), "already_returning"),
        ("refunded", DELIVERED, frozenset(), "already_returning"),
        ("delivered", DELIVERED, frozenset({"L1"}), "already_returning"),
        ("completed", DELIVERED, frozenset(), "within_no_reason"),
    ],
)
def test_the_state_of_the_order_decides_first(
    status: str, delivered_at: datetime | None, returning: frozenset[str], reason_code: str
) -> None:
    answer = ask(NOW, status=status, delivered_at=delivered_at, returning=returning)
    assert answer.reason_code == reason_code
    assert answer.eligible == (reason_code == "within_no_reason")


@given(
    delivered_hours_ago=st.integers(0, 24 * 40),
    no_reason_days=st.integers(0, 30),
    quality_days=st.integers(0, 30),
    classes=st.lists(st.sampled_from(["no_reason", "quality_only"]), min_size=1, max_size=4),
)
def test_an_eligible_answer_is_always_inside_its_own_deadline(
    delivered_hours_ago: int, no_reason_days: int, quality_days: int, classes: list[str]
) -> None:
    lines = [line(number, name) for number, name in enumerate(classes)]
    answer = eligibility(
        status="delivered",
        delivered_at=NOW - timedelta(hours=delivered_hours_ago),
        lines=lines,
        returning_line_ids=frozenset(),
        policy=ReturnPolicy(no_reason_days=no_reason_days, quality_days=quality_days),
        now=NOW,
    )
    assert answer.deadline is not None
    assert answer.eligible == (answer.deadline >= NOW) == (answer.kind != "none")
    assert (answer.freight_payer is None) == (not answer.eligible)
    assert set(answer.line_ids) <= {item.line_id for item in lines} and answer.line_ids


def test_the_policy_comes_from_the_playbook_and_has_defaults(tmp_path: Path) -> None:
    assert load_return_policy(tmp_path) == ReturnPolicy(7, 15, "customer", "shop")
    file = tmp_path / "policies.yml"
    file.write_text("shipping: {fee_fen: 800}\n")
    assert load_return_policy(tmp_path) == ReturnPolicy()
    file.write_text("returns: {no_reason_days: 10, no_reason_freight_payer: shop, texts: {a: b}}\n")
    assert load_return_policy(tmp_path) == ReturnPolicy(10, 15, "shop", "shop")


def test_the_playbook_of_the_repository_can_be_read() -> None:
    policy = load_return_policy(REPOSITORY / "playbook")
    assert 0 < policy.no_reason_days <= policy.quality_days


@pytest.mark.parametrize("value", ["seven", "-1", "true", "7.5", "[7]"])
def test_a_senseless_policy_is_refused_with_its_key(tmp_path: Path, value: str) -> None:
    (tmp_path / "policies.yml").write_text(f"returns: {{no_reason_days: {value}}}\n")
    with pytest.raises(SettingsError, match="no_reason_days"):
        load_return_policy(tmp_path)


def test_a_policy_file_that_is_no_yaml_or_names_a_stranger_is_refused(tmp_path: Path) -> None:
    (tmp_path / "policies.yml").write_text("returns: [unclosed\n")
    with pytest.raises(SettingsError, match="YAML"):
        load_return_policy(tmp_path)
    (tmp_path / "policies.yml").write_text("returns: {quality_freight_payer: carrier}\n")
    with pytest.raises(SettingsError, match="quality_freight_payer"):
        load_return_policy(tmp_path)


def lot(name: str, points: int, expires_in_days: int) -> Lot:
    return Lot(name, points, points, NOW - timedelta(days=1), NOW + timedelta(days=expires_in_days), "test")


def test_spending_takes_what_lapses_soonest() -> None:
    after = {item.lot_id: item.remaining for item in spend([lot("late", 100, 90), lot("soon", 50, 5)], 70, NOW)}
    assert after == {"late": 80, "soon": 0}


def test_points_that_lapsed_or_are_missing_cannot_be_spent() -> None:
    with pytest.raises(ValueError, match="20 are missing"):
        spend([lot("gone", 500, -1), lot("left", 50, 5)], 70, NOW)


@given(st.lists(st.tuples(st.integers(1, 900), st.integers(-20, 400)), max_size=8), st.integers(0, 4000))
def test_no_point_is_made_or_lost(told: list[tuple[int, int]], wish: int) -> None:
    lots = [lot(f"L{number}", points, days) for number, (points, days) in enumerate(told)]
    left, lapsed = lapse(lots, NOW)
    before = sum(item.remaining for item in lots)
    usable = sum(item.remaining for item in left)
    assert usable + sum(points for _, points in lapsed) == before
    if wish > usable:
        with pytest.raises(ValueError, match="missing"):
            spend(left, wish, NOW)
    else:
        assert sum(item.remaining for item in spend(left, wish, NOW)) == usable - wish


def test_levels_begin_at_their_growth() -> None:
    assert [tier_of(growth) for growth in (0, 1999, 2000, 5999, 6000, 19999, 20000)] == [
        "normal",
        "normal",
        "silver",
        "silver",
        "gold",
        "gold",
        "vip",
    ]
    assert next_tier(1200) == ("silver", 800) and next_tier(20000) is None


def test_a_used_coupon_stays_used_after_its_date() -> None:
    assert coupon_state("20261120000001", NOW - timedelta(days=1), NOW) == "used"
    assert coupon_state(None, NOW, NOW) == "expired"
    assert coupon_state(None, NOW + timedelta(seconds=1), NOW) == "unused"


def test_search_prefers_the_title() -> None:
    assert score("耳机", "云听降噪耳机", "") > score("耳麦", "云听降噪耳机", "耳麦") >= MINIMUM_SCORE
    assert score("雨伞", "云听降噪耳机", "耳麦") < MINIMUM_SCORE
    assert score("伞", "云听降噪耳机", "耳麦") < MINIMUM_SCORE


def test_moments_are_told_in_hours_or_in_days_of_the_shop() -> None:
    assert moment("-6h", NOW) == NOW - timedelta(hours=6)
    assert moment("-3d 15:20", NOW) == datetime(2026, 11, 19, 15, 20, tzinfo=SHOP_ZONE)
    assert moment("-3d 15:20", NOW, -30) == datetime(2026, 10, 20, 15, 20, tzinfo=SHOP_ZONE)
    with pytest.raises(ValueError, match="cannot be moved"):
        moment("-6h", NOW, -1)
    with pytest.raises(ValueError, match="not a moment"):
        moment("yesterday", NOW)


def test_the_day_is_the_one_in_shanghai() -> None:
    assert shop_day(datetime(2026, 11, 21, 16, 0, tzinfo=UTC)) == date(2026, 11, 22)
    assert shop_day(datetime(2026, 11, 21, 15, 59, tzinfo=UTC)) == date(2026, 11, 21)
    assert end_of_shop_day(date(2026, 11, 22)) == datetime(2026, 11, 22, 15, 59, 59, tzinfo=UTC)


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", ""])
def test_a_senseless_port_is_refused(port: str) -> None:
    with pytest.raises(SettingsError, match="BATON_SHOP_PORT"):
        Settings.from_environment({"BATON_SHOP_PORT": port})


def test_settings_have_the_defaults_of_the_brief() -> None:
    settings = Settings.from_environment({})
    assert (settings.port, settings.demo, settings.host) == (8001, False, "127.0.0.1")
    assert settings.database_url == f"sqlite:///{REPOSITORY / 'var' / 'shop.db'}"
    with pytest.raises(SettingsError, match="BATON_SHOP_TOKEN"):
        settings.require_token()
