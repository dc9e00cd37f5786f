"""`python -m desk` with another time of day: the machine's clock, moved by the seconds in the file `clock`."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from desk.__main__ import main


class MovedClock:
    """A clock that a test moves while the desk runs."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        return datetime.now(UTC) + timedelta(seconds=float(self._file.read_text()))


if __name__ == "__main__":
    sys.exit(main(MovedClock(Path(os.environ["BATON_DATA_DIR"]) / "clock")))
