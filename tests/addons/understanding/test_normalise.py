"""What customers type and its plain form."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from addons.understanding.normalise import align, normalise
from addons.understanding.numbers import carrier_of, chinese_number, is_order_id, is_phone

TYPED = [
    ("我要查訂單的物流資訊", "我要查订单的物流资讯"),
    ("點解我張單仲未出貨", "为什么我张单还没发货"),
    ("系咪坏咗", "是不是坏了"),
    ("系唔系今日到", "是不是今天到"),
    ("我唔想要喇，退得咩？", "我不想要喇,退得吗?"),
    ("搞咩啊", "搞什么啊"),
    ("商店系统联系方式", "商店系统联系方式"),  # 系 alone is left alone
    ("ＡＢＣ　１２３，！", "ABC 123,!"),
    ("急急急急急！！！！！", "急急!!"),
    ("哈哈哈哈哈", "哈哈"),
    ("尾号0000", "尾号0000"),  # digits are never squeezed
    ("2026 1118 000123", "20261118000123"),
    ("2026-1118-000123", "20261118000123"),
    ("SO 20261118000123", "SO20261118000123"),
    ("138-1234-5678", "13812345678"),
    ("138 1234 5678 订单 2026 1118 000123", "13812345678 订单 20261118000123"),
    ("2026 1118 000123 138-1234-5678", "20261118000123 13812345678"),
    ("SF 1234 5678 90123", "SF1234567890123"),
    ("2026-11-18", "2026-11-18"),
    ("8:30-9:30 3-5天", "8:30-9:30 3-5天"),
    ("400-820-8820", "400-820-8820"),
    ("二零二六一一一八零零零一二三", "20261118000123"),
    ("订单号二〇二六 一一一八 零零零幺二三", "订单号20261118000123"),
    ("尾号是五六七八", "尾号是5678"),
    ("三百五十六块", "三百五十六块"),
    ("zaima", "在吗"),
    ("zm", "在吗"),
    ("zm还不fh", "怎么还不发货"),
    ("rgkf", "人工客服"),
    ("KF在不 tk", "客服在不 退款"),
    ("wechat", "wechat"),  # short forms are whole words
    ("kf@example.com", "kf@example.com"),
    ("my order refund", "my 订单 退款"),
    ("😡😡😡", "愤怒愤怒"),
    ("谢谢👍", "谢谢赞"),
    ("退\u200b款\ufeff", "退款"),
    ("[微笑]", "微笑"),
    ("  在吗\n\n", "在吗"),
    ("🦄", "🦄"),  # nothing would be left: the text itself
    ("", ""),
]


@pytest.mark.parametrize(("typed", "plain"), TYPED)
def test_plain_form(typed: str, plain: str) -> None:
    assert normalise(typed) == plain


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet=st.sampled_from("退货訂單嘅咗zm 20261118-SF！!😡\u200b急"), max_size=40))
def test_every_plain_character_knows_its_origin(text: str) -> None:
    aligned = align(text)
    assert len(aligned.spans) == len(aligned.text)
    assert all(0 <= start < end <= len(text) for start, end in aligned.spans)
    assert [s for s, _ in aligned.spans] == sorted(s for s, _ in aligned.spans)


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_survived(text: str) -> None:
    assert bool(normalise(text)) == bool(text)


def test_places_point_into_the_customers_words() -> None:
    aligned = align("我嘅單 SO 2026-1118-000123 喺邊度")
    start = aligned.text.index("SO20261118000123")
    original = aligned.original(start, start + 16)
    assert "我嘅單 SO 2026-1118-000123 喺邊度"[slice(*original)] == "SO 2026-1118-000123"
    assert aligned.rewritten(*original) == (start, start + 16)


def test_a_place_outside_is_refused() -> None:
    with pytest.raises(ValueError, match="outside"):
        align("在吗").original(1, 5)


def test_long_and_hostile_texts_stay_fast() -> None:
    import time

    started = time.process_time()
    for text in ("買" * 2000, "1 " * 1000, "哈" * 2000, "! " * 1000, "SF " * 700):
        normalise(text)
    assert time.process_time() - started < 2.0


@pytest.mark.parametrize(
    ("digits", "valid"),
    [
        ("20261118000123", True),
        ("20240229000001", True),
        ("20250229000001", False),
        ("20261318000123", False),
        ("2026111800012", False),
        ("202611180001234", False),
        ("19991118000123", False),
        ("２０２６1118000123", False),
    ],
)
def test_order_ids_begin_with_a_day(digits: str, valid: bool) -> None:
    assert is_order_id(digits) is valid


@pytest.mark.parametrize(
    ("number", "carrier"),
    [
        ("SF1234567890123", "顺丰"),
        ("yt1234567890123", "圆通"),
        ("JT1234567890123", "极兔"),
        ("JDVA12345678901", "京东"),
        ("78123456789012", "中通"),
        ("20261118000123", None),
        ("SF123", None),
        ("JDABCDEFGHIJKL", None),
    ],
)
def test_carriers_by_number(number: str, carrier: str | None) -> None:
    assert carrier_of(number) == carrier


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("两千三百", 2300),
        ("两千三", 2300),
        ("十五", 15),
        ("三万", 30000),
        ("一百零五", 105),
        ("三百五", 350),
        ("两百", 200),
        ("二十", 20),
        ("一万二", 12000),
        ("", None),
        ("很多", None),
    ],
)
def test_chinese_numbers(text: str, value: int | None) -> None:
    assert chinese_number(text) == value


def test_phones() -> None:
    assert is_phone("13812345678")
    assert not is_phone("12812345678")
    assert not is_phone("138123456789")
