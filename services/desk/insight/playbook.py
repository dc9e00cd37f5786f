"""The playbook as it is on the disk, for supervisors to look at: every file, with what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from desk.agent_actions import authority
from desk.assist import book
from desk.clocks import business_hours
from desk.handoffs import repeat_rules
from desk.insight import policy as wall_policy
from desk.kernel import policy, wording
from desk.kernel.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

# Whose files the desk itself reads; uncached, so that what is on the disk now is judged.
_READERS: dict[str, Callable[[Path], Any]] = {
    "business_hours.yml": business_hours.load.__wrapped__,
    "canned_responses.yml": book.load.__wrapped__,
    "desk_messages.yml": wording.load,
    "escalation_summary.yml": authority.load.__wrapped__,
    "repeat_contact.yml": repeat_rules.load.__wrapped__,
    "reply_topics.yml": book.load.__wrapped__,
    "routing.yml": policy.load,
    "wall.yml": wall_policy.load.__wrapped__,
    "wording_rules.yml": book.load.__wrapped__,
}


def files(folder: Path) -> list[dict[str, Any]]:
    """[{name, text, checked, problem}] by name; `checked` is `content` for what the desk reads, else `syntax`."""
    found = sorted(path for path in folder.rglob("*.yml") if path.is_file())
    return [_file(folder, path) for path in found]


def _file(folder: Path, path: Path) -> dict[str, Any]:
    name, text = path.relative_to(folder).as_posix(), path.read_text(encoding="utf-8")
    reader = _READERS.get(name)
    return {
        "name": name,
        "text": text,
        "checked": "syntax" if reader is None else "content",
        "problem": _problem(folder, text, reader),
    }


def _problem(folder: Path, text: str, reader: Callable[[Path], Any] | None) -> str | None:
    try:
        yaml.safe_load(text)
        if reader is not None:
            reader(folder)
    except yaml.YAMLError as error:
        return str(error)
    except SettingsError as error:
        return str(error).replace(f"{folder}/", "")
    return None
