"""`make vulnerabilities`: which locked packages of the public-facing environment (services/) have a known hole.

Reads services/uv.lock and asks PyPI about each package that runs in production, one after the other, at the version
that is locked: its JSON carries the advisories of the Python Packaging Advisory Database. `--only a,b` asks about these
alone. Standard library only. Exit code 1 when a hole is known or a package could not be asked about.
"""

from __future__ import annotations

import argparse
import json
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import tomllib

LOCK = Path(__file__).resolve().parent.parent / "services" / "uv.lock"
_PAUSE_SECONDS = 15


def in_production(lock: dict[str, Any]) -> dict[str, str]:
    """{name: version} of everything the project itself needs, without the groups of tests and tools."""
    packages: dict[str, Any] = {}
    for package in lock["package"]:
        packages.setdefault(package["name"], package)
    (project,) = (one for one in lock["package"] if "virtual" in one.get("source", {}))
    found: dict[str, str] = {}
    wanted = [one["name"] for one in project.get("dependencies", [])]
    extras = {one["name"]: one.get("extra", []) for one in project.get("dependencies", [])}
    while wanted:
        name = wanted.pop()
        if name in found:
            continue
        package = packages[name]
        found[name] = package["version"]
        optional = package.get("optional-dependencies", {})
        needed = [*package.get("dependencies", []), *(one for extra in extras.get(name, []) for one in optional[extra])]
        wanted += [one["name"] for one in needed]
    return dict(sorted(found.items()))


def holes(document: dict[str, Any]) -> list[str]:
    """The advisories of one release that were not withdrawn: name, and where it is mended."""
    known = [one for one in document.get("vulnerabilities", []) if not one.get("withdrawn")]
    return [
        f"{' '.join([one['id'], *one.get('aliases', [])])}, mended in {', '.join(one['fixed_in']) or 'none'}"
        for one in known
    ]


def asked(name: str, version: str) -> list[str]:
    """What PyPI knows of this release; OSError when it does not answer."""
    request = urllib.request.Request(
        f"https://pypi.org/pypi/{name}/{version}/json", headers={"User-Agent": "baton-vulnerabilities/1"}
    )
    with urllib.request.urlopen(request, timeout=_PAUSE_SECONDS) as answer:  # noqa: S310
        return holes(json.load(answer))


def main() -> int:
    """0 when every package was asked about and none has a known hole."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="comma separated names instead of all")
    only = {name for name in parser.parse_args().only.split(",") if name}
    locked = in_production(tomllib.loads(LOCK.read_text(encoding="utf-8")))
    bad = 0
    for name, version in locked.items():
        if only and name not in only:
            continue
        try:
            found = asked(name, version)
        except (urllib.error.URLError, OSError, ValueError) as error:
            found = [f"not asked: {error}"]
        bad += bool(found)
        print(f"{name} {version}: {'; '.join(found) or 'none known'}", flush=True)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
