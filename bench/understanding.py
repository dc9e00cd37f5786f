"""How well and how fast the bot understands: `.venv/bin/python bench/understanding.py [--model FILE]`.

Cross-validates intents and emotions on the project's own lines, measures a trained model's time per message, and,
where BATON_EVAL_DIR names a folder with real_intents_dev.tsv and real_emotions_dev.tsv, scores those too (figures
and labels only). `--thresholds` prints the table from which the fallback thresholds in config.yml were chosen.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import logging
import os
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import structlog  # noqa: E402
import yaml  # noqa: E402
from rasa.shared.nlu.training_data.loading import load_data  # noqa: E402

from addons.spacy_pipeline import nlu_files  # noqa: E402
from addons.understanding import linear  # noqa: E402
from addons.understanding.embedding import TRAINING_CACHE, Embedder, shared_embedder  # noqa: E402
from addons.understanding.emotion import Line, load_lexicon, read_lines  # noqa: E402
from addons.understanding.emotion_classifier import EmotionPair, EmotionReader  # noqa: E402
from addons.understanding.intent_classifier import OUT_OF_SCOPE, IntentReader, Ranking, Thresholds  # noqa: E402
from addons.understanding.normalise import normalise  # noqa: E402

FALLBACK = "nlu_fallback"
Scores = list[tuple[str, bool]]


def component(name: str) -> dict[str, Any]:
    """Settings of one pipeline component of config.yml."""
    config = yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8"))
    return dict(next(c for c in config["pipeline"] if c["name"].endswith(name)))


def thresholds() -> Thresholds:
    settings = component("IntentModel")
    return Thresholds(**{k: settings[k] for k in Thresholds.__dataclass_fields__ if k in settings})


@lru_cache(maxsize=1)
def memory() -> Embedder | None:
    """An embedder that forgets nothing, so that each text is embedded once in a run."""
    shared = shared_embedder()
    return Embedder(shared.engine, remembered=10**6) if shared else None


def vectors_of(texts: Sequence[str]) -> linear.Floats | None:
    """Vectors of training lines, from the cache on disk where possible."""
    embedder = memory()
    if embedder is None:
        return None
    vectors = embedder.many(texts, TRAINING_CACHE)
    embedder.remember(texts, vectors)
    return vectors


def intent_lines() -> tuple[list[str], list[str]]:
    """Plain-form training lines and their intents."""
    examples = [e for f in nlu_files(ROOT) for e in load_data(str(f)).intent_examples]
    return [normalise(e.get("text")) for e in examples], [e.get("intent") for e in examples]


def folds(labels: Sequence[str], count: int) -> list[list[int]]:
    """Row numbers of each fold, every label spread evenly, same split every time."""
    order = np.random.default_rng(0).permutation(len(labels))
    by_label: dict[str, list[int]] = defaultdict(list)
    for index in order.tolist():
        by_label[labels[index]].append(index)
    spread = [index for label in sorted(by_label) for index in by_label[label]]
    return [spread[i::count] for i in range(count)]


def share(scores: Scores) -> float:
    return statistics.fmean(right for _, right in scores)


def macro(scores: Scores) -> float:
    groups: dict[str, list[bool]] = defaultdict(list)
    for label, right in scores:
        groups[label].append(right)
    return statistics.fmean(statistics.fmean(group) for group in groups.values())


def macro_f1(pairs: Sequence[tuple[str, str]]) -> float:
    """`pairs` of (truth, prediction)."""
    values = []
    for label in {truth for truth, _ in pairs}:
        hit = sum(t == label == p for t, p in pairs)
        values.append(2 * hit / (sum(t == label for t, _ in pairs) + sum(p == label for _, p in pairs)))
    return statistics.fmean(values)


def cross_validate_intents(count: int) -> list[tuple[str, IntentReader, str]]:
    """(text, reader that never saw it, truth) for every line."""
    texts, labels = intent_lines()
    embedder = memory()
    vectors = vectors_of(texts)
    held_out = []
    for fold in folds(labels, count):
        rows = sorted(set(range(len(texts))) - set(fold))
        train_texts, train_labels = [texts[i] for i in rows], [labels[i] for i in rows]
        c = component("IntentModel")["regularisation_c"]
        full = linear.fit(train_texts, train_labels, None if vectors is None else vectors[rows], c)
        reader = IntentReader(full, linear.fit(train_texts, train_labels, None, c), embedder, thresholds())
        held_out += [(texts[i], reader, labels[i]) for i in fold]
        print(f"  intents: {len(held_out)} of {len(texts)} lines", flush=True)
    return held_out


def report_intents(held_out: Sequence[tuple[str, IntentReader, str]]) -> list[tuple[Ranking, str]]:
    rankings = [(reader.ranking(text), truth) for text, reader, truth in held_out]
    single = [(truth, ranking[0][0]) for ranking, truth in rankings]
    first = [(truth, reader.read(text).intents[0][0]) for text, reader, truth in held_out]
    several = statistics.fmean(len(reader.read(text).intents) > 1 for text, reader, _ in held_out)
    print(
        f"own lines {len(single)}: accuracy {statistics.fmean(t == p for t, p in single):.3f}, macro F1 "
        f"{macro_f1(single):.3f}; with clauses and fallback {statistics.fmean(t == p for t, p in first):.3f}, "
        f"macro F1 {macro_f1(first):.3f}; several intents seen in {several:.1%}"
    )
    return rankings


def print_thresholds(rankings: Sequence[tuple[Ranking, str]]) -> None:
    print("min_confidence min_margin | right answers lost | wrong answers stopped | out_of_scope answered")
    right = [r for r, t in rankings if t == r[0][0] != OUT_OF_SCOPE]
    wrong = [r for r, t in rankings if t != r[0][0] and r[0][0] != OUT_OF_SCOPE]
    outside = [r for r, t in rankings if t == OUT_OF_SCOPE]
    for confidence in (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4):
        for margin in (0.0, 0.05, 0.1, 0.2):
            rule = Thresholds(min_confidence=confidence, min_margin=margin)
            answered = statistics.fmean(not rule.too_unsure(r) and r[0][0] != OUT_OF_SCOPE for r in outside)
            print(
                f"{confidence:14} {margin:10} | {statistics.fmean(map(rule.too_unsure, right)):18.3f} | "
                f"{statistics.fmean(map(rule.too_unsure, wrong)):21.3f} | {answered:.3f}"
            )


def emotion_reader(lines: Sequence[Line]) -> EmotionReader:
    settings = component("EmotionModel")
    embedder = memory()
    vectors = vectors_of([normalise(x.text) for x in lines])
    pair = EmotionPair.fit(lines, vectors, settings["regularisation_c"])
    return EmotionReader(pair, pair, load_lexicon(ROOT / settings["words"]), embedder)


def report_emotions(name: str, pairs: Sequence[tuple[Line, str, int]]) -> None:
    """`pairs` of (truth, predicted family, predicted intensity)."""
    labels = [(truth.family, family) for truth, family, _ in pairs]
    recall: dict[str, float] = {}
    for family in sorted({t for t, _ in labels}):
        recall[family] = statistics.fmean(p == family for t, p in labels if t == family)
    within = statistics.fmean(abs(truth.intensity - level) <= 1 for truth, _, level in pairs)
    exact = statistics.fmean(truth.intensity == level for truth, _, level in pairs)
    print(
        f"{name} {len(pairs)}: family accuracy {statistics.fmean(t == p for t, p in labels):.3f}, macro F1 "
        f"{macro_f1(labels):.3f}; intensity exact {exact:.3f}, within one {within:.3f}; recall "
        + ", ".join(f"{family} {value:.2f}" for family, value in recall.items())
    )


def judged(reader: EmotionReader, lines: Sequence[Line]) -> list[tuple[Line, str, int]]:
    views = [reader.read(normalise(line.text)) for line in lines]
    return [(line, view.family, view.intensity) for line, view in zip(lines, views, strict=True)]


def cross_validate_emotions(count: int) -> None:
    lines = read_lines(ROOT / component("EmotionModel")["data"])
    pairs: list[tuple[Line, str, int]] = []
    for fold in folds([line.family for line in lines], count):
        training = [line for i, line in enumerate(lines) if i not in set(fold)]
        pairs += judged(emotion_reader(training), [lines[i] for i in fold])
    report_emotions("own lines", pairs)


def rows_of(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return rows[1:] if rows and rows[0][0] == "text" else rows


def full_reader() -> IntentReader:
    texts, labels = intent_lines()
    embedder = memory()
    vectors = vectors_of(texts)
    c = component("IntentModel")["regularisation_c"]
    return IntentReader(
        linear.fit(texts, labels, vectors, c), linear.fit(texts, labels, None, c), embedder, thresholds()
    )


def evaluate_several(reader: IntentReader) -> None:
    """Our own messages with several wishes (bench/data/several_intents.tsv), none of them a training line."""
    rows = [(normalise(row[0]), row[1].split("|")) for row in rows_of(ROOT / "bench" / "data" / "several_intents.tsv")]
    seen = [(wanted, [name for name, _ in reader.read(text).intents]) for text, wanted in rows]
    print(
        f"messages with several intents {len(rows)}: all and no other "
        f"{statistics.fmean(set(w) == set(g) for w, g in seen):.3f}, first to handle right "
        f"{statistics.fmean(w[0] == g[0] for w, g in seen):.3f}, recall "
        f"{statistics.fmean(len(set(w) & set(g)) / len(w) for w, g in seen):.3f}, precision "
        f"{statistics.fmean(len(set(w) & set(g)) / len(g) for w, g in seen):.3f}"
    )


def evaluate_real(folder: Path, reader: IntentReader) -> None:
    """Real customers' lines: counts and labels only, never a line."""
    rows = [(normalise(row[0]), row[1].split("|")) for row in rows_of(folder / "real_intents_dev.tsv")]
    report_real("one intent", rows, lambda text: reader.ranking(text)[0][0])
    report_real("with clauses and fallback", rows, lambda text: reader.read(text).intents[0][0])
    emotions = [Line(row[0], row[1], int(row[2])) for row in rows_of(folder / "real_emotions_dev.tsv")]
    report_emotions("real emotion lines", judged(emotion_reader(read_lines(ROOT / "data" / "emotion")), emotions))


def report_real(name: str, rows: Sequence[tuple[str, list[str]]], predict: Callable[[str], str]) -> None:
    predictions = [predict(text) for text, _ in rows]
    scores = [
        (accepted[0], p in accepted or (p == FALLBACK and accepted[0] == OUT_OF_SCOPE))
        for (_, accepted), p in zip(rows, predictions, strict=True)
    ]
    print(
        f"real lines {len(rows)}, {name}: right {share(scores):.3f}, macro over intents {macro(scores):.3f}, "
        f"fallback {statistics.fmean(p == FALLBACK for p in predictions):.3f}"
    )
    confused: dict[tuple[str, str], int] = defaultdict(int)
    for (truth, right), prediction in zip(scores, predictions, strict=True):
        if not right:
            confused[truth, prediction] += 1
    worst = sorted(confused.items(), key=lambda item: -item[1])[:12]
    print("  most confused: " + "; ".join(f"{t} as {p} {n}" for (t, p), n in worst))


async def time_model(model: Path) -> None:
    """Milliseconds of wall clock and of CPU for one message through the whole Rasa pipeline."""
    from rasa.core.agent import Agent

    started = time.monotonic()
    agent = Agent.load(str(model))
    print(f"model {model.name} loaded in {time.monotonic() - started:.1f} s")
    texts = sorted({line.text for line in read_lines(ROOT / component("EmotionModel")["data"])})[::3]
    for text in texts[:20]:
        await agent.parse_message(text)
    walls: list[float] = []
    cpu = time.process_time()
    for text in texts[20:]:
        before = time.perf_counter()
        await agent.parse_message(text)
        walls.append((time.perf_counter() - before) * 1000)
    each = (time.process_time() - cpu) * 1000 / len(walls)
    quantiles = statistics.quantiles(walls, n=20)
    print(
        f"{len(walls)} messages: CPU {each:.1f} ms each; wall p50 {statistics.median(walls):.1f} ms, "
        f"p95 {quantiles[18]:.1f} ms"
    )


def newest_model() -> Path | None:
    return max((ROOT / "models").glob("*.tar.gz"), key=lambda path: path.stat().st_mtime, default=None)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--model", type=Path, help="model to time; default: the newest in models/")
    parser.add_argument("--thresholds", action="store_true", help="print the table of fallback thresholds")
    options = parser.parse_args(arguments)
    os.chdir(ROOT)
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    rankings = report_intents(cross_validate_intents(options.folds))
    if options.thresholds:
        print_thresholds(rankings)
    cross_validate_emotions(options.folds)
    reader = full_reader()
    evaluate_several(reader)
    folder = os.environ.get("BATON_EVAL_DIR")
    if folder and (Path(folder) / "real_intents_dev.tsv").is_file():
        evaluate_real(Path(folder), reader)
    model = options.model or newest_model()
    if model:
        asyncio.run(time_model(model))
    else:
        print("no trained model in models/: time per message not measured (make train)")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
