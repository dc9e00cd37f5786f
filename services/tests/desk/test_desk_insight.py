"""The wall and the reports: every figure is the length of a list one can open; reports recompute to the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from desk.insight import playbook, policy, store
from desk.insight.reports import Facts, HandoffFact, RatingFact, SessionFact, percentile, report
from desk.insight.wall import Case, Wanted, clocks_of, is_wanted, wall
from desk.kernel import settings
from desk.kernel.settings import SettingsError
from doubles import BotDouble
from running import Conversation, RunningDesk

Queued = Callable[..., Conversation]
FOLDER = settings.load({}, require_secrets=False).playbook_dir
POLICY = policy.load(FOLDER)
ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)


def case(**changes: Any) -> Case:
    known: dict[str, Any] = {
        "handoff_id": "h_1", "conversation_id": "c_1", "customer_name": "王*", "headline": "晚到", "group": "logistics",
        "state": "queued", "priority": "high", "emotion": {"family": "angry", "intensity": 2}, "queued_at": NOW,
        "agent_id": None, "agent_name": None, "deadlines": {}, "answered": False, "unanswered_since": None,
    }  # fmt: skip
    return Case(**{**known, **changes})


# --- clocks


@pytest.mark.parametrize(
    ("changes", "seconds_later", "expected"),
    [
        ({}, 0, [("first_response", "running")]),
        ({}, 11, [("first_response", "soon")]),
        ({}, 16, [("first_response", "late")]),
        ({"deadlines": {"first_response": NOW + timedelta(seconds=60)}}, 16, [("first_response", "running")]),
        ({"answered": True}, 900, []),
        ({"answered": True, "unanswered_since": NOW}, 10, [("reply", "running")]),
        ({"answered": True, "unanswered_since": NOW}, 250, [("reply", "soon")]),
        ({"answered": True, "unanswered_since": NOW}, 301, [("reply", "late")]),
        ({"answered": True, "deadlines": {"solution": NOW + timedelta(hours=4)}}, 13_000, [("solution", "soon")]),
    ],
)
def test_which_clock_runs_and_how_near_it_is(
    changes: dict[str, Any], seconds_later: int, expected: list[tuple[str, str]]
) -> None:
    found = clocks_of(case(**changes), POLICY, NOW + timedelta(seconds=seconds_later))
    assert [(one.clock, one.state) for one in found] == expected


def test_every_figure_of_the_wall_is_the_length_of_its_list() -> None:
    late = NOW + timedelta(seconds=100)
    cases = [
        case(),
        case(group="orders", emotion={"family": "anxious", "intensity": 3}, queued_at=NOW - timedelta(minutes=9)),
        case(state="active", agent_id="a_1", answered=True, unanswered_since=NOW - timedelta(seconds=150)),
        case(state="active", agent_id="a_2", answered=True, emotion={"family": "pleased", "intensity": 1}),
        case(emotion={"family": "anxious", "intensity": 1, "adjusted": {"family": "anxious", "intensity": 3}}),
    ]
    found = wall(cases, [], POLICY, late)

    def count(**wanted: Any) -> int:
        return sum(is_wanted(one, Wanted(**wanted), POLICY, late) for one in cases)

    for row in found["queue"]:
        assert row["waiting"] == count(state="queued", group=row["group"])
        assert row["active"] == count(state="active", group=row["group"])
    for row in found["clocks"]:
        assert row["soon"] == count(clock=row["clock"], clock_state="soon")
        assert row["late"] == count(clock=row["clock"], clock_state="late")
    for row in found["emotions"]:
        assert row["by_intensity"] == [count(family=row["family"], intensity=level) for level in range(4)]
    heat = {row["family"]: row["by_intensity"] for row in found["emotions"]}
    assert heat["anxious"] == [0, 0, 0, 2]  # as the console shows it: raised by the conversation
    assert sum(sum(row["by_intensity"]) for row in found["emotions"]) == len(cases)
    waits = {row["group"]: row["longest_wait_seconds"] for row in found["queue"]}
    assert (waits["orders"], waits["logistics"], waits["technical"]) == (640, 100, None)


# --- reports


def handoff(minutes: float, *, replied: float | None = None, **changes: Any) -> HandoffFact:
    at = NOW + timedelta(minutes=minutes)
    known: dict[str, Any] = {
        "queued_at": at, "state": "resolved", "trigger": "anger", "group": "logistics", "outcome": "solved",
        "claimed_at": at, "ended_at": at + timedelta(minutes=10),
        "replied_at": None if replied is None else at + timedelta(seconds=replied),
    }  # fmt: skip
    return HandoffFact(**{**known, **changes})


FACTS = Facts(
    sessions=[
        SessionFact(datetime(2026, 11, 21, 15, 59, tzinfo=UTC), 2, handed_over=False),  # 23:59 in the shop
        SessionFact(datetime(2026, 11, 21, 16, 0, tzinfo=UTC), 3, handed_over=True),  # the next day there
        SessionFact(datetime(2026, 11, 22, 1, 0, tzinfo=UTC), 1, handed_over=False),
    ],
    handoffs=[
        handoff(0, replied=10),
        handoff(1, replied=40),
        handoff(2, replied=4000, outcome="退了货"),
        handoff(3, state="cancelled", outcome=None, claimed_at=None, trigger="customer_request"),
    ],
    ratings=[RatingFact(NOW, 5, by_bot=False), RatingFact(NOW, 2, by_bot=True)],
)


def test_a_report_counts_by_the_days_of_the_shop() -> None:
    found = report(FACTS, date(2026, 11, 21), date(2026, 11, 23), ZONE, 4)
    assert found["by_day"] == [
        {"day": "2026-11-21", "bot_only": 1, "handed_over": 0},
        {"day": "2026-11-22", "bot_only": 1, "handed_over": 1},
        {"day": "2026-11-23", "bot_only": 0, "handed_over": 0},
    ]
    assert [row["hour"] for row in found["by_hour"] if row["bot_only"] + row["handed_over"]] == [0, 9, 23]
    assert found["totals"] == {
        "sessions": 3, "messages": 6, "bot_only": 2, "handed_over": 1, "containment": 0.6667, "handoffs": 4,
    }  # fmt: skip
    assert found["reasons"][0] == {"code": "anger", "count": 3, "share": 0.75}
    first = found["first_response"]
    assert (first["count"], first["unanswered"], first["p50"], first["p90"]) == (3, 1, 40, 4000)
    assert sum(row["count"] for row in first["distribution"]) == 3
    assert first["distribution"][-1] == {"up_to_seconds": None, "count": 1}
    assert {row["outcome"]: row["count"] for row in found["resolution"]["outcomes"]} == {
        "solved": 2, "cancelled": 1, "other": 1,
    }  # fmt: skip
    assert found["resolution"]["solved_share"] == 0.6667
    satisfaction = found["satisfaction"]
    assert (satisfaction["count"], satisfaction["average"], satisfaction["satisfied_share"]) == (2, 3.5, 0.5)
    assert satisfaction["answered_share"] == 0.3333


def test_nothing_happened_is_no_division_by_zero() -> None:
    found = report(Facts([], [], []), date(2026, 11, 21), date(2026, 11, 21), ZONE, 4)
    assert found["totals"]["containment"] is None
    assert found["satisfaction"]["average"] is None
    assert found["first_response"]["p90"] is None


def test_a_percentile_is_a_value_that_occurred() -> None:
    assert [percentile(range(1, 11), share) for share in (0.0, 0.5, 0.9, 1.0)] == [1, 5, 9, 10]
    assert percentile([], 0.5) is None


def test_a_mistake_in_the_file_stops_the_start(tmp_path: Path) -> None:
    text = (FOLDER / "wall.yml").read_text(encoding="utf-8")
    for wrong in (text.replace("reply: 60", "answer: 60"), text.replace("reply_seconds: 300", "reply_seconds: soon")):
        (tmp_path / "wall.yml").write_text(wrong, encoding="utf-8")
        policy.load.cache_clear()
        with pytest.raises(SettingsError):
            policy.load(tmp_path)


# --- the running desk


def test_the_wall_of_a_running_desk_and_the_lists_behind_it(desk: RunningDesk, bot: BotDouble, queued: Queued) -> None:
    supervisor, agent = desk.new_agent(role="supervisor", name="组长"), desk.new_agent().online()
    waiting, active = queued(), queued()
    agent.claim(active)
    agent.say(active, "您好，我在查。")
    active.send("好的，我等着")
    found = supervisor.get("/wall").json()
    rows = supervisor.get("/wall/cases?state=queued").json()
    assert rows["total"] == sum(row["waiting"] for row in found["queue"])
    assert waiting.id in {row["conversation_id"] for row in rows["cases"]}
    mine = supervisor.get(f"/wall/cases?agent={agent.agent['agent_id']}").json()["cases"]
    assert [(row["conversation_id"], row["state"]) for row in mine] == [(active.id, "active")]
    assert "reply" in {clock["clock"] for clock in mine[0]["clocks"]}
    listed = {row["agent_id"]: row for row in found["agents"]["list"]}
    assert listed[agent.agent["agent_id"]]["load"] >= 1
    assert found["agents"]["by_state"]["online"] >= 1
    for late in found["clocks"]:
        behind = supervisor.get(f"/wall/cases?clock={late['clock']}&clock_state=late").json()
        assert behind["total"] >= late["late"]  # clocks only go on between the two calls
    for path in ("/wall", "/wall/cases", "/reports?from=2026-11-01&to=2026-11-02"):
        assert agent.get(path).status_code == 403
        assert desk.http.get(f"/api/v1{path}").status_code == 401


def test_a_report_of_a_running_desk_recomputes_to_the_same(desk: RunningDesk, bot: BotDouble, queued: Queued) -> None:
    supervisor, agent = desk.new_agent(role="supervisor"), desk.new_agent().online()
    today = datetime.now(ZONE).date()
    path = f"/reports?from={today - timedelta(days=1)}&to={today}"
    before = supervisor.get(path).json()
    alone = desk.open()
    alone.send("我还有多少积分")
    alone.wait_for("message")
    conversation = queued()
    agent.claim(conversation)
    agent.say(conversation, "您好，我是小周。")
    agent.post(f"/conversations/{conversation.id}/resolve", {"outcome": "solved"})
    desk.http.post(f"{conversation.path}/rating", json={"score": 5}, headers=conversation.headers)
    after = supervisor.get(path).json()

    def grown(*keys: str) -> Any:
        old, new = before, after
        for key in keys:
            old, new = old[key], new[key]
        return new - old

    assert (grown("totals", "sessions"), grown("totals", "handed_over")) == (2, 1)
    assert (grown("first_response", "count"), grown("satisfaction", "count")) == (1, 1)
    with desk.database() as connection:
        start = datetime.combine(today - timedelta(days=1), datetime.min.time(), ZONE)
        facts = store.facts(connection, start, start + timedelta(days=2))
    again = report(facts, today - timedelta(days=1), today, ZONE, POLICY.satisfied_from)
    assert again == after == supervisor.get(path).json()
    assert sum(day["bot_only"] + day["handed_over"] for day in after["by_day"]) == after["totals"]["sessions"]


@pytest.mark.parametrize(
    "span",
    [
        "from=2026-11-02&to=2026-11-01",
        "from=2026-01-01&to=2026-11-01",
        "from=x&to=y",
        "from=9999-12-31&to=9999-12-31",
    ],
)
def test_a_range_that_makes_no_sense(desk: RunningDesk, span: str) -> None:
    answer = desk.new_agent(role="supervisor").get(f"/reports?{span}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "range_invalid")


def test_the_playbook_is_shown_with_what_is_wrong(desk: RunningDesk, tmp_path: Path) -> None:
    found = desk.new_agent(role="supervisor").get("/playbook").json()["files"]
    shown = {row["name"]: row for row in found}
    assert {"routing.yml", "wording_rules.yml", "transactions/claims.yml"} <= shown.keys()
    assert not [row for row in found if row["problem"]]
    assert (shown["routing.yml"]["checked"], shown["answers.yml"]["checked"]) == ("content", "syntax")
    assert desk.new_agent().get("/playbook").status_code == 403
    (tmp_path / "wall.yml").write_text("reply_seconds: soon", encoding="utf-8")
    (tmp_path / "answers.yml").write_text("a: [", encoding="utf-8")
    faults = {row["name"]: row["problem"] for row in playbook.files(tmp_path)}
    assert str(tmp_path) not in faults["wall.yml"]
    assert "wall.yml" in faults["wall.yml"]
    assert faults["answers.yml"]
