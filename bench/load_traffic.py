"""The load bench's traffic: messages at a rate or as fast as they arrive, each to be seen everywhere exactly once."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from desk_process import BenchError, ServiceProcess
from load_sockets import DIGITS, MARK, AgentSocket, CustomerSocket, masked

TEXT = "您好，订单里的耳机左边没有声音，已经重启过手机了，麻烦看一下怎么处理"
DRAIN_SECONDS = 5.0
DOUBLES_SECONDS = 0.2  # what is told twice would be there by then
ABSOLUTE = 1  # TFD_TIMER_ABSTIME


def _frame_around_number() -> tuple[bytes, bytes]:
    """What stands before and behind the number in the frame of a message."""
    message = {"type": "send", "cid": MARK + "0" * DIGITS, "text": TEXT}
    frame = masked(json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode())
    before, _, behind = frame.partition(b"0" * DIGITS + b'"')
    return before, b'"' + behind


BEFORE, BEHIND = _frame_around_number()
FRAME = BEFORE.replace(b"%", b"%%") + b"%%0%dd" % DIGITS + BEHIND.replace(b"%", b"%%")


class Traffic:
    """Customers, agents, and for each message by its number: who wrote it, when it arrived, how often it was seen."""

    def __init__(self) -> None:
        self.customers: list[CustomerSocket] = []
        self.agents: list[AgentSocket] = []
        self.writers: list[CustomerSocket] = []
        self.arrived_at: list[float] = []
        self.acknowledged, self.seen, self.arrived = bytearray(), bytearray(), bytearray()
        self.arrivals = 0
        self.refused: list[str] = []
        self.pushing = False  # who hears that a message arrived writes the next one
        self._due: list[CustomerSocket] = []

    def write(self, customer: CustomerSocket, count: int) -> None:
        """So many messages in one piece."""
        first = len(self.writers)
        self.writers += [customer] * count
        self.arrived_at += [0.0] * count
        for counts in (self.acknowledged, self.seen, self.arrived):
            counts.extend(bytes(count))
        customer.write(b"".join([FRAME % number for number in range(first, first + count)]))

    def see(self, number: int, customer: CustomerSocket) -> None:
        """It came back to a customer."""
        if self.writers[number] is customer:
            self.seen[number] += 1
        else:
            self.refused.append(f"message {number} was shown to another customer")

    def arrive(self, number: int) -> None:
        """It is on its agent's socket."""
        self.arrived[number] += 1
        self.arrived_at[number] = time.perf_counter()
        self.arrivals += 1
        if self.pushing:
            customer = self.writers[number]
            if not customer.wanted:
                if not self._due:
                    asyncio.get_running_loop().call_soon(self._write_due)
                self._due.append(customer)
            customer.wanted += 1

    def _write_due(self) -> None:
        for customer in self._due:
            if self.pushing:
                self.write(customer, customer.wanted)
            customer.wanted = 0
        self._due.clear()

    def push(self, window: int) -> None:
        """Everybody writes `window` messages, and one for each that arrives, until `pushing` ends."""
        self.pushing = True
        for customer in self.customers:
            self.write(customer, window)

    async def settle(self) -> None:
        """Wait until every message was seen everywhere; BenchError unless each was, exactly once."""
        deadline = time.monotonic() + DRAIN_SECONDS
        views = {
            "did not reach their agent": self.arrived,
            "were not acknowledged": self.acknowledged,
            "were not shown to their customer": self.seen,
        }
        while any(0 in counts for counts in views.values()) and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        await asyncio.sleep(DOUBLES_SECONDS)
        wrong = {words: len(counts) - counts.count(1) for words, counts in views.items()}
        if any(wrong.values()) or self.refused:
            told = ", ".join(f"{count} {words} exactly once" for words, count in wrong.items() if count)
            raise BenchError(f"of {len(self.writers)} messages {told or 'all came'}; refused: {self.refused[:1]}")

    def close(self) -> None:
        for wire in (*self.customers, *self.agents):
            wire.close()


class World(Protocol):
    """What is measured: a server, and the traffic of its customers and agents."""

    traffic: Traffic
    desk: ServiceProcess


@dataclass(frozen=True)
class Saturation:
    """Messages a second, and microseconds of processor that one took in the server and in this process."""

    rate: float
    server: float
    own: float


async def latency(world: World, rate: float, seconds: float) -> list[float]:
    """Milliseconds from the moment a message was due to its arrival; late senders count against the server's figure."""
    traffic, count = world.traffic, int(rate * seconds)
    first, begin, done = len(traffic.writers), time.perf_counter() + 0.05, asyncio.Event()

    def write() -> None:
        number = len(traffic.writers) - first
        if number < count:
            traffic.write(traffic.customers[number % len(traffic.customers)], 1)
        else:
            done.set()

    with _uncollected(), _ticking(begin, 1 / rate, write):
        await done.wait()
        await traffic.settle()
    return [(at - begin - number / rate) * 1000 for number, at in enumerate(traffic.arrived_at[first:])]


async def saturation(world: World, seconds: float, window: int) -> Saturation:
    """What goes through when every customer always has `window` messages on the way."""
    traffic, before = world.traffic, len(world.traffic.writers)
    with _uncollected():
        server, own = world.desk.cpu_seconds(), time.process_time()
        begin, arrivals = time.perf_counter(), traffic.arrivals
        traffic.push(window)
        await asyncio.sleep(seconds)
        traffic.pushing = False
        rate = (traffic.arrivals - arrivals) / (time.perf_counter() - begin)
        await traffic.settle()
        each = 1e6 / (len(traffic.writers) - before)
        return Saturation(rate, (world.desk.cpu_seconds() - server) * each, (time.process_time() - own) * each)


@contextmanager
def _uncollected() -> Iterator[None]:
    """No search for garbage meanwhile: it would be taken for the server's delay."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@contextmanager
def _ticking(begin: float, interval: float, act: Callable[[], None]) -> Iterator[None]:
    """Do `act` at `begin` (of time.perf_counter) and every `interval` after it, by the kernel's timer (Linux).

    The loop's own timers count milliseconds, which is more than what is measured.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    timer = libc.timerfd_create(time.CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
    moments = [part for moment in (interval, begin) for part in divmod(round(moment * 1e9), 1_000_000_000)]
    if timer < 0 or libc.timerfd_settime(timer, ABSOLUTE, (ctypes.c_long * 4)(*moments), None):
        raise BenchError(f"timerfd: {os.strerror(ctypes.get_errno())}")

    def tick() -> None:
        for _ in range(int.from_bytes(os.read(timer, 8), "little")):
            act()

    loop = asyncio.get_running_loop()
    loop.add_reader(timer, tick)
    try:
        yield
    finally:
        loop.remove_reader(timer)
        os.close(timer)
