"""Rules of customers without I/O: the signed identity, and masking of what need not be seen."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from desk.kernel.errors import UnauthorizedError
from desk.kernel.masking import mask_phone
from desk.kernel.security import same

if TYPE_CHECKING:
    from collections.abc import Sequence

    from desk.kernel.sites import Key

_VERSION = "v1"
IDENTITY_TOKEN = f"{_VERSION}."  # how a signed identity begins, as a bearer
_MAX_TOKEN_CHARACTERS = 4_096
_MIN_NONCE_CHARACTERS = 8
_MAX_CUSTOMER_ID_CHARACTERS = 64


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


def verify_identity(token: str, keys: Sequence[Key], now_seconds: float) -> Identity:
    """The identity in a token that one of `keys` signed for its own site; UnauthorizedError `identity_invalid`."""
    if not token or len(token) > _MAX_TOKEN_CHARACTERS or not token.isascii():
        raise UnauthorizedError("identity_invalid")
    parts = token.split(".")
    if len(parts) != 3 or parts[0] != _VERSION or not all(parts):
        raise UnauthorizedError("identity_invalid")
    _, payload, signature = parts
    # Every key is tried, whichever fits: how long it takes says nothing about which.
    signers = [key for key in keys if same(signature, _signature(payload, key.secret) if key.secret else "")]
    if not signers:
        raise UnauthorizedError("identity_invalid")
    try:
        identity = msgspec.json.decode(_decode(payload), type=Identity)
    except (msgspec.MsgspecError, binascii.Error, ValueError, RecursionError) as error:
        raise UnauthorizedError("identity_invalid") from error
    vouched = any(key.site is None or key.site == identity.site for key in signers)
    if not vouched or not _counts(identity, now_seconds):
        raise UnauthorizedError("identity_invalid")
    return identity


def _counts(identity: Identity, now_seconds: float) -> bool:
    """Still good, about somebody a row can hold, and with a nonce that is none by accident."""
    known = len(identity.customer_id.strip()) > 0 and len(identity.customer_id) <= _MAX_CUSTOMER_ID_CHARACTERS
    return identity.exp > now_seconds and known and len(identity.nonce) >= _MIN_NONCE_CHARACTERS


def nonce_hash(identity: Identity) -> str:
    """What is kept of a nonce that may be used once: 64 hexadecimal characters, different for every site."""
    return hashlib.sha256(f"{identity.site}\n{identity.nonce}".encode("utf-8", "replace")).hexdigest()


def _signature(payload: str, secret: str) -> str:
    digest = hmac.new(secret.encode(), f"{_VERSION}.{payload}".encode(), hashlib.sha256).digest()
    return _encode(digest)


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


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
