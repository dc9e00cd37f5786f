"""Brings a fresh machine to the point where Baton can run: uv, both environments, the Chinese spaCy pipeline.

Standard library only, because nothing else is there yet. Safe to repeat: a step whose inputs did not change
since it last succeeded is skipped, so that a second call takes milliseconds.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


class SetupError(Exception):
    """A step that could not be done; the text is one sentence for the person at the terminal."""


def say(text: str) -> None:
    print(f"setup | {text}", flush=True)


def run(command: list[str], cwd: Path, failure: str) -> None:
    """Runs a command with its output in var/log/setup.log; raises SetupError with `failure` when it fails."""
    log = ROOT / "var" / "log" / "setup.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as out:
        out.write(f"\n$ {' '.join(command)}\n".encode())
        out.flush()
        done = subprocess.run(command, cwd=cwd, stdout=out, stderr=subprocess.STDOUT, check=False)
    if done.returncode != 0:
        raise SetupError(f"{failure} (details in var/log/setup.log)")


def find_uv() -> str:
    """Path of uv: the one on PATH, or one installed from PyPI into .tools/uv."""
    found = shutil.which("uv")
    if found:
        return found
    own = TOOLS / "uv" / "bin" / "uv"
    if not own.exists():
        say("installing uv from PyPI")
        why = "uv could not be installed: python3 needs the venv module and PyPI must be reachable"
        run([sys.executable, "-m", "venv", str(TOOLS / "uv")], ROOT, why)
        run([str(TOOLS / "uv" / "bin" / "pip"), "install", "--quiet", "uv"], ROOT, why)
    return str(own)


def digest(files: list[Path]) -> str:
    """Content hash that changes whenever one of the files does."""
    sha = hashlib.sha256()
    for file in sorted(files):
        sha.update(str(file.relative_to(ROOT)).encode())
        sha.update(file.read_bytes())
    return sha.hexdigest()


def once(name: str, inputs: list[Path], product: Path) -> Path | None:
    """The stamp to write when step `name` must run; None when it already ran on the same inputs."""
    stamp = TOOLS / f"{name}.stamp"
    if product.exists() and stamp.exists() and stamp.read_text() == digest(inputs):
        return None
    return stamp


def finish(stamp: Path, inputs: list[Path]) -> None:
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(digest(inputs))


def sync(uv: str, folder: Path, label: str, python: str, missing: str) -> None:
    """Installs one locked environment into `folder`/.venv."""
    inputs = [folder / "pyproject.toml", folder / "uv.lock"]
    stamp = once(f"env-{label}", inputs, folder / ".venv" / "bin" / "python")
    if stamp is None:
        return
    probe = subprocess.run([uv, "python", "find", python], capture_output=True, check=False, cwd=folder)
    if probe.returncode != 0:
        say(f"Python {python} is not on this machine, asking uv for it")
        run([uv, "python", "install", python], folder, missing)
    say(f"installing the {label} environment (Python {python})")
    run(
        [uv, "sync", "--frozen", "--python", python],
        folder,
        f"the {label} environment could not be installed",
    )
    finish(stamp, inputs)


def sync_environments() -> None:
    uv = find_uv()
    sync(
        uv,
        ROOT,
        "brain",
        "3.10",
        "Python 3.10 is missing: Rasa 3.6 needs it; install python3.10, or pyenv, or let uv download it",
    )
    sync(
        uv,
        ROOT / "services",
        "services",
        ">=3.11,<3.14",
        "Python 3.11 or newer is missing: the desk and the shop need it; install one or let uv download it",
    )


def sync_fuzz() -> None:
    """The environment of `make fuzz`: schemathesis alone, apart from what the services and their tests use."""
    folder = ROOT / "services"
    inputs = [folder / "pyproject.toml", folder / "uv.lock"]
    stamp = once("env-fuzz", inputs, folder / ".venv-fuzz" / "bin" / "schemathesis")
    if stamp is None:
        return
    say("installing the environment for fuzzing")
    os.environ["UV_PROJECT_ENVIRONMENT"] = str(folder / ".venv-fuzz")
    run([find_uv(), "sync", "--frozen", "--only-group", "fuzz"], folder, "schemathesis could not be installed")
    del os.environ["UV_PROJECT_ENVIRONMENT"]
    finish(stamp, inputs)


def remove_sample_stories() -> None:
    """A plain `rasa test` at the root walks into .venv and would count Rasa's own sample stories as ours."""
    for file in (ROOT / ".venv").glob("lib/python*/site-packages/rasa/cli/initial_project/tests/test_stories.yml"):
        file.unlink()


def build_pipeline() -> None:
    """Writes addons/spacy_zh, the tokenizer and entity ruler that Rasa loads by path."""
    data, rules = ROOT / "data", ROOT / "addons" / "understanding"
    inputs = [ROOT / "uv.lock", ROOT / "addons" / "spacy_pipeline.py", rules / "normalise.py"]
    inputs += [*data.glob("nlu*.yml"), *data.glob("nlu/*.yml"), *rules.glob("tables/*.yml")]
    stamp = once("spacy", inputs, ROOT / "addons" / "spacy_zh")
    if stamp is None:
        return
    say("building the Chinese spaCy pipeline")
    python = str(ROOT / ".venv" / "bin" / "python")
    run([python, "-m", "addons.spacy_pipeline", "build"], ROOT, "the spaCy pipeline could not be built")
    finish(stamp, inputs)


def install_browser() -> None:
    """Chromium and Chinese fonts for the end-to-end tests, from the system's packages."""
    if any(shutil.which(name) for name in BROWSERS):
        return
    needed = "the browser tests need Chromium and Chinese fonts: install the packages chromium and fonts-noto-cjk"
    apt = shutil.which("apt-get")
    if apt is None:
        raise SetupError(needed)
    prefix = [] if os.geteuid() == 0 else ["sudo", "-n"]
    say("installing Chromium and Chinese fonts for the browser tests")
    run([*prefix, apt, "update"], ROOT, needed)
    packages = ["chromium", "fonts-noto-cjk"]
    run([*prefix, apt, "install", "-y", "--no-install-recommends", *packages], ROOT, needed)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", action="store_true", help="also install what only the tests need")
    parser.add_argument("--fuzz", action="store_true", help="also install what only `make fuzz` needs")
    wanted = parser.parse_args()
    try:
        sync_environments()
        remove_sample_stories()
        build_pipeline()
        if wanted.tests:
            install_browser()
        if wanted.fuzz:
            sync_fuzz()
    except SetupError as error:
        print(f"setup | {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
