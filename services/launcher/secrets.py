"""The secrets the processes share: taken from the environment, else generated once into a private file."""

from __future__ import annotations

import os
import secrets as random_source
from collections.abc import Mapping
from pathlib import Path

NAMES = ("BATON_SHOP_TOKEN", "BATON_BOT_TOKEN", "BATON_IDENTITY_SECRET")


def parse(text: str) -> dict[str, str]:
    pairs = (line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))
    return {name.strip(): value.strip() for name, value in pairs}


def load_or_create(file: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """All secrets by name; a variable in the environment wins over the file, a missing one is made (mode 600)."""
    stored = parse(file.read_text()) if file.exists() else {}
    complete = {name: stored.get(name) or random_source.token_urlsafe(32) for name in NAMES}
    if complete != stored:
        file.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as out:
            out.writelines(f"{name}={value}\n" for name, value in complete.items())
    return {name: environment.get(name) or complete[name] for name in NAMES}
