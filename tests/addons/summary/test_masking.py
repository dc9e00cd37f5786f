"""Personal data is hidden, what agents need stays readable."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.summary.masking import mask, mask_name, mask_phone

# The desk masks by the same cases: services/tests/desk/test_desk_masking.py.
CASES = json.loads((Path(__file__).resolve().parents[3] / "contracts/examples/masking.json").read_text("utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["text"])
def test_hides_what_is_personal_and_keeps_the_rest(case: dict[str, str]) -> None:
    assert mask(case["text"]) == case["masked"]


def test_names() -> None:
    assert mask("李晓雯女士您好", ["李晓雯"]) == "李*女士您好"
    assert [mask_name(name) for name in ("王", "李晓雯", "欧阳静", " ")] == ["王*", "李*", "欧阳*", ""]
    assert [mask_phone(phone) for phone in ("13812345678", "123", "")] == ["138****5678", "****", "****"]


@given(
    st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True),
    st.text("的好abc，。 -+86号楼", max_size=5),
    st.text("的好，。 /x", max_size=5),
)
def test_no_mobile_number_survives(phone: str, before: str, after: str) -> None:
    if before[-1:].isdigit():
        before += "："
    assert phone not in mask(before + phone + after)


@given(st.text(max_size=80))
def test_never_raises_and_is_stable(text: str) -> None:
    assert mask(mask(text)) == mask(text)


@given(st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), st.lists(st.booleans(), min_size=11, max_size=11))
def test_no_spelt_number_survives(phone: str, spelt: list[bool]) -> None:
    numerals = "零幺二三四五六七八九"
    said = "".join(numerals[int(digit)] if word else digit for digit, word in zip(phone, spelt, strict=True))
    assert mask(f"电话{said}，") == f"电话{mask_phone(phone)}，"
