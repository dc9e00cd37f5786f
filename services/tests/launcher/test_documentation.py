"""The documents tell the truth about settings and commands."""

from __future__ import annotations

import re

from desk.kernel.settings import ROWS
from launcher.settings import ROOT

OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def test_every_setting_of_the_desk_is_documented_with_its_default() -> None:
    lines = OPERATIONS.splitlines()
    for row in ROWS:
        told = [line for line in lines if line.startswith(f"| `{row.name}` |") and line.endswith(f"| {row.help} |")]
        assert told, f"docs/operations.md lacks {row.name}"
        assert (row.default or "") in told[0]


def test_links_between_documents_lead_somewhere() -> None:
    pages = [ROOT / name for name in ("README.md", "README.zh-CN.md", "ARCHITECTURE.md", "CONTRIBUTING.md")]
    for page in [*pages, *(ROOT / "docs").rglob("*.md"), *(ROOT / "contracts").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
