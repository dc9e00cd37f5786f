"""The labelled lines: our own test set, a folder of real lines, and the training lines they must not repeat."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from addons.understanding.emotion import FAMILIES, read_lines
from addons.understanding.normalise import normalise

ROOT = Path(__file__).resolve().parent.parent
OWN = ROOT / "tests" / "data"


@dataclass(frozen=True)
class Row:
    """One labelled message; only the fields of its file are filled."""

    text: str
    intents: tuple[str, ...] = ()
    emotion: str = ""
    intensity: int = 0
    entities: tuple[dict[str, Any], ...] = ()


@dataclass
class TestSet:
    """The files of one folder; `repeated` counts lines that were left out because training has them, by file."""

    __test__ = False  # not a test class, whatever pytest thinks of the name

    intents: list[Row] = field(default_factory=list)
    several: list[Row] = field(default_factory=list)
    entities: list[Row] = field(default_factory=list)
    emotions: list[Row] = field(default_factory=list)
    repeated: dict[str, int] = field(default_factory=dict)

    def texts(self) -> list[str]:
        """Every distinct message."""
        return list(dict.fromkeys(r.text for rows in self._all() for r in rows))

    def without(self, intent_lines: set[str], emotion_lines: set[str]) -> TestSet:
        """The lines whose plain form no training line has; emotions are trained on lines of their own."""
        rest = TestSet()
        for name in ("intents", "several", "entities", "emotions"):
            rows: list[Row] = getattr(self, name)
            known = emotion_lines if name == "emotions" else intent_lines
            kept = [row for row in rows if normalise(row.text) not in known]
            setattr(rest, name, kept)
            if rows:
                rest.repeated[name] = len(rows) - len(kept)
        return rest

    def _all(self) -> tuple[list[Row], ...]:
        return self.intents, self.several, self.entities, self.emotions


def rows_of(path: Path) -> list[list[str]]:
    """Cells of a tab-separated file without its header; [] when there is no such file."""
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE) if row]
    return rows[1:] if rows and rows[0][0] == "text" else rows


def own_set(folder: Path = OWN) -> TestSet:
    """Our own test set. FileNotFoundError when the folder has no intents.tsv."""
    if not (folder / "intents.tsv").is_file():
        raise FileNotFoundError(f"{folder.name}/intents.tsv is missing")
    return TestSet(
        intents=_intents(folder / "intents.tsv"),
        several=_intents(folder / "several_intents.tsv"),
        entities=[Row(r[0], entities=tuple(json.loads(r[1]))) for r in rows_of(folder / "entities.tsv")],
        emotions=_emotions(folder / "emotions.tsv"),
    )


def real_set(folder: Path) -> TestSet:
    """All *intents*.tsv and *emotions*.tsv of a folder. FileNotFoundError when it has neither."""
    found = TestSet(
        intents=[row for path in sorted(folder.glob("*intents*.tsv")) for row in _intents(path)],
        emotions=[row for path in sorted(folder.glob("*emotions*.tsv")) for row in _emotions(path)],
    )
    if not found.texts():
        raise FileNotFoundError("BATON_EVAL_DIR names a folder without *intents*.tsv and *emotions*.tsv")
    return found


def training_lines(files: Iterable[Path] | None = None) -> set[str]:
    """Plain forms of all intent training lines."""
    from rasa.shared.nlu.training_data.loading import load_data

    from addons.spacy_pipeline import nlu_files

    paths = list(nlu_files(ROOT) if files is None else files)
    return {normalise(e.get("text")) for path in paths for e in load_data(str(path)).intent_examples}


def emotion_training_lines() -> set[str]:
    """Plain forms of all emotion training lines."""
    return {normalise(line.text) for line in read_lines(ROOT / "data" / "emotion")}


def _intents(path: Path) -> list[Row]:
    return [Row(row[0], tuple(row[1].split("|"))) for row in rows_of(path)]


def _emotions(path: Path) -> list[Row]:
    rows = rows_of(path)
    _check_families(path.name, [row[1] for row in rows])
    return [Row(row[0], emotion=row[1], intensity=int(row[2])) for row in rows]


def _check_families(name: str, families: Sequence[str]) -> None:
    unknown = sorted(set(families) - set(FAMILIES))
    if unknown:
        raise ValueError(f"{name}: unknown emotions {', '.join(unknown)}")
