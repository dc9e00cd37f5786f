"""The Chinese texts: playbook/answers.yml, playbook/transactions/ and playbook/policies.yml, filled with values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

PLAYBOOK = Path(__file__).resolve().parent.parent / "playbook"
_GAP = re.compile(r"\{([a-z_.]+)\}")
# A text has spaces around a gap that may hold figures (预计 {time} 前); between two Chinese characters they go.
_GAP_BETWEEN_HAN = re.compile(r"(?<=[\u4e00-\u9fff]) (?=[\u4e00-\u9fff])")


class TextError(Exception):
    """A text or a value that fills it does not exist; a fault of the playbook, caught by its tests."""


@cache
def book(name: str) -> dict[str, Any]:
    """One YAML file of the playbook, read once."""
    content = yaml.safe_load((PLAYBOOK / f"{name}.yml").read_text(encoding="utf-8"))
    if not isinstance(content, dict):
        raise TextError(f"playbook/{name}.yml must hold a mapping")
    return content


@cache
def sentences() -> dict[str, Any]:
    """playbook/answers.yml, with each file of playbook/transactions/ under transactions.<its name>."""
    files = sorted((PLAYBOOK / "transactions").glob("*.yml"))
    return {**book("answers"), "transactions": {file.stem: book(f"transactions/{file.stem}") for file in files}}


def read_all() -> None:
    """Read what is said to customers now, at the start: the first of them does not wait, and a fault shows at once."""
    sentences()
    for name in ("policies", "tone", "regions", "wording_rules"):
        book(name)


def text(path: str, **values: object) -> str:
    """The answer at `path` ("logistics.eta") with its gaps filled; raises TextError."""
    template = find(sentences(), path)
    if not isinstance(template, str):
        raise TextError(f"{path} is not a text")
    return fill(template, {name: shown(value) for name, value in values.items()}, path)


def word_list(path: str) -> list[str]:
    """The list at `path` of the answers."""
    words = find(sentences(), path)
    if not isinstance(words, list):
        raise TextError(f"{path} is not a list")
    return [str(word) for word in words]


def has_text(path: str) -> bool:
    """Whether the answers hold a text at `path`."""
    try:
        return isinstance(find(sentences(), path), str)
    except TextError:
        return False


def find(tree: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path; raises TextError."""
    node: Any = tree
    for part in path.split("."):
        if not isinstance(node, Mapping) or part not in node:
            raise TextError(f"no such entry: {path}")
        node = node[part]
    return node


def fill(template: str, values: Mapping[str, str], where: str) -> str:
    """Every {name} replaced; raises TextError for a name nobody gave."""

    def replace(match: re.Match[str]) -> str:
        if match[1] not in values:
            raise TextError(f"{where} needs {match[1]}")
        return values[match[1]]

    return _GAP_BETWEEN_HAN.sub("", _GAP.sub(replace, template))


def gaps(template: str) -> set[str]:
    """The names a template wants."""
    return set(_GAP.findall(template))


def shown(value: object) -> str:
    """A value as it stands in a sentence; lists are joined the Chinese way."""
    if isinstance(value, (list, tuple)):
        return "、".join(str(item) for item in value)
    return str(value)
