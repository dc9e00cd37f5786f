"""How well the trained model understands: `.venv/bin/python -m bench.evaluate [--model FILE] [--json FILE]`.

Parses tests/data with the pipeline of production and prints every figure; where BATON_EVAL_DIR names a folder with
*intents*.tsv or *emotions*.tsv of real customers, those too, as counts and labels only.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.evaluate_parse import Pipeline, memory_mb, newest_model, one_core, one_thread
from bench.evaluate_sets import ROOT, TestSet, emotion_training_lines, own_set, real_set, training_lines

PICTURE = ROOT / "results" / "intents.png"


def sections(lines: TestSet, read: Pipeline) -> list[Any]:
    """Every section for which the set has lines."""
    from bench import evaluate_sections as parts

    result = []
    if lines.intents:
        result += [
            parts.intents(parts.judged(lines.intents, read)),
            parts.calibration(lines.intents, read),
            parts.scope(lines.intents, read),
        ]
    if lines.several:
        result.append(parts.several(lines.several, read))
    if lines.entities:
        result.append(parts.entities(lines.entities, read))
    if lines.emotions:
        result.append(parts.emotions(lines.emotions, read))
    return result


def show(title: str, lines: TestSet, found: Sequence[Any]) -> dict[str, Any]:
    """Prints the sections of one set; the same for machines."""
    repeated = ", ".join(f"{name} {count}" for name, count in lines.repeated.items())
    print(f"\n=== {title}; left out because training has the line: {repeated}")
    for section in found:
        print(f"\n--- {section.name}", *section.lines, sep="\n")
    return {"repeated": lines.repeated, **{section.name: section.data for section in found}}


def run(model: Path, picture: Path) -> dict[str, Any]:
    """Loads, parses, prints."""
    from bench import evaluate_sections as parts
    from bench.entity_scores import MOMENT
    from bench.evaluate_picture import confusion_picture

    read = Pipeline(model, MOMENT)
    known = training_lines(), emotion_training_lines()
    own = own_set().without(*known)
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    print(f"evaluate | {when}, model {model.name}, load average {os.getloadavg()[0]:.1f}")
    result: dict[str, Any] = {"model": model.name, "own": show("our own test set", own, sections(own, read))}
    folder = os.environ.get("BATON_EVAL_DIR")
    if folder:
        real = real_set(Path(folder)).without(*known)
        result["real"] = show("real lines, counts only", real, sections(real, read))
    cost = parts.cost(read.costs(), read.load_seconds, memory_mb())
    print("\n--- cost", *cost.lines, sep="\n")
    confusion_picture(parts.judged(own.intents, read), picture, f"intents, {len(own.intents)} lines, {model.name}")
    print(f"\nconfusion matrix: {picture.name} in {picture.parent.name}/")
    return {**result, "cost": cost.data}


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when measured, 1 with one sentence when not; a wrong line is a figure, not a failure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, help="a trained model (the newest in models/)")
    parser.add_argument("--json", type=Path, help="write all figures to this file, too")
    parser.add_argument("--picture", type=Path, default=PICTURE, help="confusion matrix (results/intents.png)")
    options = parser.parse_args(arguments)
    one_thread()
    one_core()
    os.chdir(ROOT)
    try:
        result = run(options.model or newest_model(), options.picture)
        if options.json:
            options.json.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    except (OSError, ValueError) as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
