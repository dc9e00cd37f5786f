"""What the whole system carries with its real bot: `services/.venv/bin/python bench/load_bot.py`.

Starts everything under the launcher with fresh data, lets customers of the demo shop ask everyday questions over real
WebSockets (a growing number at once; each writes again as soon as the bot has answered and comes back in a new
conversation when everything is asked) and prints replies a second, how long one took, and what each process used of
the processors for it, opening included. Judges only that every message got an answer.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import uvloop
from chaos_system import RealSystem, model_is_current
from conversations import cpu_seconds
from desk_process import BenchError, call, machine

ANSWER_SECONDS = 60.0
WARM = 2  # customers of a first phase, which finds everything cold
PROCESSES = ("desk", "rasa", "shop")
# Ours, everyday words, nothing that changes the shop's data or asks for a person.
QUESTIONS = (
    "我的快递到哪了",
    "那单什么时候能发货呀",
    "积分什么时候过期",
    "还有多少积分",
    "我有哪些优惠券",
    "七天无理由退货怎么算",
    "运费谁出",
    "会员等级怎么升",
    "退款一般几天到账",
    "谢谢啦",
)


@dataclass(frozen=True)
class Place:
    """The running system, whoever comes next, and the processes whose work is counted."""

    http: aiohttp.ClientSession
    url: str
    identities: Iterator[str]
    pids: dict[str, int]


@dataclass
class Tally:
    """How long each reply of a phase took."""

    took_ms: list[float] = field(default_factory=list)


async def ask(socket: aiohttp.ClientWebSocketResponse, cid: str, text: str) -> float | None:
    """Milliseconds until the bot's first bubble, None when it hands over to a person instead.

    BenchError when the desk refuses, TimeoutError when nothing comes.
    """
    began, at = time.perf_counter(), 0
    await socket.send_str(json.dumps({"type": "send", "cid": cid, "text": text}, ensure_ascii=False))
    async with asyncio.timeout(ANSWER_SECONDS):
        while True:
            frame = json.loads((await socket.receive()).data)
            if frame["type"] == "ack" and frame["cid"] == cid:
                at = frame["seq"]
            elif frame["type"] == "error":
                raise BenchError(f"refused: {frame['error']}")
            elif frame["type"] == "state" and frame["state"] == "queued":
                return None
            elif frame["type"] == "event" and frame["event"]["sender"] == "bot" and frame["event"]["seq"] > at > 0:
                return (time.perf_counter() - began) * 1000


async def converse(place: Place, tally: Tally, until: float) -> None:
    """One signed-in customer's conversation: everything once, in an order of its own, while there is time."""
    opened: dict[str, Any] = await call(
        place.http,
        "POST",
        f"{place.url}/api/v1/conversations",
        body={"locale": "zh-CN", "identity": next(place.identities)},
    )
    hello = {"type": "hello", "token": opened["token"], "conversation": opened["conversation_id"], "after": 0}
    async with place.http.ws_connect(f"{place.url}/ws/customer", max_msg_size=0) as socket:
        await socket.send_json(hello)
        for text in random.sample(QUESTIONS, len(QUESTIONS)):
            if time.perf_counter() >= until:
                return
            took = await ask(socket, str(uuid.uuid4()), text)
            if took is None:
                return  # some orders of the questions look like somebody who gets nowhere
            tally.took_ms.append(took)


async def phase(place: Place, number: int, seconds: float) -> None:
    """One row of the table: so many customers talk for so long."""
    before = {name: cpu_seconds(pid) for name, pid in place.pids.items()}
    began, tally = time.perf_counter(), Tally()

    async def come_and_go() -> None:
        while time.perf_counter() < began + seconds:
            await converse(place, tally, began + seconds)

    await asyncio.gather(*(come_and_go() for _ in range(number)))
    length, took = time.perf_counter() - began, sorted(tally.took_ms)
    used = {name: (cpu_seconds(pid) - before[name]) * 1000 / len(took) for name, pid in place.pids.items()}
    costs = ", ".join(f"{name} {ms:.2f} ms ({ms / sum(used.values()):.1%})" for name, ms in used.items())
    p95, p99 = (took[int(len(took) * part)] for part in (0.95, 0.99))
    print(
        f"{number:>3} at once | {len(took) / length:5.1f} replies/s | median {statistics.median(took):.0f} ms, "
        f"p95 {p95:.0f}, p99 {p99:.0f} | processor a reply: {costs}",
        flush=True,
    )


async def measure(folder: Path, numbers: Sequence[int], seconds: float) -> None:
    print(f"the whole system under load | {machine()}")
    system = RealSystem(folder)
    await system.start()
    try:
        pids = {name: int((folder / "log" / f"{name}.pid").read_text()) for name in PROCESSES}
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
            people = (await call(http, "GET", f"{system.url}/demo/customers"))["customers"]
            identities = itertools.cycle([person["identity"] for person in people])
            place = Place(http, system.url, identities, pids)
            for number in (WARM, *numbers):
                await phase(place, number, seconds)
    finally:
        await system.stop()


def main() -> int:
    """0 when every message was answered, 1 with one sentence when not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, nargs="+", default=[1, 4, 16], help="how many at once (1 4 16)")
    parser.add_argument("--seconds", type=float, default=20.0, help="length of each phase (20)")
    arguments = parser.parse_args()
    if not model_is_current():
        print("bench-load-bot: train a model first (make train)", file=sys.stderr)
        return 1
    try:
        with tempfile.TemporaryDirectory(prefix="baton-load-bot-") as folder:
            uvloop.run(measure(Path(folder), arguments.customers, arguments.seconds))
    except (BenchError, TimeoutError, aiohttp.ClientError) as error:
        print(f"bench-load-bot: {str(error) or type(error).__name__}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
