"""Two linear models as one: characters alone where they are sure, else blended with the sentence embedding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from addons.understanding.embedding import Embedder
from addons.understanding.linear import Floats, LinearModel


@dataclass(frozen=True)
class Blend:
    """How the two models share the work; see config.yml for where the numbers come from.

    `sure_from`: from this probability on the character model decides alone (an embedding costs most of a message's
    time). `chars_share`: weight 0..1 of the character model's log probabilities in the blend.
    """

    sure_from: float = 0.7
    chars_share: float = 0.3


class Cascade:
    """Class probabilities of plain-form texts with what this machine has: both models, or characters alone."""

    def __init__(
        self, full: LinearModel | None, chars: LinearModel, embedder: Embedder | None, blend: Blend | None = None
    ) -> None:
        self.chars = chars
        self.blend = blend or Blend()
        self._full = full if embedder is not None else None
        self._embedder = embedder

    @property
    def labels(self) -> tuple[str, ...]:
        return self.chars.labels

    def probabilities(self, text: str) -> Floats:
        """Shape (classes,), sums to 1."""
        seen = self.chars.probabilities(text)
        if self._full is None or self._embedder is None or float(seen.max()) >= self.blend.sure_from:
            return seen
        meant = self._full.probabilities(text, self._embedder.one(text))
        return _geometric_mean(seen, meant, self.blend.chars_share)


def _geometric_mean(first: Floats, second: Floats, share: float) -> Floats:
    """Weighted geometric mean of two distributions: one that finds a class impossible keeps its say."""
    logs = share * np.log(first + 1e-12) + (1 - share) * np.log(second + 1e-12)
    weights = np.exp(logs - logs.max())
    return np.asarray(weights / weights.sum(), dtype=np.float32)
