"""Payments that failed or were taken twice."""

from __future__ import annotations

from actions.answer import Answer, Reply, fact, finding, human
from actions.base import AnsweringAction
from actions.context import Turn
from actions.policies import policy_text
from actions.texts import text
from actions.words import money, tail


class ActionAnswerPaymentIssue(AnsweringAction):
    """What the system shows for the newest order, what to try, and a person for money taken twice."""

    def name(self) -> str:
        return "action_answer_payment_issue"

    async def answer(self, turn: Turn) -> Answer:
        advice = policy_text("payments.report_payment_issue")
        duplicate = text("payments.duplicate")
        orders = await self.ask(self.shop.orders, turn.customer_id, 1) if turn.customer_id else []
        if not orders:
            words = f"{advice}\n{duplicate}"
            return Answer((Reply(words, buttons=(human("human_check"),)),), finding(turn, "policy", words))
        order = orders[0]
        state = text(f"payments.states.{order['payment']['state']}")
        amount = money(order["amount_fen"])
        seen = text("payments.recent_paid", tail=tail(order["order_id"]), amount=amount, state=state)
        words = f"{seen}\n{advice}\n{duplicate}"
        facts = [fact("payment_state", state, "order_api", turn.now)]
        reply = Reply(words, buttons=(human("human_check"),))
        return Answer((reply,), finding(turn, "payment", words, order=order, facts=facts))
