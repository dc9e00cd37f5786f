"""Whole conversations that a person must, or must not, get: said over HTTP, the handoff read as an agent reads it.

From services/: `.venv/bin/python ../bench/escalations.py --url URL --fixtures FILE [--only ID] [--out FILE]`.
The fixtures are what `python -m launcher fixtures` prints for that system; start from fresh data. What must come of a
case stands in bench/escalation_cases.yml, as does what a reader found (`read`) that no rule can check. --shop-db is the
demo shop's database, to give a customer the mark a case wants; without it such a case is skipped.
"""

from __future__ import annotations

import argparse
import json
import re
import sqlite3
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml
from conversations import Talk, _filled, shown, start

CASES = Path(__file__).parent / "escalation_cases.yml"
HEADLINE_CHARACTERS = 40
NEVER = "耐心等待|请您理解|别激动|冷静|别急|不要着急|保证|绝对|全网最低|文明用语|没有理解|换个说法"
Json = dict[str, Any]


@dataclass
class Told:
    """One conversation: what was said, where it went to a person, and the handoff as the agent saw it."""

    case: Json
    turns: list[tuple[str, list[Json]]] = field(default_factory=list)
    handed_at: int = 0
    handoff: Json | None = None
    state: str = "bot"
    faults: list[str] = field(default_factory=list)

    @property
    def first_words(self) -> str:
        return "\n".join(_texts(self.turns[self.handed_at - 1][1], "bot")) if self.handed_at else ""


class Desk:
    """A supervisor who reads, accepts and closes handoffs; when the desk is to be empty, everybody else goes too."""

    def __init__(self, url: str, fixtures: Json) -> None:
        self._everybody = [_logged_in(url, agent) for agent in fixtures["agents"]]
        roles = [agent["role"] for agent in fixtures["agents"]]
        self._http = self._everybody[roles.index("supervisor")]

    def presence(self, state: str) -> None:
        for client in [self._http] if state == "online" else self._everybody:
            client.put("/agents/me/presence", json={"state": state, "force": True}).raise_for_status()

    def handoff(self, conversation_id: str) -> Json | None:
        """The waiting handoff of a conversation with its summary."""
        rows = self._http.get("/handoffs").raise_for_status().json()["handoffs"]
        found = [row["id"] for row in rows if row["conversation_id"] == conversation_id]
        return self._http.get(f"/handoffs/{found[0]}").raise_for_status().json() if found else None

    def finish(self, conversation_id: str) -> None:
        """Accept the waiting handoff of a conversation, if there is one, and close it."""
        waiting = self.handoff(conversation_id)
        if waiting:
            self._http.post(f"/handoffs/{waiting['id']}/claim").raise_for_status()
            body = {"outcome": "follow_up", "note": "已记下"}
            self._http.post(f"/conversations/{conversation_id}/resolve", json=body).raise_for_status()


def _logged_in(url: str, agent: Json) -> httpx.Client:
    client = httpx.Client(base_url=f"{url}/api/v1", timeout=40)
    login = {"username": agent["username"], "password": agent["password"]}
    answer = client.post("/agents/login", json=login).raise_for_status()
    client.headers["Authorization"] = f"Bearer {answer.json()['token']}"
    return client


def _conversation_id(talk: Talk) -> str:
    return talk._path.rsplit("/", 1)[1]


def hold(case: Json, url: str, fixtures: Json, desk: Desk) -> Told:
    """One conversation to its last line, also while the customer waits for a person."""
    desk.presence(case.get("desk", "online"))
    if case.get("before"):
        earlier = _said({**case, "lines": case["before"]}, url, fixtures, desk)
        if earlier.handoff is None:
            earlier.faults.append("the earlier conversation was not handed over")
            return earlier
    told = _said(case, url, fixtures, desk)
    told.faults += list(faults(told))
    return told


def _said(case: Json, url: str, fixtures: Json, desk: Desk) -> Told:
    talk, told = start(url, fixtures, case.get("who"), case.get("page")), Told(case)
    for number, line in enumerate(case["lines"], 1):
        try:
            if isinstance(line, dict):
                said, answer, _ = talk.press(line["press"])
            else:
                said = _filled(line, fixtures)
                answer, _ = talk.say(said)
        except LookupError as error:
            told.faults.append(str(error))
            break
        told.turns.append((said, answer))
        told.state = talk.state
        if talk.state != "bot" and not told.handed_at:
            told.handed_at, told.handoff = number, desk.handoff(_conversation_id(talk))
    waiting = desk.handoff(_conversation_id(talk))
    if waiting and told.handoff:  # the bot may answer again while the place in the queue is kept
        told.state, told.handoff["contact"] = "queued", waiting.get("contact")
    desk.presence("online")
    desk.finish(_conversation_id(talk))
    return told


def faults(told: Told) -> Iterator[str]:
    """What differs from what was expected, in words."""
    want = told.case["expect"]
    said_by_bot = "\n".join(text for _, answer in told.turns for text in _texts(answer, "bot"))
    said_by_desk = "\n".join(text for _, answer in told.turns for text in _texts(answer, "system"))
    yield from (f"the bot said {word}" for word in sorted(set(re.findall(NEVER, said_by_bot))))
    yield from _words("bot", said_by_bot, want.get("bot_says"), want.get("bot_not"))
    yield from _words("desk", said_by_desk, want.get("desk_says"), want.get("desk_not"))
    if told.state != want.get("end", "queued" if want["handed"] else "bot"):
        yield f"ended with state {told.state}"
    if not want["handed"]:
        if told.handed_at:
            yield f"handed over at line {told.handed_at}: {codes(told)}"
        return
    if not told.handed_at or told.handoff is None:
        yield "not handed over"
        return
    yield from _words("first words", told.first_words, want.get("first_says"), want.get("first_not"))
    at = _listed(want.get("at", len(told.case["lines"])))
    if told.handed_at not in at:
        yield f"handed over at line {told.handed_at}, not {at}"
    yield from _document(want, told.handoff)


def _document(want: Json, handoff: Json) -> Iterator[str]:
    """What is wrong with the queue's row and the summary."""
    summary = handoff["summary"]
    found = [trigger["code"] for trigger in summary["triggers"]]
    if found[0] not in _listed(want["trigger"]):
        yield f"trigger {found[0]}, not {want['trigger']}"
    yield from (f"trigger {code} is missing" for code in want.get("also", []) if code not in found)
    yield from (f"trigger {code} must not be" for code in want.get("never", []) if code in found)
    for name, got in (("priority", handoff["priority"]), ("group", handoff["skill_group"])):
        if got not in _listed(want[name]):
            yield f"{name} {got}, not {want[name]}"
    headline = handoff["headline"]
    if len(headline) > HEADLINE_CHARACTERS:
        yield f"headline of {len(headline)} characters"
    yield from _words("headline", headline, want.get("headline"), want.get("headline_not"))
    yield from _words("summary", json.dumps(summary, ensure_ascii=False), want.get("summary"), want.get("summary_not"))
    if want.get("contact") and handoff.get("contact") is None:
        yield "no contact was noted"
    if not handoff["summary_valid"]:
        yield "the summary is not valid"


def _words(what: str, text: str, wanted: list[str] | None, forbidden: list[str] | None) -> Iterator[str]:
    yield from (f"{what} without {words}" for words in wanted or [] if not re.search(words, text))
    yield from (f"{what} with {words}" for words in forbidden or [] if re.search(words, text))


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _texts(events: list[Json], sender: str) -> list[str]:
    return [event["text"] for event in events if event["sender"] == sender and event.get("text")]


def codes(told: Told) -> str:
    return "+".join(trigger["code"] for trigger in told.handoff["summary"]["triggers"]) if told.handoff else ""


def expected(case: Json) -> str:
    want = case["expect"]
    if not want["handed"]:
        return "stays with the bot"
    return " · ".join("/".join(_listed(want[name])) for name in ("trigger", "priority", "group"))


def got(told: Told) -> str:
    if not told.handoff:
        return "stays with the bot" if not told.handed_at else "handed over, no summary"
    row = f"{codes(told)} · {told.handoff['priority']} · {told.handoff['skill_group']}"
    return row + ("" if told.state != "bot" else " · back with the bot")


def verdict(told: Told) -> str:
    """The rules' faults and what a reader found; a reader's `wrong:` counts, other remarks do not."""
    remark = told.case.get("read", "")
    wrong = [*told.faults, *([remark.removeprefix("wrong: ")] if remark.startswith("wrong") else [])]
    return "wrong: " + "; ".join(wrong) if wrong else "right" + (f" ({remark})" if remark else "")


def table(told: Sequence[Told]) -> Iterator[str]:
    yield "| case | said | expected | got | headline | verdict |"
    yield "|---|---|---|---|---|---|"
    for one in told:
        headline = one.handoff["headline"] if one.handoff else ""
        cells = (one.case["id"], _short(one), expected(one.case), got(one), headline, verdict(one))
        yield "| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |"


def _short(told: Told) -> str:
    return " / ".join(said if len(said) <= 24 else said[:23] + "…" for said, _ in told.turns)


def transcript(told: Told) -> Iterator[str]:
    """A conversation as Markdown, with what the agent reads."""
    yield f"\n### {told.case['id']} · {told.case['goal']} · {verdict(told)}\n"
    for number, (said, answer) in enumerate(told.turns, 1):
        yield f"> **客** {said}  "
        for event in answer:
            yield "> **{}** {}  ".format("机" if event["sender"] == "bot" else "台", " / ".join(shown(event)))
        if number == told.handed_at and told.handoff:
            yield from _card(told.handoff)


def _card(handoff: Json) -> Iterator[str]:
    summary = handoff["summary"]
    known = "，".join(f"{fact['name']}={fact['value']}" for fact in summary.get("facts", []))
    issues = "，".join(f"{issue['title']}({issue['state']})" for issue in summary.get("issues", []))
    rows = (
        ("标题", handoff["headline"]),
        ("一句话", summary.get("one_sentence", "")),
        ("优先", f"{handoff['priority']}：{'、'.join(handoff['priority_reasons'])}"),
        ("问题", issues),
        ("已知", known),
        ("已做", "；".join(f"{a['what']}：{a['result']}" for a in summary.get("attempts", []))),
        ("还缺", " ".join(map(str, summary.get("missing", [])))),
        ("建议", " ".join(summary.get("suggested", {}).get("steps", []))),
        ("以前", str(len(summary.get("previous_contacts", []))) if summary.get("previous_contacts") else ""),
        ("联系", json.dumps(handoff["contact"], ensure_ascii=False) if handoff.get("contact") else ""),
    )
    yield from (f"> `{name}` {value}  " for name, value in rows if value)


def mark(shop_db: Path, customer_id: str, tags: list[str]) -> None:
    """Give a demo customer the shop's own risk tags."""
    with sqlite3.connect(shop_db, timeout=20) as connection:
        row = (json.dumps(tags), customer_id)
        connection.execute("UPDATE customers SET risk_tags = ? WHERE customer_id = ?", row)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--url", default="http://127.0.0.1:8000")
    parser.add_argument("--fixtures", type=Path, required=True)
    parser.add_argument("--cases", type=Path, default=CASES)
    parser.add_argument("--shop-db", type=Path)
    parser.add_argument("--only", help="ids, separated by commas")
    parser.add_argument("--out", type=Path, help="where the table and the transcripts go")
    options = parser.parse_args(arguments)
    fixtures = json.loads(options.fixtures.read_text(encoding="utf-8"))
    desk, told = Desk(options.url, fixtures), []
    for case in yaml.safe_load(options.cases.read_text(encoding="utf-8")):
        if options.only and case["id"] not in options.only.split(","):
            continue
        if case.get("risk"):
            if not options.shop_db:
                print(f"{case['id']}: skipped, it needs --shop-db", file=sys.stderr)
                continue
            mark(options.shop_db, case["who"], case["risk"])
        told.append(hold(case, options.url, fixtures, desk))
        print(f"{case['id']}: {verdict(told[-1])}", file=sys.stderr, flush=True)
    wrong = sum(verdict(one).startswith("wrong") for one in told)
    count = f"{len(told)} conversations, {len(told) - wrong} right, {wrong} wrong"
    text = "\n".join([count, "", *table(told), *(line for one in told for line in transcript(one))])
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")
        print(count)
    else:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
