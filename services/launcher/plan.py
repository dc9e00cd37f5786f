"""What has to run, with which command and settings."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import yaml

from launcher.processes import Process
from launcher.settings import Settings

# One thread for each numeric library: with more, two cores thrash and a message takes over a second (measured).
QUIET = {
    "OMP_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    # Several wishes in one message take some thirty actions; at Rasa's 10 the conversation would be stuck for good.
    "MAX_NUMBER_OF_PREDICTIONS": "60",
    "RASA_TELEMETRY_ENABLED": "false",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "PYTHONUNBUFFERED": "1",
    "SANIC_HOST": "127.0.0.1",  # the action server would otherwise listen on every address
    "PYTHONWARNINGS": "ignore",
}
# Rasa and its libraries of 2022 print deprecation notices by the dozen; the terminal gets dated lines and faults.
DATED_OR_FAULT = re.compile(r"^\d{4}-\d\d-\d\d (?!.*Registered function)|^Traceback|^\w*(Error|Exception)\b")


def shared_environment(settings: Settings, secrets: Mapping[str, str]) -> dict[str, str]:
    """The environment of every process: the caller's, the ports, the addresses and the secrets."""
    return {
        **os.environ,
        **secrets,
        "BATON_DATA_DIR": str(settings.data),
        "BATON_DESK_HOST": settings.host,
        "BATON_DESK_PORT": str(settings.desk_port),
        "BATON_SHOP_PORT": str(settings.shop_port),
        "BATON_RASA_PORT": str(settings.rasa_port),
        "BATON_ACTIONS": "server" if settings.action_server else "inside",
        "BATON_ACTIONS_PORT": str(settings.actions_port),
        "BATON_SHOP_URL": os.environ.get("BATON_SHOP_URL", settings.shop_url),
        "BATON_RASA_URL": os.environ.get("BATON_RASA_URL", settings.rasa_url),
        "BATON_DEMO": "1" if settings.demo else "0",
    }


def write_endpoints(settings: Settings) -> Path:
    """endpoints.yml with this run's port and data folder; the file at the root keeps Rasa's defaults for developers."""
    endpoints = yaml.safe_load((settings.root / "endpoints.yml").read_text(encoding="utf-8"))
    endpoints["action_endpoint"]["url"] = f"{settings.actions_url}/webhook"
    store = endpoints.get("tracker_store")
    if store and store.get("dialect") == "sqlite":
        store["db"] = str(settings.data / "tracker.db")
    target = settings.data / "rasa" / "endpoints.yml"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(yaml.safe_dump(endpoints, allow_unicode=True), encoding="utf-8")
    return target


def processes(settings: Settings, secrets: Mapping[str, str], model: Path) -> list[Process]:
    """Shop, the action server if wanted, Rasa and desk, in the order in which they are useful to each other."""
    brain = settings.root / ".venv" / "bin"
    services = settings.root / "services"
    endpoints = write_endpoints(settings)
    bot_headers = {"Authorization": f"Bearer {secrets['BATON_BOT_TOKEN']}"}
    rasa = (
        f"{brain / 'rasa'} run --port {settings.rasa_port} --interface 127.0.0.1 "
        f"--model {model} --endpoints {endpoints} --credentials credentials.yml --log-file /dev/null"
    )
    actions = f"{brain / 'python'} -m rasa_sdk --actions actions --port {settings.actions_port}"
    server = [
        Process(
            "actions",
            tuple(actions.split()),
            settings.root,
            f"{settings.actions_url}/health",
            {},
            QUIET,
            DATED_OR_FAULT,
        )
    ]
    return [
        Process("shop", (sys.executable, "-m", "shop"), services, f"{settings.shop_url}/healthz"),
        *(server if settings.action_server else []),
        Process(
            "rasa",
            tuple(rasa.split()),
            settings.root,
            f"{settings.rasa_url}/webhooks/desk/health",
            bot_headers,
            QUIET,
            DATED_OR_FAULT,
        ),
        Process("desk", (sys.executable, "-m", "desk"), services, f"{settings.desk_url}/readyz"),
    ]
