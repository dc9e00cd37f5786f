"""Emotion component: family and intensity of the customer's feeling toward us, for every message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from addons.understanding import fingerprint, linear
from addons.understanding.cascade import Blend, Cascade
from addons.understanding.embedding import TRAINING_CACHE, Embedder, shared_embedder
from addons.understanding.emotion import NEUTRAL, Emotion, Lexicon, Line, judge, load_lexicon, read_lines
from addons.understanding.linear import LinearModel
from addons.understanding.normalise import normalise

EMOTION = "emotion"
WORDS_FILE = "emotion_words.yml"


class EmotionPair:
    """Two models that are used together: which family, and how strong."""

    def __init__(self, family: LinearModel, intensity: LinearModel) -> None:
        self.family = family
        self.intensity = intensity

    @classmethod
    def fit(cls, lines: Sequence[Line], embeddings: linear.Floats | None, c: float) -> EmotionPair:
        """Intensity is learnt from the lines that show a feeling only."""
        texts = [normalise(line.text) for line in lines]
        felt = [i for i, line in enumerate(lines) if line.family != NEUTRAL]
        family = linear.fit(texts, [line.family for line in lines], embeddings, c)
        intensity = linear.fit(
            [texts[i] for i in felt],
            [str(lines[i].intensity) for i in felt],
            None if embeddings is None else embeddings[felt],
            c,
        )
        return cls(family, intensity)

    def save(self, folder: Path, name: str) -> None:
        self.family.save(folder / f"{name}_family.npz")
        self.intensity.save(folder / f"{name}_intensity.npz")

    @classmethod
    def load(cls, folder: Path, name: str) -> EmotionPair | None:
        """None when no such pair was trained."""
        if not (folder / f"{name}_family.npz").is_file():
            return None
        return cls(LinearModel.load(folder / f"{name}_family.npz"), LinearModel.load(folder / f"{name}_intensity.npz"))


class EmotionReader:
    """Reads texts with the pair that fits this machine, then applies the lexicon."""

    def __init__(
        self,
        full: EmotionPair | None,
        chars: EmotionPair,
        lexicon: Lexicon,
        embedder: Embedder | None,
        blend: Blend | None = None,
    ) -> None:
        self._family = Cascade(full.family if full else None, chars.family, embedder, blend)
        self._intensity = Cascade(full.intensity if full else None, chars.intensity, embedder, blend)
        self._lexicon = lexicon

    def read(self, text: str) -> Emotion:
        """Emotion of a plain-form text."""
        probabilities = self._family.probabilities(text)
        best = int(probabilities.argmax())
        family = self._family.labels[best]
        intensity = 0 if family == NEUTRAL else self._level(text)
        return judge(text, family, intensity, float(probabilities[best]), self._lexicon)

    def _level(self, text: str) -> int:
        """The expected intensity, rounded: levels have an order, so their mean says more than the likeliest."""
        levels = self._intensity.probabilities(text).tolist()
        return round(sum(int(label) * p for label, p in zip(self._intensity.labels, levels, strict=True)))


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class EmotionModel(GraphComponent):
    """Sets `emotion`: {family, intensity, confidence, words}. Trained on data/emotion, not on the intents."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {
            "regularisation_c": 3.0,
            "data": "data/emotion",
            "words": "playbook/emotion_words.yml",
            **asdict(Blend(sure_from=0.8)),
        }

    @staticmethod
    def required_packages() -> list[str]:
        return ["scipy"]

    def __init__(
        self,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
    ) -> None:
        self._config = {**self.get_default_config(), **config}
        self._model_storage = model_storage
        self._resource = resource
        self._reader: EmotionReader | None = None

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> EmotionModel:
        return cls(config, model_storage, resource)

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        settings = {**cls.get_default_config(), **config}
        return fingerprint.of_files([Path(settings["data"]), Path(settings["words"]), Path(__file__).parent])

    def train(self, training_data: TrainingData) -> Resource:
        lines = read_lines(Path(self._config["data"]))
        words = Path(self._config["words"])
        lexicon = load_lexicon(words)
        c = self._config["regularisation_c"]
        embedder = shared_embedder()
        chars = EmotionPair.fit(lines, None, c)
        full = None
        if embedder:
            full = EmotionPair.fit(lines, embedder.many([normalise(x.text) for x in lines], TRAINING_CACHE), c)
        self._reader = EmotionReader(full, chars, lexicon, embedder, self._blend())
        with self._model_storage.write_to(self._resource) as folder:
            chars.save(folder, "chars")
            if full:
                full.save(folder, "full")
            (folder / WORDS_FILE).write_bytes(words.read_bytes())  # the words this model was tried with
        return self._resource

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> EmotionModel:
        with model_storage.read_from(resource) as folder:
            chars = EmotionPair.load(folder, "chars")
            if chars is None:
                raise ValueError(f"the model has no emotion part ({resource.name}); train again")
            component = cls(config, model_storage, resource)
            component._reader = EmotionReader(
                EmotionPair.load(folder, "full"),
                chars,
                load_lexicon(folder / WORDS_FILE),
                shared_embedder(),
                component._blend(),
            )
        return component

    def _blend(self) -> Blend:
        return Blend(self._config["sure_from"], self._config["chars_share"])

    def process(self, messages: list[Message]) -> list[Message]:
        if self._reader is None:
            raise ValueError("EmotionModel was asked before it was trained or loaded")
        for message in messages:
            text = message.get(TEXT)
            if text:
                message.set(EMOTION, self._reader.read(text).as_dict(), add_to_output=True)
        return messages
