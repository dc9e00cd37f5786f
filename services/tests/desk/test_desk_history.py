"""Who comes back about the same thing: found, told to the agent, put forward; on SQLite and on PostgreSQL."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from conftest import queue_one
from desk.agents import store as agent_store
from desk.agents.rules import Agent
from desk.conversations import store, usecases
from desk.conversations.rules import Event
from desk.handoffs import history_store, recall, repeat_rules, transfers
from desk.handoffs import store as handoff_store
from desk.handoffs import usecases as handoffs
from desk.handoffs.rules import Handoff
from desk.handoffs.summary import SummaryCheck
from desk.kernel import settings, wording
from desk.kernel.context import Scene
from desk.kernel.engine import create_engine, migrate
from desk.kernel.errors import ConflictError, NotFoundError
from desk.kernel.ids import agent_id
from desk.kernel.settings import SettingsError
from doubles import BotDouble
from running import RunningDesk
from summaries import summary_for

SETTINGS = settings.load({}, require_secrets=False)
WORDING = wording.load(SETTINGS.playbook_dir)
RULES = repeat_rules.load(SETTINGS.playbook_dir)
CHECK = SummaryCheck(SETTINGS.contracts_dir)
MONDAY = datetime(2026, 11, 16, 2, 0, tzinfo=UTC)
ORDER = "20261028000612"
Json = dict[str, Any]


def at(days: float = 0, **more: float) -> Scene:
    """So long after Monday."""
    return Scene(MONDAY + timedelta(days=days, **more), SETTINGS, WORDING)


def issue(intent: str, order_id: str | None = None, message_id: str = "m_now") -> Json:
    entry = {"intent": intent, "title": "查物流", "state": "open", "paraphrase": "到哪了", "message_id": message_id}
    return entry | ({"order_id": order_id} if order_id else {})


class Shop:
    """The desk seen from one customer: each contact is a conversation of its own."""

    def __init__(self, connection: sa.Connection) -> None:
        self.connection = connection
        self.agent = self.new_agent("小陈")

    def new_agent(self, name: str) -> Agent:
        agent = Agent(
            id=agent_id(MONDAY), username=f"a{uuid.uuid4().hex[:8]}", display_name=name, role="agent",
            groups=["orders"], capacity=9, load=0, presence="offline", presence_until=None, lapsed_from=None,
            password_hash="none", disabled=False, created_at=MONDAY,
        )  # fmt: skip
        agent_store.create(self.connection, agent)
        agent_store.set_presence(self.connection, agent.id, "online", MONDAY)
        return agent

    def open(self, scene: Scene, customer_id: str | None = "C1") -> str:
        conversation_id = f"c_{uuid.uuid4().hex}"
        opening = usecases.Opening(
            conversation_id=conversation_id, token_hash="0" * 64, customer_id=customer_id, customer_name="王*",
            page=None, device=None, locale="zh-CN", greeting="您好", buttons=[],
        )  # fmt: skip
        usecases.open_conversation(self.connection, opening, scene)
        return conversation_id

    def say(self, conversation_id: str, text: str, scene: Scene, **understood: Any) -> Event:
        incoming = usecases.Incoming(uuid.uuid4().hex, text)
        event = usecases.accept_from_customer(self.connection, conversation_id, incoming, scene).event
        if understood:
            store.set_understanding(self.connection, event, understood)
        return event

    def queue(
        self, scene: Scene, conversation_id: str | None = None, *, customer: str | None = "C1", **summary: Any
    ) -> Handoff:
        """A handoff; unless said otherwise about nothing and nobody."""
        conversation_id = conversation_id or self.open(scene, customer)
        message_id = f"m_{uuid.uuid4().hex[:20]}"
        plain = {
            "issues": [],
            "order": None,
            "promises": [],
            "priority": "normal",
            "priority_reasons": ["客户要求人工"],
        }
        body = {"message_id": message_id, "conversation_id": conversation_id}
        document = summary_for(body, **{**plain, **summary})
        found = store.get(self.connection, conversation_id)
        assert found is not None
        fault = CHECK.fault(document, f"h_{message_id}", conversation_id)
        return handoffs.queue(self.connection, found, handoffs.Escalation(f"h_{message_id}", document, fault), scene)

    def served(self, scene: Scene, *, note: str = "已补发", reply_after: float | None = 1, **summary: Any) -> Handoff:
        """A handoff that an agent answered after so many minutes and resolved after ten."""
        handoff = self.queue(scene, **summary)
        handoffs.claim(self.connection, handoff.id, self.agent, scene)
        if reply_after is not None:
            later = Scene(scene.now + timedelta(minutes=reply_after), SETTINGS, WORDING)
            incoming = usecases.Incoming(uuid.uuid4().hex, "我在查")
            usecases.accept_from_agent(self.connection, handoff.conversation_id, self.agent.id, incoming, later)
        end = Scene(scene.now + timedelta(minutes=10), SETTINGS, WORDING)
        return handoffs.resolve(self.connection, handoff.conversation_id, self.agent, end, outcome="solved", note=note)


@pytest.fixture(params=["sqlite", "postgresql"])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'desk.db'}"
    else:
        url = request.getfixturevalue("fresh_postgres").render_as_string(hide_password=False)
    migrate(url)
    engine = create_engine(url, writer=True)
    with engine.begin() as connection:
        yield Shop(connection)
    engine.dispose()


def codes(handoff: Handoff) -> list[str]:
    assert CHECK.fault(handoff.summary, handoff.id, handoff.conversation_id) is None
    return [trigger["code"] for trigger in handoff.summary["triggers"]]


def test_the_same_order_within_seven_days_comes_with_its_story_and_one_step_forward(shop: Shop) -> None:
    first = shop.served(at(), issues=[issue("query_logistics", ORDER, "m_1")], note="已催快递，电话13812345678")
    again = shop.queue(at(3), issues=[issue("request_return", ORDER, "m_2")], priority="low")
    assert codes(again)[-1] == "repeat_contact"
    trigger = again.summary["triggers"][-1]
    assert (trigger["rule_version"], trigger["evidence"]) == (RULES.rule_version, ["m_2", "m_1"])
    assert (again.priority, again.priority_rank, again.summary["priority"]) == ("normal", 2, "normal")
    assert again.summary["priority_reasons"][-1] == "7 天内第 2 次为订单…0612来找"
    assert again.summary["previous_contacts"] == [
        {
            "conversation_id": first.conversation_id,
            "handoff_id": first.id,
            "kind": "person",
            "at": "2026-11-16T02:00:00.000Z",
            "ended_at": "2026-11-16T02:10:00.000Z",
            "agent": "小陈",
            "topic": "物流",
            "outcome": "已催快递，电话138****5678",
            "same": ["order"],
            "order_ids": [ORDER],
            "promises": [],
            "promise_kept": None,
        }
    ]


@pytest.mark.parametrize(
    ("days", "customer", "intent", "same"),
    [
        (6.9, "C1", "urge_order", ["topic"]),
        (7.1, "C1", "urge_order", None),
        (1, "C2", "urge_order", None),
        (1, None, "urge_order", None),
        (1, "C1", "request_invoice", None),
        (1, "C1", "request_human", None),
    ],
)
def test_what_counts_as_coming_back(
    shop: Shop, days: float, customer: str | None, intent: str, same: list[str] | None
) -> None:
    shop.served(at(), issues=[issue("query_logistics")])
    later = shop.queue(at(days), customer=customer, issues=[issue(intent)])
    assert [contact["same"] for contact in later.summary["previous_contacts"]] == ([same] if same else [])
    assert ("repeat_contact" in codes(later)) is bool(same)
    assert later.priority == ("high" if same else "normal")


def test_the_priority_never_passes_the_top_and_others_stay(shop: Shop) -> None:
    shop.served(at(), issues=[issue("query_logistics")])
    assert shop.queue(at(1), issues=[issue("query_logistics")], priority="urgent").priority == "urgent"


PROMISES = {
    "an agent wrote in time": ("今天 18:00 前在这里给您答复", 60, 5, "kept"),
    "an agent wrote too late, the matter was resolved in time": ("10 分钟内给您回复", 11, 12, "kept"),
    "nobody wrote in time": ("10 分钟内给您回复", 2, 5, "broken"),
    "a parcel": ("预计明天 14:00 前送到", 60, 5, "unknown"),
    "a parcel, and word of it": ("明天送到，到了告诉您", 60, 5, "unknown"),
    "no time": ("有结果告诉您", None, 5, "unknown"),
    "a call": ("今天给您回电", 60, 5, "unknown"),
    "not due yet": ("下周给您答复", 60 * 24 * 6, None, "open"),
}


@pytest.mark.parametrize("case", PROMISES)
def test_a_promise_is_judged_only_by_what_the_desk_can_see(shop: Shop, case: str) -> None:
    text, due_minutes, reply_after, state = PROMISES[case]
    due = None if due_minutes is None else (MONDAY + timedelta(minutes=due_minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")
    promise = {"text": text, "due_at": due, "made_by": "bot", "message_id": "m_1"}
    about: Json = {"issues": [issue("query_logistics")], "promises": [promise]}
    if case == "not due yet":
        earlier = shop.queue(at(), **about)
        handoffs.claim(shop.connection, earlier.id, shop.agent, at())
        handoffs.hand_back(shop.connection, earlier.conversation_id, shop.agent, at(), note="", settled=[])
    else:
        shop.served(at(), reply_after=reply_after, **about)
    again = shop.queue(at(1), issues=[issue("query_logistics")])
    (contact,) = again.summary["previous_contacts"]
    assert codes(again)[-1] == "repeat_contact"
    assert [entry["state"] for entry in contact["promises"]] == [state]
    assert contact["promise_kept"] is {"kept": True, "broken": False}.get(state)
    assert ("上次答应的时间没有兑现" in again.summary["priority_reasons"]) is (state == "broken")


def test_a_talk_with_the_bot_alone_counts_by_what_was_understood(shop: Shop) -> None:
    talk = shop.open(at())
    entities = [{"entity": "order_id", "value": ORDER}]
    said = shop.say(talk, f"{ORDER}到哪了", at(), intents=[{"name": "query_logistics"}], entities=entities)
    other = shop.open(at(1))
    shop.say(other, "你好", at(1), intents=[{"name": "greet"}])
    again = shop.queue(at(2), issues=[issue("query_refund_status", ORDER)])
    (contact,) = again.summary["previous_contacts"]
    assert (contact["conversation_id"], contact["kind"], contact["same"]) == (talk, "bot", ["order"])
    assert "agent" not in contact
    assert said.message_id in again.summary["triggers"][-1]["evidence"]
    assert again.summary["customer"]["contacts_last_30_days"] == 2


def test_leaving_the_queue_and_coming_again_at_once_is_no_way_forward(shop: Shop) -> None:
    first = shop.queue(at(), issues=[issue("query_logistics")])
    handoffs.cancel(shop.connection, first.conversation_id, at(minutes=1))
    again = shop.queue(at(minutes=2), first.conversation_id, issues=[issue("query_logistics")])
    assert (again.priority, again.summary["previous_contacts"]) == ("normal", [])
    handoffs.cancel(shop.connection, first.conversation_id, at(minutes=3))
    next_day = shop.queue(at(1), issues=[issue("query_logistics")])
    assert {contact["outcome"] for contact in next_day.summary["previous_contacts"]} == {
        "顾客没等到人工，自己取消了排队"
    }


def test_a_visitor_has_the_history_of_the_conversation_only(shop: Shop) -> None:
    mine = shop.served(at(), customer=None, issues=[issue("query_logistics")])
    shop.served(at(), customer=None, issues=[issue("query_logistics")])
    shop.say(mine.conversation_id, "又来了", at(1))
    again = shop.queue(at(1), mine.conversation_id, issues=[issue("query_logistics")])
    assert [contact["handoff_id"] for contact in again.summary["previous_contacts"]] == [mine.id]


def test_the_card_has_a_clock_that_the_agent_stops(shop: Shop) -> None:
    shop.served(at(), issues=[issue("query_logistics")])
    handoff = shop.queue(at(1), issues=[issue("query_logistics")])
    waiting = recall.story(shop.connection, handoff, at(1))["history"]
    assert (len(waiting["contacts"]), waiting["confirm_until"], waiting["confirmed_at"]) == (1, None, None)
    with pytest.raises(ConflictError, match="not_owner"):
        recall.confirm(shop.connection, handoff.id, shop.agent, at(1))
    claimed = handoffs.claim(shop.connection, handoff.id, shop.agent, at(1))
    card = recall.story(shop.connection, claimed, at(1))["history"]
    assert card["confirm_until"] == "2026-11-17T02:00:30.000Z"
    confirmed = recall.confirm(shop.connection, handoff.id, shop.agent, at(1, seconds=12))
    assert confirmed["confirmed_at"] == "2026-11-17T02:00:12.000Z"
    assert recall.confirm(shop.connection, handoff.id, shop.agent, at(1, seconds=50)) == confirmed
    kinds = sa.select(handoff_store.steps.c.kind).where(handoff_store.steps.c.handoff_id == handoff.id)
    assert list(shop.connection.execute(kinds).scalars()).count(history_store.CONFIRMED) == 1


def test_after_a_transfer_the_next_agent_confirms_for_themselves(shop: Shop) -> None:
    shop.served(at(), issues=[issue("query_logistics")])
    handoff = shop.queue(at(1), issues=[issue("query_logistics")])
    handoffs.claim(shop.connection, handoff.id, shop.agent, at(1))
    recall.confirm(shop.connection, handoff.id, shop.agent, at(1))
    transfers.transfer(
        shop.connection,
        handoff.conversation_id,
        shop.agent,
        at(1, minutes=1),
        group="orders",
        target_agent_id=None,
        note="",
    )
    colleague = shop.new_agent("小林")
    claimed = handoffs.claim(shop.connection, handoff.id, colleague, at(1, minutes=2))
    card = recall.story(shop.connection, claimed, at(1, minutes=2))["history"]
    assert (card["confirm_until"], card["confirmed_at"]) == ("2026-11-17T02:02:30.000Z", None)


def test_without_a_story_there_is_nothing_to_confirm(shop: Shop) -> None:
    handoff = shop.queue(at(), issues=[issue("query_logistics")])
    claimed = handoffs.claim(shop.connection, handoff.id, shop.agent, at())
    card = recall.story(shop.connection, claimed, at())["history"]
    assert card == {"contacts": [], "confirm_until": None, "confirmed_at": None}
    with pytest.raises(ConflictError, match="no_history"):
        recall.confirm(shop.connection, handoff.id, shop.agent, at())
    with pytest.raises(NotFoundError):
        recall.confirm(shop.connection, "h_unknown", shop.agent, at())


def test_a_broken_past_never_keeps_anybody_out_of_the_queue(shop: Shop) -> None:
    talk = shop.open(at())
    said = shop.say(talk, "到哪了", at())
    shop.connection.execute(
        store.events.update().where(store.events.c.message_id == said.message_id).values(understanding=["no object"])
    )
    handoff = shop.queue(at(1), issues=[issue("query_logistics")])
    assert (handoff.state, handoff.priority, handoff.summary_valid) == ("queued", "normal", True)
    assert "repeat_contact" not in codes(handoff)


def test_an_invalid_summary_is_left_as_it_came(shop: Shop) -> None:
    shop.served(at(), issues=[issue("query_logistics")])
    handoff = shop.queue(at(1), issues=[issue("query_logistics")], headline=None)
    assert (handoff.state, handoff.priority, handoff.summary_valid) == ("queued", "high", False)
    assert "repeat_contact" not in str(handoff.summary["triggers"])


def test_the_second_handoff_of_a_conversation_says_what_is_new(shop: Shop) -> None:
    opened = {**issue("query_logistics", message_id="m_1"), "state": "open"}
    first = shop.queue(at(), issues=[opened], desired_outcome="information")
    assert recall.story(shop.connection, first, at())["changes_since_last"] is None
    handoffs.claim(shop.connection, first.id, shop.agent, at())
    handoffs.hand_back(shop.connection, first.conversation_id, shop.agent, at(), note="", settled=[])
    answered = {**opened, "state": "answered"}
    refund = issue("request_return", message_id="m_2")
    second = shop.queue(at(1), first.conversation_id, issues=[answered, refund], desired_outcome="refund")
    changes = recall.story(shop.connection, second, at(1))["changes_since_last"]
    assert changes["issues"] == {"added": [refund], "changed": [{"before": opened, "after": answered}]}
    assert changes["desired_outcome"] == {"before": "information", "after": "refund"}
    assert not set(changes) & {"created_at", "handoff_id", "facts", "customer"}


def test_over_http_the_owner_sees_the_story_and_confirms_it(desk: RunningDesk, bot: BotDouble) -> None:
    opening = {"identity": desk.http.get("/demo/customers").json()["customers"][5]["identity"]}
    about = {"issues": [issue("query_logistics", ORDER)]}
    first = queue_one(desk, bot, opening=opening, **about)
    agent, colleague = desk.new_agent().online(), desk.new_agent().online()
    agent.claim(first)
    agent.post(f"/conversations/{first.id}/resolve", {"outcome": "solved"})
    row = colleague.claim(queue_one(desk, bot, opening=opening, **about))
    path = f"/handoffs/{row['id']}"
    shown = colleague.get(path).json()
    assert shown["changes_since_last"] is None
    assert [contact["conversation_id"] for contact in shown["history"]["contacts"]] == [first.id]
    claimed, until = (datetime.fromisoformat(text) for text in (row["claimed_at"], shown["history"]["confirm_until"]))
    assert (until - claimed).total_seconds() == RULES.confirm_seconds
    refused = agent.post(f"{path}/confirm-history")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "not_owner")
    confirmed = colleague.post(f"{path}/confirm-history")
    assert confirmed.status_code == 200
    assert colleague.get(path).json()["history"] == confirmed.json()["history"]
    assert confirmed.json()["history"]["confirmed_at"] is not None


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("window_days: 7", "window_days: never", "window_days"),
        ("第 {count} 次", "第 {times} 次", "times"),
        ("enabled", "on_off", "on_off"),
    ],
)
def test_a_mistake_in_the_playbook_is_named(tmp_path: Path, old: str, new: str, named: str) -> None:
    with pytest.raises(SettingsError, match="missing"):
        repeat_rules.load(tmp_path / "nowhere")
    source = (SETTINGS.playbook_dir / "repeat_contact.yml").read_text(encoding="utf-8")
    (tmp_path / "repeat_contact.yml").write_text(source.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(SettingsError, match=named):
        repeat_rules.load(tmp_path)
