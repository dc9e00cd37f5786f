"""Writes our training lines in their plain form as JSON: `python -m scripts.encoder.lines FILE`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from addons.spacy_pipeline import nlu_files
from addons.understanding.emotion import read_lines
from addons.understanding.normalise import normalise

ROOT = Path(__file__).resolve().parents[2]


def collect(root: Path) -> dict[str, list[list[str]]]:
    """`intents` and `emotions`: pairs of line and label."""
    from rasa.shared.nlu.training_data.loading import load_data

    examples = [item for file in nlu_files(root) for item in load_data(str(file)).intent_examples]
    emotions = read_lines(root / "data" / "emotion")
    return {
        "intents": [[normalise(item.get("text")), item.get("intent")] for item in examples],
        "emotions": [[normalise(line.text), line.family] for line in emotions],
    }


def main() -> int:
    lines = collect(ROOT)
    Path(sys.argv[1]).write_text(json.dumps(lines, ensure_ascii=False), encoding="utf-8")
    print(", ".join(f"{len(pairs)} {name}" for name, pairs in lines.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
