"""The desk's rules: plain functions, no server."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from desk.agents.rules import attempts_left, username_fits
from desk.bot.rules import is_refusal, retry_delay_seconds
from desk.conversations.rules import check_client_id, check_text, offered_title
from desk.customers.rules import Identity, mask_name, mask_order, sign_identity, verify_identity
from desk.handoffs.rules import Staffing, emotion_of, expected_wait_seconds, priority_rank, shorten, skill_group_of
from desk.kernel import settings, wording
from desk.kernel.errors import InvalidError, UnauthorizedError
from desk.kernel.ids import ulid
from desk.kernel.masking import mask_phone
from desk.kernel.ratelimit import Bucket
from desk.kernel.security import same
from desk.kernel.sites import Key
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 11, 22, 2, tzinfo=UTC)
SECRET = "a-secret-of-the-shop"
KEYS = (Key(SECRET),)
GOOD = Identity("C1001", int(NOW.timestamp()) + 60, "nonce-nonce", "demo")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "message_empty"),
        (" \n\t\u3000", "message_empty"),
        ("\u200b\u200d\ufeff", "message_empty"),
        ("字" * 2_001, "message_too_long"),
        ("a\x00b", "message_invalid_characters"),
        ("\x1b[31m", "message_invalid_characters"),
        ("\ud800", "message_invalid_characters"),
    ],
)
def test_texts_that_are_refused(text: str, code: str) -> None:
    with pytest.raises(InvalidError, match=code):
        check_text(text)


@pytest.mark.parametrize(
    "text", ["好", "字" * 2_000, "第一行\n第二行\t列", "👨‍👩‍👧 在吗", "<script>alert(1)</script>", "/restart"]
)
def test_texts_that_are_kept_as_they_are(text: str) -> None:
    assert check_text(text) == text


@pytest.mark.parametrize("client_id", ["", "x" * 65, "desk:greeting", "a\nb"])
def test_client_ids_that_are_refused(client_id: str) -> None:
    with pytest.raises(InvalidError, match="client_id_invalid"):
        check_client_id(client_id)


def test_offers_are_found_in_buttons_and_cards_and_nowhere_else() -> None:
    buttons = [{"title": "找人工", "payload": "/request_human"}]
    card = {"type": "order_list", "orders": [{"title": "耳机", "payload": '/inform{"order_id":"1"}'}]}
    assert offered_title("/request_human", buttons, card) == "找人工"
    assert offered_title('/inform{"order_id":"1"}', None, card) == "耳机"
    assert offered_title('/inform{"order_id":"2"}', buttons, card) is None
    assert offered_title("找人工", buttons, card) is None


def test_a_good_identity_is_accepted() -> None:
    assert verify_identity(sign_identity(GOOD, SECRET), KEYS, NOW.timestamp()) == GOOD


def _forged() -> dict[str, str]:
    good = sign_identity(GOOD, SECRET)
    version, payload, signature = good.split(".")
    other = base64.urlsafe_b64encode(json.dumps({"customer_id": "C9", "exp": GOOD.exp}).encode()).rstrip(b"=").decode()
    no_exp = base64.urlsafe_b64encode(b'{"customer_id":"C1001"}').rstrip(b"=").decode()
    return {
        "empty": "",
        "only dots": "..",
        "no signature": f"{version}.{payload}.",
        "no payload": f"{version}..{signature}",
        "other secret": sign_identity(GOOD, "another"),
        "other customer": f"{version}.{other}.{signature}",
        "no expiry": f"{version}.{no_exp}.{signature}",
        "other version": f"v2.{payload}.{signature}",
        "signature cut": good[:-1],
        "signature padded": good + "=",
        "four parts": good + ".x",
        "not ascii": good + "é",
        "expired": sign_identity(Identity("C1001", int(NOW.timestamp()), "nonce-nonce", "demo"), SECRET),
        "nobody": sign_identity(Identity(" ", GOOD.exp, "nonce-nonce", "demo"), SECRET),
        "short nonce": sign_identity(Identity("C1001", GOOD.exp, "n", "demo"), SECRET),
        "huge": "v1." + "a" * 10_000 + ".b",
    }


@pytest.mark.parametrize("name", sorted(_forged()))
def test_forged_identities_are_refused(name: str) -> None:
    with pytest.raises(UnauthorizedError, match="identity_invalid"):
        verify_identity(_forged()[name], KEYS, NOW.timestamp())


def test_without_a_secret_nobody_is_let_in() -> None:
    for none in ((), (Key(""),)):
        with pytest.raises(UnauthorizedError):
            verify_identity(sign_identity(GOOD, SECRET), none, NOW.timestamp())
    assert not same("", "")


@given(st.text(max_size=200))
def test_no_typed_text_is_an_identity(text: str) -> None:
    with pytest.raises(UnauthorizedError):
        verify_identity(text, KEYS, NOW.timestamp())


def test_masks() -> None:
    assert mask_phone("13812345678") == "138****5678"
    assert mask_phone("123456") == "******"
    assert mask_name("王小明") == "王*"
    order = mask_order(
        {"recipient": {"name": "王小明", "phone": "13812345678", "city": "杭州市", "detail": "文一路 1 号"}}
    )
    assert order["recipient"] == {"name": "王*", "phone": "138****5678", "city": "杭州市", "detail": "***"}


@pytest.mark.parametrize(
    ("position", "staffing", "seconds"),
    [
        (1, Staffing(2, 6, 3), 60),  # somebody is free: only the pick-up
        (3, Staffing(2, 6, 3), 60),
        (4, Staffing(2, 6, 3), 90),  # one more than is free: 40 s + 240 s / 6
        (1, Staffing(0, 0, 0), None),  # nobody online: no time is promised
        (10, Staffing(1, 2, 0), 1260),
    ],
)
def test_expected_wait(position: int, staffing: Staffing, seconds: int | None) -> None:
    assert expected_wait_seconds(position, staffing, 240, 40) == seconds


@given(st.integers(1, 200), st.integers(0, 50), st.integers(0, 50))
def test_waiting_further_behind_never_takes_less(position: int, capacity: int, free: int) -> None:
    staffing = Staffing(1, capacity, min(free, capacity))
    here = expected_wait_seconds(position, staffing, 240, 40)
    behind = expected_wait_seconds(position + 1, staffing, 240, 40)
    assert here is not None
    assert behind is not None
    assert 30 <= here <= behind


def test_what_is_read_out_of_a_broken_summary() -> None:
    broken: dict[str, Any] = {"emotion": {"family": "rage", "intensity": 9}, "route": "none"}
    assert emotion_of(broken) == {"family": "neutral", "intensity": 0}
    assert skill_group_of(broken, "after_sales") == "after_sales"
    assert skill_group_of({"route": {"skill_group": "technical"}}, "after_sales") == "technical"
    assert [priority_rank(word) for word in ("urgent", "high", "normal", "low", "?")] == [0, 1, 2, 3, 2]
    assert len(shorten("字" * 100)) == 40


def test_login_attempts() -> None:
    assert attempts_left(4, 5, NOW, NOW, 900)
    assert not attempts_left(5, 5, NOW, NOW + timedelta(seconds=899), 900)
    assert attempts_left(5, 5, NOW, NOW + timedelta(seconds=900), 900)


def test_usernames() -> None:
    assert [username_fits(name) for name in ("xiaozhou", "a.b-c_1", "X", "小周", "a b", "")] == [True, True] + [
        False
    ] * 4


def test_back_off_grows_to_its_cap_and_refusals_are_not_repeated() -> None:
    assert [retry_delay_seconds(failures) for failures in (1, 2, 3, 4, 5, 50)] == [0.3, 0.6, 1.2, 2.4, 4.0, 4.0]
    assert [status for status in (400, 401, 408, 409, 422, 429, 500, 503) if is_refusal(status)] == [400, 401, 409, 422]


def test_the_bucket_allows_a_burst_then_the_rate() -> None:
    bucket = Bucket(10, 20, 0.0)
    assert sum(bucket.take(0.0) for _ in range(20)) == 20
    assert sum(bucket.take(0.5) for _ in range(6)) == 5
    assert sum(bucket.take(1.5) for _ in range(30)) == 10


@given(st.integers(0, 10**12), st.integers(0, 2**80 - 1), st.integers(0, 2**80 - 1))
def test_ids_sort_by_time(milliseconds: int, one: int, two: int) -> None:
    early = NOW + timedelta(milliseconds=milliseconds)
    assert len(ulid(early, one)) == 26
    assert ulid(early, one) < ulid(early + timedelta(milliseconds=2), two)


def test_an_id_is_crockfords_base_32_of_milliseconds_and_randomness() -> None:
    moment, bits = datetime(2026, 11, 23, 1, 2, 3, 4000, tzinfo=UTC), 0xFEDCBA98765432100123
    value, plain = (int(moment.timestamp() * 1000) << 80) | bits, ""
    for _ in range(26):
        value, digit = divmod(value, 32)
        plain = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"[digit] + plain
    assert ulid(moment, bits) == plain
    assert len({ulid(moment) for _ in range(2000)}) == 2000


def test_every_setting_has_help_and_a_readable_default() -> None:
    assert all(row.help and row.name.startswith("BATON_") for row in settings.ROWS)
    assert settings.load({}, require_secrets=False).port == 8000


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({}, "BATON_SHOP_TOKEN is not set"),
        ({"BATON_SHOP_TOKEN": "a", "BATON_BOT_TOKEN": "b"}, "BATON_IDENTITY_SECRET is not set"),
        ({"BATON_DESK_PORT": "many"}, "BATON_DESK_PORT must be a number"),
    ],
)
def test_a_missing_or_wrong_setting_is_one_sentence(environment: dict[str, str], words: str) -> None:
    with pytest.raises(settings.SettingsError, match=words):
        settings.load(environment)


def test_every_error_code_has_words() -> None:
    """Each code raised anywhere in the desk has a Chinese sentence."""
    import re
    from pathlib import Path

    source = Path(settings.__file__).resolve().parents[1]
    pattern = re.compile(r'(?:Unauthorized|Forbidden|NotFound|Conflict|Invalid|TooMany|Unavailable)Error\("(\w+)"')
    codes = {code for file in source.rglob("*.py") for code in pattern.findall(file.read_text(encoding="utf-8"))}
    table = wording.load(settings.load({}, require_secrets=False).playbook_dir).tree["errors"]
    assert len(codes) > 30
    assert codes - table.keys() == set()


def test_no_forbidden_phrase_in_what_the_desk_says() -> None:
    folder = settings.load({}, require_secrets=False).playbook_dir
    text = (folder / "desk_messages.yml").read_text(encoding="utf-8")
    assert not [phrase for phrase in ("耐心等待", "亲，", "换个说法", "保证", "绝对", "可能") if phrase in text]


def test_what_was_sent_behind_a_refused_message_does_not_overtake_it() -> None:
    bucket = Bucket(10, 2, 0.0)
    assert [bucket.take(at) for at in (0.0, 0.0, 0.0, 0.2, 0.9)] == [True, True, False, False, False]
    assert 0 < bucket.wait_seconds <= 1
    assert bucket.take(1.0)
