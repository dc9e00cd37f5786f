"""`python -m desk.demo`: three demo agents with generated passwords, written to demo_logins.json. Idempotent."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from msgspec import DecodeError, json

from desk.agents import passwords, store
from desk.agents.account_rules import NewAccount
from desk.agents.accounts import create_account, new_password
from desk.agents.rules import SKILL_GROUPS
from desk.kernel import settings, wording
from desk.kernel.engine import create_engine, migrate

if TYPE_CHECKING:
    from pathlib import Path

    import sqlalchemy as sa

    from desk.kernel.wording import Wording


def demo_accounts(words: Wording) -> list[NewAccount]:
    """The demo's people, as named in desk_messages.yml."""
    return [
        NewAccount(
            username=str(row["username"]),
            display_name=str(row["display_name"]),
            role=row["role"],
            groups=list(SKILL_GROUPS) if row["groups"] == "all" else [str(group) for group in row["groups"]],
            capacity=int(row["capacity"]),
        )
        for row in words.rows("demo_agents")
    ]


def create_missing(
    connection: sa.Connection, accounts: list[NewAccount], known: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The logins of all demo accounts; those whose password nobody knows any more get a new one."""
    now, kept = datetime.now(UTC), {login.get("username"): login.get("password") for login in known}
    logins = []
    for account in accounts:
        agent, password = store.by_username(connection, account.username), kept.get(account.username)
        if agent is None:
            password = create_account(connection, account, now)
        elif not password or not passwords.fits(agent.password_hash, password):
            password = new_password(connection, agent, now)
        logins.append(
            {"username": account.username, "password": password, "role": account.role, "groups": account.groups}
        )
    return logins


def read_logins(path: Path) -> list[dict[str, Any]]:
    """What an earlier run wrote; nothing when the file is missing or broken."""
    try:
        return json.decode(path.read_bytes(), type=list[dict[str, Any]])
    except (FileNotFoundError, DecodeError):
        return []


def write_logins(path: Path, logins: list[dict[str, Any]]) -> None:
    """Replace the file at once, readable by its owner only."""
    fresh = path.with_suffix(".new")
    fresh.touch(mode=0o600)
    fresh.chmod(0o600)
    fresh.write_bytes(json.format(json.encode(logins), indent=1))
    fresh.replace(path)


def main() -> int:
    """0 when the accounts exist and the file tells their passwords, 1 with one sentence when not."""
    try:
        values = settings.load(os.environ, require_secrets=False)
        words = wording.load(values.playbook_dir)
        values.data_dir.mkdir(parents=True, exist_ok=True)
        migrate(values.database_url)
    except settings.SettingsError as error:
        print(f"desk: {error}", file=sys.stderr)
        return 1
    path = values.data_dir / "demo_logins.json"
    engine = create_engine(values.database_url, writer=True)
    with engine.begin() as connection:
        logins = create_missing(connection, demo_accounts(words), read_logins(path))
        write_logins(path, logins)
    engine.dispose()
    return 0


if __name__ == "__main__":
    sys.exit(main())
