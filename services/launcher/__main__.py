"""Command line: run, train, fixtures, backup, restore."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from launcher import backup, health, model, plan, secrets
from launcher.output import say
from launcher.processes import Supervisor
from launcher.settings import LauncherError, Settings, read_settings

HEALTH_LIMIT_SECONDS = 150.0


@contextlib.contextmanager
def only_one(settings: Settings) -> Iterator[None]:
    """Holds a file lock for as long as this data folder is in use."""
    settings.data.mkdir(parents=True, exist_ok=True)
    with (settings.data / "run.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LauncherError(f"Baton is already running on {settings.data}; stop it first.") from error
        yield


def services_command(settings: Settings, environment: dict[str, str], *module: str) -> str:
    """Output of `python -m module` in the services environment; raises LauncherError when it fails."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", *module],
        cwd=settings.root / "services",
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        tail = "\n  ".join((done.stderr or done.stdout).strip().splitlines()[-6:])
        raise LauncherError(f"'{' '.join(module)}' failed:\n  {tail}")
    return done.stdout


def logins(settings: Settings) -> list[dict[str, object]]:
    file = settings.data / "demo_logins.json"
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else []


def fixtures(settings: Settings) -> int:
    shared = secrets.load_or_create(settings.data / "secrets.env", os.environ)
    environment = plan.shared_environment(settings, shared)
    services_command(settings, environment, "desk.demo")
    data = json.loads(services_command(settings, environment, "shop.fixtures"))
    data["agents"] = logins(settings)
    print(json.dumps(data, ensure_ascii=False, indent=2))
    return 0


def welcome(settings: Settings, started: float) -> None:
    say("baton", f"ready after {time.monotonic() - started:.0f} s")
    say("baton", f"  shop page with the chat window   {settings.desk_url}/")
    say("baton", f"  agents' console                  {settings.desk_url}/console/")
    say("baton", f"  API                              {settings.desk_url}/docs")
    for login in logins(settings):
        say("baton", f"  demo login ({login['role']:<10})          {login['username']}  {login['password']}")
    say("baton", f"  logs in {settings.logs}; Ctrl-C stops everything")


async def supervise(settings: Settings, shared: dict[str, str], trained: Path, started: float) -> None:
    environment = plan.shared_environment(settings, shared)
    processes = plan.processes(settings, shared, trained)
    supervisor = Supervisor(processes, environment, settings.logs)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, supervisor.stop)
    running = asyncio.create_task(supervisor.run())
    waiting = asyncio.create_task(
        health.wait_healthy(processes, HEALTH_LIMIT_SECONDS, lambda name: say("baton", f"{name} is healthy"))
    )
    await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
    failure = waiting.exception() if waiting.done() else None
    if failure is None and not running.done():
        welcome(settings, started)
    else:
        waiting.cancel()
        supervisor.stop()
    await running
    if failure is not None:
        raise failure


def run(settings: Settings) -> int:
    started = time.monotonic()
    with only_one(settings):
        health.check_ports(settings)
        shared = secrets.load_or_create(settings.data / "secrets.env", os.environ)
        environment = plan.shared_environment(settings, shared)
        trained = model.chosen_model(settings) or model.train(settings, plan.QUIET)
        services_command(settings, environment, "desk.migrate")
        if settings.demo:
            services_command(settings, environment, "desk.demo")
        asyncio.run(supervise(settings, shared, trained, started))
    say("baton", "stopped")
    return 0


def train(settings: Settings) -> int:
    model.train(settings, plan.QUIET)
    return 0


def save_or_restore(chosen: argparse.Namespace) -> int:
    os.umask(0o077)  # what customers wrote is for this user only, here and there
    kept = backup.places(os.environ)
    if chosen.command == "backup":
        backup.backup(kept, chosen.into, datetime.now(UTC))
    else:
        backup.restore(chosen.source, kept)
    return 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="launcher", description=__doc__)
    words = parser.add_subparsers(dest="command", required=True)
    commands = {"run": run, "train": train, "fixtures": fixtures}
    for name in commands:
        words.add_parser(name)
    saving = words.add_parser("backup", help="copy everything into a new folder, while it is in use")
    saving.add_argument("--into", type=Path, required=True, help="the folder in which the new one is made")
    restoring = words.add_parser("restore", help="put a backup into empty databases and an empty folder")
    restoring.add_argument("--source", type=Path, required=True, help="the folder that backup made")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        if chosen.command in {"backup", "restore"}:
            return save_or_restore(chosen)
        return commands[chosen.command](read_settings(os.environ))
    except LauncherError as error:
        print(f"baton: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("baton: stopped", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
