"""The published schema and examples of the escalation summary, and what the builder makes of the same story."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from addons.summary.builder import PARTS, minimal_summary, problems
from addons.summary.material import Identifiers

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"
SCHEMA = json.loads((CONTRACTS / "escalation_summary.schema.json").read_text(encoding="utf-8"))
EXAMPLE = json.loads((CONTRACTS / "examples" / "escalation_summary.json").read_text(encoding="utf-8"))


def test_the_schema_is_a_schema() -> None:
    Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    "file", sorted((CONTRACTS / "examples").glob("escalation_summary*.json")), ids=lambda file: file.name
)
def test_every_example_is_valid(file: Path) -> None:
    assert problems(json.loads(file.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("created_at", "2026-11-22T10:00:00+08:00"),
        ("created_at", "2026-11-22 02:00:00Z"),
        ("priority", "asap"),
        ("headline", ""),
        ("headline", "长" * 41),
        ("triggers", []),
        ("schema_version", "2.0"),
        ("unknown_field", 1),
        ("last_messages", [{"sender": "bot", "text": "x"}] * 7),
        ("route", {"skill_group": "sales", "level": 1, "tags": []}),
        ("desired_outcome", "money"),
        ("emotion", {**EXAMPLE["emotion"], "intensity": 4}),
    ],
)
def test_what_the_contract_forbids_is_refused(field: str, value: Any) -> None:
    assert problems({**EXAMPLE, field: value}) != []


@pytest.mark.parametrize("field", SCHEMA["required"])
def test_every_required_field_is_required(field: str) -> None:
    assert problems({name: value for name, value in EXAMPLE.items() if name != field}) != []


def test_the_builder_makes_every_field_of_the_schema() -> None:
    made = {name for name, _, _ in PARTS} | set(minimal_summary(Identifiers("c", "h", "2026-11-22T02:00:00Z")))
    assert made == set(SCHEMA["properties"])
