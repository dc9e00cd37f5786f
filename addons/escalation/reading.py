"""Reads a playbook file and names file, line and field when something in it is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

PLAYBOOK_DIR = Path(__file__).resolve().parents[2] / "playbook"


class PlaybookError(ValueError):
    """A playbook file cannot be used as it is; the text names the file, the line and the field."""


class Section:
    """One mapping of a playbook file. Every reader raises PlaybookError when the value is not what is expected."""

    def __init__(self, file: str, lines: dict[tuple[str, ...], int], path: tuple[str, ...], value: object) -> None:
        self._file, self._lines, self.path = file, lines, path
        if not isinstance(value, dict):
            raise self._error(path, "a mapping", value)
        self._value: dict[str, Any] = value

    def names(self) -> list[str]:
        return [str(key) for key in self._value]

    def has(self, key: str) -> bool:
        return self._value.get(key) is not None

    def only(self, keys: Iterable[str]) -> None:
        """Refuse misspelt fields: they would be ignored silently."""
        allowed = set(keys)
        for key in self.names():
            if key not in allowed:
                raise PlaybookError(
                    f"{self._where((*self.path, key))}: unknown field; known here: {', '.join(sorted(allowed))}"
                )

    def section(self, key: str) -> Section:
        return Section(self._file, self._lines, (*self.path, key), self._value.get(key))

    def sections(self, key: str) -> Iterator[Section]:
        """The mappings of a list."""
        for index, item in enumerate(self._list(key)):
            yield Section(self._file, self._lines, (*self.path, key, str(index)), item)

    def text(self, key: str) -> str:
        value = self._value.get(key)
        if not isinstance(value, str) or not value.strip():
            raise self._error((*self.path, key), "a text", value)
        return value

    def optional_text(self, key: str) -> str | None:
        return self.text(key) if self.has(key) else None

    def whole(self, key: str, low: int, high: int) -> int:
        value = self._value.get(key)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise self._error((*self.path, key), f"a whole number {low}..{high}", value)
        return value

    def number(self, key: str, low: float, high: float) -> float:
        value = self._value.get(key)
        if not isinstance(value, (int, float)) or isinstance(value, bool) or not low <= value <= high:
            raise self._error((*self.path, key), f"a number {low}..{high}", value)
        return float(value)

    def flag(self, key: str) -> bool:
        value = self._value.get(key)
        if not isinstance(value, bool):
            raise self._error((*self.path, key), "true or false", value)
        return value

    def one_of(self, key: str, options: Iterable[str]) -> str:
        value, allowed = self._value.get(key), list(options)
        if value not in allowed:
            raise self._error((*self.path, key), f"one of {', '.join(allowed)}", value)
        return str(value)

    def texts(self, key: str) -> tuple[str, ...]:
        values = self._list(key)
        for index, value in enumerate(values):
            if not isinstance(value, str):
                raise self._error((*self.path, key, str(index)), "a text", value)
        return tuple(values)

    def patterns(self, key: str) -> tuple[re.Pattern[str], ...]:
        """A list of regular expressions."""
        compiled = []
        for index, value in enumerate(self.texts(key)):
            try:
                compiled.append(re.compile(value))
            except re.error as error:
                raise self._error((*self.path, key, str(index)), f"a regular expression ({error})", value) from error
        return tuple(compiled)

    def text_map(self, key: str) -> dict[str, str]:
        inner = self.section(key)
        return {name: inner.text(name) for name in inner.names()}

    def texts_map(self, key: str) -> dict[str, tuple[str, ...]]:
        inner = self.section(key)
        return {name: inner.texts(name) for name in inner.names()}

    def whole_map(self, key: str, low: int, high: int) -> dict[str, int]:
        inner = self.section(key)
        return {name: inner.whole(name, low, high) for name in inner.names()}

    def refuse(self, key: str, reason: str) -> PlaybookError:
        return PlaybookError(f"{self._where((*self.path, key))}: {reason}")

    def _list(self, key: str) -> list[Any]:
        value = self._value.get(key)
        if not isinstance(value, list):
            raise self._error((*self.path, key), "a list", value)
        return value

    def _where(self, path: tuple[str, ...]) -> str:
        line = next((self._lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in self._lines), 1)
        return f"{self._file}, line {line}, {'.'.join(path) or 'the file'}"

    def _error(self, path: tuple[str, ...], expected: str, got: object) -> PlaybookError:
        return PlaybookError(f"{self._where(path)}: expected {expected}, got {got!r}")


def read(file: Path) -> Section:
    """The whole file as a section; raises PlaybookError when it is missing or not YAML."""
    try:
        source = file.read_text(encoding="utf-8")
        node = yaml.compose(source, Loader=yaml.SafeLoader)
        value = _with_text_keys(yaml.safe_load(source))
    except OSError as error:
        raise PlaybookError(f"{file.name}: cannot be read ({error.strerror})") from error
    except yaml.YAMLError as error:
        raise PlaybookError(f"{file.name}: not valid YAML: {error}") from error
    lines: dict[tuple[str, ...], int] = {}
    _note_lines(node, (), lines)
    return Section(file.name, lines, (), value)


def _with_text_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _with_text_keys(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_text_keys(item) for item in value]
    return value


def _note_lines(node: yaml.Node | None, path: tuple[str, ...], lines: dict[tuple[str, ...], int]) -> None:
    if node is None:
        return
    lines.setdefault(path, node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        for key, item in node.value:
            inner = (*path, str(key.value))
            lines[inner] = key.start_mark.line + 1
            _note_lines(item, inner, lines)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _note_lines(item, (*path, str(index)), lines)
