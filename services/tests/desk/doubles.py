"""The bot's contract double: a real HTTP server that speaks contracts/bot_channel.md, scripted by the tests."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

TOKEN = "bot-test-token"
NEUTRAL = {"family": "neutral", "intensity": 0, "confidence": 0.9}


def reply(*texts: str, **extra: Any) -> dict[str, Any]:
    """An answer with one bubble a text."""
    understanding = {"intents": [{"name": "greet", "confidence": 0.9}], "emotion": NEUTRAL, "entities": []}
    return {"replies": [{"text": text} for text in texts], "handoff": None, "understanding": understanding, **extra}


@dataclass
class BotDouble:
    """Answers `script[text]` (a dict or a function of the request) or an echo; remembers what it was asked."""

    port: int
    script: dict[str, Any] = field(default_factory=dict)
    messages: list[dict[str, Any]] = field(default_factory=list)
    understood: list[dict[str, Any]] = field(default_factory=list)
    handbacks: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200  # what every call is answered with, when not 200
    handback_status: int = 204
    delays: dict[str, float] = field(default_factory=dict)  # seconds by text, or by "/health"
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: int = 0
    _loop: asyncio.AbstractEventLoop | None = None
    _thread: threading.Thread | None = None
    _stopped: asyncio.Event | None = None

    def start(self) -> None:
        """Listen in a thread of its own."""
        ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve(ready)), daemon=True)
        self._thread.start()
        if not ready.wait(10):
            raise RuntimeError("the bot's double did not start")

    def stop(self) -> None:
        """Stop listening, as if Rasa were killed."""
        if self._loop is not None and self._stopped is not None and self._thread is not None:
            self._loop.call_soon_threadsafe(self._stopped.set)
            self._thread.join(10)
            self._loop = None

    def asked(self, text: str) -> list[dict[str, Any]]:
        """The requests for messages with this text."""
        return [body for body in self.messages if body["text"] == text]

    async def _serve(self, ready: threading.Event) -> None:
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        app = web.Application()
        app.router.add_post("/webhooks/desk/messages", self._message)
        app.router.add_post("/webhooks/desk/understanding", self._understanding)
        app.router.add_post("/webhooks/desk/handbacks", self._handback)
        app.router.add_get("/webhooks/desk/health", self._health)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", self.port, reuse_address=True).start()
        ready.set()
        await self._stopped.wait()
        await runner.cleanup()
        await asyncio.sleep(0)  # the loop's next turn closes what is left of the connections

    def _refusal(self, request: web.Request) -> web.Response | None:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({"error": {"code": "unauthorized", "message": "no"}}, status=401)
        if self.status != 200:
            return web.json_response({"error": {"code": "no", "message": "no"}}, status=self.status)
        return None

    async def _message(self, request: web.Request) -> web.Response:
        self.calls += 1
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        body = await request.json()
        self.messages.append(body)
        await asyncio.sleep(self.delays.get(body["text"], 0))
        if body["message_id"] not in self.answers:
            scripted = self.script.get(body["text"], reply(f"收到：{body['text']}"))
            made = scripted(body) if isinstance(scripted, Callable) else scripted
            if isinstance(made, web.Response):
                return made
            self.answers[body["message_id"]] = {"message_id": body["message_id"], **made}
        return web.json_response(self.answers[body["message_id"]])

    async def _understanding(self, request: web.Request) -> web.Response:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        body = await request.json()
        self.understood.append(body)
        angry = "气" in body["text"]
        emotion = {"family": "angry", "intensity": 2, "confidence": 0.8} if angry else NEUTRAL
        return web.json_response({"understanding": {"intents": [], "emotion": emotion, "entities": []}})

    async def _handback(self, request: web.Request) -> web.Response:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        if self.handback_status != 204:
            return web.json_response({}, status=self.handback_status)
        self.handbacks.append(await request.json())
        return web.Response(status=204)

    async def _health(self, request: web.Request) -> web.Response:
        await asyncio.sleep(self.delays.get("/health", 0))
        return self._refusal(request) or web.json_response({"status": "ok", "model": "double"})
