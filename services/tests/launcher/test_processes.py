"""The supervisor: restarts what dies, ends everything together, tells who is not healthy."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from launcher import health
from launcher.processes import Process, Supervisor
from launcher.settings import LauncherError

SLEEPER = "import time; print('up', flush=True); time.sleep(600)"


def sleeper(folder: Path) -> Process:
    return Process("sleeper", (sys.executable, "-c", SLEEPER), folder, "http://127.0.0.1:9/none")


async def pid_other_than(supervisor: Supervisor, old: int | None) -> int:
    async with asyncio.timeout(20):
        while (pid := supervisor.pid("sleeper")) in (None, old):
            await asyncio.sleep(0.05)
    assert pid is not None
    return pid


def test_a_killed_process_comes_back_and_stop_ends_it(tmp_path: Path) -> None:
    async def story() -> None:
        supervisor = Supervisor([sleeper(tmp_path)], os.environ, tmp_path / "log")
        running = asyncio.create_task(supervisor.run())
        first = await pid_other_than(supervisor, None)
        os.kill(first, signal.SIGKILL)
        second = await pid_other_than(supervisor, first)
        supervisor.stop()
        await asyncio.wait_for(running, 20)
        with pytest.raises(ProcessLookupError):
            os.kill(second, 0)

    asyncio.run(story())


def test_output_goes_to_the_log_file(tmp_path: Path) -> None:
    async def story() -> None:
        supervisor = Supervisor([sleeper(tmp_path)], os.environ, tmp_path / "log")
        running = asyncio.create_task(supervisor.run())
        log = tmp_path / "log" / "sleeper.log"
        async with asyncio.timeout(20):
            while not log.exists() or "up" not in log.read_text():
                await asyncio.sleep(0.05)
        supervisor.stop()
        await asyncio.wait_for(running, 20)

    asyncio.run(story())


def test_a_process_that_never_becomes_healthy_is_named(tmp_path: Path) -> None:
    with pytest.raises(LauncherError, match="sleeper did not become healthy"):
        asyncio.run(health.wait_healthy([sleeper(tmp_path)], 0.5, print))
