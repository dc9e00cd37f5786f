"""HTTP of assist: canned responses for one conversation, and the wording rules an agent's text is held against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import structlog
from litestar import Router, get

from desk.agents.auth import require_agent
from desk.assist import book as playbook
from desk.assist import usecases
from desk.customers.shop import ShopClient
from desk.customers.usecases import form_of_address
from desk.kernel.errors import NotFoundError, UnavailableError
from desk.kernel.web import PART, Ctx, DeskRequest

if TYPE_CHECKING:
    from desk.kernel.context import Context

log = structlog.get_logger("desk.assist")


@get("/wording-rules")
async def wording_rules(ctx: Ctx, request: DeskRequest) -> dict[str, Any]:
    """200 {version, rules: [WordingRule]}: those for agents; the console checks while they type."""
    await require_agent(ctx, request)
    book = playbook.load(ctx.settings.playbook_dir)
    rules = [playbook.rule_view(rule) for rule in book.rules if "agent" in rule.applies_to]
    return {"version": book.rules_version, "rules": rules}


@get("/conversations/{conversation_id:str}/canned-responses")
async def canned_responses(
    ctx: Ctx, shop: Annotated[ShopClient, PART], request: DeskRequest, conversation_id: str
) -> dict[str, Any]:
    """200 {responses: [CannedResponse], suggested: [id], steps: [{step, text, gaps}]}; 404 conversation_not_found."""
    agent, scene = await require_agent(ctx, request), ctx.scene()
    situation, customer_id = await ctx.db.read(lambda c: usecases.situation_of(c, conversation_id, agent, scene))
    book = playbook.load(ctx.settings.playbook_dir)
    return usecases.offered(book, situation, await _address(ctx, shop, customer_id))


async def _address(ctx: Context, shop: ShopClient, customer_id: str | None) -> str | None:
    """李女士 from the shop; None when it cannot say: a reply without the name beats none."""
    if customer_id is None:
        return None
    try:
        return form_of_address(await shop.customer(customer_id))
    except (UnavailableError, NotFoundError) as error:
        log.warning("canned responses without the customer's name", error=type(error).__name__)
        return None


router = Router("/api/v1", route_handlers=[wording_rules, canned_responses], tags=["assist"])
