"""Lines to token ids, the same way the product does it (addons/understanding/encoder.py)."""

from __future__ import annotations

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers

from scripts.encoder.source import MAX_CHARACTERS, SPACE, Source

UNKNOWN, BEGIN, END = "<unk>", "<s>", "</s>"
PREFIX = -1  # one learnt token for the model's "query: "


def tokenizer_of(pieces: list[str], scores: list[float]) -> Tokenizer:
    """A Unigram tokenizer over the pieces; ids are their places."""
    made = Tokenizer(models.Unigram(list(zip(pieces, scores, strict=True)), unk_id=pieces.index(UNKNOWN)))
    made.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Replace(Regex(" +"), " "), normalizers.Strip()]
    )
    made.pre_tokenizer = pre_tokenizers.Metaspace(replacement=SPACE, prepend_scheme="always", split=False)
    return made


class Lines:
    """Token ids of lines in the ids of the source's full vocabulary, PREFIX for the prefix."""

    def __init__(self, source: Source) -> None:
        self._made = tokenizer_of(source.pieces, source.scores)
        self._begin, self._end = source.pieces.index(BEGIN), source.pieces.index(END)
        self._space = source.pieces.index(SPACE)

    def plain(self, text: str) -> list[int]:
        """The pieces of a text alone."""
        return list(self._made.encode(text, add_special_tokens=False).ids)

    def ids(self, text: str) -> list[int]:
        """The whole sequence: begin, prefix, pieces, end."""
        found = self.plain(text[:MAX_CHARACTERS])
        return [self._begin, PREFIX, *(found[1:] if found[:1] == [self._space] else found), self._end]
