"""Figures of a classifier as pure functions: shares, F1, confusion, calibration, out-of-scope, several intents."""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

OUT_OF_SCOPE = "out_of_scope"
FALLBACK = "nlu_fallback"
Pair = tuple[str, str]  # (truth, prediction)


@dataclass(frozen=True)
class Judged:
    """One message: the accepted labels, best first, and what was predicted."""

    accepted: tuple[str, ...]
    predicted: str

    @property
    def right(self) -> bool:
        """Any accepted label counts; asking back counts where the message is none of ours."""
        return self.predicted in self.accepted or (self.predicted == FALLBACK and OUT_OF_SCOPE in self.accepted)

    @property
    def pair(self) -> Pair:
        """(truth, prediction); a right prediction makes itself the truth, a right fallback is out_of_scope."""
        if not self.right:
            return self.accepted[0], self.predicted
        label = self.predicted if self.predicted in self.accepted else OUT_OF_SCOPE
        return label, label


@dataclass(frozen=True)
class LabelScore:
    """`n` lines have this label first; of those `recall` are right, of the lines so predicted `precision`."""

    n: int
    recall: float
    precision: float
    f1: float


@dataclass(frozen=True)
class Bin:
    """Predictions with a confidence from `low` to `high`: how sure they were and how many were right."""

    low: float
    high: float
    n: int
    confidence: float
    right: float


@dataclass(frozen=True)
class Several:
    """Shares over messages; recall and precision are means per message."""

    n: int
    exact: float
    same_set: float
    partial: float
    first: float
    recall: float
    precision: float


def mean(values: Sequence[float]) -> float:
    """0.0 for nothing."""
    return statistics.fmean(values) if values else 0.0


def accuracy(items: Sequence[Judged]) -> float:
    """Share of messages whose prediction is accepted."""
    return mean([item.right for item in items])


def macro(items: Sequence[Judged]) -> float:
    """Mean over the first accepted labels of the share right."""
    groups: dict[str, list[bool]] = defaultdict(list)
    for item in items:
        groups[item.accepted[0]].append(item.right)
    return mean([mean(group) for group in groups.values()])


def f1_by_label(pairs: Sequence[Pair]) -> dict[str, float]:
    """F1 of every label that occurs as a truth."""
    truths, predictions = Counter(t for t, _ in pairs), Counter(p for _, p in pairs)
    hits = Counter(t for t, p in pairs if t == p)
    return {label: 2 * hits[label] / (truths[label] + predictions[label]) for label in sorted(truths)}


def macro_f1(pairs: Sequence[Pair]) -> float:
    """Mean F1 over the labels that occur as a truth."""
    return mean(list(f1_by_label(pairs).values()))


def by_label(items: Sequence[Judged]) -> dict[str, LabelScore]:
    """Scores of every label that is the first accepted one of some line."""
    f1 = f1_by_label([item.pair for item in items])
    result = {}
    for label in sorted({item.accepted[0] for item in items}):
        own = [item.right for item in items if item.accepted[0] == label]
        claimed = [item.right for item in items if item.pair[1] == label]
        result[label] = LabelScore(len(own), mean(own), mean(claimed), f1.get(label, 0.0))
    return result


def confused(items: Sequence[Judged], top: int = 20) -> list[tuple[str, str, int]]:
    """(truth, prediction, count) of the wrong ones, most frequent first."""
    counts = Counter(item.pair for item in items if not item.right)
    return [(t, p, n) for (t, p), n in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))[:top]]


def calibration(sure: Sequence[tuple[float, bool]], count: int = 10) -> list[Bin]:
    """(confidence, right) sorted into `count` equal bins of 0..1; empty bins are left out."""
    groups: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for confidence, right in sure:
        groups[min(int(confidence * count), count - 1)].append((confidence, right))
    return [
        Bin(i / count, (i + 1) / count, len(g), mean([c for c, _ in g]), mean([r for _, r in g]))
        for i, g in sorted(groups.items())
    ]


def calibration_error(bins: Sequence[Bin]) -> float:
    """Expected calibration error: mean gap between confidence and share right, weighted by size."""
    total = sum(b.n for b in bins)
    return sum(b.n * abs(b.confidence - b.right) for b in bins) / total if total else 0.0


def scope_score(ranking: Sequence[tuple[str, float]]) -> float:
    """Probability of the best intent of ours minus that of out_of_scope; from -1 to 1."""
    inside = max((p for name, p in ranking if name not in {OUT_OF_SCOPE, FALLBACK}), default=0.0)
    return inside - dict(ranking).get(OUT_OF_SCOPE, 0.0)


def auroc(inside: Sequence[float], outside: Sequence[float]) -> float:
    """Probability that a line of ours scores higher than one that is not; ties count half, 0.5 for nothing."""
    if not inside or not outside:
        return 0.5
    total = 0.0
    rank = 0
    for _, tied in _ties([(score, 1) for score in inside] + [(score, 0) for score in outside]):
        total += sum(tied) * (rank + (len(tied) + 1) / 2)
        rank += len(tied)
    return (total - len(inside) * (len(inside) + 1) / 2) / (len(inside) * len(outside))


def _ties(scored: Sequence[tuple[float, int]]) -> list[tuple[float, list[int]]]:
    groups: dict[float, list[int]] = defaultdict(list)
    for score, side in scored:
        groups[score].append(side)
    return sorted(groups.items())


def threshold_keeping(inside: Sequence[float], share: float = 0.95) -> float:
    """Highest score below which at most 1 - `share` of the lines of ours lie."""
    ordered = sorted(inside)
    return ordered[int(len(ordered) * (1 - share) + 1e-9)] if ordered else 0.0


def rejected(outside: Sequence[float], threshold: float) -> float:
    """Share of scores below the threshold."""
    return mean([score < threshold for score in outside])


def several(pairs: Sequence[tuple[Sequence[str], Sequence[str]]]) -> Several:
    """`pairs` of (wanted, given), both in handling order; partial means at least one but not exactly all."""
    shared = [len(set(w) & set(g)) for w, g in pairs]
    same = [set(w) == set(g) for w, g in pairs]
    return Several(
        n=len(pairs),
        exact=mean([list(w) == list(g) for w, g in pairs]),
        same_set=mean(same),
        partial=mean([n > 0 and not s for n, s in zip(shared, same, strict=True)]),
        first=mean([w[:1] == g[:1] for w, g in ((list(w), list(g)) for w, g in pairs)]),
        recall=mean([n / len(set(w)) for n, (w, _) in zip(shared, pairs, strict=True)]),
        precision=mean([n / len(set(g)) if g else 0.0 for n, (_, g) in zip(shared, pairs, strict=True)]),
    )


def quantile(values: Sequence[float], share: float) -> float:
    """Value below or at which `share` of the values lie, by linear interpolation; 0.0 for nothing."""
    if not values:
        return 0.0
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
