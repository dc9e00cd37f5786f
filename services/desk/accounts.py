"""`python -m desk.accounts`: create, list and disable agents' accounts, and set new passwords."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from desk.agents import store, usecases
from desk.kernel import settings, wording
from desk.kernel.database import create_engine, migrate
from desk.kernel.errors import DeskError, InvalidError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import sqlalchemy as sa

    from desk.agents.rules import Agent


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(prog="python -m desk.accounts", description=__doc__)
    commands = top.add_subparsers(dest="command", required=True)
    create = commands.add_parser("create", help="a new account; prints its password once")
    create.add_argument("--username", required=True)
    create.add_argument("--display-name", required=True)
    create.add_argument("--role", choices=("agent", "supervisor"), default="agent")
    create.add_argument("--groups", default="", help="comma separated: orders,logistics,after_sales,…")
    create.add_argument("--capacity", type=int, default=3)
    commands.add_parser("list", help="all accounts")
    for name, words in (("set-password", "a new password, printed once"), ("disable", "nobody can log in any more")):
        commands.add_parser(name, help=words).add_argument("--username", required=True)
    return top


def run(connection: sa.Connection, arguments: argparse.Namespace) -> list[str]:
    """Do it; the lines to print."""
    now = datetime.now(UTC)
    if arguments.command == "create":
        groups = [group.strip() for group in arguments.groups.split(",") if group.strip()]
        password = usecases.create_account(
            connection,
            usecases.NewAccount(arguments.username, arguments.display_name, arguments.role, groups, arguments.capacity),
            now,
        )
        return [f"{arguments.username}  {password}"]
    if arguments.command == "list":
        return [_line(agent) for agent in store.everybody(connection)]
    agent = store.by_username(connection, arguments.username)
    if agent is None:
        raise InvalidError("account_unknown")
    if arguments.command == "set-password":
        return [f"{agent.username}  {usecases.new_password(connection, agent, now)}"]
    usecases.disable(connection, agent, now)
    return [f"{agent.username} disabled"]


def _line(agent: Agent) -> str:
    state = "disabled" if agent.disabled else agent.presence
    groups = ",".join(agent.groups)
    who = f"{agent.username:<16} {agent.role:<10} {state:<8}"
    return f"{who} {agent.load}/{agent.capacity}  {agent.display_name}  {groups}"


def main(argv: Sequence[str] | None = None) -> int:
    """0 when done, 1 with one sentence when not."""
    arguments = parser().parse_args(argv)
    try:
        values = settings.load(os.environ, require_secrets=False)
        words = wording.load(values.playbook_dir)
        values.data_dir.mkdir(parents=True, exist_ok=True)
        migrate(values.database_url)
        engine = create_engine(values.database_url, writer=True)
        with engine.begin() as connection:
            lines = run(connection, arguments)
        engine.dispose()
    except settings.SettingsError as error:
        print(f"desk: {error}", file=sys.stderr)
        return 1
    except DeskError as error:
        print(f"desk: {words.error(error)}", file=sys.stderr)
        return 1
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
