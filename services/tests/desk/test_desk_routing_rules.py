"""Rules of queue and routing: plain functions, no server, no database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from desk.handoffs import machine, ranking
from desk.handoffs.leaving import wish_to_leave
from desk.handoffs.machine import IllegalTransitionError, Situation, Transition
from desk.handoffs.rules import Server, queue_places
from desk.kernel import policy, settings, wording
from desk.routing.rules import Candidate, Waiting, choose
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
PLAYBOOK = settings.load({}, require_secrets=False).playbook_dir
POLICY, WORDING = policy.load(PLAYBOOK), wording.load(PLAYBOOK)


@pytest.mark.parametrize("transition", get_args(Transition))
@pytest.mark.parametrize("got", get_args(Situation))
def test_a_handoff_moves_only_where_the_machine_says(transition: Transition, got: Situation) -> None:
    move = machine.MOVES[transition]
    if got in move.expected:
        assert machine.move(transition, got) == move.to
        return
    with pytest.raises(IllegalTransitionError) as refused:
        machine.move(transition, got)
    assert (refused.value.expected, refused.value.got) == (move.expected, got)
    assert got in str(refused.value)


def test_what_has_ended_never_moves_again() -> None:
    ended = {"resolved", "cancelled", "handed_back"}
    assert not [name for name, move in machine.MOVES.items() if ended & set(move.expected)]


def test_each_rank_of_priority_is_worth_five_minutes_of_waiting() -> None:
    low, urgent = ranking.due_at(NOW, 3, 300), ranking.due_at(NOW + timedelta(seconds=899), 0, 300)
    assert urgent < low < ranking.due_at(NOW + timedelta(seconds=901), 0, 300)


@given(st.integers(0, 3), st.integers(0, 3), st.integers(0, 10_000), st.integers(901, 10**6))
def test_nobody_starves(early: int, late: int, came_after: int, ahead: int) -> None:
    """Whoever came more than three steps earlier goes first, whatever the priorities."""
    first = NOW + timedelta(seconds=came_after)
    assert ranking.due_at(first, early, 300) < ranking.due_at(first + timedelta(seconds=ahead), late, 300)


@pytest.mark.parametrize(
    ("summary", "tags", "weight"),
    [
        ({}, [], 1),
        ({"customer": {"tier": "vip"}}, ["vip"], 1),
        ({"customer": {"tier": "gold", "risk_tags": ["职业投诉"]}}, ["risk"], 1),
        ({"triggers": [{"code": "safety"}], "customer": {"tier": "vip"}}, ["risk", "vip"], 1),
        ({"triggers": [{"code": "customer_request"}, {"code": "malicious_complaint"}]}, ["risk"], 2),
        ({"triggers": "broken", "customer": "broken", "priority_reasons": "broken"}, [], 1),
    ],
)
def test_tags_and_weight_of_a_summary(summary: dict[str, Any], tags: list[str], weight: int) -> None:
    assert (ranking.tags_of(summary, POLICY), ranking.weight_of(summary, "high", POLICY)) == (tags, weight)


def test_a_weight_is_never_more_than_the_agent_has() -> None:
    assert [ranking.weight_for(weight, 2) for weight in (0, 1, 2, 9)] == [1, 1, 2, 2]


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("算了", "leave"),
        ("算了。", "leave"),
        ("算了，不用人工了", "leave"),
        ("不用了，谢谢", "leave"),
        ("好的 不用了 谢谢你", "leave"),
        ("取消排队", "leave"),
        ("我不要人工了", "leave"),
        ("不用人工了，謝謝", "leave"),
        ("先不用轉了", "leave"),
        ("取消排隊", "leave"),
        ("唔使人工喇", "leave"),
        ("唔等喇", "ask"),
        ("不等了", "ask"),
        ("好吧，那我不等了，谢谢", "ask"),
        ("没事了谢谢", None),
        ("没事了，谢谢", "ask"),
        ("不等了，我要投诉", None),
        ("算了，给我退款", None),
        ("算了，你们太差了", None),
        ("谢谢", None),
        ("好的", None),
        ("解决！", None),
        ("不用退了，换货吧", None),
        ("人工", None),
        ("还要等多久", None),
        ("", None),
        ("算了" * 30, None),
    ],
)
def test_words_that_leave_the_queue(text: str, wish: str | None) -> None:
    assert wish_to_leave(WORDING.simplified(text), POLICY.leaving) == wish


def waiting(**changes: Any) -> Waiting:
    values: dict[str, Any] = {
        "id": "h_1",
        "skill_group": "orders",
        "tags": [],
        "weight": 1,
        "entered_at": NOW,
        "target_agent_id": None,
        "preferred_agent_id": None,
        "passed": {},
    }
    return Waiting(**{**values, **changes})


def agent(name: str, **changes: Any) -> Candidate:
    values = {"groups": ["orders"], "tags": [], "capacity": 3, "load": 0, "idle_since": NOW - timedelta(minutes=5)}
    return Candidate(id=name, **{**values, **changes})


def asked(one: Waiting, *candidates: Candidate, now: datetime = NOW) -> str | None:
    for order in (list(candidates), list(candidates)[::-1]):
        choice = choose(one, order, now, POLICY)
    return None if choice is None else choice.agent_id


LATER = NOW + timedelta(seconds=POLICY.overflow_seconds)


@pytest.mark.parametrize(
    ("one", "candidates", "now", "best"),
    [
        (waiting(), [agent("a", load=3)], NOW, None),
        (waiting(), [agent("a", load=1, offered=2)], NOW, None),
        (waiting(weight=2), [agent("a", load=2)], NOW, None),
        (waiting(weight=5), [agent("a")], NOW, "a"),
        (waiting(), [agent("a", groups=["logistics"])], NOW, None),
        (waiting(), [agent("a", groups=["logistics"])], LATER, "a"),
        (waiting(), [agent("a", groups=["logistics"]), agent("b", load=2)], LATER, "b"),
        (waiting(target_agent_id="a"), [agent("a", groups=[], load=2), agent("b")], NOW, "a"),
        (waiting(target_agent_id="a"), [agent("a", load=3), agent("b")], NOW, "b"),
        (waiting(tags=["vip"]), [agent("a"), agent("b", tags=["vip"], load=2)], NOW, "b"),
        (waiting(tags=["vip"], preferred_agent_id="a"), [agent("a"), agent("b", tags=["vip"])], NOW, "b"),
        (waiting(preferred_agent_id="b"), [agent("a"), agent("b", load=2)], NOW, "b"),
        (waiting(preferred_agent_id="b"), [agent("a"), agent("b", load=3)], NOW, "a"),
        (waiting(), [agent("a", load=1), agent("b", load=1, capacity=5)], NOW, "b"),
        (waiting(), [agent("a"), agent("b", idle_since=NOW - timedelta(hours=1))], NOW, "b"),
        (waiting(), [agent("b"), agent("a")], NOW, "a"),
    ],
)
def test_the_best_agent(one: Waiting, candidates: list[Candidate], now: datetime, best: str | None) -> None:
    assert asked(one, *candidates, now=now) == best


def test_who_let_it_go_is_not_asked_again_for_a_while() -> None:
    one = waiting(passed={"a": NOW.isoformat()})
    a, b, full = agent("a"), agent("b", load=1), agent("b", load=3)
    assert asked(one, a, b) == "b"
    assert asked(one, a, full, now=NOW + timedelta(seconds=POLICY.offer_seconds)) is None  # b will be free some time
    assert asked(one, a, full, now=NOW + timedelta(seconds=POLICY.offer_pause_seconds)) == "a"
    assert asked(one, a, now=NOW + timedelta(seconds=1)) is None
    assert asked(one, a, now=NOW + timedelta(seconds=POLICY.offer_seconds)) == "a"  # nobody else is there


def test_a_choice_says_why() -> None:
    choice = choose(waiting(tags=["vip"], preferred_agent_id="a"), [agent("a", tags=["vip"])], NOW, POLICY)
    assert choice is not None
    assert choice.reasons == ["group", "same_agent", "tag vip", "load 0/3", "idle 300s", "of 1"]


def test_places_count_those_who_want_the_same_agents() -> None:
    queue = [("c1", "orders"), ("c2", "technical"), ("c3", "orders"), ("c4", "complaints")]
    servers = [Server(["orders"], 2, 0), Server(["technical"], 1, 1)]
    places = queue_places(queue, servers, 240, 40)
    assert [places[c].position for c in ("c1", "c2", "c3", "c4")] == [1, 1, 2, 4]  # nobody for complaints: all serve
    assert places["c2"].expected_wait_seconds == 60
    assert places["c3"].expected_wait_seconds == 300
    nobody = queue_places(queue, [], 240, 40)
    assert [(nobody[c].position, nobody[c].expected_wait_seconds) for c, _ in queue] == [
        (1, None), (2, None), (3, None), (4, None),
    ]  # fmt: skip


@given(st.lists(st.sampled_from(["orders", "technical", "complaints"]), max_size=20), st.integers(0, 4))
def test_within_a_group_nobody_further_behind_is_served_sooner(groups: list[str], online: int) -> None:
    servers = [Server(["orders", "technical"][number % 2 :], 2, number % 3) for number in range(online)]
    places = queue_places([(str(n), group) for n, group in enumerate(groups)], servers, 240, 40)
    for group in set(groups):
        positions = [places[str(n)].position for n, other in enumerate(groups) if other == group]
        assert positions == sorted(set(positions))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("mode: push", "mode"),
        ("offer_second: 20", "offer_second"),
        ("offer_seconds: 0", "offer_seconds"),
        ("weights: {triggers: {safety: 0}}", "weights"),
        ("leaving: {certain: ['(']}", "pattern"),
        ("a: [", "YAML"),
    ],
)
def test_a_mistake_in_the_file_is_one_sentence(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "routing.yml").write_text(text, encoding="utf-8")
    with pytest.raises(settings.SettingsError, match=words):
        policy.load(tmp_path)


def test_without_the_file_the_desk_says_so(tmp_path: Path) -> None:
    with pytest.raises(settings.SettingsError, match="missing"):
        policy.load(tmp_path)


def test_what_the_file_leaves_out_keeps_its_default(tmp_path: Path) -> None:
    (tmp_path / "routing.yml").write_text("mode: pull", encoding="utf-8")
    assert (policy.load(tmp_path).mode, policy.load(tmp_path).offer_seconds) == ("pull", 20)


@pytest.mark.parametrize(
    ("text", "key", "holds"),
    [
        ("轉人工！", "human_wishes", True),
        ("先問機器人吧。", "case.ask_bot_wishes", True),
        ("先问机器人", "case.ask_bot_wishes", True),
        ("先问机器人退款多久到", "case.ask_bot_wishes", False),
    ],
)
def test_a_wish_is_just_that_in_traditional_characters_too(text: str, key: str, holds: bool) -> None:
    assert WORDING.is_just(text, key) == holds
