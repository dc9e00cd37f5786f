"""Summaries for tests, made from the contract's own example."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

CONTRACTS = Path(__file__).resolve().parents[3] / "contracts"
EXAMPLE = json.loads((CONTRACTS / "examples" / "escalation_summary.json").read_text(encoding="utf-8"))


def summary_for(body: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A valid summary for the message in `body`; `changes` replace fields, None removes one."""
    summary = {
        **EXAMPLE,
        "handoff_id": f"h_{body['message_id']}",
        "conversation_id": body["conversation_id"],
        **changes,
    }
    return {name: value for name, value in summary.items() if value is not None}
