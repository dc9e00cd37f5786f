"""The stand-in bot as a process of its own, so that it can be killed: `chaos_bot.py PORT`, token in BATON_BOT_TOKEN."""

from __future__ import annotations

import asyncio
import os
import sys

from handoff_bot import StandInBot


async def serve() -> None:
    await StandInBot(int(sys.argv[1]), os.environ["BATON_BOT_TOKEN"]).start()
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve())
