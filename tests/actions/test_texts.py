"""The playbook's texts: complete, without gaps left open, and in the tone the house wants."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from actions.order_choice import FITTING_STATES
from actions.policies import policy_text
from actions.texts import PLAYBOOK, TextError, book, fill, gaps, sentences, text
from tests.conftest import ROOT

DOMAIN = yaml.safe_load((ROOT / "domain.yml").read_text(encoding="utf-8"))
UNWANTED = re.compile(r"请您?耐心等待|请您理解|保证|绝对|可能|大概|也许|应该会|全网最低|亲，|反馈一下")


def texts(tree: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(tree, dict):
        for name, value in tree.items():
            yield from texts(value, f"{path}.{name}" if path else str(name))
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            yield from texts(value, f"{path}.{index}")
    elif isinstance(tree, str):
        yield path, tree


POLICY_TEXTS = [
    f"{section}.{name}"
    for section, content in book("policies").items()
    if isinstance(content, dict)
    for name in content.get("texts", {})
]
# Regular expressions that read the customer's words are not spoken.
SENTENCES = [(path, words) for path, words in texts(sentences()) if "|" not in words and "reads" not in path]
SPOKEN = [
    *SENTENCES,
    *texts(book("policies")),
    *((path, words) for path, words in texts(DOMAIN["responses"]) if path.endswith((".text", ".title"))),
]


@pytest.mark.parametrize("path", POLICY_TEXTS)
def test_policy_texts_are_complete(path: str) -> None:
    words = policy_text(path)
    assert not re.search(r"[{}]", words)
    assert "None" not in words


@pytest.mark.parametrize(("path", "words"), SPOKEN)
def test_tone(path: str, words: str) -> None:
    assert not UNWANTED.search(words), path


@pytest.mark.parametrize(("path", "template"), SENTENCES)
def test_answers_render(path: str, template: str) -> None:
    words = fill(template, dict.fromkeys(gaps(template), "值"), path)
    assert not re.search(r"[{}]", words)


def test_missing_text_and_missing_value_are_errors() -> None:
    with pytest.raises(TextError):
        text("orders.nothing_here")
    with pytest.raises(TextError):
        text("logistics.eta")


def test_every_intent_and_topic_has_words() -> None:
    talk = {
        "greet",
        "goodbye",
        "thank",
        "affirm",
        "deny",
        "bot_challenge",
        "abuse",
        "out_of_scope",
        "inform",
        "nlu_fallback",
    }
    assert set(DOMAIN["intents"]) - talk == set(book("answers")["intents"])
    assert set(FITTING_STATES) == set(book("answers")["wishes"])
    by_intent = {mapping["intent"] for mapping in DOMAIN["slots"]["topic"]["mappings"]}
    # A question about price protection is mostly about the rule; action_answer_policy sets the topic when it is not.
    assert set(FITTING_STATES) == by_intent | {"ask_price_protection"}


def test_every_text_the_code_names_exists() -> None:
    """Literal paths in the actions; those put together at run time are walked by test_order_answers."""
    for source in (ROOT / "actions").rglob("*.py"):
        for path in re.findall(r'\btext\("([a-z_.]+)"', source.read_text(encoding="utf-8")):
            if "policy" not in path:
                exists = any(found == path for found, _ in texts(sentences()))
                in_policies = path in POLICY_TEXTS
                assert exists or in_policies, f"{source.name}: {path}"


def test_playbook_is_found() -> None:
    assert (PLAYBOOK / "policies.yml").exists()


def test_every_rule_covers_every_intent() -> None:
    rules = yaml.safe_load((ROOT / "data" / "rules.yml").read_text(encoding="utf-8"))["rules"]
    used = set()
    for rule in rules:
        for step in rule["steps"]:
            used |= {step["intent"]} if "intent" in step else {item["intent"] for item in step.get("or", [])}
    assert used == set(DOMAIN["intents"])
