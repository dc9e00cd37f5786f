"""The real pipeline of a trained model, one message after the other on one core, with what each message cost."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
WARM_UP = tuple(
    f"第{number}条热身消息，帮我看看{thing}" for number in range(4) for thing in ("快递", "发票", "退款", "积分")
)
_ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "RASA_TELEMETRY_ENABLED": "false",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
}


@dataclass(frozen=True)
class Parse:
    """What the pipeline says about one message; milliseconds of wall clock and of CPU it took."""

    intents: tuple[str, ...]
    ranking: tuple[tuple[str, float], ...]
    entities: tuple[dict[str, Any], ...]
    emotion: dict[str, Any]
    wall: float
    cpu: float

    @property
    def intent(self) -> str:
        """The first intent, perhaps nlu_fallback."""
        return self.intents[0]


def one_thread() -> None:
    """Settings for a figure per core; to be called before numpy, TensorFlow or Rasa are imported."""
    os.environ.update(_ENVIRONMENT)
    warnings.showwarning = lambda *_, **__: None  # Rasa's libraries of 2022 warn by the dozen, and undo filters


def one_core() -> None:
    """Keeps this process and its children on one core, where the system can."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def quiet() -> None:
    """No log lines below a warning."""
    import structlog

    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))


def newest_model(folder: Path = ROOT / "models") -> Path:
    """FileNotFoundError with one sentence when nothing was trained."""
    found = max(folder.glob("*.tar.gz"), key=lambda path: path.stat().st_mtime, default=None)
    if found is None:
        raise FileNotFoundError("no trained model in models/: run 'make train'")
    return found


class Pipeline:
    """A loaded model. Each distinct text is parsed once, so that every measured message is a new one."""

    def __init__(self, model: Path, moment: str | None = None) -> None:
        """`moment` is the time at which the messages are written, for relative dates; None is now."""
        if not model.is_file():
            raise FileNotFoundError(f"there is no model {model.name}")
        started = time.monotonic()
        quiet()
        from rasa.core.agent import Agent
        from rasa.core.channels.channel import UserMessage

        self._message, self._metadata = UserMessage, {"at": moment} if moment else {}
        self._loop = asyncio.new_event_loop()
        self._agent = Agent.load(str(model))
        self._known: dict[str, Parse] = {}
        report_whole_ranking(self._agent.processor.graph_runner)
        for text in WARM_UP:
            self._parse(text)
        self.load_seconds = time.monotonic() - started

    def __call__(self, text: str) -> Parse:
        """The reading of a message, with the cost of its first parse."""
        if text not in self._known:
            self._known[text] = self._parse(text)
        return self._known[text]

    def costs(self) -> list[Parse]:
        """One for each distinct message so far."""
        return list(self._known.values())

    def _parse(self, text: str) -> Parse:
        cpu, wall = time.process_time(), time.perf_counter()
        message = self._message(text, metadata=self._metadata)
        raw: dict[str, Any] = self._loop.run_until_complete(self._agent.processor.parse_message(message))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        return read_parse(raw, wall * 1000, cpu * 1000)


def read_parse(raw: dict[str, Any], wall: float = 0.0, cpu: float = 0.0) -> Parse:
    """From Rasa's output; a pipeline that knows one intent only gives one."""
    several = raw.get("intents") or [raw["intent"]]
    return Parse(
        intents=tuple(str(item["name"]) for item in several),
        ranking=tuple((str(item["name"]), float(item["confidence"])) for item in raw.get("intent_ranking") or []),
        entities=tuple(raw.get("entities") or ()),
        emotion=raw.get("emotion") or {},
        wall=wall,
        cpu=cpu,
    )


def report_whole_ranking(runner: Any) -> None:
    """Production reports the ten best intents; p(out_of_scope) of every message needs all of them."""
    for node in runner._instantiated_nodes.values():
        for name in ("_config", "component_config"):
            config = getattr(node._component, name, None)
            if isinstance(config, dict) and "ranking_length" in config:
                config["ranking_length"] = 1000


def memory_mb() -> tuple[float, float]:
    """(resident now, peak) of this process; (0, peak) where the system does not tell."""
    import resource

    status = Path("/proc/self/status")
    text = status.read_text(encoding="ascii", errors="replace") if status.is_file() else ""
    now = re.search(r"VmRSS:\s+(\d+) kB", text)
    resident = int(now.group(1)) / 1024 if now else 0.0
    return resident, max(resident, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
