"""The sentence encoder: our fine-tuned weights (encoder_files/) run by ONNX Runtime, tokens by `tokenizers`."""

from __future__ import annotations

import hashlib
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FILES = Path(__file__).parent / "encoder_files"
WEIGHTS, TOKENS = "encoder.onnx", "tokenizer.json"
_BEGIN, _END, _SPACE = "<s>", "</s>", "\u2581"


class Encoder:
    """Plain-form text -> vector (dim,), float32, L2-normalised; texts that mean alike lie near each other.

    Safe to share between threads. One core a call: more only fight each other under load.
    """

    dim = 384

    def __init__(self, folder: Path = FILES) -> None:
        """Loads about 30 MB; ImportError without the two packages, OSError without the files."""
        import onnxruntime
        from tokenizers import Tokenizer

        weights = folder / WEIGHTS
        if not weights.is_file():
            raise FileNotFoundError(f"{weights.name} is missing in {folder.name}")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])
        self._tokens = Tokenizer.from_file(str(folder / TOKENS))
        vocabulary = self._tokens.get_vocab_size()
        # Row `vocabulary` of the table stands for the model's whole "query: " prefix.
        self._frame = (self._tokens.token_to_id(_BEGIN), vocabulary, self._tokens.token_to_id(_END))
        self._space = self._tokens.token_to_id(_SPACE)
        self._folder = folder

    @cached_property
    def fingerprint(self) -> str:
        """Names these weights: vectors of others must not be mixed with theirs."""
        return hashlib.sha1((self._folder / WEIGHTS).read_bytes(), usedforsecurity=False).hexdigest()[:12]

    def query(self, text: str) -> NDArray[np.float32]:
        """The vector of one text, about 6 ms for a short one."""
        found = self._tokens.encode(text, add_special_tokens=False).ids
        begin, prefix, end = self._frame
        words = found[1:] if found[:1] == [self._space] else found
        ids = np.array([[begin, prefix, *words, end]], dtype=np.int64)
        vector: NDArray[np.float32] = self._session.run(None, {"ids": ids})[0][0]
        return vector / max(float(np.linalg.norm(vector)), 1e-9)
