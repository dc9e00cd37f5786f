"""Rules of customers without I/O: the signed identity, and masking of what need not be seen."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import Any

import msgspec
from msgspec import Struct

from desk.kernel.errors import UnauthorizedError

_VERSION = "v1"
_MAX_TOKEN_CHARACTERS = 4_096
_MIN_NONCE_CHARACTERS = 8


class Identity(Struct, frozen=True):
    """Who the shop says its customer is; `exp` in Unix seconds."""

    customer_id: str
    exp: int
    nonce: str
    site: str


def sign_identity(identity: Identity, secret: str) -> str:
    """The token the shop's server would make; used by tests and examples."""
    if not secret:
        raise ValueError("empty secret")
    payload = _encode(msgspec.json.encode(identity))
    return f"{_VERSION}.{payload}.{_signature(payload, secret)}"


def verify_identity(token: str, secret: str, now_seconds: float) -> Identity:
    """The identity in a valid token; UnauthorizedError `identity_invalid` for anything else."""
    if not secret or not token or len(token) > _MAX_TOKEN_CHARACTERS or not token.isascii():
        raise UnauthorizedError("identity_invalid")
    parts = token.split(".")
    if len(parts) != 3 or parts[0] != _VERSION or not all(parts):
        raise UnauthorizedError("identity_invalid")
    _, payload, signature = parts
    if not hmac.compare_digest(signature.encode(), _signature(payload, secret).encode()):
        raise UnauthorizedError("identity_invalid")
    try:
        identity = msgspec.json.decode(_decode(payload), type=Identity)
    except (msgspec.MsgspecError, binascii.Error, ValueError) as error:
        raise UnauthorizedError("identity_invalid") from error
    if identity.exp <= now_seconds or not identity.customer_id.strip() or len(identity.nonce) < _MIN_NONCE_CHARACTERS:
        raise UnauthorizedError("identity_invalid")
    return identity


def _signature(payload: str, secret: str) -> str:
    digest = hmac.new(secret.encode(), f"{_VERSION}.{payload}".encode(), hashlib.sha256).digest()
    return _encode(digest)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def mask_phone(phone: str) -> str:
    """`138****5678`; anything shorter than seven characters is hidden whole."""
    if len(phone) < 7:
        return "*" * len(phone)
    return phone[:3] + "*" * (len(phone) - 7) + phone[-4:]


def mask_name(name: str) -> str:
    """`王*`: the first character, then one star."""
    return name[:1] + "*" if name else ""


def mask_customer(customer: dict[str, Any]) -> dict[str, Any]:
    """A shop customer as shown before an agent has taken the conversation."""
    masked = dict(customer)
    if masked.get("phone"):
        masked["phone"] = mask_phone(str(masked["phone"]))
    return masked


def mask_order(order: dict[str, Any]) -> dict[str, Any]:
    """An order with the recipient's phone, name and address reduced to what is needed to recognise it."""
    masked = dict(order)
    recipient = masked.get("recipient")
    if isinstance(recipient, dict):
        masked["recipient"] = {
            **recipient,
            "name": mask_name(str(recipient.get("name", ""))),
            "phone": mask_phone(str(recipient.get("phone", ""))),
            "detail": "***",
        }
    return masked
