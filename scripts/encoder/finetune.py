"""Fine-tunes all twelve layers on our intents and emotions: `python -m scripts.encoder.finetune LINES OUT`."""

from __future__ import annotations

import json
import math
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from scripts.encoder.network import Encoder, Head, batch_of, embed, from_source
from scripts.encoder.source import read_source
from scripts.encoder.tokens import PREFIX, Lines

EPOCHS, BATCH, RATE, HEAD_RATE, SMOOTHING = 3, 32, 6e-5, 3e-3, 0.1
EMOTION_EVERY = 4  # steps: the emotion lines are a sixth of the intent lines


@dataclass
class Task:
    """Lines as token ids with their classes; `weights` lets rare classes count more."""

    lines: list[list[int]]
    classes: Tensor
    names: list[str]
    weights: Tensor


def task_of(pairs: list[list[str]], tokens: Lines) -> Task:
    names = sorted({label for _, label in pairs})
    counts = Counter(label for _, label in pairs)
    weights = torch.tensor([1 / math.sqrt(counts[name]) for name in names])
    classes = torch.tensor([names.index(label) for _, label in pairs])
    return Task([tokens.ids(text) for text, _ in pairs], classes, names, weights / weights.mean())


def warmed(task: Task, vectors: Tensor, mean: Tensor) -> Head:
    """A head fitted to the vectors as they are, so that the first steps do not shake the encoder."""
    head = Head(mean, len(task.names))
    optimiser = torch.optim.LBFGS(head.linear.parameters(), max_iter=60)

    def loss() -> Tensor:
        optimiser.zero_grad()
        value = functional.cross_entropy(head(vectors), task.classes, label_smoothing=SMOOTHING)
        value = value + 1e-4 * (head.linear.weight**2).sum()
        value.backward()
        return value

    optimiser.step(loss)
    return head


def batches(lines: list[list[int]], size: int, chance: np.random.Generator) -> list[list[int]]:
    """Places of lines of like length together, in random order."""
    order, found = chance.permutation(len(lines)), []
    for start in range(0, len(order), size * 20):
        chunk = sorted(order[start : start + size * 20], key=lambda place: len(lines[place]))
        found += [chunk[at : at + size] for at in range(0, len(chunk), size)]
    chance.shuffle(found)
    return found


def train(encoder: Encoder, tasks: tuple[Task, Task], heads: tuple[Head, Head], rows: dict[int, int]) -> None:
    """Both tasks at once; the embedding table stays as it is."""
    (intents, emotions), chance = tasks, np.random.default_rng(0)
    encoder.words.weight.requires_grad = False
    groups = [
        {"params": [part for part in encoder.parameters() if part.requires_grad], "lr": RATE},
        {"params": [part for head in heads for part in head.linear.parameters()], "lr": HEAD_RATE},
    ]
    optimiser = torch.optim.AdamW(groups, weight_decay=0.01)
    steps = EPOCHS * math.ceil(len(intents.lines) / BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1.0, (step + 1) / (0.06 * steps + 1)) * max(0.0, (steps - step) / steps)
    )
    for epoch in range(EPOCHS):
        encoder.train()
        started = time.monotonic()
        for step, places in enumerate(batches(intents.lines, BATCH, chance)):
            loss = _loss(encoder, heads[0], intents, places, rows)
            if step % EMOTION_EVERY == 0:
                some = chance.choice(len(emotions.lines), min(BATCH, len(emotions.lines)), replace=False).tolist()
                loss = loss + _loss(encoder, heads[1], emotions, some, rows)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
            optimiser.step()
            schedule.step()
        print(f"epoch {epoch + 1} of {EPOCHS}: {time.monotonic() - started:.0f} s, loss {loss.item():.3f}", flush=True)


def _loss(encoder: Encoder, head: Head, task: Task, places: list[int], rows: dict[int, int]) -> Tensor:
    scores = head(encoder(batch_of([task.lines[place] for place in places], rows)))
    return functional.cross_entropy(scores, task.classes[places], weight=task.weights, label_smoothing=SMOOTHING)


def main() -> int:
    torch.manual_seed(0)
    given = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    source = read_source()
    tokens = Lines(source)
    tasks = task_of(given["intents"], tokens), task_of(given["emotions"], tokens)
    used = sorted({token for task in tasks for line in task.lines for token in line if token != PREFIX} | set(range(5)))
    rows = {token: row for row, token in enumerate(used)} | {PREFIX: len(used)}
    encoder = from_source(source, used, tokens.plain("query:"))
    vectors = [embed(encoder, task.lines, rows) for task in tasks]
    mean = vectors[0].mean(0)
    heads = warmed(tasks[0], vectors[0], mean), warmed(tasks[1], vectors[1], mean)
    train(encoder, tasks, heads, rows)
    state = {"encoder": encoder.state_dict(), "used": used, "heads": [head.state_dict() for head in heads]}
    torch.save(state | {"names": [task.names for task in tasks]}, sys.argv[2])
    return 0


if __name__ == "__main__":
    sys.exit(main())
