"""Our pipeline against jieba + DIET: `.venv/bin/python -m bench.understanding [--epochs N] [--limit LINES]`.

Both are trained with `rasa train nlu` on the same lines and all cores, without a cache and without policies (no TED),
then read the same test set (tests/data), each in a process of its own on one core. `--cross-validate` instead
measures our models on their training lines, which is how settings are tuned; `--thresholds` adds the table of the
fallback thresholds.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench.evaluate_parse import one_thread, quiet
from bench.evaluate_sets import ROOT
from bench.race_train import RaceError, Trained, pipelines, train, write_lines

EPOCHS = 6  # each takes about four minutes of CPU with 12,000 lines
Figures = dict[str, Any]


def measure(name: str, trained: Trained, folder: Path) -> Figures:
    """Figures of a model from a process of its own. RaceError with the end of its output."""
    out = folder / f"{trained.model.parent.parent.name}.json"
    command = [sys.executable, "-m", "bench.race_measure", str(trained.model), str(out)]
    done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True, errors="replace")
    if done.returncode != 0 or not out.is_file():
        tail = "\n  ".join(done.stderr.strip().splitlines()[-8:])
        raise RaceError(f"measuring {name} failed:\n  {tail}")
    found: Figures = json.loads(out.read_text(encoding="utf-8"))
    found["training"] = {
        "seconds": trained.seconds,
        "cpu_seconds": trained.cpu_seconds,
        "peak_mb": trained.peak_mb,
        "fitted": trained.fitted,
        "model_mb": trained.model.stat().st_size / 2**20,
    }
    return found


def race(epochs: int, limit: int | None, folder: Path) -> tuple[int, dict[str, Figures]]:
    """Trains and measures one after the other; (training lines, figures by name)."""
    lines, count = write_lines(folder, limit)
    found = {}
    for name, pipeline in pipelines(epochs).items():
        print(f"  {name}: training on {count} lines ...", flush=True)
        trained = train(name, pipeline, lines, folder)
        print(f"  {name}: trained in {trained.seconds:.0f} s; measuring ...", flush=True)
        found[name] = measure(name, trained, folder)
    return count, found


def table(found: dict[str, Figures]) -> list[str]:
    """A line for each figure, a column for each pipeline."""
    rows: list[tuple[str, Callable[[Figures], str]]] = [
        ("intent right, of the test lines", lambda f: f"{f['intents']['right']} of {f['intents']['n']}"),
        ("  accuracy, thresholds applied", lambda f: f"{f['intents']['accuracy']:.3f}"),
        ("  accuracy of the best intent", lambda f: f"{f['right_before_thresholds']:.3f}"),
        ("  mean over intents", lambda f: f"{f['intents']['macro']:.3f}"),
        ("  macro F1", lambda f: f"{f['intents']['macro_f1']:.3f}"),
        ("  asked back at", lambda f: f"{f['intents']['fallback']}"),
        ("out of scope AUROC", lambda f: f"{f['scope']['auroc']:.3f}"),
        ("  rejected at 95 % in scope kept", lambda f: f"{f['scope']['rejected_at_95']:.1%}"),
        ("  rejected as configured", lambda f: f"{f['scope']['rejected_as_configured']:.1%}"),
        ("  in scope kept as configured", lambda f: f"{f['scope']['kept_as_configured']:.1%}"),
        ("several wishes: same set", lambda f: f"{f['several']['several wishes']['same_set']:.3f}"),
        ("several wishes: first right", lambda f: f"{f['several']['several wishes']['first']:.3f}"),
        ("wall p50 of a message, one core, ms", lambda f: f"{f['cost']['wall_p50_ms']:.1f}"),
        ("wall p95 of a message, one core, ms", lambda f: f"{f['cost']['wall_p95_ms']:.1f}"),
        ("CPU of a message, one core, ms", lambda f: f"{f['cost']['cpu_mean_ms']:.1f}"),
        ("memory of the process, MB", lambda f: f"{f['cost']['memory_mb']:.0f}"),
        ("loading, s", lambda f: f"{f['cost']['load_seconds']:.1f}"),
        ("training on all cores, s", lambda f: f"{f['training']['seconds']:.0f}"),
        ("training CPU, s", lambda f: f"{f['training']['cpu_seconds']:.0f}"),
        ("accuracy on the training lines", lambda f: f"{f['training']['fitted'] or '-'}"),
        ("training memory, at most, MB", lambda f: f"{f['training']['peak_mb']:.0f}"),
        ("model file, MB", lambda f: f"{f['training']['model_mb']:.1f}"),
    ]
    head = f"{'':37}" + "".join(f"{name:>16}" for name in found)
    return [head] + [f"{name:37}" + "".join(f"{show(f):>16}" for f in found.values()) for name, show in rows]


def run(options: argparse.Namespace) -> None:
    """The race, printed and on request written."""
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
    print(f"understanding | {when}, load average {os.getloadavg()[0]:.1f}, DIET {options.epochs} epochs")
    with tempfile.TemporaryDirectory(prefix="baton-race-") as folder:
        count, found = race(options.epochs, options.limit, Path(folder))
    cut = "" if options.limit is None else " (a subset: no verdict on accuracy)"
    print(
        f"\nboth trained on the same {count} lines{cut}, measured on the same unseen test set", *table(found), sep="\n"
    )
    if options.json:
        result = {"lines": count, "epochs": options.epochs, **found}
        options.json.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when measured, 1 with one sentence when not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--epochs", type=int, default=EPOCHS, help=f"of DIET ({EPOCHS}; projects usually take 100)")
    parser.add_argument("--limit", type=int, help="train on so many lines only, every intent alike")
    parser.add_argument("--json", type=Path, help="write all figures to this file, too")
    parser.add_argument("--cross-validate", action="store_true", help="no race: our models on their training lines")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--thresholds", action="store_true", help="with --cross-validate: table of thresholds")
    options = parser.parse_args(arguments)
    one_thread()
    quiet()
    try:
        if options.cross_validate:
            from bench.evaluate_folds import cross_validate

            cross_validate(options.folds, options.thresholds)
        else:
            run(options)
    except (RaceError, OSError, ValueError) as error:
        print(f"bench-understanding: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
