"""A conversation can never die: random customers say anything, anywhere, and always get an answer or a person.

BATON_WALK_DIALOGUES (2000) is how many, BATON_WALK_SEED chooses others, BATON_WALK_BLOCK repeats one block of them.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from actions.settings import settings
from actions.shop_api import shop_api
from tests.conftest import start_shop
from tests.dialogue.brain import Brain, Heard
from tests.dialogue.faults import faults
from tests.dialogue.walker import Said, Walker
from tests.dialogue.world import Reset, World, read_world

DIALOGUES = int(os.environ.get("BATON_WALK_DIALOGUES", "2000"))
SEED = os.environ.get("BATON_WALK_SEED", "20261122")
ONLY_BLOCK = os.environ.get("BATON_WALK_BLOCK")
BLOCK = 50  # dialogues that share the shop's data; then it starts afresh
PERSON = Said("转人工", ("request_human",))
PERSON_BUTTON = Said("转人工", payload="/request_human")
SHOWN = 12


def test_no_dialogue_dies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with start_shop(tmp_path) as shop:
        monkeypatch.setenv("BATON_SHOP_URL", shop.url)
        monkeypatch.setenv("BATON_SHOP_TOKEN", shop.token)
        settings.cache_clear()
        shop_api.cache_clear()
        world = read_world(shop)
        brain = Brain.load(shop.fixtures["now"])
        brain.watch(monkeypatch)
        reset = Reset(tmp_path / "shop.db")
        started, worked = time.monotonic(), time.process_time()
        walk = Walk(brain, world, reset)
        asyncio.run(walk.all())
        seconds, worked = time.monotonic() - started, time.process_time() - worked
    shop_api.cache_clear()
    settings.cache_clear()
    with capsys.disabled():
        print(f"\n      {walk.summary()} in {seconds:.0f} s ({worked:.0f} s of work), seed {SEED}")
    assert not walk.found, walk.report()


class Walk:
    """All dialogues, block after block; `found` are the faults by kind with the dialogues they were seen in."""

    def __init__(self, brain: Brain, world: World, reset: Reset) -> None:
        self.brain, self.world, self.reset = brain, world, reset
        self.dialogues = self.turns = self.handoffs = 0
        self.documents: Counter[str] = Counter()
        self.seen: Counter[str] = Counter()
        self.found: dict[str, str] = {}

    async def all(self) -> None:
        blocks = [int(ONLY_BLOCK)] if ONLY_BLOCK else range(-(-DIALOGUES // BLOCK))
        for block in blocks:
            self.reset()
            rng = random.Random(f"{SEED}-{block}")
            for number in range(min(BLOCK, DIALOGUES - block * BLOCK) if not ONLY_BLOCK else BLOCK):
                await self.one(f"w{block}-{number}", rng)

    async def one(self, name: str, rng: random.Random) -> None:
        """One dialogue: random turns, and a person at the end whatever state it is in."""
        walker = Walker(rng, self.world, self.brain.intents)
        turns: list[Heard] = []
        person = rng.choice((PERSON, PERSON_BUTTON))
        for count in range(walker.turns + 1):
            offered = [button for turn in turns[-3:] for button in turn.offered]
            said = walker.next(offered) if count < walker.turns else person
            turns.append(await self.brain.hear(name, count, said, walker.context()))
            wrong = faults(turns, self.brain.intents)
            for fault in wrong:
                self._note(fault, name, walker, turns)
            if wrong or turns[-1].handoff:
                break
        self.dialogues += 1
        self.turns += len(turns)
        self.handoffs += turns[-1].handoff is not None
        self.documents.update(item.topic for turn in turns for item in turn.filed)
        self.brain.forget(name)

    def summary(self) -> str:
        filed = sum(self.documents.values())
        return f"{self.dialogues} dialogues, {self.turns} turns, {self.handoffs} handoffs, {filed} documents"

    def report(self) -> str:
        """The kinds of faults, the most frequent first, each with one dialogue."""
        kinds = [f"{count} x {fault}\n{self.found[fault]}" for fault, count in self.seen.most_common(SHOWN)]
        again = f"BATON_WALK_SEED={SEED}, and BATON_WALK_BLOCK=<the number after w> repeats one block of {BLOCK}"
        return f"{sum(self.seen.values())} dialogues went wrong ({again}):\n\n" + "\n\n".join(kinds)

    def _note(self, fault: str, name: str, walker: Walker, turns: list[Heard]) -> None:
        first, *trace = fault.replace(name, "").split("\n")
        kind = f"{first} {trace[-1] if trace else ''}".strip()
        self.seen[kind] += 1
        if kind in self.found:
            return
        lines = [f"  dialogue {name}, customer {walker.person.customer_id}, page {walker.page}"]
        for turn in turns:
            lines.append(f"  > {turn.said}")
            lines += [f"  < {text}" for text in turn.texts]
            lines.append(f"    {' '.join(turn.actions)}{' HANDOFF' if turn.handoff else ''} {list(turn.filed) or ''}")
        self.found[kind] = "\n".join([*lines, *(f"  ! {line}" for line in fault.split("\n"))])
