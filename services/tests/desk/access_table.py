"""The table of who may do what (access_matrix.txt): read, and printed for docs/security.md by `make access-matrix`."""

from __future__ import annotations

from pathlib import Path

FILE = Path(__file__).with_name("access_matrix.txt")
ROLES = (
    "nobody",
    "visitor",
    "customer",
    "other",
    "owner",
    "colleague",
    "outsider",
    "supervisor",
    "admin",
    "forged",
    "secret",
    "ended",
)
BEGIN, END = "<!-- access matrix: made by `make access-matrix` -->", "<!-- end of the access matrix -->"

Table = dict[str, dict[str, str]]


def read(text: str) -> Table:
    """{call: {role: answer}}; ValueError for a line that does not have one answer a role."""
    table: Table = {}
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        words = line.split()
        call, answers = " ".join(words[: -len(ROLES)]), words[-len(ROLES) :]
        if not call or call in table:
            raise ValueError(f"not a line of the table: {line!r}")
        table[call] = dict(zip(ROLES, answers, strict=True))
    return table


def written(table: Table) -> str:
    """The lines of the file, aligned."""
    width = max(len(call) for call in table) + 2
    columns = {role: max(len(role), *(len(answers[role]) for answers in table.values())) for role in ROLES}
    head = "# " + " " * (width - 2) + " ".join(f"{role:<{columns[role]}}" for role in ROLES).rstrip()
    lines = [
        f"{call:<{width}}" + " ".join(f"{answers[role]:<{columns[role]}}" for role in ROLES).rstrip()
        for call, answers in table.items()
    ]
    return "\n".join([head, *lines]) + "\n"


def markdown(table: Table) -> str:
    """The table as Markdown between its two marks."""
    head = ["| | " + " | ".join(ROLES) + " |", "|---" * (len(ROLES) + 1) + "|"]
    rows = [f"| `{call}` | " + " | ".join(answers[role] for role in ROLES) + " |" for call, answers in table.items()]
    return "\n".join([BEGIN, *head, *rows, END])


def replaced(document: str, table: Table) -> str:
    """The document with the table between the marks; ValueError when they are missing."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError("the document has no place for the table")
    return before + markdown(table) + after


def main() -> None:
    """Put the table into docs/security.md and print it."""
    document = FILE.parents[3] / "docs" / "security.md"
    table = read(FILE.read_text(encoding="utf-8"))
    document.write_text(replaced(document.read_text(encoding="utf-8"), table), encoding="utf-8")
    print(markdown(table))


if __name__ == "__main__":
    main()
