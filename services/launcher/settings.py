"""Where things are and which ports they use, read from the environment once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class LauncherError(Exception):
    """A start that cannot go on; the text is one clear sentence for the person at the terminal."""


@dataclass(frozen=True)
class Settings:
    """Ports are TCP ports on `host`; paths are absolute."""

    root: Path
    data: Path
    host: str
    desk_port: int
    shop_port: int
    rasa_port: int
    actions_port: int
    model: str | None
    demo: bool
    action_server: bool = False

    @property
    def logs(self) -> Path:
        return self.data / "log"

    @property
    def desk_url(self) -> str:
        return f"http://{self.host}:{self.desk_port}"

    @property
    def shop_url(self) -> str:
        return f"http://127.0.0.1:{self.shop_port}"

    @property
    def rasa_url(self) -> str:
        return f"http://127.0.0.1:{self.rasa_port}"

    @property
    def actions_url(self) -> str:
        return f"http://127.0.0.1:{self.actions_port}"

    def ports(self) -> dict[str, tuple[str, int]]:
        """Environment variable -> (what listens there, port)."""
        ports = {
            "BATON_DESK_PORT": ("desk", self.desk_port),
            "BATON_SHOP_PORT": ("shop", self.shop_port),
            "BATON_RASA_PORT": ("rasa", self.rasa_port),
        }
        return ports | ({"BATON_ACTIONS_PORT": ("actions", self.actions_port)} if self.action_server else {})


def port_of(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, str(default))
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise LauncherError(f"{name} must be a port number from 1 to 65535, it is '{text}'.")
    return int(text)


def actions_of(environment: Mapping[str, str]) -> str:
    """Where the custom actions run: inside Rasa, or on an action server of their own."""
    place = environment.get("BATON_ACTIONS", "inside").strip().lower()
    if place not in ("inside", "server"):
        raise LauncherError(f"BATON_ACTIONS must be inside or server, it is '{place}'.")
    return place


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Raises LauncherError for a port that is none."""
    data = Path(environment.get("BATON_DATA_DIR", "var"))
    return Settings(
        root=ROOT,
        data=data if data.is_absolute() else ROOT / data,
        host=environment.get("BATON_DESK_HOST", "127.0.0.1"),
        desk_port=port_of(environment, "BATON_DESK_PORT", 8000),
        shop_port=port_of(environment, "BATON_SHOP_PORT", 8001),
        rasa_port=port_of(environment, "BATON_RASA_PORT", 5005),
        actions_port=port_of(environment, "BATON_ACTIONS_PORT", 5055),
        model=environment.get("BATON_MODEL") or None,
        demo=environment.get("BATON_DEMO", "1") == "1",
        action_server=actions_of(environment) == "server",
    )
