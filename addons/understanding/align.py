"""Text with the place in the original that every character comes from."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Aligned:
    """A rewritten text. `spans[i]` is the half-open range of the original that character i stands for."""

    text: str
    spans: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, text: str) -> Aligned:
        return cls(text, tuple((index, index + 1) for index in range(len(text))))

    def sub(self, pattern: re.Pattern[str], replace: Callable[[re.Match[str]], str]) -> Aligned:
        """Replace every match; a replacement of equal length keeps its characters' own places."""
        parts: list[str] = []
        spans: list[tuple[int, int]] = []
        last = 0
        for match in pattern.finditer(self.text):
            start, end = match.span()
            new = replace(match)
            if start == end or new == match.group():
                continue
            parts += [self.text[last:start], new]
            spans += self.spans[last:start]
            spans += self._spans_for(start, end, len(new))
            last = end
        if not parts:
            return self
        return Aligned("".join(parts) + self.text[last:], (*spans, *self.spans[last:]))

    def _spans_for(self, start: int, end: int, length: int) -> tuple[tuple[int, int], ...]:
        if length == end - start:
            return self.spans[start:end]
        whole = (self.spans[start][0], self.spans[end - 1][1])
        return (whole,) * length

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Range of the original text for the range [start, end) of this one; both non-empty."""
        if not 0 <= start < end <= len(self.spans):
            raise ValueError(f"range {start}..{end} outside a text of {len(self.spans)} characters")
        return self.spans[start][0], self.spans[end - 1][1]

    def rewritten(self, start: int, end: int) -> tuple[int, int] | None:
        """Range of this text for the range [start, end) of the original; None when nothing of it is left."""
        places = [i for i, (first, last) in enumerate(self.spans) if first < end and start < last]
        return (places[0], places[-1] + 1) if places else None
