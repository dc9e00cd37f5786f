"""The summary of the late parcel, built once a module."""

from __future__ import annotations

from typing import Any

import pytest

from tests.addons.escalation.tracker_lines import slot
from tests.addons.summary.late_parcel import LATE, WANG, summary_of


@pytest.fixture(scope="module")
def late() -> dict[str, Any]:
    return summary_of([slot("customer_profile", WANG), *LATE])
