"""The NLU training lines: every intent covered, no contradictions, no template filling."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from pathlib import Path

import jieba
import pytest
import yaml

DATA = Path(__file__).resolve().parents[2] / "data"
FILES = [DATA / "nlu.yml", *sorted((DATA / "nlu").glob("*.yml"))]

INTENTS = {
    "greet", "goodbye", "thank", "affirm", "deny", "bot_challenge",
    "query_order_status", "urge_order", "modify_order", "cancel_order", "undo_request",
    "query_logistics", "report_delivery_problem", "ask_shipping_policy",
    "ask_return_policy", "request_return", "request_exchange", "query_refund_status",
    "query_after_sales_progress", "report_damaged_item", "report_wrong_item", "report_quality_issue",
    "report_safety_issue", "ask_warranty",
    "query_points_balance", "ask_points_expiry", "ask_points_redemption", "report_points_issue",
    "ask_membership",
    "ask_promotion", "report_coupon_issue", "ask_price_protection", "bargain",
    "ask_product_info", "ask_stock",
    "request_invoice", "ask_payment_method", "report_payment_issue",
    "report_account_issue", "report_technical_issue", "ask_privacy",
    "complain", "request_human", "abuse",
    "out_of_scope",
}  # fmt: skip
FORM_INTENTS = {"inform"}
ENTITIES = {
    "order_id", "tracking_number", "phone", "phone_ending", "product", "colour", "size", "date", "amount",
    "carrier", "platform", "system_version", "app_version",
}  # fmt: skip

MIN_LINES = 40
MIN_LINES_OUT_OF_SCOPE = 120
MIN_ANNOTATIONS = 10
MAX_NEAR_DUPLICATE_SHARE = 0.01
# In a line of five characters one character is a different word (不要了 / 不换了), so only longer ones count.
MIN_NEAR_DUPLICATE_CHARS = 6
MIN_NEAR_DUPLICATE_TOKENS = 4

ANNOTATION = re.compile(r"\[([^\[\]]+)\]\(([a-z_]+)\)")


def read_sections() -> list[dict[str, str]]:
    """All sections under `nlu:` of every training file, as {"intent"|"synonym"|…: name, "examples": text}."""
    sections: list[dict[str, str]] = []
    for path in FILES:
        sections += yaml.safe_load(path.read_text(encoding="utf-8"))["nlu"]
    return sections


def read_lines() -> dict[str, list[str]]:
    """Training lines by intent, entity annotations still in them."""
    lines: dict[str, list[str]] = defaultdict(list)
    for section in read_sections():
        if "intent" in section:
            lines[section["intent"]] += [line[2:] for line in section["examples"].splitlines() if line]
    return lines


def normalise(text: str) -> str:
    """The letters, digits and Chinese characters of a line; the line itself when it has none (👌)."""
    return re.sub(r"[\W_]+", "", text.lower()) or text


def plain(line: str) -> str:
    """The line as the customer typed it."""
    return ANNOTATION.sub(r"\1", line)


def masked(line: str) -> str:
    """The line with every entity value replaced by its name, so that only the wording is compared."""
    return ANNOTATION.sub(lambda match: match.group(2).upper(), line)


def one_gap_keys(items: list[str]) -> set[tuple[str, ...]]:
    """Every way to blank one item; sequences sharing a key differ in at most that item."""
    return {(*items[:i], "\0", *items[i + 1 :]) for i in range(len(items))}


def near_duplicates(lines: list[str]) -> set[tuple[str, str]]:
    """Pairs that differ by one character, by one word or only by entity values."""
    holders: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for line in lines:
        text = normalise(masked(line))
        if len(text) < MIN_NEAR_DUPLICATE_CHARS:
            continue
        keys = {("same", text)} | {("char", *key) for key in one_gap_keys(list(text))}
        keys |= {("drop", text[:i] + text[i + 1 :]) for i in range(len(text))} | {("drop", text)}
        words = jieba.lcut(text)
        if len(words) >= MIN_NEAR_DUPLICATE_TOKENS:
            keys |= {("word", *key) for key in one_gap_keys(words)}
        for key in keys:
            holders[key].append(line)
    return {(group[0], other) for group in holders.values() for other in group[1:]}


@pytest.fixture(scope="module")
def lines() -> dict[str, list[str]]:
    return read_lines()


def test_every_catalogue_intent_and_no_other_is_present(lines: dict[str, list[str]]) -> None:
    assert len(INTENTS) == 45
    assert set(lines) == INTENTS | FORM_INTENTS


def test_every_intent_has_enough_lines(lines: dict[str, list[str]]) -> None:
    thin = {intent: len(found) for intent, found in lines.items() if len(found) < MIN_LINES}
    assert thin == {}
    assert len(lines["out_of_scope"]) >= MIN_LINES_OUT_OF_SCOPE


def test_no_line_is_repeated_or_in_two_intents(lines: dict[str, list[str]]) -> None:
    homes: dict[str, list[str]] = defaultdict(list)
    for intent, found in lines.items():
        for line in found:
            homes[normalise(plain(line))].append(intent)
    assert {text: intents for text, intents in homes.items() if len(intents) > 1} == {}


def test_wordings_within_an_intent_really_differ(lines: dict[str, list[str]]) -> None:
    pairs = {
        intent: pairs
        for intent, found in lines.items()
        # inform is bare values by nature: "XL" and "39码" are two lines, not a filled template
        if intent not in FORM_INTENTS and (pairs := sorted(near_duplicates(found)))
    }
    total = sum(len(found) for found in lines.values())
    count = sum(len(found) for found in pairs.values())
    report = "\n".join(f"{intent}: {a}  ≈  {b}" for intent, found in pairs.items() for a, b in found)
    print(f"{count} near duplicates in {total} lines\n{report}")
    assert count <= total * MAX_NEAR_DUPLICATE_SHARE, report


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("我的快递到哪里了", "我的包裹到哪里了"),
        ("帮我催一下发货", "帮我催一下发货吧"),
        ("我要退[耳机](product)可以吗", "我要退[行李箱](product)可以吗"),
        ("麻烦查询一下退款进度", "麻烦查询一下维修进度"),
    ],
)
def test_the_near_duplicate_check_sees_template_filling(first: str, second: str) -> None:
    assert near_duplicates([first, second]) == {(first, second)}


def test_the_near_duplicate_check_lets_real_variety_pass() -> None:
    assert near_duplicates(["我的快递到哪里了", "咋还没到", "在路上走几天了都", "不要了", "不换了"]) == set()


def test_every_entity_is_annotated_and_no_unknown_one(lines: dict[str, list[str]]) -> None:
    counts = Counter(name for found in lines.values() for line in found for _value, name in ANNOTATION.findall(line))
    assert set(counts) == ENTITIES
    assert {name: count for name, count in counts.items() if count < MIN_ANNOTATIONS} == {}


def test_annotations_are_well_formed(lines: dict[str, list[str]]) -> None:
    broken = [line for found in lines.values() for line in found if re.search(r"\]\(|\]\{", ANNOTATION.sub("", line))]
    assert broken == []


def patterns(name: str) -> list[re.Pattern[str]]:
    """The regexes of one entity, compiled as RegexEntityExtractor compiles them."""
    found = [s["examples"] for s in read_sections() if s.get("regex") == name]
    return [re.compile(line[2:], re.IGNORECASE) for text in found for line in text.splitlines() if line]


@pytest.mark.parametrize("name", ["order_id", "tracking_number", "phone"])
def test_annotated_ids_match_their_regex(lines: dict[str, list[str]], name: str) -> None:
    values = [v for found in lines.values() for line in found for v, e in ANNOTATION.findall(line) if e == name]
    assert [v for v in values if not any(p.fullmatch(v) for p in patterns(name))] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("订单20261118000123到哪了", {"order_id": ["20261118000123"], "phone": [], "tracking_number": []}),
        ("SF1234567890123", {"order_id": [], "phone": [], "tracking_number": ["SF1234567890123"]}),
        ("78123456789012没更新", {"order_id": [], "phone": [], "tracking_number": ["78123456789012"]}),
        ("电话13812345678换掉", {"order_id": [], "phone": ["13812345678"], "tracking_number": []}),
        # an ID card, a 15-digit tax number, month 13, a hotline: none of them is an order or a phone
        ("330106199001011234", {"order_id": [], "phone": [], "tracking_number": []}),
        ("202611180001234", {"order_id": [], "phone": [], "tracking_number": []}),
        ("20261318000123", {"order_id": [], "phone": [], "tracking_number": []}),
        ("4008123123", {"order_id": [], "phone": [], "tracking_number": []}),
    ],
)
def test_id_regexes_keep_the_traps_apart(text: str, expected: dict[str, list[str]]) -> None:
    found = {name: [m.group() for p in patterns(name) for m in p.finditer(text)] for name in expected}
    assert found == expected


@pytest.mark.filterwarnings("ignore::Warning")
def test_rasa_reads_every_line(lines: dict[str, list[str]]) -> None:
    # The warnings come from Rasa's own imports (pkg_resources, SQLAlchemy 1.4), which we do not own.
    from rasa.shared.nlu.training_data.formats.rasa_yaml import RasaYAMLReader

    read = [example for path in FILES for example in RasaYAMLReader().read(str(path)).intent_examples]
    assert Counter(e.get("intent") for e in read) == {intent: len(found) for intent, found in lines.items()}
