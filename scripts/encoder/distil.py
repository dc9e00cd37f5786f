"""Half as many layers learn to see what all see: `python -m scripts.encoder.distil LINES STATE OUT`."""

from __future__ import annotations

import json
import math
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from scripts.encoder.finetune import batches
from scripts.encoder.network import Encoder, Head, batch_of, embed
from scripts.encoder.source import read_source
from scripts.encoder.tokens import PREFIX, Lines

KEPT_LAYERS = (0, 2, 4, 6, 8, 11)
EPOCHS, BATCH, RATE = 6, 48, 2.5e-4
INVENTED = 7_000  # lines without a class: pieces and pairs of ours, so that more than our own wording is imitated
LONGEST = 120


def invented(lines: list[str], number: int, chance: np.random.Generator) -> list[str]:
    """Two lines in one breath, the beginning or end of a line, a line with a character missing."""
    made = []
    for _ in range(number):
        one, other = (str(lines[place]) for place in chance.integers(0, len(lines), 2))
        cut, kind = int(chance.integers(0, len(one))), chance.random()
        if kind < 0.45:
            made.append((one + str(chance.choice(["，", " ", "", "。", "！"])) + other)[:LONGEST])
        elif kind < 0.75 and len(one) > 6:
            made.append(one[: max(3, cut)] if chance.random() < 0.5 else one[min(cut, len(one) - 3) :])
        else:
            made.append(one[:cut] + one[cut + 1 :] if len(one) > 4 else one + other[:10])
    return made


def halved(teacher: Encoder) -> Encoder:
    """The teacher's table and norms with some of its layers, no dropout."""
    pupil = Encoder(teacher.words.num_embeddings, len(teacher.layers))
    pupil.load_state_dict(teacher.state_dict())
    pupil.layers = nn.ModuleList(pupil.layers[number] for number in KEPT_LAYERS)
    pupil.words.weight.requires_grad = False
    for part in pupil.modules():
        if isinstance(part, nn.Dropout):
            part.p = 0.0
    return pupil


def distance(seen: Tensor, wanted: Tensor, heads: list[Head]) -> Tensor:
    """How far the pupil's vectors are from the teacher's: direction, length, and what the teacher's heads read."""
    mean = heads[0].mean
    total = (1 - functional.cosine_similarity(seen - mean, wanted - mean, -1)).mean() * 2
    total = total + 5 * functional.mse_loss(seen, wanted)
    for head, share in zip(heads, (1.0, 0.5), strict=True):
        ours, theirs = (torch.log_softmax(head(vectors), -1) for vectors in (seen, wanted))
        total = total + share * functional.kl_div(ours, theirs, log_target=True, reduction="batchmean")
    return total


def train(pupil: Encoder, lines: list[list[int]], wanted: Tensor, heads: list[Head], rows: dict[int, int]) -> None:
    chance = np.random.default_rng(0)
    optimiser = torch.optim.AdamW([p for p in pupil.parameters() if p.requires_grad], lr=RATE, weight_decay=0.01)
    steps = EPOCHS * math.ceil(len(lines) / BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1.0, (step + 1) / (0.05 * steps + 1)) * max(0.02, (steps - step) / steps)
    )
    for epoch in range(EPOCHS):
        pupil.train()
        started = time.monotonic()
        for places in batches(lines, BATCH, chance):
            loss = distance(pupil(batch_of([lines[place] for place in places], rows)), wanted[places], heads)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(pupil.parameters(), 1.0)
            optimiser.step()
            schedule.step()
        print(f"epoch {epoch + 1} of {EPOCHS}: {time.monotonic() - started:.0f} s, loss {loss.item():.3f}", flush=True)


def main() -> int:
    torch.manual_seed(0)
    given = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    saved = torch.load(sys.argv[2], map_location="cpu", weights_only=True)
    texts = [text for name in ("intents", "emotions") for text, _ in given[name]]
    tokens, rows = Lines(read_source()), {token: row for row, token in enumerate(saved["used"])}
    rows[PREFIX] = len(saved["used"])
    lines = [tokens.ids(text) for text in texts + invented(texts, INVENTED, np.random.default_rng(3))]
    teacher = Encoder(len(saved["used"]) + 1)
    teacher.load_state_dict(saved["encoder"])
    heads = [Head(state["mean"], len(names)) for state, names in zip(saved["heads"], saved["names"], strict=True)]
    for head, state in zip(heads, saved["heads"], strict=True):
        head.load_state_dict(state)
        head.requires_grad_(False)
    pupil = halved(teacher)
    train(pupil, lines, embed(teacher, lines, rows), heads, rows)
    torch.save(saved | {"encoder": pupil.state_dict()}, sys.argv[3])
    return 0


if __name__ == "__main__":
    sys.exit(main())
