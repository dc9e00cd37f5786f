"""Makes the modules of the stress bench importable, so that the tests can prove that its audit finds faults."""

from __future__ import annotations

import sys
from pathlib import Path

_BENCH = str(Path(__file__).resolve().parents[3] / "bench")
if _BENCH not in sys.path:
    sys.path.append(_BENCH)
import handoff_audit as audit  # noqa: E402
import handoff_journal as journal  # noqa: E402

__all__ = ["audit", "journal"]
