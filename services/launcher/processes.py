"""Runs the processes, restarts what dies, and ends them all together."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from launcher.output import say

STOP_GRACE_SECONDS = 10.0
BACKOFF_CAP_SECONDS = 10.0
# A process that lived this long before it died starts again at once.
STEADY_SECONDS = 30.0
EVERYTHING = re.compile("")


@dataclass(frozen=True)
class Process:
    """One process to keep alive; `health_url` answers 200 when it can work."""

    name: str
    command: tuple[str, ...]
    cwd: Path
    health_url: str
    health_headers: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    # Which lines also go to the terminal; the log file has all of them.
    shown: re.Pattern[str] = EVERYTHING


class Supervisor:
    """Keeps processes running until `stop`; each writes to its own log file and, if wanted, to the terminal."""

    def __init__(self, processes: list[Process], environment: Mapping[str, str], logs: Path) -> None:
        self._processes = processes
        self._environment = dict(environment)
        self._logs = logs
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._stopping = asyncio.Event()

    def pid(self, name: str) -> int | None:
        process = self._running.get(name)
        return process.pid if process else None

    def stop(self) -> None:
        self._stopping.set()

    async def run(self) -> None:
        """Returns after `stop` once every process has ended."""
        keepers = [asyncio.create_task(self._keep(process)) for process in self._processes]
        await self._stopping.wait()
        for running in list(self._running.values()):
            end(running, signal.SIGTERM)
        await asyncio.gather(*keepers)

    async def _keep(self, process: Process) -> None:
        wait_seconds = 0.5
        loop = asyncio.get_running_loop()
        while not self._stopping.is_set():
            started = loop.time()
            code = await self._run_once(process)
            if self._stopping.is_set():
                return
            wait_seconds = 0.5 if loop.time() - started > STEADY_SECONDS else min(wait_seconds * 2, BACKOFF_CAP_SECONDS)
            say("baton", f"{process.name} ended with code {code}, starting it again in {wait_seconds:.1f} s")
            await wait_or_stop(self._stopping, wait_seconds)

    async def _run_once(self, process: Process) -> int:
        running = await asyncio.create_subprocess_exec(
            *process.command,
            cwd=process.cwd,
            env={**self._environment, **process.environment},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            limit=2**20,
        )
        self._running[process.name] = running
        self._note_pid(process.name, running.pid)
        copying = asyncio.create_task(self._copy_output(process, running))
        stopped = asyncio.create_task(self._stopping.wait())
        ended = asyncio.create_task(running.wait())
        await asyncio.wait({stopped, ended}, return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            end(running, signal.SIGTERM)
            await asyncio.wait({ended}, timeout=STOP_GRACE_SECONDS)
            if not ended.done():
                end(running, signal.SIGKILL)
        code = await ended
        stopped.cancel()
        await copying
        del self._running[process.name]
        return code

    def _note_pid(self, name: str, pid: int) -> None:
        """Lets operators and the fault tests find the process without searching by name."""
        self._logs.mkdir(parents=True, exist_ok=True)
        (self._logs / f"{name}.pid").write_text(f"{pid}\n")

    async def _copy_output(self, process: Process, running: asyncio.subprocess.Process) -> None:
        stream = running.stdout
        if stream is None:
            return
        with (self._logs / f"{process.name}.log").open("ab") as log:
            while line := await stream.readline():
                log.write(line)
                log.flush()
                text = line.decode(errors="replace").rstrip()
                if text and process.shown.search(text):
                    say(process.name, text)


def end(running: asyncio.subprocess.Process, how: signal.Signals) -> None:
    """Signals the process and its children; one that has just ended by itself is fine."""
    if running.returncode is None:
        try:
            os.killpg(running.pid, how)
        except ProcessLookupError:
            return


async def wait_or_stop(stopping: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        return
