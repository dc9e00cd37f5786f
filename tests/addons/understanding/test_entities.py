"""Entities by rule, every trap of the catalogue, and how three extractors share one message."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from addons.spacy_pipeline import build, make_pipeline
from addons.understanding.entities import find
from addons.understanding.entity_rules import EntityRules
from addons.understanding.normalise import normalise

TYPED: list[tuple[str, list[tuple[str, str]]]] = [
    ("我的订单20261118000123到哪了", [("order_id", "20261118000123")]),
    ("SO20261118000123", [("order_id", "20261118000123")]),
    ("so 2026 1118 000123", [("order_id", "20261118000123")]),
    ("２０２６１１１８０００１２３", [("order_id", "20261118000123")]),
    ("订单二零二六一一一八零零零一二三", [("order_id", "20261118000123")]),
    ("20261118000123,13812345678", [("order_id", "20261118000123"), ("phone", "13812345678")]),
    ("2026111800012", []),  # 13 digits
    ("202611180001234", []),  # 15 digits
    ("20261118001", []),  # 11 digits
    ("20261345000123", []),  # no such day
    ("20250229000123", []),
    ("33010619900101123X", []),  # identity card
    ("330106199001011234", []),
    ("税号91330106MA27XXXX1K", []),
    ("6222021234567890123", []),  # bank card
    ("400-820-8820", []),  # hotline
    ("SF1234567890123", [("tracking_number", "SF1234567890123")]),
    ("sf1234567890123走到哪了", [("tracking_number", "SF1234567890123")]),
    ("YT1234567890123", [("tracking_number", "YT1234567890123")]),
    ("JT1234567890123", [("tracking_number", "JT1234567890123")]),
    ("JDVA12345678901", [("tracking_number", "JDVA12345678901")]),
    ("78123456789012", [("tracking_number", "78123456789012")]),
    ("快递单号是4312345678901", [("tracking_number", "4312345678901")]),
    ("快递单号20261118000123", [("order_id", "20261118000123")]),
    ("取件码 8-2-1034", []),
    ("取件码123456", []),
    ("13812345678", [("phone", "13812345678")]),
    ("+86 138 1234 5678", [("phone", "13812345678")]),
    ("电话换成138-1234-5678", [("phone", "13812345678")]),
    ("13800000000元", [("amount", "13800000000")]),
    ("5678", [("phone_ending", "5678")]),
    ("尾号5678", [("phone_ending", "5678")]),
    ("手机尾号是五六七八", [("phone_ending", "5678")]),
    ("后四位1234", [("phone_ending", "1234")]),
    ("订单尾号0123", []),  # the order's ending
    ("订单号后四位0123", []),
    ("1234个", []),
    ("花了399元", [("amount", "399")]),
    ("¥1,299.00", [("amount", "1299")]),
    ("退我三百块", [("amount", "300")]),
    ("1.2万元", [("amount", "12000")]),
    ("0.5元", [("amount", "0.5")]),
    ("一块退了", []),  # together, not one yuan
    ("三元素", []),
    ("10月28日买的", [("date", "10月28日")]),
    ("2026-11-18下的单", [("date", "2026-11-18")]),
    ("前天买的", [("date", "前天")]),
    ("双十一买的", [("date", "双十一")]),
    ("上周三到的", [("date", "上周三")]),
    ("三天前", [("date", "三天前")]),
    ("23号要用", [("date", "23号")]),
    ("618活动买的", [("date", "618")]),
    ("花了618", [("amount", "618")]),
    ("3号楼", []),
    ("坐5号线", []),
    ("iOS 17.2", [("platform", "iOS"), ("system_version", "17.2")]),
    ("ios17系统", [("platform", "iOS"), ("system_version", "17")]),
    ("安卓13", [("platform", "安卓"), ("system_version", "13")]),
    ("鸿蒙系统4.0", [("platform", "鸿蒙"), ("system_version", "4.0")]),
    ("MIUI 14", [("platform", "安卓"), ("system_version", "MIUI 14")]),  # not 安卓 14
    ("windows11", [("platform", "PC"), ("system_version", "Windows 11")]),
    ("安卓3天就崩", []),
    ("app版本7.3.1", [("app_version", "7.3.1")]),
    ("v7.3.1", [("app_version", "7.3.1")]),
    ("3.2.1", [("app_version", "3.2.1")]),
    ("价格3.5", []),
    ("苹果", [("platform", "iOS")]),
    ("用的是苹果", [("platform", "iOS")]),
    ("苹果很甜", []),
    ("换XXL", [("size", "XXL")]),
    ("要L码的", [("size", "L")]),
    ("42码", [("size", "42")]),
    ("想换小一号", [("size", "小一号")]),
    ("USL", []),
    ("单子是二零二六,一一,零八,六六零,一二三 谢谢", [("order_id", "20261108660123")]),
    ("2026,1108,660123", [("order_id", "20261108660123")]),
    ("一三九,八六八七,零幺一二", [("phone", "13986870112")]),
    ("8613987654321", [("phone", "13987654321")]),
    ("008613987654321", [("phone", "13987654321")]),
    ("订单最后11位13987654321", []),
    ("单号后面十一位是13987654321", []),
    ("会员号:13987654321", []),
    ("订单号是13987654321", []),
    ("运单编号13987654321", []),
    ("订单没到,我电话13987654321", [("phone", "13987654321")]),
    ("银行卡 6217 1391 2345 678 02", []),  # a phone by chance inside a card
    ("退货快递单号 9876543210987", [("tracking_number", "9876543210987")]),
    ("最后面四位是3344", [("phone_ending", "3344")]),
    ("尾数是3344", [("phone_ending", "3344")]),
    ("3344结尾的手机", [("phone_ending", "3344")]),
    ("3344吧", [("phone_ending", "3344")]),
    ("3 3 4 4", [("phone_ending", "3344")]),
    ("三三四四", [("phone_ending", "3344")]),
    ("我的是3344,", [("phone_ending", "3344")]),
    ("身份证尾号3344", []),
    ("银行卡的尾号是3344", []),
    ("3344块", [("amount", "3344")]),
    ("应该是35块5,不是35", [("amount", "35.5")]),
    ("七块二毛", [("amount", "7.2")]),
    ("省了八毛钱", [("amount", "0.8")]),
    ("一共3200 元", [("amount", "3200")]),
    ("rmb88", [("amount", "88")]),
    ("收咗我260蚊", [("amount", "260")]),
    ("要补我三百二,快点", [("amount", "320")]),
    ("多扣了48 给我退", [("amount", "48")]),
    ("一千八能卖吗", [("amount", "1800")]),
    ("3.5万的相机", [("amount", "35000")]),
    ("销量3.5万的相机", []),
    ("两块侧板裂了", []),
    ("几百块的东西", []),
    ("付了三次都失败", []),
    ("找了20多遍", []),
    ("不退款12315见", []),
    ("蚊子好多", []),
    ("尺码38码换三九码", [("size", "38"), ("size", "39")]),
    ("童装130码", [("size", "130")]),
    ("收到6位码了", []),
    ("what's up", []),
    ("换S 不要M", [("size", "S"), ("size", "M")]),
    ("1.8米的24寸箱", [("size", "24寸")]),
]


@pytest.mark.parametrize(("typed", "expected"), TYPED)
def test_rules(typed: str, expected: list[tuple[str, str]]) -> None:
    assert [(item.entity, item.value) for item in find(normalise(typed))] == expected


def proposal(text: str, entity: str, word: str, extractor: str) -> dict[str, Any]:
    start = text.index(word)
    return {"entity": entity, "value": word, "start": start, "end": start + len(word), "extractor": extractor}


def names(entities: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(e["entity"], e["value"], e["extractor"]) for e in entities]


def test_one_range_is_told_once() -> None:
    text = "20261118000123用顺丰发的"
    proposed = [
        proposal(text, "order_id", "20261118000123", "RegexEntityExtractor"),
        proposal(text, "carrier", "顺丰", "RegexEntityExtractor"),
        proposal(text, "carrier", "顺丰", "SpacyEntityExtractor"),
    ]
    assert names(EntityRules().combined(text, proposed)) == [
        ("order_id", "20261118000123", "EntityRules"),
        ("carrier", "顺丰", "RegexEntityExtractor"),
    ]


def test_the_longer_word_wins_and_a_rule_wins_over_a_word() -> None:
    text = "降噪耳机在iOS 17上连不上"
    proposed = [
        proposal(text, "product", "耳机", "a"),
        proposal(text, "product", "降噪耳机", "a"),
        proposal(text, "platform", "iOS", "a"),
    ]
    assert {(e["entity"], e["value"]) for e in EntityRules().combined(text, proposed)} == {
        ("product", "降噪耳机"),
        ("platform", "iOS"),
        ("system_version", "17"),
    }


def test_traps_of_other_extractors_are_refused_but_own_forms_of_a_shop_stay() -> None:
    text = "202611180001234 20261345000123 AB-778899"
    proposed = [
        proposal(text, "order_id", "20261118000123", "RegexEntityExtractor"),
        proposal(text, "order_id", "20261345000123", "RegexEntityExtractor"),
        proposal(text, "order_id", "AB-778899", "RegexEntityExtractor"),
    ]
    assert names(EntityRules().combined(text, proposed)) == [("order_id", "AB-778899", "RegexEntityExtractor")]


def test_a_phone_that_is_told_as_another_number_is_refused_from_every_extractor() -> None:
    text = "订单号后11位13987654321"
    proposed = [proposal(text, "phone", "13987654321", "RegexEntityExtractor")]
    assert EntityRules().combined(text, proposed) == []


NASTY = [
    "1" * 10_000,
    "今天" * 5_000,
    "一" * 10_000,
    "1," * 5_000,
    "一,二 " * 3_300,
    "138" * 3_300,
    "2026-" * 2_000,
    "😀" * 10_000,
    "尾号是" * 3_300,
    "退款了我" * 2_500,
    "¥1,1" * 2_500,
    "上上个月" * 2_500,
    "安卓的的的系统" * 1_400,
    "SF" * 5_000,
    "\x00\ud7ff\uffff" * 3_300,
    "สวัสดี مرحبا Привет " * 500,
    "1 2-3." * 1_600,
]


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_ten_thousand_characters_end_in_time(text: str) -> None:
    began = time.process_time()
    EntityRules().combined(normalise(text), [])
    assert time.process_time() - began < 3


PIECES = [
    "2026",
    "1118",
    "13812345678",
    "SF",
    "上",
    "周五",
    "前",
    "元",
    "一",
    "十",
    "月",
    "号",
    "11",
    "/",
    "-",
    ".",
    ",",
    "尾号",
]


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(max_size=200), st.lists(st.sampled_from(PIECES), max_size=40).map("".join)))
def test_any_text_is_answered_with_places_inside_it(text: str) -> None:
    plain = normalise(text)
    last = 0
    for entity in EntityRules().combined(plain, []):
        assert last <= entity["start"] < entity["end"] <= len(plain)
        assert entity["value"]
        last = entity["end"]


TERMS = {
    "product": ["降噪耳机", "耳机"],
    "colour": ["黑色", "白"],
    "carrier": ["顺丰"],
    "size": ["XXL"],
    "platform": ["iphone", "小程序"],
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我买的降噪耳机是黑色的", [("product", "降噪耳机"), ("colour", "黑色")]),
        ("你们黑心商家，白买了", []),
        ("丰收节活动", []),
        ("顺丰到哪了 SF1234567890123", [("carrier", "顺丰")]),
        ("iPhone版的小程序", [("platform", "iPhone"), ("platform", "小程序")]),
    ],
)
def test_ruler_knows_where_words_end(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(e.label_, e.text) for e in make_pipeline(TERMS)(text).ents] == expected


def test_segmenter_keeps_ids_whole() -> None:
    assert "SF1234567890123" in [token.text for token in make_pipeline(TERMS)("顺丰SF1234567890123到哪")]


def test_build_reads_lookups_and_can_be_loaded_again(tmp_path: Path) -> None:
    import spacy

    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "nlu.yml").write_text(
        'version: "3.1"\nnlu:\n- lookup: colour\n  examples: |\n    - 黑色\n    - 藍色\n', encoding="utf-8"
    )
    counts = build(tmp_path, tmp_path / "out")
    assert counts["colour"] == 2
    assert [e.text for e in spacy.load(tmp_path / "out")("蓝色和黑色").ents] == ["蓝色", "黑色"]


def test_build_without_lookups_says_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no lookup table"):
        build(tmp_path, tmp_path / "out")
