"""Trains both pipelines of the race on the same lines with `rasa train nlu`, each in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bench.evaluate_sets import ROOT

OURS = "baton"
USUAL = "jieba + DIET"
_LINKED = ("addons", "data", "playbook")


class RaceError(Exception):
    """The race cannot go on; one sentence for the person at the terminal."""


@dataclass(frozen=True)
class Trained:
    """A model and what its training cost; `fitted` is DIET's accuracy on its own lines in the last epoch."""

    model: Path
    seconds: float
    cpu_seconds: float
    peak_mb: float
    fitted: float | None = None


def usual_pipeline(epochs: int) -> list[dict[str, Any]]:
    """What a Chinese Rasa project starts from: jieba words, words and characters counted, DIET."""
    return [
        {"name": "JiebaTokenizer"},
        {"name": "CountVectorsFeaturizer"},
        {"name": "CountVectorsFeaturizer", "analyzer": "char_wb", "min_ngram": 1, "max_ngram": 4},
        {"name": "DIETClassifier", "epochs": epochs, "constrain_similarities": True, "random_seed": 1},
        {"name": "EntitySynonymMapper"},
        {"name": "FallbackClassifier", "threshold": 0.3, "ambiguity_threshold": 0.1},
    ]


def recipe(pipeline: list[dict[str, Any]]) -> dict[str, Any]:
    """A config.yml with no policies: only understanding runs."""
    return {"recipe": "default.v1", "assistant_id": "race", "language": "zh", "pipeline": pipeline, "policies": []}


def pipelines(epochs: int) -> dict[str, list[dict[str, Any]]]:
    """Both, by name; ours as config.yml has it."""
    ours = yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8"))["pipeline"]
    return {OURS: ours, USUAL: usual_pipeline(epochs)}


def write_lines(folder: Path, limit: int | None) -> tuple[Path, int]:
    """The training lines of the project in one file, at most `limit`, every intent alike; (file, lines)."""
    from rasa.shared.nlu.training_data.loading import load_data
    from rasa.shared.nlu.training_data.training_data import TrainingData

    from addons.spacy_pipeline import nlu_files

    data = TrainingData().merge(*(load_data(str(path)) for path in nlu_files(ROOT)))
    if limit is not None:
        by_intent: dict[str, list[Any]] = defaultdict(list)
        for example in data.intent_examples:
            by_intent[example.get("intent")].append(example)
        each = max(2, limit // len(by_intent))
        kept = {id(example) for examples in by_intent.values() for example in examples[:each]}
        data = data.filter_training_examples(lambda example: id(example) in kept)
    path = folder / "nlu.yml"
    path.write_text(data.nlu_as_yaml(), encoding="utf-8")
    return path, len(data.intent_examples)


def train(name: str, pipeline: list[dict[str, Any]], lines: Path, folder: Path) -> Trained:
    """Runs the trainer without any cache, so that everything is computed. RaceError with the end of its log."""
    place = folder / name.replace(" + ", "-")
    place.mkdir()
    for linked in _LINKED:
        (place / linked).symlink_to(ROOT / linked)
    config = place / "config.yml"
    config.write_text(yaml.safe_dump(recipe(pipeline), allow_unicode=True), encoding="utf-8")
    command = [sys.executable, "-m", "rasa", "train", "nlu", "--config", "config.yml", "--nlu", str(lines)]
    command += ["--out", "models", "--fixed-model-name", "race"]
    log = place / "train.log"
    started = time.monotonic()
    with log.open("wb") as out:
        process = subprocess.Popen(
            command, cwd=place, env={**os.environ, **all_cores(), "PYTHONPATH": str(place)}, stdout=out, stderr=out
        )
        status, usage = _wait(process)
    seconds = time.monotonic() - started
    model = place / "models" / "race.tar.gz"
    if status != 0 or not model.is_file():
        tail = "\n  ".join(log.read_text(errors="replace").strip().splitlines()[-8:])
        raise RaceError(f"training {name} failed:\n  {tail}")
    return Trained(model, seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, fitted(log))


def all_cores() -> dict[str, str]:
    """Threads for a trainer: DIET would take hours on one."""
    cores = str(os.cpu_count() or 1)
    return dict.fromkeys(("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), cores)


def fitted(log: Path) -> float | None:
    """The last training accuracy of intents that DIET tells; None when it tells none."""
    told = re.findall(r"i_acc=([0-9.]+)", log.read_text(errors="replace"))
    return float(told[-1]) if told else None


def _wait(process: subprocess.Popen[bytes]) -> tuple[int, Any]:
    """Exit code and resource usage; an interrupted race leaves no trainer behind."""
    try:
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:
        process.terminate()
        process.wait()
        raise
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage
