"""The rules of what members are owed, as plain functions: coupons, points, prices, tickets, the playbook's numbers."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shop.coupon_reissues.rules import Use, reissue_state
from shop.kernel.clock import SHOP_ZONE
from shop.kernel.errors import ConflictError, InvalidError, SettingsError
from shop.kernel.playbook import PolicyFacts, read_policy_facts
from shop.kernel.settings import REPOSITORY
from shop.points.policy import PointsPolicy, load_points_policy
from shop.points.rules import months_later
from shop.points_claims.rules import Spent, earned_points, missing_credit, missing_return
from shop.price_protections.rules import PricedLine, cheaper_lines, difference_fen, require_protectable
from shop.tickets.policy import load_ticket_policy
from shop.tickets.rules import require_facts, require_steps

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("use", "expires_at", "state"),
    [
        (None, NOW - HOUR, "reviewing"),
        (Use("shipped", None), NOW + HOUR, "reviewing"),
        (Use("cancelled", NOW - HOUR), NOW + HOUR, "issued"),
        (Use("cancelled", None), NOW - HOUR, "issued"),
        (Use("refunded", NOW - 5 * HOUR), NOW - HOUR, "issued"),
        (Use("refunded", NOW - 5 * HOUR), NOW - 6 * HOUR, "reviewing"),
        (Use("refunding", NOW - 5 * HOUR), NOW - HOUR, "issued"),
        (Use("refunding", NOW - 5 * HOUR), NOW + HOUR, "reviewing"),
        (Use("refunding", NOW - 5 * HOUR), NOW - 6 * HOUR, "reviewing"),
    ],
)
def test_a_coupon_that_was_valid_when_its_order_was_given_up_is_owed(
    use: Use | None, expires_at: datetime, state: str
) -> None:
    assert reissue_state(use, expires_at, NOW) == state


def credit(status: str, completed_at: datetime | None, amount_fen: int = 39_999) -> int | None:
    return missing_credit(
        status=status, completed_at=completed_at, amount_fen=amount_fen, policy=PointsPolicy(), now=NOW
    )


def test_points_are_owed_from_the_due_time_on() -> None:
    assert credit("completed", NOW - 24 * HOUR) == 399
    with pytest.raises(ConflictError) as refused:
        credit("completed", NOW - 24 * HOUR + timedelta(seconds=1))
    assert refused.value.details == {"due_at": NOW + timedelta(seconds=1), "order_status": "completed"}
    with pytest.raises(ConflictError, match="after the order is completed"):
        credit("shipped", None)
    assert credit("refunded", None) is None
    assert credit("completed", NOW - 48 * HOUR, amount_fen=99) is None
    assert earned_points(12_950, PointsPolicy(earn_per_yuan=2)) == 258


def test_spent_points_come_back_when_the_whole_order_was_given_up() -> None:
    assert missing_return(status="refunded", spent=Spent(400, None)) == 400
    assert missing_return(status="cancelled", spent=Spent(400, None)) == 400
    assert missing_return(status="refunding", spent=Spent(400, None)) is None
    assert missing_return(status="refunded", spent=None) is None
    with pytest.raises(ConflictError) as refused:
        missing_return(status="refunded", spent=Spent(400, NOW))
    assert refused.value.details == {"points": 400, "credited_at": NOW}


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 11, 22), 12, date(2027, 11, 22)),
        (date(2028, 2, 29), 12, date(2029, 2, 28)),
        (date(2026, 10, 31), 1, date(2026, 11, 30)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
        (date(2026, 11, 30), 0, date(2026, 11, 30)),
    ],
)
def test_months_later_is_the_same_day_or_the_last(day: date, months: int, later: date) -> None:
    assert months_later(day, months) == later


def test_prices_are_protected_to_the_end_of_the_last_day() -> None:
    placed_at = datetime(2026, 11, 15, 15, 30, tzinfo=UTC)  # 23:30 on the 15th in Shanghai
    last = datetime(2026, 11, 22, 23, 59, 59, tzinfo=SHOP_ZONE)
    require_protectable(status="delivered", paid_fen=1, placed_at=placed_at, days=7, now=last)
    with pytest.raises(ConflictError) as refused:
        require_protectable(
            status="delivered", paid_fen=1, placed_at=placed_at, days=7, now=last + timedelta(seconds=1)
        )
    assert refused.value.code == "price_protection_expired" and refused.value.details is not None
    assert refused.value.details["expired_at"] == last


_lines = st.lists(
    st.builds(PricedLine, st.text("ab", min_size=1), st.integers(1, 9), st.integers(1, 99_999), st.integers(1, 99_999)),
    min_size=1,
)


@given(_lines)
def test_the_difference_is_never_more_than_what_was_paid(lines: list[PricedLine]) -> None:
    if all(line.now_fen >= line.paid_fen for line in lines):
        with pytest.raises(ConflictError, match="Nothing of the order"):
            cheaper_lines(lines)
        return
    cheaper = cheaper_lines(lines)
    assert 0 < difference_fen(cheaper) < sum(line.paid_fen * line.quantity for line in cheaper)


def test_a_ticket_holds_twenty_facts_of_three_hundred_characters() -> None:
    facts = {f"名{number}": "值" * 300 for number in range(20)}
    assert require_facts(facts) == facts and require_facts({"版本": ""}) == {"版本": ""}
    for bad in ({**facts, "多": "x"}, {"名": "值" * 301}, {"": "x"}, {"名": "\x00"}):
        with pytest.raises(InvalidError, match="facts"):
            require_facts(bad)
    assert require_steps(["重启\n手机"] * 20) == ["重启\n手机"] * 20
    with pytest.raises(InvalidError, match="steps"):
        require_steps(["重启"] * 21)


def test_the_numbers_of_the_playbook_are_read_and_checked(tmp_path: Path) -> None:
    assert load_points_policy(read_policy_facts(tmp_path)) == PointsPolicy()
    facts = read_policy_facts(REPOSITORY / "playbook")
    assert load_ticket_policy(facts).answer_hours == 4
    assert load_points_policy(PolicyFacts({"points": {"earn_per_yuan": 3}})).earn_per_yuan == 3
    for wrong in ("four", -1, True, 4.5, 10_001):
        with pytest.raises(SettingsError, match=r"tickets\.answer_hours"):
            load_ticket_policy(PolicyFacts({"tickets": {"answer_hours": wrong}}))
