"""The confusion matrix as a picture."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from bench.scores import Judged


def confusion_picture(items: Sequence[Judged], path: Path, title: str) -> Path:
    """Writes a PNG: a row for each true intent, a column for each reading, shades by share of the row."""
    import matplotlib  # type: ignore[import-untyped]

    logging.getLogger("matplotlib").setLevel(logging.ERROR)
    matplotlib.use("Agg")
    from matplotlib import pyplot

    pairs = Counter(item.pair for item in items)
    truths = sorted({truth for truth, _ in pairs})
    columns = truths + sorted({prediction for _, prediction in pairs} - set(truths))
    sizes = {truth: sum(n for (t, _), n in pairs.items() if t == truth) for truth in truths}
    figure, axes = pyplot.subplots(figsize=(17, 16))
    axes.imshow([[pairs[t, p] / sizes[t] for p in columns] for t in truths], cmap="Blues", vmin=0, vmax=1)
    for y, truth in enumerate(truths):
        for x, prediction in enumerate(columns):
            count = pairs[truth, prediction]
            if count:
                shade = "white" if count / sizes[truth] > 0.6 else "black" if truth == prediction else "firebrick"
                axes.text(x, y, str(count), ha="center", va="center", fontsize=7, color=shade)
    axes.set_xticks(range(len(columns)))
    axes.set_xticklabels(columns, rotation=90, fontsize=8)
    axes.set_yticks(range(len(truths)))
    axes.set_yticklabels(truths, fontsize=8)
    axes.set(xlabel="read as", ylabel="truth", title=title)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=100)
    pyplot.close(figure)
    return path
