"""contracts/examples/wording_checks.json says what the wording rules find; the console's check answers the same."""

from __future__ import annotations

import json
from typing import Any

import pytest

from actions.wording import AGENT, rules_for, violations
from tests.conftest import ROOT

KEPT = json.loads((ROOT / "contracts" / "examples" / "wording_checks.json").read_text(encoding="utf-8"))


def test_the_rules_are_those_of_the_playbook() -> None:
    assert [rule["id"] for rule in KEPT["rules"]] == [rule.id for rule in rules_for(AGENT)]


@pytest.mark.parametrize("case", KEPT["cases"], ids=lambda case: case["text"][:12] or "empty")
def test_what_is_found(case: dict[str, Any]) -> None:
    found = violations(case["text"], rules_for(AGENT), case["emotion"])
    assert [[one.rule.id, one.start, one.end] for one in found] == case["found"]
