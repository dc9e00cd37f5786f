"""Which transaction serves which wish; what an order's state makes impossible turns into what is possible."""

from __future__ import annotations

from actions.shop_types import Order
from actions.transactions.claims import DamagedItem, QualityIssue, WrongItem
from actions.transactions.coupons import CouponReissue
from actions.transactions.delivery import DeliveryProblem
from actions.transactions.diagnosis import AccountIssue, TechnicalIssue
from actions.transactions.invoices import InvoiceRequest
from actions.transactions.modify import ModifyOrder
from actions.transactions.orders import CancelOrder, UndoRequest
from actions.transactions.payment_issue import PaymentIssue
from actions.transactions.points import PointsClaim
from actions.transactions.price import PriceProtection
from actions.transactions.returns import Exchange, Return
from actions.transactions.transaction import Transaction
from actions.transactions.urging import UrgeOrder

TRANSACTIONS: dict[str, Transaction] = {
    item.topic: item
    for item in (
        Return(),
        Exchange(),
        DamagedItem(),
        WrongItem(),
        QualityIssue(),
        DeliveryProblem(),
        CancelOrder(),
        UndoRequest(),
        ModifyOrder(),
        UrgeOrder(),
        TechnicalIssue(),
        AccountIssue(),
        PaymentIssue(),
        InvoiceRequest(),
        CouponReissue(),
        PointsClaim(),
        PriceProtection(),
    )
}
# (wish, state of the order) -> the wish that can be fulfilled instead
INSTEAD: dict[tuple[str, str], str] = {
    ("request_return", "unshipped"): "cancel_order",
    ("request_return", "pending_payment"): "cancel_order",
    ("request_exchange", "unshipped"): "modify_order",
    ("request_exchange", "pending_payment"): "modify_order",
    ("cancel_order", "delivered"): "request_return",
    ("cancel_order", "completed"): "request_return",
    ("modify_order", "delivered"): "request_exchange",
    ("modify_order", "completed"): "request_exchange",
}


def transaction_for(topic: str, order: Order | None) -> Transaction:
    """The transaction that serves the wish for this order; KeyError for a wish without one."""
    wish = INSTEAD.get((topic, order["status"]), topic) if order else topic
    return TRANSACTIONS[wish if wish in TRANSACTIONS else topic]


def is_transaction(topic: str) -> bool:
    """Whether the wish is one for the shop to do something."""
    return topic in TRANSACTIONS
