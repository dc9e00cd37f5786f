"""Settings of the actions, read from the environment once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache


class SettingsError(Exception):
    """A setting is missing or malformed; str() is one sentence for the person who starts the process."""


@dataclass(frozen=True)
class Settings:
    """Where the shop is and how long a customer should wait for it."""

    shop_url: str
    shop_token: str
    connect_timeout_seconds: float = 1.0
    read_timeout_seconds: float = 2.5

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Raises SettingsError when the secret is missing."""
        token = environment.get("BATON_SHOP_TOKEN", "").strip()
        if not token:
            raise SettingsError("BATON_SHOP_TOKEN is not set: the actions cannot ask the shop without it.")
        url = environment.get("BATON_SHOP_URL", "").strip()
        if not url:
            url = f"http://127.0.0.1:{environment.get('BATON_SHOP_PORT', '8001')}"
        if not url.startswith(("http://", "https://")):
            raise SettingsError(f"BATON_SHOP_URL must start with http:// or https://, not {url!r}.")
        return cls(shop_url=url.rstrip("/"), shop_token=token)


@lru_cache(maxsize=1)
def settings() -> Settings:
    """The settings of this process."""
    return Settings.from_environment(os.environ)
