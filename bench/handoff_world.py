"""What everybody in a stress run shares: the desks, dice, what clients were promised, and counters."""

from __future__ import annotations

import random
import uuid
from collections import Counter
from dataclasses import dataclass, field

import aiohttp
from desk_process import BenchError
from handoff_audit import Promised
from handoff_bot import WISH
from handoff_desks import Answer, Desks


@dataclass
class World:
    """`calm` ends the mischief: from then on everybody only finishes what is there. `over` ends everything."""

    http: aiohttp.ClientSession
    desks: Desks
    handoffs: int
    dice: random.Random
    promised: Promised = field(default_factory=Promised)
    counter: Counter[str] = field(default_factory=Counter)
    calm: bool = False
    over: bool = False

    @property
    def look_seconds(self) -> float:
        """How often an agent looks up from the conversations."""
        return 2.5

    @property
    def poll_seconds(self) -> int:
        """How long a customer's poll waits: one desk tells of every change, a bus between desks there is not yet."""
        return 2 if self.desks.several else 5

    def take_ticket(self) -> bool:
        """Whether one more handoff may be asked for."""
        if self.counter["asked"] >= self.handoffs:
            return False
        self.counter["asked"] += 1
        return True

    def chance(self, share: float) -> bool:
        """Mischief and detours happen with this probability, none while calm."""
        return not self.calm and self.dice.random() < share

    async def call(self, method: str, path: str, token: str = "", body: object = None) -> Answer:
        """As Desks.call; conflicts are counted."""
        answer = await self.desks.call(self.http, method, path, token, body)
        if answer.status == 409:
            self.counter["conflicts"] += 1
            self.counter[f"409 {answer.code}"] += 1
        return answer

    async def say(self, conversation: str, token: str, text: str) -> bool:
        """A message, remembered as soon as it is acknowledged; False when the speaker has lost the conversation."""
        client_id = uuid.uuid4().hex
        body = {"client_id": client_id, "text": text}
        answer = await self.call("POST", f"/conversations/{conversation}/messages", token, body)
        if answer.status == 200:
            place = (answer.body["message_id"], answer.body["seq"])
            self.promised.acknowledged[conversation, client_id] = place
            return True
        if answer.status in {404, 409}:
            return False
        raise BenchError(f"message in {conversation}: {answer.status} {answer.code}")

    async def ask(self, conversation: str, token: str) -> bool:
        """The wish for a person."""
        return await self.say(conversation, token, f"{WISH}，订单的事")
