"""What chaos.py kills: the whole system under its launcher, or a desk and a shop with a scripted bot."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

from aiohttp import web
from desk_process import ROOT, SERVICES, BenchError, ServiceProcess, clean_environment, free_ports

START_SECONDS = 150.0
BOT_SECONDS = 0.15  # what a real answer takes, so that kills hit turns in the middle


def model_is_current() -> bool:
    """Whether the launcher would start without training first."""
    sys.path.insert(0, str(SERVICES))
    from launcher.model import current_model

    return current_model(ROOT).exists()


class System(ABC):
    """A running Baton with a desk at `url`."""

    kills_rasa = False
    words = ""
    url = ""

    @abstractmethod
    async def start(self) -> None: ...

    @abstractmethod
    async def stop(self) -> None: ...

    @abstractmethod
    async def kill_desk(self) -> None:
        """kill -9 and start again."""

    async def kill_rasa(self) -> None:  # noqa: B027 - a scripted bot has no Rasa to kill
        """kill -9 and start again, where there is a Rasa."""


class RealSystem(System):
    """Shop, actions, Rasa and desk under the launcher, which starts again what dies."""

    kills_rasa = True
    words = "whole system with the trained model, restarted by its launcher"

    def __init__(self, folder: Path) -> None:
        desk, shop, rasa, actions = map(str, free_ports(4))
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BATON_")}
        ports = {"BATON_DESK_PORT": desk, "BATON_SHOP_PORT": shop}
        brain = {"BATON_RASA_PORT": rasa, "BATON_ACTIONS_PORT": actions}
        self._environment = {**kept, **ports, **brain, "BATON_DATA_DIR": str(folder), "BATON_DEMO": "1"}
        self._folder, self.url = folder, f"http://127.0.0.1:{desk}"
        self._process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        output = self._folder / "launcher.log"
        with output.open("wb") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "launcher", "run"],
                cwd=SERVICES,
                env=self._environment,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            if "ready after" in output.read_text(errors="replace"):
                return
            await asyncio.sleep(0.3)
        raise BenchError(f"the launcher did not get ready: {output.read_text(errors='replace')[-400:]}")

    async def stop(self) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            await asyncio.to_thread(self._process.wait, 40)
        except subprocess.TimeoutExpired:
            self._process.kill()

    async def kill_desk(self) -> None:
        self._kill("desk")
        await asyncio.sleep(0.1)  # a process that is just dying may still accept a connection

    async def kill_rasa(self) -> None:
        self._kill("rasa")

    def _kill(self, name: str) -> None:
        os.kill(int((self._folder / "log" / f"{name}.pid").read_text()), signal.SIGKILL)


class DoubleSystem(System):
    """Desk and shop as processes of their own, and a bot that speaks contracts/bot_channel.md in this process."""

    words = "desk and shop with a scripted bot, restarted at once (no current model: see --bot)"

    def __init__(self, folder: Path) -> None:
        desk, shop, self._bot_port = free_ports(3)
        urls = {
            "BATON_DESK_HOST": "127.0.0.1",
            "BATON_DESK_PORT": str(desk),
            "BATON_SHOP_PORT": str(shop),
            "BATON_RASA_URL": f"http://127.0.0.1:{self._bot_port}",
            "BATON_SHOP_URL": f"http://127.0.0.1:{shop}",
            "BATON_LOG_LEVEL": "warning",
        }
        environment = clean_environment(folder) | urls
        self._desk = ServiceProcess("desk", folder, environment, desk)
        self._shop = ServiceProcess("shop", folder, environment, shop)
        self._token = environment["BATON_BOT_TOKEN"]
        self._answers: dict[str, dict[str, Any]] = {}
        self._bot: web.AppRunner | None = None
        self.url = self._desk.url

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/webhooks/desk/messages", self._message)
        app.router.add_get("/webhooks/desk/health", self._health)
        self._bot = web.AppRunner(app, shutdown_timeout=0.5)
        await self._bot.setup()
        await web.TCPSite(self._bot, "127.0.0.1", self._bot_port).start()
        self._shop.start()
        self._desk.start()

    async def stop(self) -> None:
        await asyncio.to_thread(self._desk.stop)
        await asyncio.to_thread(self._shop.stop)
        if self._bot is not None:
            await self._bot.cleanup()

    async def kill_desk(self) -> None:
        self._desk.kill()
        self._desk.start()

    async def _message(self, request: web.Request) -> web.Response:
        """A repeated message gives the stored answer, as the channel promises."""
        if request.headers.get("Authorization") != f"Bearer {self._token}":
            return web.json_response({"error": {"code": "unauthorized", "message": "token"}}, status=401)
        body = await request.json()
        await asyncio.sleep(BOT_SECONDS)
        said = {"text": f"收到：{body['text']}", "buttons": [], "card": None}
        mood = {"family": "neutral", "intensity": 0, "confidence": 0.9}
        understood = {"intents": [], "emotion": mood, "entities": []}
        answer = {"message_id": body["message_id"], "replies": [said], "handoff": None, "understanding": understood}
        return web.json_response(self._answers.setdefault(body["message_id"], answer))

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response({"status": "ok", "model": "scripted"})
