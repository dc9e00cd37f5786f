"""The masking of texts, where the customers' package has always had it; the rules themselves are kernel.masking."""

from __future__ import annotations

from desk.kernel.masking import mask_phone, mask_text

__all__ = ["mask_phone", "mask_text"]
