"""Having something done in the shop: asked for, checked, written down, done once, and told to the colleagues."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from msgspec import structs, to_builtins

from desk.agent_actions import authority, rules, shop_facts, store, telling
from desk.conversations import store as conversation_store
from desk.conversations.rules import check_client_id
from desk.conversations.usecases import existing
from desk.customers.shop import ShopRefusedError
from desk.handoffs.access import visible
from desk.kernel import ids
from desk.kernel.errors import ConflictError, DeskError, ForbiddenError, UnavailableError
from desk.kernel.masking import mask_text
from desk.private_notes import store as note_store

if TYPE_CHECKING:
    import sqlalchemy as sa

    from desk.agent_actions.rules import AgentAction, Facts, Json, Wanted
    from desk.agents.rules import Agent
    from desk.customers.shop import ShopClient
    from desk.kernel.context import Context, Scene

log = structlog.get_logger("desk.agent_actions")


async def preview(ctx: Context, shop: ShopClient, agent: Agent, conversation_id: str, wanted: Wanted) -> Json:
    """What would be done, in facts; the errors of `carry_out`, nothing written.

    {action, order_id, amount_fen, limit_fen, left_fen} and what `shop_facts` tells about the action.
    """
    wanted = rules.checked(wanted)
    customer_id = await ctx.db.read(lambda c: _customer_served(c, conversation_id, agent))
    _require_allowed(ctx.scene(), agent, wanted.action)
    facts = await _facts(ctx, shop, customer_id, wanted)
    scene = ctx.scene()
    given = await ctx.db.read(lambda c: _given_fen(c, customer_id, wanted.action, scene))
    limit = _book(scene).limit_fen(agent.role, wanted.action, facts.tier)
    fault = _over_authority(scene, wanted.action, facts.amount_fen, limit, given)
    if fault is not None:
        raise fault
    return {
        "action": wanted.action,
        "order_id": wanted.order_id,
        "amount_fen": facts.amount_fen,
        "limit_fen": limit,
        "left_fen": rules.left_fen(limit, given),
        **facts.told,
    }


async def carry_out(
    ctx: Context, shop: ShopClient, agent: Agent, conversation_id: str, *, client_id: str, wanted: Wanted
) -> AgentAction:
    """Have it done, once for a `client_id`: the same request again gives the same document, or the same refusal.

    NotFoundError `conversation_not_found`, `order_not_found`, `coupon_not_found`; ConflictError `not_owner`,
    `customer_unknown`, `client_id_taken`, `shop_refused`; ForbiddenError `action_not_allowed`, `over_authority`;
    InvalidError `client_id_invalid`, `action_invalid`; UnavailableError `shop_unavailable`: ask again, same id.
    """
    check_client_id(client_id)
    wanted = rules.checked(wanted)
    customer_id, known = await ctx.db.read(lambda c: _begin(c, conversation_id, agent, client_id, wanted))
    if known is None:
        _require_allowed(ctx.scene(), agent, wanted.action)
        try:
            facts = await _facts(ctx, shop, customer_id, wanted)
        except ConflictError:
            # The same request beside this one may be the reason: then its result is the answer.
            _, known = await ctx.db.read(lambda c: _begin(c, conversation_id, agent, client_id, wanted))
            if known is None:
                raise
        else:
            scene = ctx.scene()
            known = await ctx.db.write(
                lambda c: _write_down(
                    c,
                    scene,
                    agent,
                    conversation_id=conversation_id,
                    customer_id=customer_id,
                    client_id=client_id,
                    wanted=wanted,
                    facts=facts,
                )
            )
    if known.state not in ("done", "refused", "denied"):
        known = await _ask_shop(ctx, shop, known, wanted)
    return _as_told(ctx, known)


async def _ask_shop(ctx: Context, shop: ShopClient, action: AgentAction, wanted: Wanted) -> AgentAction:
    """Ask under the record's own id, so that asking again is safe; the result is written down whatever it is."""
    title = ctx.wording.text("agent_actions.coupon_title", amount=rules.yuan(action.amount_fen))
    body = rules.shop_body(wanted, title)
    try:
        if action.action == "reship":
            answer = await shop.open_claim(action.order_id or "", body, action.id)
        elif action.action == "coupon_reissue":
            answer = await shop.reissue_coupon(action.customer_id, body, action.id)
        elif action.action == "coupon":
            answer = await shop.grant_coupon(action.customer_id, body, action.id)
        else:
            answer = await shop.apply_for_return(action.order_id or "", body, action.id)
    except ShopRefusedError as refused:
        reason, scene = refused.reason, ctx.scene()
        log.info("shop refused", action=action.action, reason=reason, id=action.id)
        return await ctx.db.write(lambda c: _settle(c, scene, action, "refused", refusal=reason))
    except UnavailableError:
        scene = ctx.scene()
        await ctx.db.write(lambda c: _settle(c, scene, action, "unknown"))
        raise
    scene, document, coupon = ctx.scene(), rules.document_of(answer), answer.get("coupon")
    return await ctx.db.write(lambda c: _settle(c, scene, action, "done", after=document, coupon=coupon))


def _begin(
    connection: sa.Connection, conversation_id: str, agent: Agent, client_id: str, wanted: Wanted
) -> tuple[str, AgentAction | None]:
    """Whose conversation it is, and what this request became when it was sent before."""
    known = store.by_client_id(connection, conversation_id, client_id)
    if known is None:
        return _customer_served(connection, conversation_id, agent), None
    asked_before = (known.agent_id, known.action, known.order_id, known.request)
    if asked_before != (agent.id, wanted.action, wanted.order_id, _kept(wanted)):
        raise ConflictError("client_id_taken")
    return known.customer_id, known


def _customer_served(connection: sa.Connection, conversation_id: str, agent: Agent) -> str:
    conversation = visible(connection, conversation_id, agent)
    if conversation.owner_agent_id != agent.id:
        raise ConflictError("not_owner")
    if conversation.customer_id is None:
        raise ConflictError("customer_unknown")
    return conversation.customer_id


def _write_down(
    connection: sa.Connection,
    scene: Scene,
    agent: Agent,
    *,
    conversation_id: str,
    customer_id: str,
    client_id: str,
    wanted: Wanted,
    facts: Facts,
) -> AgentAction:
    """The request on record, before the shop is asked: `denied` when it is beyond what the agent may."""
    store.hold_customer(connection, customer_id)
    if existing(connection, conversation_id).owner_agent_id != agent.id:
        raise ConflictError("not_owner")
    known = store.by_client_id(connection, conversation_id, client_id)
    if known is not None:
        return known
    action = rules.AgentAction(
        id=ids.agent_action_id(scene.now),
        client_id=client_id,
        conversation_id=conversation_id,
        customer_id=customer_id,
        agent_id=agent.id,
        agent_name=agent.display_name,
        role=agent.role,
        action=wanted.action,
        order_id=wanted.order_id,
        amount_fen=facts.amount_fen,
        request=_kept(wanted),
        before=facts.before,
        at=scene.now,
    )
    given = _given_fen(connection, customer_id, wanted.action, scene)
    limit = _book(scene).limit_fen(agent.role, wanted.action, facts.tier)
    store.add(connection, action)
    if _over_authority(scene, wanted.action, facts.amount_fen, limit, given) is None:
        return action
    after = {"limit_fen": limit, "given_fen": given}
    store.add_result(connection, action.id, "denied", scene.now, after=after, refusal="over_authority")
    return store.get(connection, action.id)


def _settle(
    connection: sa.Connection,
    scene: Scene,
    action: AgentAction,
    state: rules.State,
    *,
    after: Json | None = None,
    refusal: str | None = None,
    coupon: Json | None = None,
) -> AgentAction:
    """Write the result down; tell the colleagues of a document and, while it is the agent's, the customer of a coupon.

    Once, however often it was asked for.
    """
    conversation = existing(connection, action.conversation_id)
    before = store.get(connection, action.id)
    if before.state == "done":
        return before
    store.add_result(connection, action.id, state, scene.now, after=after, refusal=refusal)
    done = store.get(connection, action.id)
    if state == "done":
        note_store.add(connection, telling.note_of(done, conversation.last_seq, scene))
        if coupon is not None and conversation.owner_agent_id == action.agent_id:
            message = telling.coupon_message(done, coupon, scene)
            conversation_store.append(connection, action.conversation_id, message, scene.now)
    return done


def _as_told(ctx: Context, action: AgentAction) -> AgentAction:
    """A document as it is; everything else as the error it is told as."""
    if action.state == "refused":
        raise shop_facts.refusal(ctx.wording, action.refusal or "")
    if action.state == "denied":
        after = action.after or {}
        fault = _over_authority(ctx.scene(), action.action, action.amount_fen, after["limit_fen"], after["given_fen"])
        if fault is not None:
            raise fault
    return action


async def _facts(ctx: Context, shop: ShopClient, customer_id: str, wanted: Wanted) -> Facts:
    try:
        return await shop_facts.gather(shop, customer_id, wanted)
    except ShopRefusedError as refused:
        raise shop_facts.refusal(ctx.wording, refused.reason) from refused


def _require_allowed(scene: Scene, agent: Agent, action: authority.ActionName) -> None:
    if not _book(scene).may(agent.role, action):
        raise ForbiddenError("action_not_allowed", details={"action": action, "way": "supervisor"})


def _over_authority(
    scene: Scene, action: authority.ActionName, amount_fen: int, limit_fen: int | None, given_fen: int
) -> DeskError | None:
    """The error when the amount, with what was given before, is above the limit."""
    left = rules.left_fen(limit_fen, given_fen)
    if limit_fen is None or left is None or amount_fen <= left:
        return None
    return ForbiddenError(
        "over_authority",
        details={
            "action": action,
            "amount_fen": amount_fen,
            "limit_fen": limit_fen,
            "left_fen": left,
            "way": "supervisor",
        },
        name=scene.wording.name("agent_actions.names", action),
        amount=rules.yuan(amount_fen),
        limit=rules.yuan(limit_fen),
        left=rules.yuan(left),
    )


def _given_fen(connection: sa.Connection, customer_id: str, action: authority.ActionName, scene: Scene) -> int:
    """What counts beside this request: only coupons given add up."""
    if action != "coupon":
        return 0
    since = scene.now - timedelta(days=_book(scene).agent_authority.count_days)
    return store.given_fen(connection, customer_id, action, since)


def _kept(wanted: Wanted) -> Json:
    """The request as it is kept: the customer's words without phones and addresses."""
    kept = to_builtins(structs.replace(wanted, reason=mask_text(wanted.reason)))
    return {name: value for name, value in kept.items() if value is not None and name not in ("action", "order_id")}


def _book(scene: Scene) -> authority.Authority:
    return authority.load(scene.settings.playbook_dir)
