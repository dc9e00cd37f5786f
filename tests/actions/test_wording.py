"""The wording rules, and every sentence the bot can say held against them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from actions.texts import PLAYBOOK, book
from actions.wording import AGENT, BOT, Rule, all_rules, read_rule, rules_for, violations
from tests.conftest import ROOT

BANNED = re.compile(
    r"亲[，,~！ ]|请您?耐心等待|换个说法|尽快|马上就好|稍后|大概|保证|绝对|百分百|全网最低|您误会|不可能"
)
TRANSACTIONS = sorted(f"transactions/{file.stem}" for file in (PLAYBOOK / "transactions").glob("*.yml"))
# Sections whose texts are no sentences to customers: expressions that read customers, labels for agents.
UNSPOKEN = ("reads", "facts", "findings")
EXPRESSION = re.compile(r"[|^$]|\(\?|\.\*")
# Of these files only the sections that the bot says.
SECTIONS: dict[str, tuple[str, ...]] = {
    "answers": (),
    "policies": (),
    "escalation": ("first_words", "no_answer"),
    "desk_messages": ("greeting", "system", "bot", "errors"),
    "tone": ("openings", "closings"),
    **dict.fromkeys(TRANSACTIONS, ()),
}
DOMAIN = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))


def texts(tree: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(tree, dict):
        for name, value in tree.items():
            if name not in UNSPOKEN and name != "id":
                yield from texts(value, f"{path}.{name}" if path else str(name))
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from texts(value, f"{path}.{index}")
    elif isinstance(tree, str) and re.search(r"[\u4e00-\u9fff]", tree) and not EXPRESSION.search(tree):
        yield path, tree


def spoken(name: str) -> list[tuple[str, str]]:
    """Path and words of what the bot says from one file of the playbook."""
    content = book(name)
    wanted = SECTIONS[name] or tuple(content)
    return list(
        texts({section: content[section] for section in wanted if isinstance(content[section], (dict, list, str))})
    )


RESPONSES = [(path, words) for path, words in texts(DOMAIN["responses"]) if path.endswith((".text", ".title"))]
SPOKEN = [
    *(("domain", path, words) for path, words in RESPONSES),
    *((name, path, words) for name in SECTIONS for path, words in spoken(name)),
]


def broken(words: str, speaker: str = AGENT, emotion: str = "") -> set[str]:
    return {found.rule.id for found in violations(words, rules_for(speaker), emotion)}


# --- every sentence of the bot


@pytest.mark.parametrize(("file", "path", "words"), SPOKEN, ids=[f"{file}:{path}" for file, path, _ in SPOKEN])
def test_the_bot_keeps_the_rules(file: str, path: str, words: str) -> None:
    found = [(violation.rule.id, violation.found) for violation in violations(words, rules_for(BOT))]
    assert not found, f"{file} {path}: {words}"
    assert not BANNED.search(words), f"{file} {path}: {words}"


@pytest.mark.parametrize("name", ["domain", *SECTIONS])
def test_no_sentence_stands_twice_in_a_file(name: str) -> None:
    """Two paths with the same words are one path too many, and a repeated question sounds like a machine."""
    pairs = RESPONSES if name == "domain" else spoken(name)
    sentences = Counter(words for path, words in pairs if re.search(r"[。！？]", words))
    assert not [words for words, count in sentences.items() if count > 1]


def test_the_agents_script_library_keeps_the_rules() -> None:
    for response in book("canned_responses")["responses"]:
        for emotion in response["emotions"]:
            assert not broken(response["text"], AGENT, emotion), response["id"]


# --- each rule finds what it is for, and nothing else


BREAKING = [
    ("我保证今天 18:00 前到账。", "absolute_promise"),
    ("明天一定送到。", "absolute_promise"),
    ("100% 是正品。", "absolute_promise"),
    ("马上就好。", "at_once"),
    ("我们是全网最低价。", "price_promise"),
    ("再不买就没了。", "pressure"),
    ("这款不会过敏。", "effect_promise"),
    ("可能明天到。", "vague_word"),
    ("应该会到的。", "vague_word"),
    ("大约会晚到。", "about"),
    ("我们尽快给您处理。", "vague_time"),
    ("您过一会儿再来。", "vague_time"),
    ("您误会了，没有这回事。", "denial"),
    ("这不可能。", "denial"),
    ("我们质量没问题。", "denial"),
    ("您先别着急。", "calm_down"),
    ("请您理解。", "please_understand"),
    ("这是您自己弄坏的。", "blame"),
    ("跟我们没关系，不归我们管。", "blame"),
    ("亲，在的呢。", "endearment"),
    ("好的亲~", "endearment"),
    ("请您耐心等待。", "wait_patiently"),
    ("给您带来不便，深表歉意。", "officialese"),
    ("我帮您反馈一下。", "officialese"),
    ("该订单正在进行核实。", "officialese"),
    ("请换个说法。", "say_it_differently"),
    ("专员会联系您。", "promise_without_time"),
    ("同事核对后补给您。", "promise_without_time"),
    ("预计很快送到。", "promise_without_time"),
    ("仓库会处理。", "promise_without_time"),
    ("这单退不了。", "refusal_alone"),
    ("很抱歉，无法为您取消。", "refusal_alone"),
    ("这个不能退。", "refusal_alone"),
]


@pytest.mark.parametrize(("words", "rule"), BREAKING)
def test_what_a_rule_finds(words: str, rule: str) -> None:
    assert rule in broken(words)


@pytest.mark.parametrize(
    "words",
    [
        "颜色不一定一样，以实物为准。",
        "满一定金额可以用券。",
        "我尽可能往前排，15:00 前告诉您结果。",
        "前面还有 3 位，大约 10 分钟。",
        "大约 {minutes} 分钟内接入。",
        "母亲节礼盒有货，亲子款也有。",
        "亲自给您打包。",
        "专员今天 18:00 前联系您。",
        "同事 {answer_hours} 小时内答复您。",
        "预计 {eta} 前送到。",
        "款已经退给您了。",
        "要不要请同事给您补一件？",
        "直接退不了，可以免费检测，是质量问题就退换。",
        "能不能退，我现在帮您看。",
        "保修卡和质量保证书都在盒子里。",
        "",
    ],
)
def test_what_a_rule_leaves_alone(words: str) -> None:
    assert not broken(words)


def test_every_rule_is_tried_above() -> None:
    tried = {rule for _, rule in BREAKING}
    only = {"soon", "please_understand_hot"}  # for the bot; for angry customers
    assert {rule.id for rule in all_rules()} == tried | only
    assert "soon" in broken("我们尽快在 2 天内办好。", BOT)
    assert "soon" not in broken("我们尽快在 2 天内办好。", AGENT)


def test_a_rule_may_depend_on_the_feeling() -> None:
    assert "please_understand_hot" in broken("请您理解。", AGENT, "angry")
    assert "please_understand_hot" not in broken("请您理解。", AGENT, "pleased")


def test_a_violation_says_where() -> None:
    words = "好的。可能明天到，一定。"
    found = violations(words, rules_for(AGENT))
    assert [words[item.start : item.end] for item in found] == [item.found for item in found] == ["可能", "一定"]


def test_an_allowed_expression_excuses_only_itself() -> None:
    assert [item.start for item in violations("不一定，但一定。", rules_for(AGENT))] == [5]


def test_the_file_is_complete() -> None:
    rules = all_rules()
    assert len({rule.id for rule in rules}) == len(rules)
    for rule in rules:
        assert_complete(rule)


def assert_complete(rule: Rule) -> None:
    assert rule.why, rule.id
    assert rule.better, rule.id
    assert rule.level in ("warn", "block"), rule.id
    assert rule.scope in ("sentence", "text"), rule.id
    assert set(rule.applies_to) <= {BOT, AGENT}, rule.id
    assert not rule.pattern.search(""), rule.id


def test_suggestions_keep_the_rules_themselves() -> None:
    for rule in all_rules():
        for example in re.findall(r"例如“([^”]+)”", rule.better):
            assert not broken(example), rule.id


def test_time_is_put_into_unless() -> None:
    entry = {"id": "x", "kind": "no_time", "pattern": "联系您", "unless": "{time}|改天", "why": "w", "better": "b"}
    rule = read_rule({**entry, "applies_to": [AGENT], "level": "warn"}, r"\d+ 点")
    assert violations("联系您。", [rule])
    assert not violations("3 点联系您。", [rule])
    assert not violations("改天联系您。", [rule])
