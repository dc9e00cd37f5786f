"""Which trained model belongs to this checkout, and how to get it.

The file's name carries a digest of everything that goes into training, so "is the model current" is one look
at a file name (milliseconds) where asking Rasa itself costs the ten seconds of importing TensorFlow.
"""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from launcher.output import say
from launcher.settings import LauncherError, Settings

INPUT_PATTERNS = (
    "config.yml",
    "domain.yml",
    "data/**/*.yml",
    "data/**/*.tsv",
    "addons/understanding/**/*.py",
    "addons/understanding/**/*.yml",
    "addons/understanding/encoder_files/*",
    "addons/escalation/policy.py",
    "addons/spacy_pipeline.py",
    "playbook/emotion_words.yml",
    "uv.lock",
)
COMPONENT = re.compile(r"Starting to train component '(\w+)'")


def training_inputs(root: Path) -> list[Path]:
    return sorted({file for pattern in INPUT_PATTERNS for file in root.glob(pattern) if file.is_file()})


def digest(root: Path) -> str:
    """Twelve hexadecimal digits that change whenever training would give another model."""
    sha = hashlib.sha256()
    for file in training_inputs(root):
        sha.update(str(file.relative_to(root)).encode() + b"\0" + file.read_bytes() + b"\0")
    return sha.hexdigest()[:12]


def current_model(root: Path) -> Path:
    return root / "models" / f"baton-{digest(root)}.tar.gz"


def chosen_model(settings: Settings) -> Path | None:
    """The model to run, None when one has to be trained first.

    Raises LauncherError when BATON_MODEL names a file that is missing or was trained from other data.
    """
    current = current_model(settings.root)
    if settings.model is None:
        return current if current.exists() else None
    named = Path(settings.model) if Path(settings.model).is_absolute() else settings.root / settings.model
    if not named.is_file():
        raise LauncherError(f"BATON_MODEL names {settings.model}, which does not exist; unset it or run 'make train'.")
    if named.name != current.name:
        raise LauncherError(
            f"The model {named.name} does not fit the data: this checkout trains {current.name}; "
            "run 'make train' and unset BATON_MODEL."
        )
    return named


def new_components(log: Path, seen: int) -> Iterator[tuple[int, str]]:
    text = log.read_bytes()[seen:].decode(errors="replace")
    for match in COMPONENT.finditer(text):
        yield seen + len(text[: match.end()].encode()), match.group(1)


def follow(process: subprocess.Popen[bytes], log: Path, started: float) -> None:
    """Prints one line for each component that starts to train, until the trainer ends."""
    seen = 0
    while process.poll() is None:
        time.sleep(0.5)
        for position, name in new_components(log, seen):
            seen = position
            say("train", f"{name} ({time.monotonic() - started:.0f} s)")


def train(settings: Settings, environment: Mapping[str, str]) -> Path:
    """Trains unless the present model is current; prints one line a component; raises LauncherError on failure."""
    target = current_model(settings.root)
    if target.exists():
        say("train", f"the model {target.name} is current")
        return target
    log = settings.logs / "train.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    rasa = settings.root / ".venv" / "bin" / "rasa"
    command = [str(rasa), "train", "--fixed-model-name", target.name.removesuffix(".tar.gz")]
    started = time.monotonic()
    say("train", "training the bot, about two minutes the first time")
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603
            command, cwd=settings.root, env={**os.environ, **environment}, stdout=out, stderr=subprocess.STDOUT
        )
        try:
            follow(process, log, started)
        finally:
            # Ctrl-C or SIGTERM while training must not leave a trainer behind.
            if process.poll() is None:
                process.terminate()
                process.wait()
    if process.returncode != 0 or not target.exists():
        tail = "\n  ".join(log.read_text(errors="replace").strip().splitlines()[-8:])
        raise LauncherError(f"Training failed; the whole output is in {log}.\n  {tail}")
    say("train", f"done in {time.monotonic() - started:.0f} s: {target.name}")
    return target
