"""Reads the fixed tables of the demo data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

_FOLDER = Path(__file__).with_name("data")


def load(name: str) -> Any:
    """The content of `data/<name>.yml`."""
    return yaml.safe_load((_FOLDER / f"{name}.yml").read_text(encoding="utf-8"))
