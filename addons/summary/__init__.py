"""The structured escalation summary: built from tracker events alone, the same bytes for the same events."""

from addons.summary.builder import build_summary, minimal_summary
from addons.summary.masking import mask, mask_name, mask_phone

__all__ = ["build_summary", "mask", "mask_name", "mask_phone", "minimal_summary"]
