"""What is told of a document: a private note to the colleagues, and of a coupon a card to the customer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from desk.agent_actions import rules
from desk.conversations.rules import DESK_CLIENT_ID, NewEvent
from desk.kernel import ids
from desk.private_notes.rules import PrivateNote

if TYPE_CHECKING:
    from desk.agent_actions.rules import AgentAction, Json
    from desk.kernel.context import Scene


def note_of(action: AgentAction, last_seq: int, scene: Scene) -> PrivateNote:
    """For the colleagues: which document, of what, worth what."""
    after, wording = action.after or {}, scene.wording
    text = wording.text(
        f"agent_actions.notes.{action.action}",
        document=after.get("document_id", ""),
        tail=(action.order_id or "")[-4:],
        amount=rules.yuan(action.amount_fen),
        state=wording.name("agent_actions.states", str(after.get("state", ""))),
    )
    return PrivateNote(
        id=ids.message_id(scene.now),
        conversation_id=action.conversation_id,
        client_id=DESK_CLIENT_ID + action.id,
        after_seq=last_seq,
        agent_id=action.agent_id,
        agent_name=action.agent_name,
        text=text,
        at=scene.now,
    )


def coupon_message(action: AgentAction, coupon: Json, scene: Scene) -> NewEvent:
    """For the customer, from the agent who gave it: the coupon as the card of contracts/messages.md."""
    kind, _, category = str(coupon["scope"]).partition(":")
    scope = scene.wording.text("agent_actions.coupon_scope", category=category) if kind == "category" else None
    entry = {
        "coupon_id": coupon["coupon_id"],
        "title": coupon["title"],
        "discount_fen": coupon["discount_fen"],
        "threshold_fen": coupon["threshold_fen"],
        "scope_text": scope,
        "valid_from": coupon["valid_from"],
        "expires_at": coupon["expires_at"],
        "state": "usable",
        "used_order_id": None,
    }
    return NewEvent(
        type="message",
        sender="agent",
        message_id=ids.message_id(scene.now),
        client_id=DESK_CLIENT_ID + action.id,
        text=scene.wording.text(f"agent_actions.given.{action.action}", amount=rules.yuan(int(coupon["discount_fen"]))),
        card={"type": "coupons", "coupons": [entry]},
        agent_id=action.agent_id,
        agent_name=action.agent_name,
    )
