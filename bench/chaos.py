"""What is lost or doubled when processes are killed: `services/.venv/bin/python bench/chaos.py [--bot real|double]`.

Customers write over WebSocket and HTTP and resend until acknowledged, while the desk is killed with -9 several times.
With a trained model the whole system runs under the launcher and Rasa is killed once, too; without one a scripted bot
answers. Afterwards everything acknowledged is looked up over HTTP. Exit code 1 when a message is lost or doubled.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
import uvloop
from chaos_system import DoubleSystem, RealSystem, System, model_is_current
from chaos_tally import Tally, tally
from desk_process import BenchError, call, machine
from desk_process import wait_healthy as wait_desk

# Everyday questions that the bot answers itself; each once a conversation, or asking again would call a person.
QUESTIONS = (
    "运费怎么算",
    "积分有什么用",
    "支持哪些支付方式",
    "七天无理由怎么退",
    "最近有什么活动",
    "会员有哪些等级",
    "保修多久",
    "你是机器人吗",
)
PAUSE_SECONDS = (0.3, 2.0)
RETRY_SECONDS = 0.25
PATIENCE_SECONDS = 60.0


class Customer:
    """Writes one message after the other in conversations of eight; knows what was acknowledged."""

    def __init__(self, http: aiohttp.ClientSession, url: str, number: int, over_socket: bool) -> None:
        self.http, self.url, self.number, self.over_socket = http, url, number, over_socket
        self.tokens: dict[str, str] = {}
        self.acknowledged: dict[tuple[str, str], tuple[str, int]] = {}
        self.changed_answers = 0
        self.resends = 0
        self.unacknowledged = 0
        self._socket: aiohttp.ClientWebSocketResponse | None = None

    async def write_until(self, stop: asyncio.Event, acks: list[float]) -> None:
        dice = random.Random(self.number)
        while not stop.is_set():
            conversation = await self._open()
            questions = list(QUESTIONS)
            dice.shuffle(questions)
            for place, text in enumerate(questions):
                if stop.is_set():
                    break
                await self._send(conversation, f"chaos-{self.number}-{place}", text)
                acks.append(time.monotonic())
                if dice.random() < 0.15:  # an acknowledgement that got lost on the way: the same once more
                    await self._send(conversation, f"chaos-{self.number}-{place}", text)
                await asyncio.sleep(dice.uniform(*PAUSE_SECONDS))
            await self._hang_up()

    async def _open(self) -> str:
        while True:
            try:
                answer = await call(self.http, "POST", f"{self.url}/api/v1/conversations", body={"locale": "zh-CN"})
            except (aiohttp.ClientError, TimeoutError, BenchError):
                await asyncio.sleep(RETRY_SECONDS)
                continue
            self.tokens[answer["conversation_id"]] = answer["token"]
            return str(answer["conversation_id"])

    async def _send(self, conversation: str, cid: str, text: str) -> None:
        """The same client id again and again until the desk says that it is stored."""
        deadline, attempts = time.monotonic() + PATIENCE_SECONDS, 0
        while time.monotonic() < deadline:
            attempts += 1
            try:
                place = await (self._over_socket if self.over_socket else self._over_http)(conversation, cid, text)
            except (aiohttp.ClientError, TimeoutError, BenchError, ConnectionError):
                await self._hang_up()
                await asyncio.sleep(RETRY_SECONDS)
                continue
            self.resends += attempts - 1
            before = self.acknowledged.setdefault((conversation, cid), place)
            self.changed_answers += before != place
            return
        self.unacknowledged += 1

    async def _over_http(self, conversation: str, cid: str, text: str) -> tuple[str, int]:
        url = f"{self.url}/api/v1/conversations/{conversation}/messages"
        body = {"client_id": cid, "text": text}
        answer = await call(self.http, "POST", url, self.tokens[conversation], body)
        return str(answer["message_id"]), int(answer["seq"])

    async def _over_socket(self, conversation: str, cid: str, text: str) -> tuple[str, int]:
        if self._socket is None or self._socket.closed:
            self._socket = await self.http.ws_connect(f"{self.url}/ws/customer", timeout=_SOCKET_TIMEOUT)
            token = self.tokens[conversation]
            await self._socket.send_json({"type": "hello", "token": token, "conversation": conversation, "after": 0})
        await self._socket.send_json({"type": "send", "cid": cid, "text": text})
        async with asyncio.timeout(5):
            while True:
                message = await self._socket.receive()
                if message.type is not aiohttp.WSMsgType.TEXT:
                    raise ConnectionError("the socket was closed")
                frame = message.json()
                if frame["type"] == "error":
                    raise BenchError(f"the desk refused a message: {frame['error']['code']}")
                if frame["type"] == "ack" and frame["cid"] == cid:
                    return str(frame["message_id"]), int(frame["seq"])

    async def _hang_up(self) -> None:
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close()


_SOCKET_TIMEOUT = aiohttp.ClientWSTimeout(ws_close=1.0)


async def kill_desk(http: aiohttp.ClientSession, system: System, acks: list[float]) -> tuple[float, float]:
    """(seconds until the desk answers again, seconds until the next message is acknowledged)."""
    at = time.monotonic()
    await system.kill_desk()
    await wait_desk(http, system.url)
    healthy = time.monotonic() - at
    while not (acks and acks[-1] > at + 0.05) and time.monotonic() - at < 30:
        await asyncio.sleep(0.02)
    return healthy, next((moment - at for moment in acks if moment > at + 0.05), float("nan"))


async def bot_seconds(http: aiohttp.ClientSession, system: System, limit_seconds: float) -> float:
    """Seconds until /readyz says that the bot answers again, NaN when it does not in time."""
    at = time.monotonic()
    while time.monotonic() - at < limit_seconds:
        try:
            if (await call(http, "GET", f"{system.url}/readyz"))["bot"]:
                return time.monotonic() - at
        except (aiohttp.ClientError, TimeoutError, BenchError):
            pass
        await asyncio.sleep(0.3)
    return float("nan")


async def storm(http: aiohttp.ClientSession, system: System, arguments: argparse.Namespace) -> list[Customer]:
    """Everybody writes while processes die; returns when everything sent is acknowledged."""
    stop, acks = asyncio.Event(), list[float]()
    customers = [Customer(http, system.url, n, over_socket=n % 2 == 0) for n in range(arguments.customers)]
    writing = [asyncio.create_task(customer.write_until(stop, acks)) for customer in customers]
    for number in range(1, arguments.kills + 1):
        await asyncio.sleep(arguments.pause)
        healthy, stored = await kill_desk(http, system, acks)
        print(f"kill -9 desk {number}   healthy after {healthy:5.2f} s, next acknowledgement after {stored:5.2f} s")
    await asyncio.sleep(arguments.pause / 2)
    if system.kills_rasa:
        await system.kill_rasa()
        print(f"kill -9 rasa     bot answers again after {await bot_seconds(http, system, 60):5.1f} s")
    await asyncio.sleep(arguments.pause / 2)
    stop.set()
    await asyncio.gather(*writing)
    return customers


async def history(http: aiohttp.ClientSession, url: str, conversation: str, token: str) -> dict[str, object]:
    """{events, state} of a conversation over the HTTP mirror, all pages."""
    events: list[dict[str, object]] = []
    while True:
        page = await call(http, "GET", f"{url}/api/v1/conversations/{conversation}/events?after={len(events)}", token)
        if not page["events"]:
            return {"events": events, "state": page["state"]}
        events += page["events"]


async def settled(http: aiohttp.ClientSession, system: System, customers: list[Customer], limit: float) -> Tally:
    """The count once nothing waits for an answer any more, or after `limit` seconds."""
    deadline = time.monotonic() + limit
    while True:
        stored = {
            conversation: await history(http, system.url, conversation, token)
            for customer in customers
            for conversation, token in customer.tokens.items()
        }
        count = tally(stored, {key: place for c in customers for key, place in c.acknowledged.items()})
        if not count.waiting or time.monotonic() > deadline:
            return count
        await asyncio.sleep(1.0)


def show(customers: list[Customer], count: Tally) -> int:
    changed = sum(customer.changed_answers for customer in customers)
    never = sum(customer.unacknowledged for customer in customers)
    rows = [
        ("acknowledged messages", count.acknowledged),
        ("resends needed", sum(customer.resends for customer in customers)),
        ("never acknowledged", never),
        ("acknowledged but lost", count.lost),
        ("doubled", count.doubled + changed),
        ("gaps in a sequence", count.gaps),
        ("answered once", count.answered_once),
        ("answered twice or more", count.answered_more),
        ("still waiting at the end", count.waiting),
        ("passed to the queue unanswered", count.queued),
        ("honest lines about the outage", count.notices),
    ]
    print()
    for words, figure in rows:
        print(f"{words:<32} {figure:>6}")
    bad = count.lost + count.doubled + changed + count.gaps + count.answered_more
    print("\nnothing lost, nothing doubled" if not bad else "\nLOST OR DOUBLED: see the rows above")
    return 1 if bad else 0


async def run(arguments: argparse.Namespace, folder: Path) -> int:
    real = arguments.bot == "real" or (arguments.bot == "auto" and model_is_current())
    system: System = RealSystem(folder) if real else DoubleSystem(folder)
    print(f"chaos | {machine()}")
    print(f"{system.words}; {arguments.customers} customers, half over WebSocket, half over HTTP\n")
    try:
        await system.start()
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
            await wait_desk(http, system.url)
            customers = await storm(http, system, arguments)
            return show(customers, await settled(http, system, customers, arguments.settle))
    finally:
        await system.stop()


def main() -> int:
    """0 when nothing was lost or doubled, 1 when something was or the system did not start."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bot", choices=("auto", "real", "double"), default="auto", help="auto: real when trained")
    parser.add_argument("--customers", type=int, default=12)
    parser.add_argument("--kills", type=int, default=3, help="how often the desk is killed (3)")
    parser.add_argument("--pause", type=float, default=5.0, help="seconds between kills (5)")
    parser.add_argument("--settle", type=float, default=90.0, help="longest wait for outstanding answers (90)")
    arguments = parser.parse_args()
    try:
        with tempfile.TemporaryDirectory(prefix="baton-chaos-", ignore_cleanup_errors=True) as folder:
            return uvloop.run(run(arguments, Path(folder)))
    except (BenchError, aiohttp.ClientError, OSError) as error:
        print(f"bench-chaos: {error or type(error).__name__}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
