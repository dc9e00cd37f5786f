"""Canned responses filled from the conversation, the best three for it, steps as replies, wording rules as data."""

from __future__ import annotations

import re
import string
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from desk.assist import book as playbook
from desk.assist.book import Book
from desk.assist.rules import Situation, best, filled, initials, promised_at, reply_for, values_of
from desk.kernel import settings
from desk.kernel.settings import SettingsError
from doubles import BotDouble
from running import Conversation, RunningDesk, identity
from summaries import EXAMPLE

Queued = Callable[..., Conversation]
FOLDER = settings.load({}, require_secrets=False).playbook_dir
NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)


@pytest.fixture(scope="module")
def book() -> Book:
    return playbook.load(FOLDER)


def situation(**changes: Any) -> Situation:
    known: dict[str, Any] = {
        "promised": "", "address": None, "agent_name": "小周", "group": "logistics", "emotion": "angry",
        "intents": frozenset({"query_logistics"}), "issues": frozenset(), "summary": EXAMPLE,
    }  # fmt: skip
    return Situation(**{**known, **changes})


# --- the rules


@pytest.mark.parametrize(
    ("title", "letters"), [("退款进度", "tkjd"), ("VIP 补偿 5 元", "vipbc5y"), ("喆·饕", ""), ("啊坐", "az"), ("", "")]
)
def test_initials_of_the_usual_reading(title: str, letters: str) -> None:
    assert initials(title) == letters


def test_what_is_known_is_filled_and_what_is_not_stays_a_gap(book: Book) -> None:
    values = values_of(situation(promised="今天 18:00"), book, reason=True)
    assert values["name"] == book.address
    assert values_of(situation(address="李女士"), book)["name"] == "李女士"
    assert "reason" not in values_of(situation(), book)  # only where the topic is the parcel
    text, gaps = filled("{name}，尾号 {order_tail} {time} 前退 {amount} 元，{amount}。", values, book.gaps)
    assert text == f"{book.address}，尾号 {EXAMPLE['order']['order_id'][-4:]} 今天 18:00 前退 【金额】 元，【金额】。"
    assert gaps == ["【金额】"]


def test_an_amount_of_money_is_never_filled_in(book: Book) -> None:
    assert "amount" not in values_of(situation(promised="今天 18:00", address="李女士"), book, reason=True)


def test_a_summary_of_another_shape_fills_nothing(book: Book) -> None:
    odd = {"order": "x", "logistics": [1], "promises": {"due_at": 3}, "suggested": None}
    assert set(values_of(situation(summary=odd), book, reason=True)) == {"name", "agent"}
    assert promised_at({"promises": [{"due_at": "soon"}, "x", {"due_at": "2026-11-23T00:00:00"}]}, NOW) is None


def test_a_promise_counts_until_its_time_is_over() -> None:
    summary = {"promises": [{"due_at": "2026-11-22T02:00:00Z"}, {"due_at": "2026-11-22T10:00:00Z"}]}
    assert promised_at(summary, NOW) == datetime(2026, 11, 22, 10, tzinfo=UTC)


def test_the_best_three_follow_what_the_customer_says_now(book: Book) -> None:
    assert best(book, situation())[0] == "late_parcel_angry"
    assert best(book, situation(intents=frozenset({"request_invoice"}), summary={}))[0] == "invoice_redo"
    chatting = situation(intents=frozenset({"greet"}), issues=frozenset({"request_invoice"}), summary={})
    assert best(book, chatting)[0] == "invoice_redo"
    calm = best(book, situation(group="technical", emotion="neutral", intents=frozenset(), summary={}))
    assert "technical_next" in calm
    assert all(len(best(book, situation(emotion=one))) == 3 for one in ("angry", "anxious", "neutral", "pleased"))


def test_a_step_for_the_agent_alone_is_no_reply(book: Book) -> None:
    assert reply_for("权限内可直接补偿 50 元以内，超出报主管", book) is None
    assert "{time}" in (reply_for("先给一个准确时间", book) or "")


# --- the playbook


def test_every_sentence_keeps_the_wording_rules(book: Book) -> None:
    sentences = [(one.text, one.emotions) for one in book.responses] + [(step.text, []) for step in book.steps]
    for text, emotions in sentences:
        for rule in book.rules:
            if "agent" not in rule.applies_to or (rule.emotions and not set(rule.emotions) & set(emotions)):
                continue
            for sentence in re.findall(r"[^。！？!?；;\n]+[。！？!?；;]*", text):
                excused = rule.unless and re.search(rule.unless, text if rule.scope == "text" else sentence)
                plain = sentence
                for words in rule.allowed:
                    plain = plain.replace(words, "")
                assert excused or not re.search(rule.pattern, plain), (rule.id, text)


def test_every_placeholder_is_one_that_has_a_name(book: Book) -> None:
    used = {name for one in book.responses for _, name, _, _ in string.Formatter().parse(one.text) if name}
    assert used <= book.gaps.keys()


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("canned_responses.yml", "订单尾号 {order_tail}", "订单尾号 {order_ending}"),
        ("canned_responses.yml", "id: refund_where", "id: refund_here"),
        ("reply_topics.yml", "invoice_redo", "damaged_item"),
        ("wording_rules.yml", "level: block", "level: forbid"),
        ("wording_rules.yml", "'保证|", "'(保证|"),
    ],
)
def test_a_mistake_stops_the_start_with_one_sentence(tmp_path: Path, file: str, before: str, after: str) -> None:
    for name in ("canned_responses.yml", "reply_topics.yml", "wording_rules.yml"):
        text = (FOLDER / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text.replace(before, after, 1) if name == file else text, encoding="utf-8")
    with pytest.raises(SettingsError):
        playbook.load(tmp_path)


# --- the running desk


def test_the_owner_gets_them_with_the_customers_name(desk: RunningDesk, bot: BotDouble, queued: Queued) -> None:
    conversation = queued(opening={"identity": identity("C1001")})
    agent = desk.new_agent(name="小周").online()
    path = f"/conversations/{conversation.id}/canned-responses"
    before = agent.get(path).json()["responses"][0]["text"]
    agent.claim(conversation)
    answer = agent.get(path).json()
    mine = answer["responses"][0]["text"]
    assert before.startswith("您好，我是小周")  # who has not taken the customer does not learn the name
    assert re.match(r".(女士|先生)，我是小周", mine), mine
    assert len(answer["suggested"]) == 3
    assert set(answer["suggested"]) <= {one["id"] for one in answer["responses"]}
    assert all({"step", "text", "gaps"} == set(step) for step in answer["steps"])
    supervised = desk.new_agent(role="supervisor").get(path).json()["responses"][0]["text"]
    assert supervised.startswith("您好")
    assert desk.new_agent().get(path).status_code == 404
    assert desk.http.get(f"/api/v1{path}", headers=conversation.headers).status_code == 401


def test_the_wording_rules_are_those_for_agents(desk: RunningDesk, book: Book) -> None:
    answer = desk.new_agent().get("/wording-rules").json()
    found = {rule["id"]: rule for rule in answer["rules"]}
    assert "soon" not in found  # for the bot
    assert found["absolute_promise"]["level"] == "block"
    assert not [rule["id"] for rule in answer["rules"] if "{time}" in rule.get("unless", "")]
    assert found.keys() == {rule.id for rule in book.rules if "agent" in rule.applies_to}
    assert desk.http.get("/api/v1/wording-rules").status_code == 401


def test_the_examples_in_the_contract_are_of_these_rules(book: Book) -> None:
    path = FOLDER.parent / "contracts" / "examples" / "wording_checks.json"
    kept = msgspec.json.decode(path.read_bytes())
    assert kept["rules"] == [playbook.rule_view(rule) for rule in book.rules if "agent" in rule.applies_to]


# --- what the rows of the queue say


def test_a_row_says_its_order_and_why_the_feeling_was_raised(desk: RunningDesk, bot: BotDouble, queued: Queued) -> None:
    raised = {"family": "anxious", "intensity": 3, "reasons": [{"code": "long_wait", "text": "已过 14 分钟"}]}
    emotion = {**EXAMPLE["emotion"], "family": "anxious", "intensity": 1, "adjusted": raised}
    conversation, agent = queued(emotion=emotion), desk.new_agent().online()
    row = agent.queued(conversation)
    assert row["front"] == 0
    assert row["due_at"] >= row["waited_since"]
    assert row["emotion"]["adjusted"] == {"family": "anxious", "intensity": 3, "reasons": ["已过 14 分钟"]}
    agent.claim(conversation)
    agent.post(f"/conversations/{conversation.id}/transfer", {"group": "orders", "note": "请接手"})
    waiting = agent.get("/handoffs?state=queued").json()["handoffs"]
    back = next(one for one in waiting if one["conversation_id"] == conversation.id)
    assert back["front"] > 0
    assert waiting == sorted(waiting, key=lambda one: (-one["front"], one["due_at"], one["id"]))
