"""The floor under the desk's figures: a relay in C on SQLite (floor.c), and the same rows with no relay at all."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import subprocess
import time
from pathlib import Path

from desk_process import BenchError, ServiceProcess, free_ports
from load_sockets import AgentSocket, CustomerSocket, connect
from load_traffic import TEXT, Traffic

SOURCE = Path(__file__).with_name("floor.c")
COMPILE_SECONDS = 60
START_SECONDS = 5.0


def compiled(folder: Path) -> Path:
    """The relay's program, made in `folder`; BenchError with the reason when it cannot be."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise BenchError("no C compiler")
    program = folder / "floor"
    command = [compiler, "-O2", "-o", str(program), str(SOURCE), "-lsqlite3"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=COMPILE_SECONDS, check=False)
    if done.returncode != 0:
        wrong = [line for line in done.stderr.splitlines() if "error" in line or "cannot find" in line]
        raise BenchError(f"{SOURCE.name} does not compile: {(wrong or ['no reason given'])[0].strip()}")
    return program


class FloorProcess(ServiceProcess):
    """The relay, with a database of its own in `folder`; what it says goes to floor.log."""

    def __init__(self, program: Path, folder: Path) -> None:
        super().__init__("floor", folder, {}, free_ports(1)[0])
        self._program = program

    def start(self) -> None:
        command = [str(self._program), str(self.port), str(self.folder / "relay.db")]
        with (self.folder / "floor.log").open("ab") as log:
            self._process = subprocess.Popen(command, env=self.environment, stdout=log, stderr=log)


class Floor:
    """The relay with customers and agents, as the desk is measured."""

    def __init__(self, desk: ServiceProcess) -> None:
        self.desk, self.traffic = desk, Traffic()

    async def prepare(self, pairs: int, agents: int) -> None:
        """Its conversations need neither a customer's token nor a claim."""
        await self._wait()
        conversations = [f"c_{number:026d}" for number in range(pairs)]
        for conversation in conversations:
            await self._join(conversation)
        for number in range(agents):
            await self._watch(conversations[number::agents])

    async def _join(self, conversation: str) -> None:
        socket = await connect(self.desk.url, lambda: CustomerSocket(self.traffic, "any", conversation))
        self.traffic.customers.append(socket)

    async def _watch(self, conversations: list[str]) -> None:
        socket = await connect(self.desk.url, lambda: AgentSocket(self.traffic, "any", conversations))
        self.traffic.agents.append(socket)

    async def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.desk.port)
                writer.close()
                return
            except OSError as error:
                if time.monotonic() > deadline:
                    raise BenchError(f"the floor does not listen: {self._said()}") from error
                await asyncio.sleep(0.02)

    def _said(self) -> str:
        return (self.desk.folder / "floor.log").read_text(encoding="utf-8").strip() or "no reason given"


def bare_commits(folder: Path, seconds: float, together: int) -> tuple[list[float], float]:
    """Milliseconds of one message's commit, each alone; and messages a second when `together` share a commit."""
    database = sqlite3.connect(folder / "bare.db", isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL"):
        database.execute(f"PRAGMA {pragma}")
    database.execute("CREATE TABLE conversations (id TEXT PRIMARY KEY, last_seq INTEGER)")
    database.execute(
        "CREATE TABLE events (conversation_id TEXT, seq INTEGER, message TEXT, PRIMARY KEY (conversation_id, seq))"
    )
    database.execute("INSERT INTO conversations VALUES ('c', 0)")

    def commit(count: int) -> float:
        began = time.perf_counter()
        database.execute("BEGIN IMMEDIATE")
        for _ in range(count):
            [(seq,)] = database.execute(
                "UPDATE conversations SET last_seq = last_seq + 1 RETURNING last_seq"
            ).fetchall()
            database.execute("INSERT INTO events VALUES ('c', ?, ?)", (seq, TEXT))
        database.execute("COMMIT")
        return (time.perf_counter() - began) * 1000

    alone = sorted(commit(1) for _ in range(500))
    end, batches = time.perf_counter() + seconds, 0
    began = time.perf_counter()
    while time.perf_counter() < end:
        commit(together)
        batches += 1
    database.close()
    return alone, batches * together / (time.perf_counter() - began)
