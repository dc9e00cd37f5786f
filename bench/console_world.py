"""A desk full of conversations, written straight into its database: for `bench/console.py` and the browser tests.

Two people can sign in, a supervisor and an agent. The agent has one long conversation; all others are with the bot,
in the queue, or were closed by the agent. What a `Plan` says is all there is: nothing here is random.
"""

from __future__ import annotations

import json
import secrets
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from desk_process import ROOT, SERVICES, ServiceProcess, clean_environment, free_ports

sys.path.insert(0, str(SERVICES))

from desk.agents import passwords
from desk.agents import store as agent_store
from desk.agents.rules import SKILL_GROUPS, Agent, Role
from desk.conversations.rules import Conversation, Event
from desk.conversations.tables import conversations, events
from desk.handoffs.rules import Handoff
from desk.handoffs.tables import handoffs, steps
from desk.kernel import ids
from desk.kernel.engine import create_engine, migrate
from desk.kernel.security import CONVERSATION_TOKEN, new_token, token_hash

SUMMARY = json.loads((ROOT / "contracts" / "examples" / "escalation_summary.json").read_text(encoding="utf-8"))
SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
LINES = (
    "我的耳机什么时候能到，物流三天没动了",
    "您好，已经为您查到包裹在杭州转运中心，预计明天送达。",
    "之前说昨天到，现在又变明天，到底哪天",
    "退款什么时候到账，订单尾号 {tail}",
    "退款会在 1 到 3 个工作日原路退回，请留意到账短信。",
    "好的谢谢",
)
_BATCH = 2_000


@dataclass(frozen=True)
class Plan:
    """How many conversations of each kind, how many messages in each of them, and in the agent's long one."""

    with_bot: int = 1_500
    queued: int = 499
    closed: int = 0
    messages_each: int = 7
    long_messages: int = 5_000


@dataclass(frozen=True)
class Login:
    """Who can sign in."""

    agent: Agent
    password: str


@dataclass(frozen=True)
class World:
    """What was written: who can sign in, the long conversation, and the token of its customer."""

    supervisor: Login
    agent: Login
    long_id: str
    long_token: str


def environment(folder: Path, port: int) -> dict[str, str]:
    """Of a desk without bot and shop, in which agents keep what they have although no console is connected."""
    return clean_environment(folder) | {
        "BATON_DESK_HOST": "127.0.0.1",
        "BATON_DESK_PORT": str(port),
        "BATON_RASA_URL": "http://127.0.0.1:9",
        "BATON_SHOP_URL": "http://127.0.0.1:9",
        "BATON_PRESENCE_GRACE_SECONDS": "43200",
        "BATON_AWAY_NOTICE_SECONDS": "43200",
        "BATON_MESSAGE_RATE_PER_SECOND": "1000",
    }


def start(folder: Path, plan: Plan) -> tuple[ServiceProcess, World]:
    """A filled desk that is starting; the caller waits for its /healthz and stops it."""
    port = free_ports(1)[0]
    world = fill(f"sqlite:///{folder / 'desk.db'}", plan)
    desk = ServiceProcess("desk", folder, environment(folder, port), port)
    desk.start()
    return desk, world


def fill(database_url: str, plan: Plan) -> World:
    """Migrate the database and write everything."""
    migrate(database_url)
    engine = create_engine(database_url, writer=True)
    now = datetime.now(UTC)
    supervisor, agent = _login("boss", "周主管", "administrator", 0, now), _login("zhou", "小周", "agent", 1, now)
    token = new_token(CONVERSATION_TOKEN)
    rows = _Rows(now, agent.agent)
    long_id = rows.add("active", plan.long_messages, token=token)
    for state, count in (("closed", plan.closed), ("bot", plan.with_bot), ("queued", plan.queued)):
        for _ in range(count):
            rows.add(state, plan.messages_each)
    with engine.begin() as connection:
        for login in (supervisor, agent):
            agent_store.create(connection, login.agent)
        for table, values in (
            (conversations, rows.conversations),
            (events, rows.events),
            (handoffs, rows.handoffs),
            (steps, rows.steps),
        ):
            for start in range(0, len(values), _BATCH):
                connection.execute(table.insert(), values[start : start + _BATCH])
    engine.dispose()
    return World(supervisor, agent, long_id, token)


def _login(username: str, name: str, role: Role, load: int, now: datetime) -> Login:
    password = secrets.token_urlsafe(12)
    agent = Agent(
        id=ids.agent_id(now),
        username=username,
        display_name=name,
        role=role,
        groups=list(SKILL_GROUPS),
        capacity=5,
        load=load,
        presence="busy" if load else "offline",  # busy: nothing is offered, what they have stays theirs
        presence_until=now + timedelta(hours=12) if load else None,
        lapsed_from=None,
        password_hash=passwords.hash_of(password),
        disabled=False,
        created_at=now,
    )
    return Login(agent, password)


class _Rows:
    """The rows to write; conversations follow each other a minute apart and end now."""

    def __init__(self, now: datetime, agent: Agent) -> None:
        self._now, self._agent = now, agent
        self.conversations: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []
        self.handoffs: list[dict[str, Any]] = []
        self.steps: list[dict[str, Any]] = []

    def add(self, state: str, messages: int, token: str = "") -> str:
        """One conversation in this state; its id."""
        number = len(self.conversations)
        name = SURNAMES[number % len(SURNAMES)] + "*"
        ended = self._now - timedelta(minutes=number)
        started = ended - timedelta(seconds=30 * messages)
        conversation_id = ids.conversation_id(started)
        owner = {"bot": "bot", "queued": "queue", "active": "agent", "closed": "none"}[state]
        mine = state == "active"
        conversation = Conversation(
            id=conversation_id,
            state=state,  # type: ignore[arg-type]
            owner_kind=owner,  # type: ignore[arg-type]
            owner_agent_id=self._agent.id if mine else None,
            owner_agent_name=self._agent.display_name if mine else None,
            fence=1,
            session=1,
            last_seq=messages,
            last_customer_seq=messages,
            bot_cursor=messages,
            rating_session=None,
            customer_id=f"C{10_000 + number}",
            customer_name=name,
            token_hash=token_hash(token or secrets.token_hex(8)),
            page=None,
            device=None,
            locale="zh-CN",
            created_at=started,
            updated_at=ended,
        )
        self.conversations.append(_row(conversation))
        self._add_events(conversation_id, number, messages, started, mine=mine)
        if state != "bot":
            self._add_handoff(conversation, number, messages, ended)
        return conversation_id

    def _add_events(self, conversation_id: str, number: int, messages: int, started: datetime, *, mine: bool) -> None:
        for seq in range(1, messages + 1):
            at = started + timedelta(seconds=30 * seq)
            answers = seq % 3 == 2
            sender = ("agent" if mine else "bot") if answers else "customer"
            line = LINES[seq % len(LINES)].format(tail=f"{number:04d}")
            event = Event(
                conversation_id=conversation_id,
                seq=seq,
                type="message",
                sender=sender,  # type: ignore[arg-type]
                message_id=ids.message_id(at),
                client_id=None,
                text=f"第 {seq} 条：{line}" if mine else line,
                payload=None,
                buttons=None,
                card=None,
                agent_id=self._agent.id if sender == "agent" else None,
                agent_name=self._agent.display_name if sender == "agent" else None,
                understanding=None,
                session=1,
                at=at,
            )
            self.events.append(_row(event))

    def _add_handoff(self, conversation: Conversation, number: int, messages: int, ended: datetime) -> None:
        state = {"queued": "queued", "active": "active", "closed": "resolved"}[conversation.state]
        taken = state != "queued"
        message_id = self.events[-1]["message_id"]
        handoff = Handoff(
            id=ids.handoff_id(message_id),
            conversation_id=conversation.id,
            session=1,
            state=state,  # type: ignore[arg-type]
            priority="normal",
            priority_rank=2,
            front=0,
            headline=f"包裹晚到，要说法（第 {number} 位）",
            skill_group=SKILL_GROUPS[number % len(SKILL_GROUPS)],
            emotion={"family": "anxious", "intensity": 1},
            customer_id=conversation.customer_id,
            customer_name=str(conversation.customer_name),
            trigger="customer_request",
            summary={**SUMMARY, "handoff_id": ids.handoff_id(message_id), "conversation_id": conversation.id},
            summary_valid=True,
            summary_fault=None,
            target_agent_id=None,
            note=None,
            agent_id=self._agent.id if taken else None,
            agent_name=self._agent.display_name if taken else None,
            queued_seq=messages,
            queued_at=ended,
            claimed_at=ended if taken else None,
            ended_at=ended if state == "resolved" else None,
            outcome="solved" if state == "resolved" else None,
            outcome_note=None,
            due_at=ended + timedelta(minutes=5),
            entered_at=ended,
            weight_taken=1 if taken else 0,
        )
        self.handoffs.append(_row(handoff))
        self._step(handoff.id, 1, "queued", None, ended)
        if taken:
            self._step(handoff.id, 2, "claimed", self._agent.id, ended)

    def _step(self, handoff_id: str, number: int, kind: str, agent_id: str | None, at: datetime) -> None:
        step = {"handoff_id": handoff_id, "number": number, "kind": kind, "agent_id": agent_id, "note": None, "at": at}
        self.steps.append(step)


def _row(value: Conversation | Event | Handoff) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__struct_fields__}
