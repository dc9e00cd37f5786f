"""The environment: one row a setting, and a reader of typed values that says in one sentence what is wrong."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from desk.kernel.private_files import PrivateFileError, read_private

if TYPE_CHECKING:
    from collections.abc import Mapping

_MIN_SECRET_CHARACTERS = 16
_MEGABYTE = 1024 * 1024
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
REPOSITORY = Path(__file__).resolve().parents[3]


class SettingsError(Exception):
    """A setting is missing or cannot be read; the message is one sentence for the person starting the desk."""


class Row(NamedTuple):
    """One setting: environment variable, default as written in the environment (None: required), help."""

    name: str
    default: str | None
    help: str


class Reader:
    """Reads typed values out of the environment, with the defaults of `rows`."""

    def __init__(self, rows: tuple[Row, ...], environment: Mapping[str, str], *, require_secrets: bool) -> None:
        self._environment = environment
        self._rows = {row.name: row for row in rows}
        self._require_secrets = require_secrets

    def text(self, name: str) -> str:
        value = self._environment.get(name, "").strip()
        if value:
            return value
        default = self._rows[name].default
        if default is None:
            if self._require_secrets:
                raise SettingsError(f"{name} is not set: start everything with `make run`, or set this secret.")
            return ""
        return default

    def secret(self, name: str) -> str:
        """The variable, or what the private file at NAME_FILE holds; SettingsError when a file is open to everybody."""
        file = f"{name}_FILE"
        if self._environment.get(name, "").strip() or not self.text(file) or not self._require_secrets:
            return self.text(name)
        try:
            found = read_private(self.path(file)).strip()
        except PrivateFileError as error:
            raise SettingsError(f"{file} {error}.") from error
        if not found:
            raise SettingsError(f"{file} is empty.")
        return found

    def number(self, name: str) -> float:
        try:
            value = float(self.text(name))
        except ValueError as error:
            raise SettingsError(f"{name} must be a number, not {self.text(name)!r}.") from error
        if value < 0:
            raise SettingsError(f"{name} must not be negative.")
        return value

    def whole(self, name: str) -> int:
        return int(self.number(name))

    def megabytes(self, name: str) -> int:
        return int(self.number(name) * _MEGABYTE)

    def path(self, name: str) -> Path:
        return REPOSITORY / self.text(name)

    def words(self, name: str) -> tuple[str, ...]:
        return tuple(word.strip() for word in self.text(name).split(",") if word.strip())

    def networks(self, name: str) -> tuple[Network, ...]:
        """Addresses and networks, 10.0.0.7 or 10.0.0.0/8."""
        try:
            return tuple(ipaddress.ip_network(word) for word in self.words(name))
        except ValueError as error:
            raise SettingsError(
                f"{name} takes addresses and networks (10.0.0.0/8), comma separated: {error}."
            ) from error

    def addresses(self, name: str) -> tuple[str, ...]:
        """http(s) only, and no name or password in them: they would show in lists and logs."""
        found = tuple(dict.fromkeys(self.words(name)))
        for address in found:
            parts = urlsplit(address)
            if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or parts.password:
                raise SettingsError(f"{name} takes http:// or https:// addresses without a name in them.")
        return found

    def secret_file(self, name: str, *, wanted: bool) -> str:
        """What the private file holds; nothing while it is not wanted. SettingsError when it is open to everybody."""
        if not wanted or not self._require_secrets:
            return ""
        if not self.text(name):
            raise SettingsError(f"{name} is not set: webhooks are always signed.")
        try:
            secret = read_private(self.path(name)).strip()
        except PrivateFileError as error:
            raise SettingsError(f"{name} {error}.") from error
        if len(secret) < _MIN_SECRET_CHARACTERS:
            raise SettingsError(f"{name} must hold at least {_MIN_SECRET_CHARACTERS} characters.")
        return secret

    def flag(self, name: str) -> bool:
        return self.text(name) in {"1", "true", "yes", "on"}
