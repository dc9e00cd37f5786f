"""Building it part by part: valid, complete, and never failing as a whole."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from addons.summary import builder, minimal_summary
from addons.summary.builder import problems
from tests.addons.summary.late_parcel import IDS, LATE, summary_of


def test_it_is_valid_and_complete(late: dict[str, Any]) -> None:
    assert problems(late) == []
    assert "failed_parts" not in late["producer"]
    assert late["producer"]["model"] == "20261122-015800"


def test_a_part_that_fails_costs_that_part_only(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_material: object) -> None:
        raise KeyError("broken")

    parts = tuple(
        (name, broken if name in ("facts", "order", "triggers") else make, spare) for name, make, spare in builder.PARTS
    )
    monkeypatch.setattr(builder, "PARTS", parts)
    with caplog.at_level(logging.ERROR):
        summary = summary_of(LATE)
    assert problems(summary) == []
    assert summary["producer"]["failed_parts"] == ["triggers", "facts", "order"]
    assert summary["triggers"][0]["code"] == "anger"
    assert "order" not in summary
    assert "facts" in caplog.text


def test_the_smallest_summary_is_valid() -> None:
    assert problems(minimal_summary(IDS)) == []
