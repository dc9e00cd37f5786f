"""What of an order can be taken back: plain functions of its returns, its cancellation and their refunds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from shop.kernel.errors import ConflictError
from shop.orders.documents import OrderStatus
from shop.undos.documents import UndoKind

_UNDER_WAY = ("requested", "approved", "picking_up", "in_transit")
_INSPECTED = ("inspecting", "completed")
# Money the payment provider has been told to pay cannot be called back.
_PAID_OUT = ("paying", "completed")
_REFUSALS = {
    "refund_already_paid": "The refund has been paid or is being paid out.",
    "goods_already_inspected": "The goods are with the warehouse and being inspected, or have been.",
}


@dataclass(frozen=True, slots=True)
class Undoable:
    """Something a customer asked for; `refusal` is the code of why it stays, None when it can be taken back."""

    kind: UndoKind
    document_id: str
    requested_at: datetime
    refusal: str | None


def return_refusal(state: str, refund_states: Iterable[str]) -> str | None:
    """Why a return or exchange in this state stays; None when it can be taken back."""
    if state in _INSPECTED:
        return "goods_already_inspected"
    return cancellation_refusal(refund_states)


def cancellation_refusal(refund_states: Iterable[str]) -> str | None:
    """Why a cancellation with refunds in these states stays; None when it can be taken back."""
    return "refund_already_paid" if any(state in _PAID_OUT for state in refund_states) else None


def is_standing(return_state: str) -> bool:
    """Whether a return in this state is something that could be taken back, or could have been."""
    return return_state in (*_UNDER_WAY, *_INSPECTED)


def newest_undoable(found: Sequence[Undoable]) -> Undoable:
    """The newest that can be taken back.

    ConflictError `refund_already_paid` or `goods_already_inspected` for the newest when none can, `nothing_to_undo`
    when there is nothing.
    """
    newest_first = sorted(found, key=lambda one: (one.requested_at, one.document_id), reverse=True)
    if not newest_first:
        raise ConflictError("nothing_to_undo", "The order has no return, exchange or cancellation to take back.")
    for one in newest_first:
        if one.refusal is None:
            return one
    refusal = newest_first[0].refusal or "nothing_to_undo"
    raise ConflictError(refusal, _REFUSALS[refusal], {"document_id": newest_first[0].document_id})


def status_before_cancellation(remembered: str | None, *, paid_fen: int, method: str) -> OrderStatus:
    """What a cancelled order was before; without memory of it, paid and cash orders waited for their dispatch."""
    if remembered is not None:
        return "pending_payment" if remembered == "pending_payment" else "unshipped"
    return "unshipped" if paid_fen or method == "cod" else "pending_payment"
