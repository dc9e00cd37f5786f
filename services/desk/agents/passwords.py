"""Passwords: generated ones, rules for chosen ones, argon2 hashes."""

from __future__ import annotations

import secrets
from functools import cache
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from msgspec import Struct

from desk.kernel.errors import InvalidError

MIN_CHARACTERS = 10
MAX_CHARACTERS = 128
MAX_ACCEPTED_CHARACTERS = 256  # of what is only compared
_GENERATED_BYTES = 12
_HASHER = PasswordHasher()
_COMMON_FILE = Path(__file__).with_name("common_passwords.txt")


class Secret(Struct, frozen=True):
    """A password that is shown once, and what is stored of it."""

    password: str
    hash: str


def generate() -> Secret:
    """A random password of 96 bits. Slow on purpose: never call it on the loop or inside a write job of the desk."""
    password = secrets.token_urlsafe(_GENERATED_BYTES)
    return Secret(password, _HASHER.hash(password))


def hash_of(password: str) -> str:
    """What is stored of a password. Slow on purpose."""
    return _HASHER.hash(password)


def fits(stored: str | None, password: str) -> bool:
    """Whether the password belongs to the hash; as slow without a hash as with one."""
    try:
        return _HASHER.verify(stored or _nobody(), password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(stored: str) -> bool:
    """Whether the hash was made with other parameters than today's, so that it should be made again."""
    return _HASHER.check_needs_rehash(stored)


def check_chosen(password: str, username: str) -> None:
    """InvalidError `password_too_short`, `password_too_long`, `password_is_username` or `password_common`."""
    if len(password) < MIN_CHARACTERS:
        raise InvalidError("password_too_short", limit=MIN_CHARACTERS)
    if len(password) > MAX_CHARACTERS:
        raise InvalidError("password_too_long", limit=MAX_CHARACTERS)
    plain = password.casefold().strip()
    if username.casefold() in {plain, plain[::-1]}:
        raise InvalidError("password_is_username")
    if plain in _common() or len(set(plain)) < 3:
        raise InvalidError("password_common")


@cache
def _common() -> frozenset[str]:
    return frozenset(_COMMON_FILE.read_text(encoding="utf-8").split())


@cache
def _nobody() -> str:
    """Verified when the username is unknown, so that the answer takes as long as for a known one."""
    return _HASHER.hash(secrets.token_urlsafe(16))
