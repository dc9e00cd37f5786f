"""One pipeline of the race: `python -m bench.race_measure MODEL OUT` writes its figures on our test set as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from bench import scores
from bench.evaluate_parse import Pipeline, memory_mb, one_core, one_thread
from bench.evaluate_sections import cost, intents, judged, scope, several
from bench.evaluate_sets import TestSet, own_set, training_lines


def figures(model: Path, lines: TestSet) -> dict[str, Any]:
    """Accuracy first, then what the same messages cost."""
    read = Pipeline(model)
    found: dict[str, Any] = {
        "intents": intents(judged(lines.intents, read)).data,
        "scope": scope(lines.intents, read).data,
        "several": several(lines.several, read).data,
    }
    found["cost"] = cost(read.costs(), read.load_seconds, memory_mb()).data
    found["right_before_thresholds"] = scores.mean(
        [next(n for n, _ in read(r.text).ranking if n != scores.FALLBACK) in r.intents for r in lines.intents]
    )
    return found


def main() -> int:
    """Always the whole own test set without the lines that training has."""
    one_thread()
    one_core()
    lines = own_set().without(training_lines(), set())
    found = figures(Path(sys.argv[1]), lines)
    Path(sys.argv[2]).write_text(json.dumps(found), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
