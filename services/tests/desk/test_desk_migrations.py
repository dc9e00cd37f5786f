"""A desk that was in use is brought to the newest schema, works on, and goes back, on both kinds of database."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from desk.agents import store as agent_store
from desk.agents.rules import Agent
from desk.agents.store import agents, sessions
from desk.conversations.tables import conversations
from desk.handoffs import queue_store, store, usecases
from desk.handoffs.ranking import may_expire
from desk.kernel import policy, settings, wording
from desk.kernel.context import Scene
from desk.kernel.database import metadata
from desk.kernel.engine import create_engine
from desk.privacy import retention as _every_table  # noqa: F401 - it leads to all of them
from summaries import summary_for

SETTINGS = settings.load({}, require_secrets=False)
START = datetime(2026, 11, 20, 2, tzinfo=UTC)
SCENE = Scene(
    START + timedelta(hours=1), SETTINGS, wording.load(SETTINGS.playbook_dir), policy.load(SETTINGS.playbook_dir)
)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    """An empty database."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'desk.db'}"
    else:
        url = request.getfixturevalue("fresh_postgres").render_as_string(hide_password=False)
    found = create_engine(url, writer=True)
    yield found
    found.dispose()


def go(engine: sa.Engine, revision: str) -> None:
    """To this revision, forward or back."""
    config = Config()
    config.set_main_option("script_location", str(settings.REPOSITORY / "services" / "desk" / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        back = revision != "head" and MigrationContext.configure(connection).get_current_revision() is not None
        (command.downgrade if back else command.upgrade)(config, revision)


def columns(engine: sa.Engine) -> dict[str, set[str]]:
    """The columns of every table."""
    inspector = sa.inspect(engine)
    return {name: {one["name"] for one in inspector.get_columns(name)} for name in inspector.get_table_names()}


def fill(connection: sa.Connection) -> None:
    """As the desk of the first schema left it: one agent with one conversation, two customers waiting."""
    agent = {
        "id": "a_1", "username": "xiaozhou", "display_name": "小周", "role": "agent", "groups": ["orders"],
        "capacity": 3, "load": 1, "presence": "online", "presence_until": START + timedelta(days=1),
        "password_hash": "none", "disabled": False, "created_at": START,
    }  # fmt: skip
    connection.execute(agents.insert().values(**agent))
    login = {"token_hash": "0" * 64, "agent_id": "a_1", "created_at": START, "expires_at": START + timedelta(days=1)}
    connection.execute(sessions.insert().values(**login))
    add(connection, "low", "queued", 0, owner_kind="queue", priority="low", priority_rank=3)
    add(connection, "urgent", "queued", 10, owner_kind="queue", priority="urgent", priority_rank=0)
    add(connection, "active", "active", 5, owner_kind="agent", priority="normal", priority_rank=2)


def add(
    connection: sa.Connection,
    name: str,
    state: str,
    minutes: int,
    *,
    owner_kind: str,
    existing: bool = False,
    **own: Any,
) -> None:
    """A conversation (unless it exists) with its handoff, in the columns of the first schema."""
    at, owner = START + timedelta(minutes=minutes), "a_1" if state == "active" else None
    if not existing:
        conversation = {
            "id": f"c_{name}", "state": state, "owner_kind": owner_kind, "owner_agent_id": owner, "fence": 2,
            "session": 1, "last_seq": 3, "last_customer_seq": 2, "bot_cursor": 2, "token_hash": "0" * 64,
            "locale": "zh-CN", "created_at": at, "updated_at": at,
        }  # fmt: skip
        connection.execute(conversations.insert().values(**conversation))
    summary = summary_for({"message_id": f"m_{name}", "conversation_id": f"c_{name}"})
    handoff = {
        "id": f"h_{name}{'_2' if existing else ''}", "conversation_id": f"c_{name}", "session": 1, "state": state,
        "front": 0, "headline": "退款", "skill_group": "orders", "emotion": {"family": "neutral", "intensity": 0},
        "customer_name": "王*", "trigger": "customer_request", "summary": summary, "summary_valid": True,
        "queued_seq": 2, "queued_at": at, "agent_id": owner, "agent_name": owner and "小周",
        "claimed_at": owner and at, **own,
    }  # fmt: skip
    connection.execute(store.handoffs.insert().values(**handoff))


def test_a_desk_in_use_goes_to_the_newest_schema_and_works_on(engine: sa.Engine) -> None:
    go(engine, "0001")
    with engine.begin() as connection:
        fill(connection)
    go(engine, "head")
    with engine.begin() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        order = [conversation_id for conversation_id, _ in queue_store.queued_conversations(connection)]
        assert order == ["c_urgent", "c_low"]
        waiting = store.existing(connection, "h_low")
        assert (waiting.kind, waiting.contact, waiting.weight, may_expire(waiting)) == ("live", None, 1, True)
        agent = agent_store.get(connection, "a_1")
        assert agent is not None
        assert (agent.tags, agent.must_change_password, agent.missed_offers) == ([], False, 0)
        usecases.claim(connection, "h_low", agent, SCENE)
        assert load(connection) == 2
        usecases.resolve(connection, "c_active", agent, SCENE, outcome="solved", note=None)
        assert load(connection) == 1


def test_it_goes_back_with_what_it_had(engine: sa.Engine) -> None:
    go(engine, "0001")
    first = columns(engine)
    with engine.begin() as connection:
        fill(connection)
    go(engine, "head")
    go(engine, "0001")
    assert columns(engine) == first
    with engine.begin() as connection:
        rows = connection.execute(sa.text("SELECT id, state FROM handoffs ORDER BY id")).all()
        assert [tuple(row) for row in rows] == [("h_active", "active"), ("h_low", "queued"), ("h_urgent", "queued")]
    with pytest.raises(sa.exc.IntegrityError), engine.begin() as connection:  # still one open handoff a conversation
        add(connection, "low", "queued", 1, owner_kind="queue", existing=True, priority="low", priority_rank=3)
    go(engine, "head")
    with engine.begin() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def load(connection: sa.Connection) -> int:
    """What the agent has."""
    agent: Agent | None = agent_store.get(connection, "a_1")
    assert agent is not None
    return agent.load
