"""Settings of the shop, read from the environment (BATON_* variables)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shop.kernel.errors import SettingsError

REPOSITORY = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the shop can be told from outside.

    `database_url` is `sqlite:///path` or `postgresql://…`; secrets may be empty until `require_secrets`.
    """

    data_dir: Path
    database_url: str
    host: str = "127.0.0.1"
    port: int = 8001
    token: str = ""
    identity_secret: str = ""
    demo: bool = False
    playbook_dir: Path = REPOSITORY / "playbook"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the BATON_* variables; relative paths start at the repository, wherever the process stands.

        Raises SettingsError when a value cannot be used.
        """
        data_dir = REPOSITORY / environment.get("BATON_DATA_DIR", "var")
        return cls(
            data_dir=data_dir,
            database_url=environment.get("BATON_SHOP_DATABASE_URL") or f"sqlite:///{data_dir / 'shop.db'}",
            host=environment.get("BATON_SHOP_HOST", "127.0.0.1"),
            port=_port(environment.get("BATON_SHOP_PORT", "8001")),
            token=environment.get("BATON_SHOP_TOKEN", ""),
            identity_secret=_signing(environment.get("BATON_IDENTITY_SECRET", "")),
            demo=environment.get("BATON_DEMO", "0") == "1",
            playbook_dir=REPOSITORY / environment.get("BATON_PLAYBOOK_DIR", "playbook"),
        )

    def require_token(self) -> None:
        """Refuse to serve without the secret that callers must present."""
        if not self.token:
            raise SettingsError("BATON_SHOP_TOKEN is not set: the shop needs the token its callers must present.")

    def require_identity_secret(self) -> None:
        """Refuse to sign identities with an empty secret."""
        if not self.identity_secret:
            raise SettingsError("BATON_IDENTITY_SECRET is not set: the shop needs it to sign customer identities.")


def _signing(keys: str) -> str:
    """The first of a comma separated list: while a key is changed the desk accepts several, the shop signs with one."""
    return next((key.strip() for key in keys.split(",") if key.strip()), "")


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise SettingsError(f"BATON_SHOP_PORT is {text!r}, but a port is a number from 1 to 65535.")
    return int(text)
