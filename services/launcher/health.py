"""Waits until every process says that it can work."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable

import aiohttp

from launcher.processes import Process
from launcher.settings import LauncherError, Settings

POLL_SECONDS = 0.4
REQUEST_TIMEOUT_SECONDS = 3.0


def check_ports(settings: Settings) -> None:
    """Raises LauncherError naming the first port that another program holds."""
    for variable, (name, port) in settings.ports().items():
        host = settings.host if name == "desk" else "127.0.0.1"
        with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise LauncherError(
                    f"Port {port} for {name} is taken by another program; stop it or set {variable} to a free port."
                ) from error


async def healthy(session: aiohttp.ClientSession, process: Process) -> bool:
    try:
        async with session.get(process.health_url, headers=dict(process.health_headers)) as answer:
            return answer.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False


@contextlib.asynccontextmanager
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    timeout = aiohttp.ClientTimeout(total=REQUEST_TIMEOUT_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        yield session


async def wait_healthy(processes: list[Process], limit_seconds: float, report: Callable[[str], None]) -> None:
    """Calls `report(name)` as each becomes healthy; raises LauncherError naming those that did not in time."""
    deadline = asyncio.get_running_loop().time() + limit_seconds
    waiting = list(processes)
    async with client() as session:
        while waiting:
            for process in list(waiting):
                if await healthy(session, process):
                    waiting.remove(process)
                    report(process.name)
            if not waiting:
                return
            if asyncio.get_running_loop().time() > deadline:
                names = ", ".join(process.name for process in waiting)
                raise LauncherError(f"{names} did not become healthy within {limit_seconds:.0f} s; see the logs.")
            await asyncio.sleep(POLL_SECONDS)
