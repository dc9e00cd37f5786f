"""The desk masks texts by the same cases as the bot."""

from __future__ import annotations

import json

import pytest
from desk.kernel.masking import mask_text
from hypothesis import given
from hypothesis import strategies as st
from summaries import CONTRACTS

CASES = json.loads((CONTRACTS / "examples" / "masking.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["text"])
def test_hides_what_is_personal_and_keeps_the_rest(case: dict[str, str]) -> None:
    assert mask_text(case["text"]) == case["masked"]


@given(st.text(max_size=80))
def test_masking_twice_changes_nothing_more(text: str) -> None:
    assert mask_text(mask_text(text)) == mask_text(text)
