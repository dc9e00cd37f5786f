"""The facts of playbook/policies.yml, which the bot reads too; a missing file, section or key means the default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from shop.kernel.errors import SettingsError

_HIGHEST = 10_000


@dataclass(frozen=True, slots=True)
class PolicyFacts:
    """The sections of the file as they stand in it."""

    sections: Mapping[str, Any] = field(default_factory=dict)

    def section(self, name: str) -> dict[str, Any]:
        """A section; empty when there is none."""
        found = self.sections.get(name)
        return found if isinstance(found, dict) else {}

    def number(self, section: str, key: str, default: int) -> int:
        """A whole number from 0 to 10000; SettingsError naming the key when it is anything else."""
        value = self.section(section).get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _HIGHEST:
            raise SettingsError(
                f"policies.yml: {section}.{key} is {value!r}, but must be a number from 0 to {_HIGHEST}."
            )
        return value


def read_policy_facts(playbook_dir: Path) -> PolicyFacts:
    """The facts of `policies.yml`; SettingsError when it cannot be read as YAML."""
    path = playbook_dir / "policies.yml"
    if not path.exists():
        return PolicyFacts()
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as problem:
        raise SettingsError(f"{path.name} is not valid YAML: {problem}") from problem
    return PolicyFacts(content if isinstance(content, dict) else {})
