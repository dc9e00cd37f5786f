"""Cross-validation on the training lines alone: how settings are tuned without touching the test set.

Works through the Rasa components, so that whatever they do inside is what is measured.
"""

from __future__ import annotations

import os
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.nlu.training_data.loading import load_data
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from addons.spacy_pipeline import nlu_files
from addons.understanding.embedding import TRAINING_CACHE, shared_embedder
from addons.understanding.emotion import Line, read_lines
from addons.understanding.emotion_classifier import EmotionModel
from addons.understanding.intent_classifier import IntentModel
from addons.understanding.normalise import normalise
from bench import scores
from bench.evaluate_parse import Parse, read_parse
from bench.evaluate_sections import best_of_ranking
from bench.evaluate_sets import ROOT
from bench.scores import FALLBACK, OUT_OF_SCOPE, Judged

EVERY_INTENT = 1000
Answer = tuple[Parse, str]


def settings(name: str) -> dict[str, Any]:
    """Settings of one pipeline component of config.yml."""
    config = yaml.safe_load((ROOT / "config.yml").read_text(encoding="utf-8"))
    found = next(c for c in config["pipeline"] if c["name"].endswith(name))
    return {key: value for key, value in found.items() if key != "name"}


def remember(texts: Sequence[str]) -> None:
    """Gives the shared embedder room for all texts and their vectors from the cache, so that folds take no longer."""
    embedder = shared_embedder()
    if embedder:
        embedder._remembered = 10**6
        embedder.remember(texts, embedder.many(texts, TRAINING_CACHE))


def folds(labels: Sequence[str], count: int) -> list[list[int]]:
    """Row numbers of each fold, every label spread evenly, same split every time."""
    order = np.random.default_rng(0).permutation(len(labels))
    by_label: dict[str, list[int]] = defaultdict(list)
    for index in order.tolist():
        by_label[labels[index]].append(index)
    spread = [index for label in sorted(by_label) for index in by_label[label]]
    return [spread[i::count] for i in range(count)]


def trained(kind: Any, config: dict[str, Any], data: TrainingData, folder: Path) -> Any:
    """A component trained on these lines and loaded again, as Rasa does it; its files are in `folder`."""
    storage, resource = LocalModelStorage(folder), Resource("fold")
    context = ExecutionContext(GraphSchema({}), "bench")
    full = {**kind.get_default_config(), **config}
    kind.create(full, storage, resource, context).train(data)
    return kind.load(full, storage, resource, context)


def answers(component: Any, texts: Sequence[str]) -> list[Parse]:
    """What a component says about plain-form texts; without an intent for one that gives none."""
    messages = [Message(data={"text": text}) for text in texts]
    component.process(messages)
    return [read_parse({"intent": {"name": FALLBACK}, **message.data}) for message in messages]


def intents(count: int) -> list[Answer]:
    """(answer of a model that never saw the line, truth) for every training line."""
    examples = [e for f in nlu_files(ROOT) for e in load_data(str(f)).intent_examples]
    texts, labels = [normalise(e.get("text")) for e in examples], [str(e.get("intent")) for e in examples]
    remember(texts)
    config = {**settings("IntentModel"), "ranking_length": EVERY_INTENT}
    found: list[Answer] = []
    for fold in folds(labels, count):
        held = set(fold)
        lines = [Message.build(texts[i], labels[i]) for i in range(len(texts)) if i not in held]
        with tempfile.TemporaryDirectory() as folder:
            component = trained(IntentModel, config, TrainingData(lines), Path(folder))
        found += zip(answers(component, [texts[i] for i in fold]), [labels[i] for i in fold], strict=True)
        print(f"  intents: {len(found)} of {len(texts)} lines", flush=True)
    return found


def report_intents(found: Sequence[Answer]) -> None:
    """Figures of the best intent alone, and with clauses and fallback."""
    best = [Judged((truth,), best_of_ranking(answer)[0]) for answer, truth in found]
    first = [Judged((truth,), answer.intent) for answer, truth in found]
    print(
        f"own lines {len(found)}: best intent accuracy {scores.accuracy(best):.3f}, macro F1 "
        f"{scores.macro_f1([item.pair for item in best]):.3f}; as configured {scores.accuracy(first):.3f}, macro F1 "
        f"{scores.macro_f1([item.pair for item in first]):.3f}; several intents seen in "
        f"{scores.mean([len(answer.intents) > 1 for answer, _ in found]):.1%}"
    )


def report_thresholds(found: Sequence[Answer]) -> None:
    """The table from which the fallback thresholds in config.yml were chosen."""
    best = [(*best_of_ranking(answer), scores.scope_score(answer.ranking), truth) for answer, truth in found]
    ours = [
        (p, margin, name == truth, truth == OUT_OF_SCOPE) for name, p, margin, truth in best if name != OUT_OF_SCOPE
    ]
    outside = sum(truth == OUT_OF_SCOPE for _, truth in found)
    print("min_confidence min_margin | right answers lost | wrong answers stopped | out_of_scope answered")
    for confidence in (0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4):
        for margin in (0.0, 0.05, 0.1, 0.2):
            stopped = [(p < confidence or m < margin, right, strange) for p, m, right, strange in ours]
            lost = scores.mean([s for s, right, _ in stopped if right])
            spared = scores.mean([s for s, right, _ in stopped if not right])
            answered = sum(strange and not s for s, _, strange in stopped) / max(outside, 1)
            print(f"{confidence:14} {margin:10} | {lost:18.3f} | {spared:21.3f} | {answered:.3f}")


def emotions(count: int) -> list[tuple[Line, str, int]]:
    """(line, family, intensity) for every emotion training line from a model that never saw it."""
    config = settings("EmotionModel")
    lines = read_lines(ROOT / config["data"])
    remember([normalise(line.text) for line in lines])
    seen: list[tuple[Line, str, int]] = []
    for fold in folds([line.family for line in lines], count):
        held = set(fold)
        with tempfile.TemporaryDirectory() as folder:
            data = Path(folder) / "lines"
            _write(data, [line for i, line in enumerate(lines) if i not in held])
            component = trained(EmotionModel, {**config, "data": str(data)}, TrainingData(), Path(folder))
        views = answers(component, [normalise(lines[i].text) for i in fold])
        seen += [
            (lines[i], view.emotion["family"], view.emotion["intensity"]) for i, view in zip(fold, views, strict=True)
        ]
    return seen


def _write(folder: Path, lines: Sequence[Line]) -> None:
    folder.mkdir()
    rows = [f"{line.text}\t{line.family}\t{line.intensity}" for line in lines]
    (folder / "lines.tsv").write_text("\n".join(["text\temotion\tintensity", *rows]) + "\n", encoding="utf-8")


def report_emotions(seen: Sequence[tuple[Line, str, int]]) -> None:
    """Families and intensity."""
    pairs = [(line.family, family) for line, family, _ in seen]
    gaps = [abs(line.intensity - level) for line, _, level in seen]
    f1 = ", ".join(f"{family} {value:.2f}" for family, value in scores.f1_by_label(pairs).items())
    print(
        f"own emotion lines {len(seen)}: accuracy {scores.mean([t == p for t, p in pairs]):.3f}, macro F1 "
        f"{scores.macro_f1(pairs):.3f} ({f1}); intensity exact {scores.mean([g == 0 for g in gaps]):.3f}, "
        f"within one {scores.mean([g <= 1 for g in gaps]):.3f}"
    )


def cross_validate(count: int, with_thresholds: bool) -> None:
    """Prints everything above."""
    os.chdir(ROOT)
    found = intents(count)
    report_intents(found)
    if with_thresholds:
        report_thresholds(found)
    report_emotions(emotions(count))
