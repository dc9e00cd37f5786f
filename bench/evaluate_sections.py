"""Sections of the report of `make evaluate`: each takes labelled lines and readings, gives text lines and figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from bench import entity_scores, scores
from bench.evaluate_parse import Parse
from bench.evaluate_sets import Row
from bench.scores import FALLBACK, OUT_OF_SCOPE, Judged

Read = Callable[[str], Parse]
ANGRY = "angry"
STRONGEST = 3


@dataclass
class Section:
    """A part of the report: what people read, and the same for machines."""

    name: str
    lines: list[str] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)


def judged(rows: Sequence[Row], read: Read) -> list[Judged]:
    """First intent of each message against the accepted ones."""
    return [Judged(row.intents, read(row.text).intent) for row in rows]


def intents(items: Sequence[Judged]) -> Section:
    """Accuracy, the table by intent, and what is taken for what."""
    figures = {
        "n": len(items),
        "right": sum(item.right for item in items),
        "accuracy": scores.accuracy(items),
        "macro": scores.macro(items),
        "macro_f1": scores.macro_f1([item.pair for item in items]),
        "fallback": sum(item.predicted == FALLBACK for item in items),
    }
    head = (
        f"{figures['right']} of {figures['n']} right: accuracy {figures['accuracy']:.3f}, mean over intents "
        f"{figures['macro']:.3f}, macro F1 {figures['macro_f1']:.3f}; asked back at {figures['fallback']}"
    )
    table = scores.by_label(items)
    pairs = scores.confused(items)
    data = {**figures, "by_intent": {k: asdict(v) for k, v in table.items()}, "confused": pairs}
    return Section("intents", [head, "", *_label_table("intent", items, table), "", *_confused_table(pairs)], data)


def _label_table(kind: str, items: Sequence[Judged], table: dict[str, scores.LabelScore]) -> list[str]:
    lines = [f"{kind:28} {'n':>4} {'recall':>7} {'precision':>9} {'F1':>6}   taken for"]
    for label, score in sorted(table.items(), key=lambda entry: (entry[1].recall, entry[0])):
        wrong = Counter(i.predicted for i in items if i.accepted[0] == label and not i.right).most_common(2)
        taken = ", ".join(f"{name} {count}" for name, count in wrong)
        lines.append(f"{label:28} {score.n:4} {score.recall:7.3f} {score.precision:9.3f} {score.f1:6.3f}   {taken}")
    return lines


def _confused_table(pairs: Sequence[tuple[str, str, int]]) -> list[str]:
    lines = [f"{'most confused: truth':28}   {'read as':28} {'n':>4}"]
    return lines + [f"{truth:28}   {prediction:28} {count:4}" for truth, prediction, count in pairs]


def best_of_ranking(parse: Parse) -> tuple[str, float]:
    """Best intent of the whole ranking and its probability, whatever the thresholds make of it."""
    return next(((name, p) for name, p in parse.ranking if name != FALLBACK), (FALLBACK, 0.0))


def calibration(rows: Sequence[Row], read: Read) -> Section:
    """Whether a probability means what it says: confidence of the best intent against how often it is right."""
    best = [(row, *best_of_ranking(read(row.text))) for row in rows]
    bins = scores.calibration([(p, name in row.intents) for row, name, p in best])
    error = scores.calibration_error(bins)
    lines = [
        f"expected calibration error {error:.3f} (best intent before thresholds)",
        "confidence       n   mean  right",
        *(f"{b.low:.1f} to {b.high:.1f}   {b.n:5}  {b.confidence:.3f}  {b.right:.3f}" for b in bins),
    ]
    return Section("calibration", lines, {"error": error, "bins": [asdict(b) for b in bins]})


def scope(rows: Sequence[Row], read: Read) -> Section:
    """How well lines that are none of ours are told apart; lines that may be either are left out."""
    ours = [read(row.text) for row in rows if OUT_OF_SCOPE not in row.intents]
    others = [read(row.text) for row in rows if row.intents[0] == OUT_OF_SCOPE]
    inside, outside = ([scores.scope_score(p.ranking) for p in side] for side in (ours, others))
    threshold = scores.threshold_keeping(inside)
    refused = {OUT_OF_SCOPE, FALLBACK}
    data = {
        "inside": len(ours),
        "outside": len(others),
        "auroc": scores.auroc(inside, outside),
        "threshold_at_95": threshold,
        "rejected_at_95": scores.rejected(outside, threshold),
        "kept_as_configured": scores.mean([p.intent not in refused for p in ours]),
        "rejected_as_configured": scores.mean([p.intent in refused for p in others]),
    }
    lines = [
        f"{len(others)} lines out of scope, {len(ours)} in scope; score = p(best intent of ours) - p(out_of_scope)",
        f"AUROC {data['auroc']:.3f}; at 95 % in scope kept {data['rejected_at_95']:.1%} rejected "
        f"(score below {threshold:.3f})",
        f"thresholds as configured: {data['kept_as_configured']:.1%} in scope kept, "
        f"{data['rejected_as_configured']:.1%} out of scope rejected",
    ]
    return Section("out of scope", lines, data)


def several(rows: Sequence[Row], read: Read) -> Section:
    """Messages with several wishes, and the controls that have one."""
    section = Section(
        "several intents",
        [f"{'':18} {'n':>4}  exact  same set  partly  first right  recall  precision"],
    )
    for name, chosen in (
        ("several wishes", [row for row in rows if len(row.intents) > 1]),
        ("controls with one", [row for row in rows if len(row.intents) == 1]),
    ):
        s = scores.several([(row.intents, read(row.text).intents) for row in chosen])
        section.data[name] = asdict(s)
        section.lines.append(
            f"{name:18} {s.n:4}  {s.exact:.3f}  {s.same_set:8.3f}  {s.partial:6.3f}  {s.first:11.3f}  "
            f"{s.recall:6.3f}  {s.precision:9.3f}"
        )
    section.lines.append("exact: the same intents in the same order; partly: some but not exactly these")
    return section


def entities(rows: Sequence[Row], read: Read) -> Section:
    """Precision and recall by kind, and the dates that became the right days."""

    def find(text: str) -> Sequence[dict[str, Any]]:
        return read(text).entities

    marked = [(row.text, list(row.entities)) for row in rows]
    found = entity_scores.scores(marked, find)
    share, dates = entity_scores.resolved_score(marked, find)
    lines = [f"{len(rows)} messages", f"{'entity':18} {'n':>4}  precision  recall"]
    lines += [f"{name:18} {n:4}  {precision:9.3f}  {recall:6.3f}" for name, (precision, recall, n) in found.items()]
    lines.append(f"{'date, right days':18} {dates:4}  {'':9}  {share:6.3f}")
    data = {name: {"precision": p, "recall": r, "n": n} for name, (p, r, n) in found.items()}
    return Section("entities", lines, {"messages": len(rows), "by_entity": data, "dates_resolved": share})


def emotions(rows: Sequence[Row], read: Read) -> Section:
    """Family and intensity of the feeling."""
    seen = [(row, *_emotion(read(row.text))) for row in rows]
    items = [Judged((row.emotion,), family) for row, family, _ in seen]
    gaps = [float(abs(row.intensity - level)) for row, _, level in seen]
    strong = [family for row, family, _ in seen if row.emotion == ANGRY and row.intensity == STRONGEST]
    table = scores.by_label(items)
    data: dict[str, Any] = {
        "n": len(items),
        "accuracy": scores.accuracy(items),
        "macro_f1": scores.macro_f1([item.pair for item in items]),
        "by_family": {k: asdict(v) for k, v in table.items()},
        "intensity_error": scores.mean(gaps),
        "intensity_exact": scores.mean([gap == 0 for gap in gaps]),
        "intensity_within_one": scores.mean([gap <= 1 for gap in gaps]),
        "strong_anger": len(strong),
        "strong_anger_missed": sum(family != ANGRY for family in strong),
        "confused": scores.confused(items, 8),
    }
    lines = [
        f"{data['n']} messages: accuracy {data['accuracy']:.3f}, macro F1 {data['macro_f1']:.3f}",
        f"intensity 0..3: mean error {data['intensity_error']:.3f}, exact {data['intensity_exact']:.3f}, "
        f"within one {data['intensity_within_one']:.3f}",
        f"strongest anger not read as anger: {data['strong_anger_missed']} of {data['strong_anger']}",
        "",
        *_label_table("family", items, table),
    ]
    return Section("emotions", lines, data)


def _emotion(parse: Parse) -> tuple[str, int]:
    return str(parse.emotion.get("family", "neutral")), int(parse.emotion.get("intensity", 0))


def cost(parses: Sequence[Parse], load_seconds: float, memory: tuple[float, float]) -> Section:
    """Wall clock and CPU of one message through the whole pipeline."""
    walls, cpus = [p.wall for p in parses], [p.cpu for p in parses]
    data = {
        "n": len(parses),
        "load_seconds": load_seconds,
        "memory_mb": memory[0],
        "peak_memory_mb": memory[1],
        "cpu_mean_ms": scores.mean(cpus),
        **{f"wall_p{q}_ms": scores.quantile(walls, q / 100) for q in (50, 95)},
        **{f"cpu_p{q}_ms": scores.quantile(cpus, q / 100) for q in (50, 95)},
    }
    lines = [
        f"{len(parses)} new messages on one core: wall p50 {data['wall_p50_ms']:.1f} ms, p95 "
        f"{data['wall_p95_ms']:.1f} ms; CPU mean {data['cpu_mean_ms']:.1f} ms, p50 {data['cpu_p50_ms']:.1f} ms, p95 "
        f"{data['cpu_p95_ms']:.1f} ms",
        f"model loaded in {load_seconds:.1f} s; memory {memory[0]:.0f} MB, at most {memory[1]:.0f} MB",
    ]
    return Section("cost", lines, data)
