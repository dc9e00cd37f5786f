"""Whole conversations through the HTTP mirror of a running system: transcripts, who was helped, how long a reply took.

From services/: `.venv/bin/python ../bench/conversations.py --url http://127.0.0.1:8000 --fixtures FILE [--only ID]`.
The fixtures are what `python -m launcher fixtures` prints for that system. Conversations change the demo shop's data,
so start from fresh data (a new BATON_DATA_DIR). --say talks to the bot line by line from the terminal instead.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import yaml

CASES = Path(__file__).parent / "conversation_cases.yml"
WAIT_SECONDS = 40.0
Json = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """What a customer wants and says; a line is words, or `press:` and a part of a button's title."""

    name: str
    goal: str
    lines: tuple[Any, ...]
    who: str | None = None
    page: str | None = None


@dataclass
class Transcript:
    """What was said on both sides; `reply_ms` one figure a customer's line."""

    case: Case
    turns: list[tuple[str, list[Json]]] = field(default_factory=list)
    reply_ms: list[float] = field(default_factory=list)
    state: str = "bot"


class Talk:
    """One conversation over HTTP."""

    def __init__(self, url: str, identity: str | None, page: Json | None) -> None:
        where = urlsplit(url)
        self._http = HTTPConnection(where.hostname or "", where.port, timeout=WAIT_SECONDS)
        self._headers = {"Content-Type": "application/json"}
        body = {"locale": "zh-CN", "identity": identity, "page": page}
        opened = self._call("POST", "/api/v1/conversations", {k: v for k, v in body.items() if v})
        self._path = f"/api/v1/conversations/{opened['conversation_id']}"
        self._headers["Authorization"] = f"Bearer {opened['token']}"
        self._seq = 0
        self._last: list[Json] = []
        self.state = "bot"
        self._read(0)

    def say(self, text: str, payload: str | None = None) -> tuple[list[Json], float]:
        """The answer to one message and the milliseconds it took."""
        started = time.perf_counter()
        message = {"client_id": str(uuid.uuid4()), "text": text, **({"payload": payload} if payload else {})}
        self._seq = self._call("POST", f"{self._path}/messages", message)["seq"]  # its own words need no reading
        answer: list[Json] = []
        while not answer and time.perf_counter() - started < WAIT_SECONDS:
            answer = [event for event in self._read(5) if event["sender"] != "customer"]
        took = (time.perf_counter() - started) * 1000
        answer += [event for event in self._read(0) if event["sender"] != "customer"]
        self._last = answer or self._last
        return answer, took

    def press(self, part: str) -> tuple[str, list[Json], float]:
        """Press the newest button (or order of a list) that shows the words."""
        for event in reversed(self._last):
            for button in event.get("buttons") or []:
                if part in button["title"]:
                    return (button["title"], *self.say(button["title"], button["payload"]))
            for order in (event.get("card") or {}).get("orders") or []:
                if part in order["title"] + order["order_id"]:
                    return (order["title"], *self.say(order["title"], order["payload"]))
        raise LookupError(f"no button shows {part!r}")

    def _call(self, method: str, path: str, body: Json | None = None) -> Json:
        # The standard library's plain client: what is measured is Baton, and comfortable ones cost 2 ms a call.
        self._http.request(method, path, None if body is None else json.dumps(body), self._headers)
        answer = self._http.getresponse()
        content = answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: HTTP {answer.status} {content[:200]!r}")
        decoded: Json = json.loads(content)
        return decoded

    def _read(self, wait: float) -> list[Json]:
        answer = self._call("GET", f"{self._path}/events?after={self._seq}&wait={wait:g}")
        self.state = answer["state"]
        events: list[Json] = answer["events"]
        self._seq = events[-1]["seq"] if events else self._seq
        return events


def read_cases(file: Path) -> list[Case]:
    """The conversations of a file."""
    rows = yaml.safe_load(file.read_text(encoding="utf-8"))
    return [Case(r["id"], r["goal"], tuple(r["lines"]), r.get("who"), r.get("page")) for r in rows]


def start(url: str, fixtures: Json, who: str | None, page: str | None) -> Talk:
    """A conversation of a demo customer (number or tier, None for a visitor) on the page of an order or product."""
    answer = httpx.get(f"{url}/demo/customers", timeout=WAIT_SECONDS).raise_for_status()
    people = {person["customer_id"]: person for person in answer.json()["customers"]}
    people |= fixtures["customers"]
    where = None
    if page:
        key = "product_id" if page.startswith("P") else "order_id"
        where = {"url": "https://shop.example/page", key: fixtures.get(page, page)}
    return Talk(url, people[who]["identity"] if who else None, where)


def hold(case: Case, url: str, fixtures: Json) -> Transcript:
    """One conversation from its first line to its last, or to the handover."""
    talk, told = start(url, fixtures, case.who, case.page), Transcript(case)
    for line in case.lines:
        try:
            if isinstance(line, dict):
                said, answer, took = talk.press(line["press"])
            else:
                said = _filled(line, fixtures)
                answer, took = talk.say(said)
        except LookupError as error:
            told.turns.append((f"({error})", []))
            break
        told.turns.append((said, answer))
        told.reply_ms.append(took)
        told.state = talk.state
        if talk.state != "bot":
            break
    return told


def shown(event: Json) -> Iterator[str]:
    """What a customer sees of one message."""
    if event.get("text"):
        yield event["text"]
    if event.get("card"):
        yield f"[card {event['card']['type']}]"
    titles = [button["title"] for button in event.get("buttons") or []]
    if titles:
        yield " ".join(f"[{title}]" for title in titles)


def lines_of(told: Transcript) -> Iterator[str]:
    """A transcript as Markdown."""
    yield f"\n### {told.case.name} · {told.case.goal} · {told.state}\n"
    for said, answer in told.turns:
        yield f"> **客** {said}  "
        for event in answer:
            yield "> **{}** {}  ".format("机" if event["sender"] == "bot" else "台", " / ".join(shown(event)))


def chat(talk: Talk) -> None:
    """Talk from the terminal; a line beginning with * presses the button that shows the rest."""
    for line in map(str.strip, sys.stdin):
        if not line:
            continue
        try:
            answer = talk.press(line[1:])[1] if line.startswith("*") else talk.say(line)[0]
        except LookupError as error:
            print(error)
            continue
        print(f"客 {line}")
        for event in answer:
            print("  ", event["sender"], " / ".join(shown(event)), flush=True)
        print("   state:", talk.state, flush=True)


def cpu_seconds(pid: int) -> float:
    """What a process with all its threads has used of processors so far (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _filled(line: str, fixtures: Json) -> str:
    for name, value in fixtures.items():
        if isinstance(value, str):
            line = line.replace("{" + name + "}", value)
    return line


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--fixtures", type=Path, required=True)
    parser.add_argument("--cases", type=Path, default=CASES)
    parser.add_argument("--only")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--say", action="store_true", help="talk from the terminal, with --who and --page")
    parser.add_argument("--cpu", nargs="*", default=[], metavar="NAME=PID", help="share of the work of these processes")
    parser.add_argument("--who")
    parser.add_argument("--page")
    options = parser.parse_args(arguments)
    fixtures = json.loads(options.fixtures.read_text(encoding="utf-8"))
    if options.say:
        chat(start(options.url, fixtures, options.who, options.page))
        return 0
    cases = [case for case in read_cases(options.cases) if options.only in (None, case.name)]
    processes = {name: int(pid) for name, _, pid in (one.partition("=") for one in options.cpu)}
    before = {name: cpu_seconds(pid) for name, pid in processes.items()}
    told = [hold(case, options.url, fixtures) for case in cases]
    used = {name: cpu_seconds(pid) - before[name] for name, pid in processes.items()}
    text = "\n".join(line for one in told for line in lines_of(one))
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")
    else:
        print(text)
    times = sorted(took for one in told for took in one.reply_ms)
    turns = [len(one.turns) for one in told]
    with_bot = sum(one.state == "bot" for one in told)
    print(f"\n{len(told)} conversations, {with_bot} stayed with the bot, median {statistics.median(turns)} turns")
    if len(times) > 1:
        p95 = times[int(len(times) * 0.95)]
        print(f"{len(times)} replies: median {statistics.median(times):.0f} ms, p95 {p95:.0f} ms")
    for name, seconds in used.items():
        share = seconds / (sum(used.values()) or 1)
        print(f"{name}: {seconds * 1000 / max(1, len(times)):.1f} ms of processor a reply, {share:.0%}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
