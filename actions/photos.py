"""What customers sent as files: kept with the conversation, and evidence of what was filed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from actions.answer import Answer, Button, Reply, finding, human
from actions.context import Turn
from actions.shop_api import ShopApi
from actions.texts import text
from actions.words import deadline, parse_time

EVIDENCE_FIELDS = ("id", "kind", "name", "url")
REASONS = ("report_damaged_item", "report_wrong_item", "report_quality_issue")
UNDER_REVIEW = "reviewing"
Json = dict[str, Any]


def evidence_of(turn: Turn) -> list[Json]:
    """Every file of the conversation as the shop takes it."""
    return [{name: file[name] for name in EVIDENCE_FIELDS} for file in turn.files]


def filed_claims(findings: object) -> list[str]:
    """Numbers of the claims that were filed in this conversation, the newest first."""
    entries = [item for item in findings if isinstance(item, dict)] if isinstance(findings, list) else []
    filed = (item for item in reversed(entries) if item.get("what") == text("findings.filed_claim"))
    return [str(fact["value"]) for item in filed for fact in item.get("facts", ()) if fact.get("name") == "document"]


def add_to_claim(shop: ShopApi, turn: Turn, claims: Iterable[str]) -> Json | None:
    """The newest claim that a person is still to decide on, with the files added; None when there is none."""
    for claim_id in claims:
        document = shop.add_evidence(claim_id, evidence_of(turn))
        if document["state"] == UNDER_REVIEW:
            return document
    return None


def photo_answer(turn: Turn, claim: Json | None) -> Answer:
    """What is said about a photo that came without words, outside of any question."""
    if claim is None:
        words = text("photos.kept")
        reasons = tuple(Button(text(f"intents.{name}"), f"/{name}") for name in REASONS)
        return Answer((Reply(words, buttons=(*reasons, human())),), finding(turn, "photo", words))
    words = text(
        "photos.added", claim_id=claim["claim_id"], answer_by=deadline(parse_time(claim["answer_by"]), turn.now)
    )
    return Answer((Reply(words),), finding(turn, "photo", words))
