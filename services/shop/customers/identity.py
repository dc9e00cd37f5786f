"""The signed identity the shop's page hands to the widget; its form is fixed by contracts/desk_http.md."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import datetime

SITE = "demo"


def sign_identity(customer_id: str, *, expires_at: datetime, nonce: str, secret: str) -> str:
    """`v1.<payload>.<HMAC-SHA256>` in base64url without padding; `secret` must not be empty (ValueError)."""
    if not secret:
        raise ValueError("an identity cannot be signed with an empty secret")
    claims = {"customer_id": customer_id, "exp": int(expires_at.timestamp()), "nonce": nonce, "site": SITE}
    payload = _base64url(json.dumps(claims, separators=(",", ":")).encode())
    signature = hmac.new(secret.encode(), f"v1.{payload}".encode(), hashlib.sha256).digest()
    return f"v1.{payload}.{_base64url(signature)}"


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
