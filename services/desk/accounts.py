"""`python -m desk.accounts`: agents' accounts from the command line. Passwords are generated and printed once."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from desk.agents import accounts, accounts_store, passwords, store
from desk.agents.account_rules import COMMAND_LINE, AccountChange, NewAccount
from desk.agents.rules import ROLES
from desk.handoffs.duty import GIVE_BACK
from desk.kernel import policy, settings, wording
from desk.kernel.clock import iso
from desk.kernel.context import Scene
from desk.kernel.engine import create_engine, migrate
from desk.kernel.errors import DeskError, NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import sqlalchemy as sa

    from desk.agents.rules import Agent

    Command = Callable[[sa.Connection, Agent, argparse.Namespace, Scene], list[str]]


def parser() -> argparse.ArgumentParser:
    """The command line; no option ever takes a password."""
    top = argparse.ArgumentParser(prog="python -m desk.accounts", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    commands.add_parser("list", help="all accounts")
    create = commands.add_parser("create", help="a new account; prints its password once")
    create.add_argument("--username", required=True)
    create.add_argument("--display-name", required=True)
    create.add_argument("--role", choices=ROLES, default="agent")
    create.add_argument("--groups", default="", help="comma separated: orders,logistics,after_sales,…")
    create.add_argument("--tags", default="", help="comma separated: vip,risk,…")
    create.add_argument("--capacity", type=int, default=3)
    create.add_argument("--must-change", action="store_true", help="the first sign-in must choose a password")
    change = _about(commands, "set", "another name, role, groups, tags or capacity")
    change.add_argument("--display-name")
    change.add_argument("--role", choices=ROLES)
    change.add_argument("--groups", help="comma separated, replaces all")
    change.add_argument("--tags", help="comma separated, replaces all")
    change.add_argument("--capacity", type=int)
    disable = _about(commands, "disable", "nobody can sign in any more")
    disable.add_argument("--force", action="store_true", help="open conversations go back to the queue")
    _about(commands, "enable", "the account may be used again")
    _about(commands, "reset-password", "a new password, printed once, to be changed at the next sign-in")
    _about(commands, "set-password", "a new password, printed once")
    _about(commands, "sessions", "the open logins of an account")
    revoke = _about(commands, "revoke", "end one login of an account, or all")
    revoke.add_argument("--session", help="the id that `sessions` shows; without it, all")
    return top


def _about(commands: Any, name: str, words: str) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=words)
    command.add_argument("--username", required=True)
    return command


def run(connection: sa.Connection, arguments: argparse.Namespace, scene: Scene) -> list[str]:
    """Do it; the lines to print."""
    if arguments.command == "list":
        return [_line(agent) for agent in store.everybody(connection)]
    if arguments.command == "create":
        return _create(connection, arguments, scene)
    agent = store.by_username(connection, arguments.username)
    if agent is None:
        raise NotFoundError("account_unknown")
    return _COMMANDS[arguments.command](connection, agent, arguments, scene)


def _create(connection: sa.Connection, arguments: argparse.Namespace, scene: Scene) -> list[str]:
    account = NewAccount(
        arguments.username,
        arguments.display_name,
        arguments.role,
        _words(arguments.groups),
        arguments.capacity,
        _words(arguments.tags),
    )
    secret = passwords.generate()
    accounts.create(connection, account, secret.hash, COMMAND_LINE, scene.now, must_change=arguments.must_change)
    return [f"{account.username}  {secret.password}"]


def _set(connection: sa.Connection, agent: Agent, arguments: argparse.Namespace, scene: Scene) -> list[str]:
    def given(value: Any) -> Any:
        return UNSET if value is None else value

    change = AccountChange(
        display_name=given(arguments.display_name),
        role=given(arguments.role),
        groups=UNSET if arguments.groups is None else _words(arguments.groups),
        capacity=given(arguments.capacity),
        tags=UNSET if arguments.tags is None else _words(arguments.tags),
    )
    return [_line(accounts.change(connection, agent.id, change, COMMAND_LINE, scene.now))]


def _disable(connection: sa.Connection, agent: Agent, arguments: argparse.Namespace, scene: Scene) -> list[str]:
    accounts.disable(connection, agent.id, COMMAND_LINE, scene, GIVE_BACK, force=arguments.force)
    return [f"{agent.username} disabled"]


def _enable(connection: sa.Connection, agent: Agent, _: argparse.Namespace, scene: Scene) -> list[str]:
    accounts.enable(connection, agent.id, COMMAND_LINE, scene.now)
    return [f"{agent.username} enabled"]


def _reset_password(connection: sa.Connection, agent: Agent, arguments: argparse.Namespace, scene: Scene) -> list[str]:
    secret, must_change = passwords.generate(), arguments.command == "reset-password"
    accounts.reset_password(connection, agent.id, secret.hash, COMMAND_LINE, scene.now, must_change=must_change)
    return [f"{agent.username}  {secret.password}"]


def _sessions(connection: sa.Connection, agent: Agent, _: argparse.Namespace, scene: Scene) -> list[str]:
    return [
        f"{one.id}  {iso(one.created_at)}  {one.address or '-':<15}  {one.device or '-'}"
        for one in accounts_store.open_sessions(connection, agent.id, scene.now)
    ]


def _revoke(connection: sa.Connection, agent: Agent, arguments: argparse.Namespace, scene: Scene) -> list[str]:
    if arguments.session is None:
        accounts.end_sessions(connection, agent.id, COMMAND_LINE, scene.now)
        return [f"{agent.username}: all sessions ended"]
    accounts.end_session(connection, agent.id, arguments.session, COMMAND_LINE, scene.now)
    return [f"{agent.username}: session {arguments.session} ended"]


_COMMANDS: dict[str, Command] = {
    "set": _set,
    "disable": _disable,
    "enable": _enable,
    "reset-password": _reset_password,
    "set-password": _reset_password,
    "sessions": _sessions,
    "revoke": _revoke,
}


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _line(agent: Agent) -> str:
    state = "disabled" if agent.disabled else agent.presence
    who = f"{agent.username:<16} {agent.role:<13} {state:<8}"
    tags = f"  [{','.join(agent.tags)}]" if agent.tags else ""
    return f"{who} {agent.load}/{agent.capacity}  {agent.display_name}  {','.join(agent.groups)}{tags}"


def main(argv: Sequence[str] | None = None) -> int:
    """0 when done, 1 with one sentence when refused or not possible, 2 for a command line that cannot be read."""
    arguments = parser().parse_args(argv)
    try:
        values = settings.load(os.environ, require_secrets=False)
        words = wording.load(values.playbook_dir)
        values.data_dir.mkdir(parents=True, exist_ok=True)
        migrate(values.database_url)
        engine = create_engine(values.database_url, writer=True)
        with engine.begin() as connection:
            scene = Scene(datetime.now(UTC), values, words, policy.load(values.playbook_dir))
            lines = run(connection, arguments, scene)
        engine.dispose()
    except settings.SettingsError as error:
        print(f"desk: {error}", file=sys.stderr)
        return 1
    except DeskError as error:
        print(f"desk: {error.code}: {words.error(error)}", file=sys.stderr)
        return 1
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
