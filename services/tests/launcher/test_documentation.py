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


def test_every_setting_of_every_process_is_documented_and_nothing_else_is() -> None:
    code = [*(ROOT / "services" / "shop").rglob("*.py"), *(ROOT / "services" / "launcher").glob("*.py")]
    code += [*(ROOT / "actions").glob("*.py"), *(ROOT / "addons").rglob("*.py")]
    read = {name for path in code for name in re.findall(r'"(BATON_[A-Z_]+)"', path.read_text(encoding="utf-8"))}
    deployed = set(re.findall(r"\$\{(BATON_[A-Z_]+):-", (ROOT / "deploy" / "compose.yml").read_text(encoding="utf-8")))
    told = set(re.findall(r"`(BATON_[A-Z_]*[A-Z])[`=]", OPERATIONS))
    known = read | {row.name for row in ROWS}
    assert known - told == set()
    assert told - known <= deployed


def test_links_between_documents_lead_somewhere() -> None:
    pages = [ROOT / name for name in ("README.md", "README.zh-CN.md", "ARCHITECTURE.md", "CONTRIBUTING.md")]
    for page in [*pages, *(ROOT / "docs").rglob("*.md"), *(ROOT / "contracts").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"
