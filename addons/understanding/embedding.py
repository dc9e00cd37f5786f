"""Sentence embeddings: each text once, kept on disk for training; everything runs without an encoder too."""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from addons.understanding.encoder import Encoder

logger = logging.getLogger(__name__)

Vector: TypeAlias = "NDArray[np.float32]"
TRAINING_CACHE = Path(".rasa") / "baton_vectors.npz"
_REMEMBERED = 256
_TRAINING_THREADS = 2
_HEAD, _TAIL = 100, 60  # characters kept of a long text: time grows with length, wishes stand at either end


class Engine(Protocol):
    """What Encoder offers: text -> array (dim,), L2-normalised float32; `fingerprint` names its weights."""

    dim: int

    @property
    def fingerprint(self) -> str: ...

    def query(self, text: str) -> Vector: ...


class Embedder:
    """Embeds plain-form texts, each once: the intent, its clauses and the emotion share the vectors."""

    def __init__(self, engine: Engine, remembered: int = _REMEMBERED) -> None:
        self.engine = engine
        self._remembered = remembered
        self._recent: OrderedDict[str, Vector] = OrderedDict()

    def one(self, text: str) -> Vector:
        """Vector of shape (dim,); about 6 ms when the text is new."""
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
        cache = cache and cache.with_name(f"{cache.stem}.{self.engine.fingerprint}{cache.suffix}")
        known = _read_cache(cache) if cache else {}
        missing = sorted({text for text in texts if key_of(text) not in known})
        started = time.monotonic()
        if missing:
            logger.info("Embedding %d training lines ...", len(missing))
        with ThreadPoolExecutor(max_workers=_TRAINING_THREADS) as pool:
            vectors = pool.map(lambda text: self.engine.query(shortened(text)), missing)
            known.update(zip(map(key_of, missing), vectors, strict=True))
        if missing:
            logger.info("Embedded %d lines in %.0f s.", len(missing), time.monotonic() - started)
            if cache:
                _write_cache(cache, known)
        if not texts:
            return np.zeros((0, self.engine.dim), dtype=np.float32)
        return np.stack([known[key_of(text)] for text in texts])


@lru_cache(maxsize=1)
def shared_embedder() -> Embedder | None:
    """The process-wide embedder, or None (with one warning) where the encoder cannot run."""
    try:
        return Embedder(Encoder())
    except (ImportError, OSError) as error:
        logger.warning(
            "No sentence encoder here (%s): understanding runs on characters alone and is less exact.", error
        )
        return None


def shortened(text: str) -> str:
    """Beginning and end of a long text; time grows with length, 2,000 characters would block."""
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
