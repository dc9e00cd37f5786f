"""Damaged, wrong, missing or faulty goods: said once, restated, filed once, small ones made good at once."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from actions.answer import Answer, Button, Json, Reply, button, fact, finding, lead, promise
from actions.pending import GOODS_BACK
from actions.photos import UNDER_REVIEW, evidence_of
from actions.policies import facts_of, payer_words, policy, policy_text
from actions.shop_api import Document, ShopApi, ShopConflictError
from actions.shop_types import Line
from actions.texts import text
from actions.tone import OUR_FAULT
from actions.transactions import claim_refusals as refusals
from actions.transactions.asked import FREIGHT, WHEN, WHERE, asks
from actions.transactions.case import Case
from actions.transactions.claim_details import (
    claimed_lines,
    kind_detail,
    line_detail,
    possible_remedies,
    remedy_details,
    remedy_name,
    remedy_of,
    remedy_title,
    restart_payload,
    words_detail,
)
from actions.transactions.detail import ASKS, Detail
from actions.transactions.transaction import Transaction
from actions.words import deadline, money, parse_time

SHOWN_WORDS = 40


class DamagedItem(Transaction):
    """Broken or leaking when it was opened; the others differ in kind and remedies only."""

    topic: ClassVar[str] = "report_damaged_item"
    texts: ClassVar[str] = "claims"
    kind: ClassVar[str] = "damaged"
    verbs: ClassVar[str] = "退|换|补|寄|赔"

    def gather(self, shop: ShopApi, case: Case) -> dict[str, Any]:
        order = case.the_order
        claims = shop.claims(order["order_id"])
        if case.turn.brings_files and not case.details:
            # 照片 with words after the claim was filed: they belong to it, and adding them twice changes nothing.
            for claim in (one for one in claims if one["state"] == UNDER_REVIEW):
                shop.add_evidence(claim["claim_id"], evidence_of(case.turn))
        return {
            "eligibility": shop.return_eligibility(order["order_id"]),
            "claims": claims,
            "returns": shop.returns(order["order_id"]),
            "shipments": shop.shipments(order["order_id"]) if order["status"] == "shipped" else [],
            "products": {line["product_id"]: shop.product(line["product_id"]) for line in order["lines"]},
        }

    def refuse(self, case: Case) -> Answer | None:
        return refusals.refusal(case)

    def opening(self, case: Case) -> str:
        returns = facts_of("returns")
        return lead(case.turn, situation=OUR_FAULT) + case.say(
            f"claims.opening.{self.kind}",
            quality_days=returns["quality_days"],
            freight=payer_words(str(policy("returns.quality_freight_payer"))),
            **self._named(case),
        )

    def _named(self, case: Case) -> dict[str, str]:
        """{title} is that of the goods the first message names, where an order has several."""
        lines = claimed_lines(case)
        return {"title": lines[0]["title"]} if "line" in case.details and len(lines) == 1 else {}

    def details(self, case: Case) -> tuple[Detail, ...]:
        line = (line_detail(),) if len(case.the_order["lines"]) > 1 else ()
        return (*line, words_detail(self.topic, self.kind_of(case)), *remedy_details(self.kind_of(case), case))

    def includes(self, case: Case) -> bool:
        """那退了吧, 杯子是好的就护手霜: the remedy and the goods in passing, no wish of their own."""
        if case.turn.intent in GOODS_BACK:
            return not re.search(text("transactions.claims.reads.other_version"), case.turn.text)
        return case.turn.intent in ("ask_product_info", "ask_stock") and not ASKS.search(case.turn.text)

    def told(self, case: Case) -> str:
        words = []
        if asks(case, FREIGHT):
            words.append(
                case.say("claims.told_freight", freight=payer_words(str(policy("returns.quality_freight_payer"))))
            )
        if asks(case, WHEN, WHERE):
            values = {**facts_of("after_sales"), **facts_of("payments")}
            words.append(case.say("claims.told_when", **values))
        return "".join(words)

    def kind_of(self, case: Case) -> str:
        """damaged, wrong, missing or quality, as far as it is known."""
        return self.kind

    def restate(self, case: Case) -> Reply:
        remedy = remedy_of(self.kind_of(case), case)
        clause = case.say(f"claims.restate_remedy.{remedy_name(self.kind_of(case), remedy)}")
        return Reply(
            case.say(
                "claims.restate",
                goods=_goods(case),
                kind=case.say(f"claims.kinds.{self.kind_of(case)}"),
                words=_shortened(str(case.details["words"])),
                remedy=clause,
            )
        )

    def commit(self, shop: ShopApi, case: Case, key: str) -> Document:
        body = {
            "kind": self.kind_of(case),
            "description": case.details["words"],
            "line_ids": [line["line_id"] for line in claimed_lines(case)],
            "remedy": remedy_of(self.kind_of(case), case),
        }
        document = shop.file_for_order(case.the_order["order_id"], "claims", body, key)
        evidence = evidence_of(case.turn)
        return shop.add_evidence(document["claim_id"], evidence) if evidence else document

    def done(self, case: Case, document: Document) -> Answer:
        if document["state"] != "approved":
            return self._reviewing(case, document)
        remedy = document["remedy"]
        keep = "" if document["kind"] == "missing" else case.say("claims.keep")
        values: dict[str, object] = {"claim_id": document["claim_id"], "goods": _goods(case), "keep": keep}
        due: str | None = None
        if remedy == "refund":
            due = document["refund"]["expected_by"]
            values |= {"refund": money(document["amount_fen"]), "expected_by": _until(case, due)}
        elif remedy == "reship":
            due = document["reship_by"]
            values["reship_by"] = _until(case, due)
        else:
            values["return_id"] = document["return_id"]
        words = case.say(f"claims.done_{remedy_name(document['kind'], remedy)}", **values)
        way_on = ("see_refund", "/query_refund_status") if remedy == "refund" else PROGRESS
        return Answer((Reply(words, buttons=(button(*way_on),)),), self._filed(case, document, words, due))

    def refused(self, case: Case, error: ShopConflictError) -> Answer:
        if error.code != "remedy_not_possible":
            return refusals.answer_refused(case, error)
        chosen = remedy_of(self.kind_of(case), case)
        others = [remedy for remedy in possible_remedies(self.kind_of(case), case) if remedy != chosen]
        kind = self.kind_of(case)
        buttons = tuple(Button(remedy_title(kind, one), restart_payload(self.topic, case, one)) for one in others)
        return refusals.answer_other_remedies(case, error, buttons)

    def _reviewing(self, case: Case, document: Document) -> Answer:
        words = case.say(
            "claims.done_reviewing_with_photos" if document.get("evidence") else "claims.done_reviewing",
            claim_id=document["claim_id"],
            answer_by=_until(case, document["answer_by"]),
            evidence=policy_text("after_sales.evidence").rstrip("。"),
        )
        entry = self._filed(case, document, words, document["answer_by"])
        return Answer((Reply(words, buttons=(button(*PROGRESS),)),), entry)

    def _filed(self, case: Case, document: Document, said: str, due_at: str | None) -> Json:
        now = case.turn.now
        remedy = remedy_title(document["kind"], document["remedy"])
        facts = [
            fact("document", document["claim_id"], "order_api", now),
            fact("issue", document["description"], "customer", now, verified=False),
            fact("remedy", remedy, "customer", now),
        ]
        promises = [promise(case.turn, said, due_at)] if due_at else []
        return finding(case.turn, "filed_claim", said, order=case.order, facts=facts, promises=promises)


class WrongItem(DamagedItem):
    """Something else came, or not all of it."""

    topic: ClassVar[str] = "report_wrong_item"
    kind: ClassVar[str] = "wrong"

    def details(self, case: Case) -> tuple[Detail, ...]:
        return (kind_detail(), *super().details(case))

    def kind_of(self, case: Case) -> str:
        return str(case.details.get("kind") or self.kind)


class QualityIssue(DamagedItem):
    """Fails in use, bad material, a fake."""

    topic: ClassVar[str] = "report_quality_issue"
    kind: ClassVar[str] = "quality"


PROGRESS = ("see_progress", "/query_after_sales_progress")


def _goods(case: Case) -> str:
    lines: Sequence[Line] = claimed_lines(case)
    return lines[0]["title"] if len(lines) == 1 else case.say("claims.all_goods")


def _until(case: Case, moment: str) -> str:
    return deadline(parse_time(moment), case.turn.now)


def _shortened(words: str) -> str:
    return words if len(words) <= SHOWN_WORDS else words[: SHOWN_WORDS - 1] + "…"
