"""Personal data is hidden, what agents need stays readable."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from addons.summary.masking import mask, mask_name, mask_phone

HIDDEN = [
    ("我电话13812345678", "我电话138****5678"),
    ("138 1234 5678", "138****5678"),
    ("138-1234-5678", "138****5678"),
    ("１３８１２３４５６７８", "138****5678"),
    ("+8613812345678打给我", "138****5678打给我"),
    ("身份证330106199003071234", "身份证330*************34"),
    ("33010619900307123X", "330*************3X"),
    ("卡号6222021234567890123", "卡号****0123"),
    ("6222 0212 3456 7890", "****7890"),
    ("0571-87654321", "0571-****4321"),
    ("mail li.xw@example.com", "mail l***@example.com"),
    ("浙江省杭州市西湖区文三路123号4幢502室", "浙江省杭州市西湖区文三路***"),
    ("寄到阳光花园3幢2单元501", "寄到阳光花园***"),
    ("3幢501室收", "***收"),
]
KEPT = [
    "订单20261118000123到哪了",
    "运单SF1234567890123",
    "YT1234567890123",
    "JD0012345678901",
    "晚了3天，退399元",
    "10月15号下的单",
    "12315",
    "iOS 17.1 的 App 7.3.1",
    "下午14:00前送到",
    "第2层包装",
]


@pytest.mark.parametrize(("text", "expected"), HIDDEN)
def test_hides(text: str, expected: str) -> None:
    assert mask(text) == expected


@pytest.mark.parametrize("text", KEPT)
def test_keeps(text: str) -> None:
    assert mask(text) == text


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
