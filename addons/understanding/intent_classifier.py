"""Intent component: characters and embedding in logistic regressions; several intents of one message."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.constants import DEFAULT_NLU_FALLBACK_INTENT_NAME
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from addons.understanding import fingerprint, linear
from addons.understanding.cascade import Blend, Cascade
from addons.understanding.clauses import Reading, merge, split_breath, split_clauses
from addons.understanding.embedding import TRAINING_CACHE, Embedder, shared_embedder
from addons.understanding.linear import LinearModel

OUT_OF_SCOPE = "out_of_scope"
INTENTS = "intents"
_NOT_WORTH_ASKING = 0.2
Ranking = list[tuple[str, float]]
Settings = TypeVar("Settings", "Thresholds", Blend)


@dataclass(frozen=True)
class Thresholds:
    """When a reading is sure enough; probabilities 0..1, see config.yml.

    `breath`: both halves of a clause without marks must be this sure to be two wishes. `trace`: a part's intent counts
    only when the whole message gives it this much, unless the part alone reaches `clause_sure`. `says_nothing` is the
    regular expression of messages that hold no matter at all, whatever a model sees in them; empty: there are none.
    """

    min_confidence: float = 0.2
    min_margin: float = 0.05
    clause_min_confidence: float = 0.5
    breath: float = 0.75
    trace: float = 0.03
    clause_sure: float = 0.9
    max_clauses: int = 4
    careful: dict[str, float] = field(default_factory=lambda: {"abuse": 0.5})
    says_nothing: str = ""

    def weighed(self, ranking: Ranking) -> Ranking:
        """A best intent that does harm when wrong gives way to the second unless it reaches its own threshold."""
        best, confidence = ranking[0]
        if confidence >= self.careful.get(best, 0.0):
            return ranking
        return [ranking[1], ranking[0], *ranking[2:]]

    def too_unsure(self, ranking: Ranking) -> bool:
        """Whether the bot should ask instead of acting; a best guess of out_of_scope stands as it is."""
        best, confidence = ranking[0]
        if best == OUT_OF_SCOPE:
            return False
        margin = confidence - dict(ranking).get(OUT_OF_SCOPE, 0.0)
        return confidence < self.min_confidence or margin < self.min_margin

    def is_empty(self, text: str) -> bool:
        """Whether only filler words were said: 那个啥，就内个嘛."""
        return bool(self.says_nothing) and re.fullmatch(self.says_nothing, text) is not None


@dataclass(frozen=True)
class IntentReading:
    """`intents` of the message in handling order (at least one), `ranking` over all intents, best first."""

    intents: Ranking
    ranking: Ranking


class IntentReader:
    """Reads plain-form texts with the model that fits this machine: with embeddings, else characters alone."""

    def __init__(
        self,
        full: LinearModel | None,
        chars: LinearModel,
        embedder: Embedder | None,
        thresholds: Thresholds,
        blend: Blend | None = None,
    ) -> None:
        self._model = Cascade(full, chars, embedder, blend)
        self._chars = chars
        self._thresholds = thresholds

    def ranking(self, text: str) -> Ranking:
        """(intent, probability), most likely first."""
        return self._thresholds.weighed(_sorted(self._model, self._model.probabilities(text)))

    def read(self, text: str) -> IntentReading:
        """All intents of a message; the first also leads the ranking."""
        ranking = self.ranking(text)
        best = ranking[0]
        if self._thresholds.too_unsure(ranking) or self._thresholds.is_empty(text):
            best = (DEFAULT_NLU_FALLBACK_INTENT_NAME, self._thresholds.min_confidence)
        clauses = self._clauses(text, dict(ranking), ranking[0][0])
        intents = merge(Reading(text, *best), clauses, self._thresholds.clause_min_confidence)
        return IntentReading(intents, [intents[0]] + [pair for pair in ranking if pair[0] != intents[0][0]])

    def _clauses(self, text: str, seen: dict[str, float], whole: str) -> list[Reading]:
        """Readings of the parts; what the message as a whole shows no trace of is a misreading of a part."""
        clauses = [
            half for part in split_clauses(text) for half in split_breath(part, self._cheaply, self._thresholds.breath)
        ]
        if len(clauses) < 2:
            return []
        readings = (self._clause(clause, whole) for clause in clauses[: self._thresholds.max_clauses])
        return [
            reading
            for reading in readings
            if reading is not None
            and (seen[reading.intent] >= self._thresholds.trace or reading.confidence >= self._thresholds.clause_sure)
        ]

    def _cheaply(self, text: str) -> tuple[str, float]:
        probabilities = self._chars.probabilities(text)
        best = int(probabilities.argmax())
        return self._chars.labels[best], float(probabilities[best])

    def _clause(self, clause: str, whole: str) -> Reading | None:
        """An embedding costs 15 ms and more: it is asked only where characters see a wish of their own."""
        intent, confidence = _sorted(self._chars, self._chars.probabilities(clause))[0]
        if confidence < _NOT_WORTH_ASKING:
            return None
        if intent == whole and confidence >= self._thresholds.clause_min_confidence:
            return Reading(clause, intent, confidence)
        return Reading(clause, *self.ranking(clause)[0])


def _sorted(model: LinearModel | Cascade, probabilities: linear.Floats) -> Ranking:
    return sorted(zip(model.labels, probabilities.tolist(), strict=True), key=lambda pair: -pair[1])


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class IntentModel(GraphComponent, IntentClassifier):
    """Sets `intent`, `intent_ranking` and `intents` (all of the message, in handling order)."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"regularisation_c": 30.0, "ranking_length": 10, **asdict(Blend()), **asdict(Thresholds())}

    @staticmethod
    def required_packages() -> list[str]:
        return ["scipy"]

    def __init__(self, config: dict[str, Any], model_storage: ModelStorage, resource: Resource) -> None:
        self._config = {**self.get_default_config(), **config}
        self._model_storage = model_storage
        self._resource = resource
        self._reader: IntentReader | None = None

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> IntentModel:
        return cls(config, model_storage, resource)

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        return fingerprint.of_files([Path(__file__).parent])

    def train(self, training_data: TrainingData) -> Resource:
        examples = [e for e in training_data.intent_examples if e.get(TEXT)]
        texts, labels = [e.get(TEXT) for e in examples], [e.get(INTENT) for e in examples]
        if len(set(labels)) < 2:
            raise ValueError("the training data needs at least two intents with examples")
        c = self._config["regularisation_c"]
        embedder = shared_embedder()
        chars = linear.fit(texts, labels, c=c)
        full = linear.fit(texts, labels, embedder.many(texts, TRAINING_CACHE), c) if embedder else None
        self._reader = IntentReader(full, chars, embedder, self._settings(Thresholds), self._settings(Blend))
        self._persist(full, chars)
        return self._resource

    def _persist(self, full: LinearModel | None, chars: LinearModel) -> None:
        with self._model_storage.write_to(self._resource) as folder:
            chars.save(folder / "chars.npz")
            if full is not None:
                full.save(folder / "full.npz")

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> IntentModel:
        with model_storage.read_from(resource) as folder:
            chars = LinearModel.load(folder / "chars.npz")
            full = LinearModel.load(folder / "full.npz") if (folder / "full.npz").is_file() else None
        component = cls(config, model_storage, resource)
        component._reader = IntentReader(
            full, chars, shared_embedder(), component._settings(Thresholds), component._settings(Blend)
        )
        return component

    def _settings(self, kind: type[Settings]) -> Settings:
        return kind(**{item.name: self._config[item.name] for item in fields(kind)})

    def process(self, messages: list[Message]) -> list[Message]:
        if self._reader is None:
            raise ValueError("IntentModel was asked before it was trained or loaded")
        for message in messages:
            text = message.get(TEXT)
            if text:
                self._annotate(message, self._reader.read(text))
        return messages

    def _annotate(self, message: Message, reading: IntentReading) -> None:
        ranking = reading.ranking[: self._config["ranking_length"]]
        message.set(INTENT, _as_dict(reading.intents[0]), add_to_output=True)
        message.set("intent_ranking", [_as_dict(pair) for pair in ranking], add_to_output=True)
        message.set(INTENTS, [_as_dict(pair) for pair in reading.intents], add_to_output=True)


def _as_dict(pair: tuple[str, float]) -> dict[str, Any]:
    return {"name": pair[0], "confidence": pair[1]}
