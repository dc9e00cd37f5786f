"""Points: how many, what lapses when, how to use them, what was booked."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from actions.answer import Answer, Json, Reply, button, fact, finding, human
from actions.base import AnsweringAction
from actions.context import Turn
from actions.policies import policy, policy_text
from actions.shop_types import Points
from actions.texts import text
from actions.words import day, deadline, money, parse_time

MAX_LOTS = 5
MAX_HISTORY = 4
SOON = timedelta(days=60)


def balance_words(points: Points, now: datetime) -> str:
    """The balance, its worth in money, and what lapses next."""
    if points["balance"] <= 0:
        return text("points.zero")
    words = text("points.balance", balance=points["balance"], worth=money(worth_fen(points["balance"])))
    lots = open_lots(points, now)
    if lots and parse_time(lots[0]["expires_at"]) - now <= SOON:
        expires_at = deadline(parse_time(lots[0]["expires_at"]), now)
        words += text("points.next_expiry", points=lots[0]["points"], expires_at=expires_at)
        return words + save_words(points, int(lots[0]["points"]))
    return words + text("points.no_expiry_soon")


def expiry_words(points: Points, now: datetime) -> str:
    """Every lot with its day, soonest first."""
    lots = open_lots(points, now)
    if not lots:
        return text("points.zero")
    lines = [
        text("points.expiry_line", expires_at=deadline(parse_time(lot["expires_at"]), now), points=lot["points"])
        for lot in lots[:MAX_LOTS]
    ]
    soon = parse_time(lots[0]["expires_at"]) - now <= SOON
    saved = "\n" + save_words(points, int(lots[0]["points"])) if soon else ""
    return text("points.expiry_intro", balance=points["balance"]) + "\n" + "\n".join(lines) + saved


def save_words(points: Points, lapsing: int) -> str:
    """How to use points before they lapse: their worth, the minimum, and the order that takes them all."""
    least = int(policy("points.min_redeem"))
    if points["balance"] < least:
        return text("points.save_more", min_redeem=least, missing=least - points["balance"])
    share = int(policy("points.max_share_percent"))
    used = max(lapsing, least)
    return text(
        "points.save",
        points=used,
        worth=money(worth_fen(used)),
        min_redeem=least,
        max_share_percent=share,
        order=money(-(-worth_fen(used) * 100 // share)),
    )


def history_words(points: Points, now: datetime) -> str:
    """The newest bookings, so that a missing one can be seen; empty without any."""
    newest = sorted(points["history"], key=lambda item: item["at"], reverse=True)[:MAX_HISTORY]
    if not newest:
        return ""
    lines = [
        text("points.history_line", at=day(parse_time(item["at"]), now), delta=f"{item['delta']:+d}", text=item["text"])
        for item in newest
    ]
    return text("points.history_intro") + "\n" + "\n".join(lines)


def worth_fen(balance: int) -> int:
    """What points are worth, whole steps of the exchange rule only."""
    return balance // int(policy("points.worth_points")) * int(policy("points.worth_fen"))


def open_lots(points: Points, now: datetime) -> list[Json]:
    """Unspent lots that have not lapsed, soonest first."""
    lots = [dict(lot) for lot in points["lots"] if parse_time(lot["expires_at"]) > now and lot["points"] > 0]
    return sorted(lots, key=lambda lot: str(lot["expires_at"]))


def worth_words(points: Points) -> str:
    """What all the points are worth, and how much of an order they may pay."""
    if points["balance"] <= 0:
        return text("points.zero")
    worth = money(worth_fen(points["balance"]))
    share = policy("points.max_share_percent")
    return text("points.worth", balance=points["balance"], worth=worth, max_share_percent=share)


def usable_words(points: Points, order_fen: int) -> str:
    """What the points pay of an order of this amount."""
    share = int(policy("points.max_share_percent"))
    most = order_fen * share // 100
    step = int(policy("points.worth_fen"))
    paid = min(worth_fen(points["balance"]), most // step * step)
    if points["balance"] < int(policy("points.min_redeem")) or paid <= 0:
        return worth_words(points)
    values = {"order": money(order_fen), "most": money(most), "share": share}
    return text("points.for_order", balance=points["balance"], paid=money(paid), **values)


def amount_named(turn: Turn) -> int:
    """The amount in fen that the message names, 0 without one."""
    named = next(iter(turn.entities.get("amount", ())), "")
    return int(float(named) * 100) if re.fullmatch(r"\d{1,6}(\.\d+)?", named) else 0


def points_card(points: Points, now: datetime) -> Json:
    """The card of contracts/messages.md."""
    lots = [{"points": lot["points"], "expires_at": lot["expires_at"]} for lot in open_lots(points, now)[:MAX_LOTS]]
    return {"type": "points", "balance": points["balance"], "lots": lots}


def _said(turn: Turn, points: Points) -> str:
    if turn.intent == "ask_points_expiry":
        return expiry_words(points, turn.now)
    if turn.intent == "ask_points_redemption":
        spent = amount_named(turn)
        if spent and points["balance"] > 0:
            return usable_words(points, spent)
        if re.search(text("points.reads_worth"), turn.text):
            return worth_words(points)
        return worth_words(points) + "\n" + policy_text("points.ask_points_redemption")
    return balance_words(points, turn.now)


class ActionAnswerPoints(AnsweringAction):
    """Answers the three points questions from the member API, for a visitor from the policies."""

    def name(self) -> str:
        return "action_answer_points"

    async def answer(self, turn: Turn) -> Answer:
        if turn.customer_id is None:
            return self._visitor(turn)
        points = await self.ask(self.shop.points, turn.customer_id)
        words = _said(turn, points)
        facts = [fact("points_balance", points["balance"], "member_api", turn.now)]
        lots = open_lots(points, turn.now)
        if lots:
            expires_at = deadline(parse_time(str(lots[0]["expires_at"])), turn.now)
            facts.append(fact("points_next_expiry", f"{lots[0]['points']} / {expires_at}", "member_api", turn.now))
        reply = Reply(words, points_card(points, turn.now))
        return Answer((reply,), finding(turn, "points", words, facts=facts))

    def _visitor(self, turn: Turn) -> Answer:
        words = text("points.login")
        name = "ask_points_redemption" if turn.intent == "ask_points_redemption" else "ask_points_expiry"
        buttons = (button("see_status", "/query_order_status"), human())
        reply = Reply(words + "\n" + policy_text(f"points.{name}"), buttons=buttons)
        return Answer((reply,), finding(turn, "policy", words))
