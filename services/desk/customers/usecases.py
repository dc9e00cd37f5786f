"""What is done for customers before the first word: check who they are and greet them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import structlog
from msgspec import Struct
from sqlalchemy.exc import IntegrityError

from desk.customers import nonces
from desk.customers.rules import Identity, mask_name, nonce_hash, verify_identity
from desk.kernel.errors import NotFoundError, UnauthorizedError, UnavailableError

if TYPE_CHECKING:
    from desk.customers.shop import ShopClient
    from desk.kernel.context import Context

log = structlog.get_logger("desk.customers")

_LAST_SECOND = 253_402_300_799  # 9999-12-31: what the databases can hold
_GREETING_WAIT_SECONDS = 1.0  # a greeting without the name beats a late one


class Visitor(Struct, frozen=True):
    """Who opens a conversation; `form_of_address` as in 李女士."""

    customer_id: str | None
    masked_name: str | None
    form_of_address: str | None


async def identify(ctx: Context, shop: ShopClient, identity: str | None) -> Visitor:
    """The visitor behind a signed identity; nobody without one; UnauthorizedError `identity_invalid`."""
    if identity is None:
        return Visitor(None, None, None)
    known = verify_identity(identity, ctx.settings.identity_keys, ctx.clock.now().timestamp())
    if ctx.settings.identity_once:
        await _use_nonce(ctx, known)
    try:
        customer = await asyncio.wait_for(shop.customer(known.customer_id), _GREETING_WAIT_SECONDS)
    except (UnavailableError, NotFoundError, TimeoutError) as error:
        log.warning("greeting without the customer's name", error=type(error).__name__)
        return Visitor(known.customer_id, None, None)
    name = str(customer.get("name") or "")
    return Visitor(known.customer_id, mask_name(name) or None, form_of_address(customer))


async def _use_nonce(ctx: Context, known: Identity) -> None:
    """UnauthorizedError `identity_invalid` for an identity that has opened a conversation before."""
    nonce, expires_at = nonce_hash(known), datetime.fromtimestamp(min(known.exp, _LAST_SECOND), UTC)
    try:
        await ctx.db.write(lambda connection: nonces.use(connection, nonce, expires_at))
    except IntegrityError as error:
        raise UnauthorizedError("identity_invalid") from error


def form_of_address(customer: dict[str, Any]) -> str | None:
    """Surname and honorific of a shop's customer; the whole name without an honorific, None without a name."""
    name, honorific = str(customer.get("name") or ""), customer.get("honorific")
    if not name:
        return None
    return f"{name[:1]}{honorific}" if honorific else name


def greeting(ctx: Context, visitor: Visitor, page: dict[str, Any] | None) -> str:
    """The first sentence, by who it is and whether the page shows an order."""
    tail = str((page or {}).get("order_id") or "")[-4:]
    if not (tail.isascii() and tail.isdigit()) or len(tail) < 4:
        tail = ""
    if visitor.form_of_address:
        key = "greeting.known_page_order" if tail else "greeting.known"
        return ctx.wording.text(key, name=visitor.form_of_address, tail=tail)
    return ctx.wording.text("greeting.page_order" if tail else "greeting.anonymous", tail=tail)
