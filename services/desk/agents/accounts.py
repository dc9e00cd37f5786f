"""What administrators do to accounts; each is one write job and one row of `account_events`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from desk.agents import accounts_store, passwords, store
from desk.agents.account_rules import (
    COMMAND_LINE,
    AccountChange,
    AccountEvent,
    Actor,
    NewAccount,
    changed_values,
    check_account,
    unique,
)
from desk.agents.rules import Agent
from desk.audit import rules as audit
from desk.audit.store import record
from desk.kernel import ids
from desk.kernel.errors import ConflictError, InvalidError, NotFoundError

if TYPE_CHECKING:
    from datetime import datetime

    import sqlalchemy as sa

    from desk.kernel.context import Scene


class GiveBack(NamedTuple):
    """How offers and conversations are taken from an agent. Handoffs lie above agents: they hand it in.

    `hold` locks the agent's conversations, which comes before the agent's own row; `run` takes them and counts them.
    """

    hold: Callable[[sa.Connection, str], None]
    run: Callable[[sa.Connection, str, Scene], int]


def create(
    connection: sa.Connection,
    account: NewAccount,
    password_hash: str,
    actor: Actor,
    now: datetime,
    *,
    must_change: bool,
) -> Agent:
    """A new account. InvalidError `account_invalid` or `username_taken`."""
    check_account(account)
    if store.by_username(connection, account.username) is not None:
        raise InvalidError("username_taken")
    agent = Agent(
        id=ids.agent_id(now),
        username=account.username,
        display_name=account.display_name.strip(),
        role=account.role,
        groups=unique(account.groups),
        capacity=account.capacity,
        load=0,
        presence="offline",
        presence_until=None,
        lapsed_from=None,
        password_hash=password_hash,
        disabled=False,
        created_at=now,
        tags=unique(account.tags),
        must_change_password=must_change,
    )
    store.create(connection, agent)
    note(connection, agent.id, "created", actor, now, role=agent.role)
    return agent


def create_account(connection: sa.Connection, account: NewAccount, now: datetime) -> str:
    """A new account from a command line; its generated password."""
    secret = passwords.generate()
    create(connection, account, secret.hash, COMMAND_LINE, now, must_change=False)
    return secret.password


def change(connection: sa.Connection, agent_id: str, wanted: AccountChange, actor: Actor, now: datetime) -> Agent:
    """Another name, role, groups, capacity or tags. InvalidError `account_invalid`, ConflictError `last_administrator`.

    Capacity below the present load takes nothing away, it only lets nothing new in. Another role ends all logins,
    so that no open socket keeps the rights of the old one.
    """
    before = existing(connection, agent_id)
    values = changed_values(before, wanted)
    if not values:
        return before
    if "role" in values and before.role == "administrator":
        _check_not_last(connection, before)
    store.update(connection, agent_id, **values)
    if "role" in values:
        store.revoke_sessions(connection, agent_id, now)
    details = {name: [getattr(before, name), value] for name, value in values.items()}
    note(connection, agent_id, "changed", actor, now, **details)
    return existing(connection, agent_id)


def disable(
    connection: sa.Connection, agent_id: str, actor: Actor, scene: Scene, give_back: GiveBack, *, force: bool
) -> Agent:
    """Nobody can use the account any more, and its logins end.

    ConflictError `last_administrator`, or `account_has_conversations` unless `force`: then these go back to the queue.
    """
    before = existing(connection, agent_id)
    if before.disabled:
        return before
    give_back.hold(connection, agent_id)
    if before.role == "administrator":
        _check_not_last(connection, before)
    # From here on nothing can be claimed any more.
    store.update(connection, agent_id, disabled=True, presence="offline", presence_until=None, lapsed_from=None)
    given_back = give_back.run(connection, agent_id, scene)
    if given_back > 0 and not force:
        raise ConflictError("account_has_conversations", count=given_back)
    store.revoke_sessions(connection, agent_id, scene.now)
    note(connection, agent_id, "disabled", actor, scene.now, **({"given_back": given_back} if given_back else {}))
    return existing(connection, agent_id)


def enable(connection: sa.Connection, agent_id: str, actor: Actor, now: datetime) -> Agent:
    """The account may be used again."""
    before = existing(connection, agent_id)
    if before.disabled:
        store.update(connection, agent_id, disabled=False)
        note(connection, agent_id, "enabled", actor, now)
    return existing(connection, agent_id)


def reset_password(
    connection: sa.Connection, agent_id: str, password_hash: str, actor: Actor, now: datetime, *, must_change: bool
) -> Agent:
    """Another password; every login of the account ends, and a throttled sign-in is free again."""
    agent = existing(connection, agent_id)
    store.update(connection, agent_id, password_hash=password_hash, must_change_password=must_change)
    store.revoke_sessions(connection, agent_id, now)
    store.forget_logins(connection, agent.username)
    note(connection, agent_id, "password_reset", actor, now)
    return existing(connection, agent_id)


def new_password(connection: sa.Connection, agent: Agent, now: datetime) -> str:
    """A new generated password from a command line, good without a change."""
    secret = passwords.generate()
    reset_password(connection, agent.id, secret.hash, COMMAND_LINE, now, must_change=False)
    return secret.password


def end_sessions(connection: sa.Connection, agent_id: str, actor: Actor, now: datetime) -> None:
    """Every login of the account ends."""
    existing(connection, agent_id)
    store.revoke_sessions(connection, agent_id, now)
    note(connection, agent_id, "sessions_revoked", actor, now)


def end_session(connection: sa.Connection, agent_id: str, session_id: str, actor: Actor, now: datetime) -> None:
    """One login of the account ends. NotFoundError `session_unknown`."""
    found = [one for one in accounts_store.open_sessions(connection, agent_id, now) if one.id == session_id]
    if not found:
        raise NotFoundError("session_unknown")
    store.revoke_sessions(connection, agent_id, now, found[0].token_hash)
    note(connection, agent_id, "session_revoked", actor, now)


def existing(connection: sa.Connection, agent_id: str) -> Agent:
    """The agent; NotFoundError `account_unknown`."""
    agent = store.get(connection, agent_id)
    if agent is None:
        raise NotFoundError("account_unknown")
    return agent


def note(connection: sa.Connection, agent_id: str, kind: str, actor: Actor, now: datetime, **details: Any) -> None:
    """Keep who did what to whom, and when: with the account, and in the audit trail."""
    accounts_store.add_event(
        connection,
        AccountEvent(
            id="ae_" + ids.ulid(now),
            at=now,
            kind=kind,
            actor_id=actor.agent_id,
            actor_name=actor.name,
            agent_id=agent_id,
            details=details,
        ),
    )
    by = audit.Actor("command_line" if actor.agent_id is None else "agent", actor.agent_id, actor.name)
    record(connection, f"account_{kind}", by, audit.Subject("agent", agent_id), now, details=details)


def _check_not_last(connection: sa.Connection, agent: Agent) -> None:
    if not accounts_store.lock_administrators(connection) - {agent.id} and not agent.disabled:
        raise ConflictError("last_administrator")
