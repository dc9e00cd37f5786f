"""playbook/escalation.yml: a mistake in it is named with file, line and field, and its wordings fit the tone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from addons.escalation.events import read_conversation
from addons.escalation.playbook import PlaybookError, load, load_file
from addons.escalation.reading import PLAYBOOK_DIR
from addons.escalation.rules import evaluate
from addons.escalation.wording import first_words
from tests.addons.escalation.tracker_lines import handed_over, said, slot, uttered

SOURCE = (PLAYBOOK_DIR / "escalation.yml").read_text(encoding="utf-8")
SCHEMA = json.loads((PLAYBOOK_DIR.parent / "contracts" / "escalation_summary.schema.json").read_text(encoding="utf-8"))


def changed(tmp_path: Path, old: str, new: str) -> Path:
    assert old in SOURCE
    file = tmp_path / "escalation.yml"
    file.write_text(SOURCE.replace(old, new, 1), encoding="utf-8")
    return file


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("    at_level: 3\n", "    at_level: 4\n", "triggers.anger.at_level"),
        ("    at_level: 3\n", "    at_levle: 3\n", "triggers.anger.at_levle"),
        ("    enabled: true", "    enabled: ja", "triggers.customer_request.enabled"),
        ("priority: urgent", "priority: sofort", "triggers.safety.priority"),
        ("group: complaints", "group: klagen", "triggers.abuse.group"),
        ("      - 骗子|骗人|诈骗|欺诈|黑店|坑人|坑爹", "      - 骗子(", "triggers.anger.strong_words.2"),
        ("tiers: [gold]", "tiers: [goold]", "priority_boosts.2.tiers"),
        ("kind: talk}", "kind: chat}", "intents.greet.kind"),
        ("{call}没问题", "{ruf}没问题", "first_words.default"),
        ('  urgent: "{next} 上班', '  urgent: "{wann} 上班', "promise_words_closed"),
        ("  low: 这会儿不在座位上", "  lwo: 这会儿不在座位上", "promise_words_away"),
    ],
)
def test_a_mistake_is_named_with_line_and_field(tmp_path: Path, old: str, new: str, field: str) -> None:
    file = changed(tmp_path, old, new)
    with pytest.raises(PlaybookError) as error:
        load_file(file)
    assert field in str(error.value)
    line = int(str(error.value).split("line ")[1].split(",")[0])
    lines = file.read_text(encoding="utf-8").splitlines()
    assert (
        field.startswith(("first_words", "promise_words")) or new.split("\n", maxsplit=1)[0].strip() in lines[line - 1]
    )


def test_a_missing_file_and_broken_yaml_are_named(tmp_path: Path) -> None:
    with pytest.raises(PlaybookError, match=r"nothing\.yml: cannot be read"):
        load_file(tmp_path / "nothing.yml")
    (tmp_path / "broken.yml").write_text("a: [", encoding="utf-8")
    with pytest.raises(PlaybookError, match="not valid YAML"):
        load_file(tmp_path / "broken.yml")


def test_a_trigger_that_is_switched_off_does_not_fire(tmp_path: Path) -> None:
    file = changed(
        tmp_path,
        "  customer_request:            # 客户要人工。永远优先，一句话就转\n    enabled: true",
        "  customer_request:\n    enabled: false",
    )
    conversation = read_conversation([said("转人工", "request_human")])
    assert evaluate(conversation, load_file(file)) is None
    assert evaluate(conversation, load()) is not None


def test_every_intent_of_the_domain_is_known() -> None:
    domain = yaml.safe_load((PLAYBOOK_DIR.parent / "domain.yml").read_text(encoding="utf-8"))
    intents = {name if isinstance(name, str) else next(iter(name)) for name in domain["intents"]}
    assert intents - set(load().intents) <= {"nlu_fallback"}


def test_the_codes_are_those_of_the_contract() -> None:
    known = SCHEMA["definitions"]["trigger_code"]["enum"]
    assert set(load().triggers) <= set(known)
    assert set(known) - set(load().triggers) == {"repeat_contact"}  # the desk's own, in playbook/repeat_contact.yml


FORBIDDEN = ("耐心等待", "请您理解", "可能", "大概", "保证", "绝对", "亲，", "反馈一下", "换个说法")


def test_no_wording_breaks_the_tone() -> None:
    words = load().first_words
    wordings = [
        *words.default,
        *words.no_answer,
        *(text for texts in words.by_trigger.values() for text in texts),
        *(text for texts in words.by_emotion.values() for text in texts),
    ]
    for wording in wordings:
        assert not [word for word in FORBIDDEN if word in wording], wording
    for wording in words.by_emotion["angry"]:
        assert "对不起" in wording
    handing_over = set(wordings) - set(words.no_answer)
    assert all("{who}" in wording and "{promise}" in wording for wording in handing_over)


def first(*events: Any, call: str = "") -> str:
    conversation = read_conversation(list(events))
    decision = evaluate(conversation, load())
    assert decision is not None
    return first_words(conversation, decision, load(), call=call)


def test_the_first_words_fit_mood_and_matter() -> None:
    late = slot("findings", [{"what": "x", "result": "y", "logistics": {"days_late": 3}}])
    angry = first(late, said("什么破玩意", "query_logistics", emotion=("angry", 3)), call="王先生")
    assert angry.startswith("王先生，")
    assert "对不起" in angry
    assert "晚到 3 天" in angry
    assert "物流专员" in angry
    assert "停用" in first(said("脸都过敏了", "report_safety_issue"))
    assert "订单专员" in first(said("转人工", "request_human"))


def test_the_same_words_are_never_said_twice_in_a_row() -> None:
    request = said("转人工", "request_human", message_id="m1")
    once = first(request)
    again = [*handed_over(request)[:2], uttered(once), said("转人工", "request_human", message_id="m1")]
    assert first(*again) != once


def test_the_wordings_vary_between_conversations() -> None:
    assert len({first(said("转人工", "request_human", message_id=f"m{n}")) for n in range(30)}) >= 3


TOMORROW = {"on_duty": False, "open": False, "next_open_words": "明天 08:00", "queue_length": 2}
AWAY = {"on_duty": False, "open": True, "next_open_words": None, "queue_length": 0}
CLOSED_FOR_LONG = {"on_duty": False, "open": False, "next_open_words": None, "queue_length": 0}
ON_DUTY = {"on_duty": True, "open": False, "next_open_words": "明天 08:00", "queue_length": 0}
REASONS = [("转人工", "request_human"), ("脸都过敏了", "report_safety_issue"), ("我要投诉12315", "complain")]


@pytest.mark.parametrize(("text", "intent"), REASONS)
@pytest.mark.parametrize("number", range(4))  # every wording of the list
def test_with_nobody_on_duty_nobody_comes_at_once(text: str, intent: str, number: int) -> None:
    def words(service: dict[str, Any] | None) -> str:
        return first(said(text, intent, message_id=f"m{number}", service=service))

    for service in (TOMORROW, AWAY, CLOSED_FOR_LONG):
        spoken = words(service)
        assert not [word for word in ("马上", "有空位就来", "按顺序接您") if word in spoken], spoken
        assert "看您这条" in spoken
        assert ("明天 08:00 上班" in spoken) == (service is TOMORROW)
    assert words(ON_DUTY) == words(None)  # who is online counts, whatever the calendar says
    assert [word for word in ("马上", "有空位就来", "按顺序接您") if word in words(None)]


def test_a_group_with_other_hours_than_the_shop_is_promised_its_own() -> None:
    monday = {"technical": {"open": False, "next_open_words": "周一 09:00"}}

    def words(text: str, intent: str, service: dict[str, Any]) -> str:
        return first(said(text, intent, service=service), said("转人工", "request_human", service=service))

    for shop in (TOMORROW, AWAY):
        assert "周一 09:00 上班" in words("号登不上", "report_account_issue", {**shop, "groups": monday})
        told = words("快递没到", "query_logistics", {**shop, "groups": monday})
        assert "周一" not in told
        assert ("明天 08:00 上班" in told) == (shop is TOMORROW)
    assert "周一" not in words("号登不上", "report_account_issue", {**ON_DUTY, "groups": monday})


@pytest.mark.parametrize("service", [{}, {"on_duty": None}, {"on_duty": "no"}, {"open": False}])
def test_a_desk_that_does_not_know_changes_nothing(service: dict[str, Any]) -> None:
    assert first(said("转人工", "request_human", service=service)) == first(said("转人工", "request_human"))


def test_the_words_for_nobody_on_duty_keep_the_tone() -> None:
    words = load().first_words
    for promise in (*words.promises_closed.values(), *words.promises_away.values()):
        assert not [word for word in (*FORBIDDEN, "马上", "立刻") if word in promise], promise
