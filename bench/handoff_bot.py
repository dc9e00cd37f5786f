"""A stand-in for the bot: speaks contracts/bot_channel.md and each who asks for a person is handed over."""

from __future__ import annotations

import json
import random
import time
from typing import Any

from aiohttp import web
from desk_process import ROOT

WISH = "转人工"
GROUPS = ("orders", "logistics", "after_sales", "technical", "complaints")
TRIGGERS = ("customer_request", "anger", "repeated_failure", "technical_fault", "malicious_complaint", "safety")
_EXAMPLE = json.loads((ROOT / "contracts" / "examples" / "escalation_summary.json").read_text(encoding="utf-8"))
_MOOD = {"family": "neutral", "intensity": 0, "confidence": 0.9}
_UNDERSTOOD = {"intents": [], "emotion": _MOOD, "entities": []}


def summary_for(body: dict[str, Any]) -> dict[str, Any]:
    """The contract's example as this message's summary; group, priority, trigger, tier and risk by the message's id."""
    dice = random.Random(body["message_id"])
    route = {**_EXAMPLE["route"], "skill_group": dice.choice(GROUPS), "tags": []}
    customer = {
        **_EXAMPLE["customer"],
        "tier": dice.choice(("normal", "normal", "silver", "gold", "vip")),
        "risk_tags": ["high_complaint_risk"] if dice.random() < 0.1 else [],
    }
    trigger = {**_EXAMPLE["triggers"][0], "code": dice.choice(TRIGGERS), "evidence": [body["message_id"]]}
    return {
        **_EXAMPLE,
        "handoff_id": f"h_{body['message_id']}",
        "conversation_id": body["conversation_id"],
        "triggers": [trigger],
        "priority": dice.choices(("urgent", "high", "normal", "low"), (1, 3, 5, 1))[0],
        "route": route,
        "customer": customer,
    }


class StandInBot:
    """Serves the channel in this process; `handed` are the handoffs it asked for, `answered` when, by conversation."""

    def __init__(self, port: int, token: str) -> None:
        self.port, self._token = port, token
        self.url = f"http://127.0.0.1:{port}"
        self.handed: dict[str, str] = {}  # handoff: conversation
        self.answered: dict[str, float] = {}  # conversation: time.time() of the latest summary
        self._answers: dict[str, dict[str, Any]] = {}
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/webhooks/desk/messages", self._message)
        app.router.add_post("/webhooks/desk/understanding", self._understanding)
        app.router.add_post("/webhooks/desk/handbacks", self._handback)
        app.router.add_get("/webhooks/desk/health", self._health)
        self._runner = web.AppRunner(app, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def _check(self, request: web.Request) -> None:
        if request.headers.get("Authorization") != f"Bearer {self._token}":
            raise web.HTTPUnauthorized

    async def _message(self, request: web.Request) -> web.Response:
        """A repeated message gets the stored answer, as the channel promises."""
        self._check(request)
        body = await request.json()
        known = self._answers.setdefault(body["message_id"], self._answer(body))
        if known["handoff"] is not None:
            self.handed[known["handoff"]["handoff_id"]] = body["conversation_id"]
            self.answered[body["conversation_id"]] = time.time()
        return web.json_response(known)

    def _answer(self, body: dict[str, Any]) -> dict[str, Any]:
        handoff = summary_for(body) if str(body["text"]).startswith(WISH) else None
        said = {"text": "这就为您转接。" if handoff else "收到。", "buttons": [], "card": None}
        return {
            "message_id": body["message_id"],
            "replies": [said],
            "handoff": handoff,
            "understanding": _UNDERSTOOD,
        }

    async def _understanding(self, request: web.Request) -> web.Response:
        self._check(request)
        return web.json_response({"understanding": _UNDERSTOOD})

    async def _handback(self, request: web.Request) -> web.Response:
        self._check(request)
        return web.Response(status=204)

    async def _health(self, request: web.Request) -> web.Response:
        self._check(request)
        return web.json_response({"status": "ok", "model": "stand-in"})
