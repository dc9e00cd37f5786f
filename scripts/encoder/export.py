"""Writes what the product loads: `python -m scripts.encoder.export LINES STATE FOLDER`."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch

from scripts.encoder.network import Encoder
from scripts.encoder.source import kept_pieces, read_source
from scripts.encoder.tokens import PREFIX, Lines, tokenizer_of

OPSET = 17


def quantised(encoder: Encoder, target: Path) -> None:
    """One byte a weight. The products of attention stay as they are: both sides change with every line."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    example = torch.tensor([[0, encoder.words.num_embeddings - 1, 7, 8, 9, 2], [0, 5, 7, 2, -1, -1]])
    axes = {"ids": {0: "lines", 1: "tokens"}, "vector": {0: "lines"}}
    names = {"input_names": ["ids"], "output_names": ["vector"], "dynamic_axes": axes}
    with tempfile.TemporaryDirectory() as folder:
        whole = Path(folder) / "whole.onnx"
        torch.onnx.export(encoder.eval(), (example,), str(whole), opset_version=OPSET, dynamo=False, **names)
        graph = onnx.load(whole).graph
        weights = {item.name for item in graph.initializer}
        changing = [n.name for n in graph.node if n.op_type == "MatMul" and not weights.intersection(n.input)]
        quantize_dynamic(
            whole,
            target,
            weight_type=QuantType.QInt8,
            op_types_to_quantize=["MatMul", "Gemm", "Gather"],
            per_channel=True,
            nodes_to_exclude=changing,
        )


def main() -> int:
    given = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    saved = torch.load(sys.argv[2], map_location="cpu", weights_only=True)
    source = read_source()
    tokens = Lines(source)
    seen = {token for name in ("intents", "emotions") for text, _ in given[name] for token in tokens.ids(text)}
    kept = kept_pieces(source, seen - {PREFIX})
    state = saved["encoder"]
    layers = len({name.split(".")[1] for name in state if name.startswith("layers.")})
    encoder = Encoder(len(kept) + 1, layers)
    encoder.load_state_dict({**state, "words.weight": encoder.words.weight.data})
    rows = np.concatenate([source.words(kept), state["words.weight"][-1:].numpy()])
    encoder.words.weight.data = torch.tensor(rows)
    folder = Path(sys.argv[3])
    quantised(encoder, folder / "encoder.onnx")
    pieces = tokenizer_of([source.pieces[number] for number in kept], [source.scores[number] for number in kept])
    pieces.save(str(folder / "tokenizer.json"), pretty=False)
    size = sum((folder / name).stat().st_size for name in ("encoder.onnx", "tokenizer.json"))
    print(f"{layers} layers, {len(kept)} pieces, {size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
