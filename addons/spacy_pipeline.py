"""The project's own spaCy pipeline: Chinese tokenizer on jieba, entity ruler from the lookups in data/nlu.yml.

`python -m addons.spacy_pipeline build` writes addons/spacy_zh, which config.yml names. Importing this module
registers the tokenizer that a saved pipeline asks for. No postponed annotations here: spaCy reads those of the
factory at run time.
"""

import argparse
import logging
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    # thinc imports TensorFlow only to see whether it is there; building does not need those ten seconds.
    sys.modules["tensorflow"] = None  # type: ignore[assignment]

import jieba
import spacy
import yaml
from spacy.lang.zh import ChineseTokenizer
from spacy.language import Language
from spacy.util import registry

from addons.understanding.normalise import normalise

OUTPUT = Path(__file__).parent / "spacy_zh"
LABELS = ("product", "colour", "size", "carrier", "platform")

jieba.setLogLevel(logging.WARNING)


@registry.tokenizers("baton.ChineseTokenizer.v1")
def create_tokenizer(words: Sequence[str]) -> Callable[[Language], ChineseTokenizer]:
    """jieba with the shop's words kept whole; without them 降噪耳机 may be cut where no term ends."""

    def make(nlp: Language) -> ChineseTokenizer:
        if OUTPUT.is_dir():
            jieba.dt.tmp_dir = str(OUTPUT)  # jieba's own cache; the default is a shared temporary folder
        for word in words:
            jieba.add_word(word)
        return ChineseTokenizer(nlp.vocab, segmenter="jieba")

    return make


def nlu_files(root: Path) -> list[Path]:
    """Rasa's NLU files below a project root, in a stable order."""
    return sorted(p for p in (root / "data").rglob("*.yml") if p.name == "nlu.yml" or p.parent.name == "nlu")


def read_terms(files: Iterable[Path]) -> dict[str, list[str]]:
    """Lookup tables by entity, in plain form: {"carrier": ["顺丰", ...]}; other sections are ignored."""
    terms: dict[str, list[str]] = {label: [] for label in LABELS}
    for path in files:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        for section in content.get("nlu") or []:
            label = section.get("lookup")
            if label in terms:
                lines = (line.strip() for line in section["examples"].splitlines())
                terms[label] += [normalise(line[1:].strip()) for line in lines if line.startswith("-")]
    return {label: sorted(set(words)) for label, words in terms.items()}


def make_pipeline(terms: dict[str, list[str]]) -> Language:
    """A blank Chinese pipeline whose ruler finds the terms at word boundaries, in any letter case."""
    words = sorted({word for group in terms.values() for word in group if len(word) > 1 and not word.isascii()})
    tokenizer = {"@tokenizers": "baton.ChineseTokenizer.v1", "words": words}
    nlp = spacy.blank("zh", config={"nlp": {"tokenizer": tokenizer}})
    ruler = nlp.add_pipe("entity_ruler", config={"phrase_matcher_attr": "LOWER", "validate": True})
    ruler.add_patterns([{"label": label, "pattern": word} for label, group in terms.items() for word in group])
    return nlp


def build(root: Path, output: Path = OUTPUT) -> dict[str, int]:
    """Write the pipeline; returns how many terms each entity got. Raises ValueError when there are none."""
    terms = read_terms(nlu_files(root))
    if not any(terms.values()):
        raise ValueError(f"no lookup table for {', '.join(LABELS)} in the NLU files below {root / 'data'}")
    nlp = make_pipeline(terms)
    nlp.to_disk(output)
    return {label: len(words) for label, words in terms.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m addons.spacy_pipeline", description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=["build"])
    parser.add_argument("--root", type=Path, default=Path(__file__).parent.parent, help="project root")
    parser.add_argument("--output", type=Path, default=OUTPUT)
    options = parser.parse_args(arguments)
    counts = build(options.root, options.output)
    print(f"spaCy pipeline: {options.output} ({', '.join(f'{label} {n}' for label, n in counts.items())})")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
