"""Secrets: random tokens, their hashes, and constant-time comparison."""

from __future__ import annotations

import hashlib
import hmac
import secrets

CONVERSATION_TOKEN = "ct_"  # noqa: S105 - prefixes tell the two kinds of bearer apart, they are no secrets
SESSION_TOKEN = "as_"  # noqa: S105


def new_token(prefix: str) -> str:
    """A token with 256 random bits."""
    return prefix + secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """What is stored of a token. A plain hash is enough: the token itself is 256 random bits."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def same(left: str, right: str) -> bool:
    """Compare two secrets in constant time; two empty ones are never the same."""
    if not left or not right:
        return False
    return hmac.compare_digest(left.encode("utf-8", "replace"), right.encode("utf-8", "replace"))
