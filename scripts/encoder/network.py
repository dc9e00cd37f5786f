"""The encoder as a PyTorch network: the layers of multilingual-e5-small, mean of the last layer's tokens."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from scripts.encoder.source import EPSILON, HEADS, INNER, LAYERS, WIDTH, Source
from scripts.encoder.tokens import PREFIX

SHARPNESS = 8.0  # length of the vectors that the heads see


class Layer(nn.Module):
    """One transformer layer, normalised after each half."""

    def __init__(self, dropout: float = 0.1) -> None:
        super().__init__()
        self.q, self.k, self.v, self.ao = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.fi, self.fo = nn.Linear(WIDTH, INNER), nn.Linear(INNER, WIDTH)
        self.l1, self.l2 = nn.LayerNorm(WIDTH, eps=EPSILON), nn.LayerNorm(WIDTH, eps=EPSILON)
        self.drop = nn.Dropout(dropout)

    def forward(self, tokens: Tensor, bias: Tensor) -> Tensor:
        batch, length, width = tokens.shape

        def split(part: Tensor) -> Tensor:
            return part.view(batch, length, HEADS, width // HEADS).transpose(1, 2)

        weights = split(self.q(tokens)) @ split(self.k(tokens)).transpose(-1, -2) / (width // HEADS) ** 0.5
        seen = (torch.softmax(weights + bias, -1) @ split(self.v(tokens))).transpose(1, 2).reshape(batch, length, width)
        tokens = self.l1(tokens + self.drop(self.ao(seen)))
        return self.l2(tokens + self.drop(self.fo(functional.gelu(self.fi(tokens)))))


class Encoder(nn.Module):
    """Rows of the table (ids) -> vectors (batch, WIDTH); -1 pads."""

    def __init__(self, words: int, layers: int = LAYERS) -> None:
        super().__init__()
        self.words = nn.Embedding(words, WIDTH)
        self.places, self.kind = nn.Parameter(torch.zeros(512, WIDTH)), nn.Parameter(torch.zeros(WIDTH))
        self.norm = nn.LayerNorm(WIDTH, eps=EPSILON)
        self.layers = nn.ModuleList(Layer() for _ in range(layers))

    def forward(self, ids: Tensor) -> Tensor:
        known = ids >= 0
        rows = torch.where(known, ids, torch.zeros_like(ids))
        tokens = self.norm(self.words(rows) + self.places[: ids.shape[1]] + self.kind)
        bias = torch.where(known, 0.0, -1e4)[:, None, None, :]
        for layer in self.layers:
            tokens = layer(tokens, bias)
        mask = known[..., None].float()
        return (tokens * mask).sum(1) / mask.sum(1)


class Head(nn.Module):
    """Classes from a vector: centred, of one length, one linear layer."""

    def __init__(self, mean: Tensor, classes: int) -> None:
        super().__init__()
        self.mean = nn.Parameter(mean, requires_grad=False)
        self.linear = nn.Linear(WIDTH, classes)

    def forward(self, vectors: Tensor) -> Tensor:
        return self.linear(functional.normalize(vectors - self.mean, dim=-1) * SHARPNESS)


def from_source(source: Source, ids: Sequence[int], prefix: Sequence[int]) -> Encoder:
    """The original weights with the rows of `ids`, and last one row for the prefix: the mean of its pieces."""
    made = Encoder(len(ids) + 1)
    rows = np.concatenate([source.words(list(ids)), source.words(list(prefix)).mean(0, keepdims=True)])
    made.words.weight.data = torch.tensor(rows)
    made.places.data = torch.tensor(source.tensor("emb.pos").reshape(512, WIDTH))
    made.kind.data = torch.tensor(source.tensor("emb.type").reshape(2, WIDTH)[0])
    _load_norm(made.norm, source, "emb.ln")
    for number, layer in enumerate(made.layers):
        for ours, theirs in (("q", "q"), ("k", "k"), ("v", "v"), ("ao", "ao"), ("fi", "fi"), ("fo", "fo")):
            linear = getattr(layer, ours)
            linear.weight.data = torch.tensor(source.tensor(f"l{number}.{theirs}.w").reshape(linear.weight.shape))
            linear.bias.data = torch.tensor(source.tensor(f"l{number}.{theirs}.b"))
        _load_norm(layer.l1, source, f"l{number}.aln")
        _load_norm(layer.l2, source, f"l{number}.oln")
    return made


def batch_of(lines: Sequence[Sequence[int]], rows: dict[int, int]) -> Tensor:
    """Token ids as rows of the table, padded with -1; a piece without a row counts as unknown (row 3)."""
    longest = max(map(len, lines))
    ids = torch.full((len(lines), longest), -1, dtype=torch.long)
    for place, line in enumerate(lines):
        ids[place, : len(line)] = torch.tensor([rows[PREFIX] if t == PREFIX else rows.get(t, 3) for t in line])
    return ids


def embed(encoder: Encoder, lines: Sequence[Sequence[int]], rows: dict[int, int], size: int = 64) -> Tensor:
    """Vectors of all lines, (len(lines), WIDTH), without gradients."""
    encoder.eval()
    order = sorted(range(len(lines)), key=lambda place: len(lines[place]))
    vectors = torch.zeros(len(lines), WIDTH)
    with torch.no_grad():
        for start in range(0, len(order), size):
            places = order[start : start + size]
            vectors[places] = encoder(batch_of([lines[place] for place in places], rows))
    return vectors


def _load_norm(norm: nn.LayerNorm, source: Source, name: str) -> None:
    norm.weight.data, norm.bias.data = (
        torch.tensor(source.tensor(f"{name}.w")),
        torch.tensor(source.tensor(f"{name}.b")),
    )
