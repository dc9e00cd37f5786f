"""First and last component of the pipeline: into the plain form, and back to the customer's own words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.constants import TOKENS_NAMES
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

import addons.spacy_pipeline  # noqa: F401  registers the tokenizer that SpacyNLP, next in the pipeline, asks for
from addons.understanding import fingerprint
from addons.understanding.align import Aligned
from addons.understanding.normalise import align

ALIGNED = "baton_aligned"
ORIGINAL = "baton_original"


def _rewrite(example: Message, text: str) -> None:
    """Plain form of a training line; its annotated entities move along, values that were given stay."""
    aligned = align(text)
    entities = []
    for entity in example.get(ENTITIES) or []:
        place = aligned.rewritten(entity["start"], entity["end"])
        if place is None:
            continue
        spelled_out = entity["value"] != text[entity["start"] : entity["end"]]
        value = entity["value"] if spelled_out else aligned.text[place[0] : place[1]]
        entities.append({**entity, "start": place[0], "end": place[1], "value": value})
    if entities:
        example.set(ENTITIES, entities)
    example.set(TEXT, aligned.text)


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class Normaliser(GraphComponent):
    """Puts the plain form into `text`; keeps the original and the alignment for OriginalText."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> Normaliser:
        return cls()

    @classmethod
    def fingerprint_addon(cls, config: dict[str, Any]) -> str | None:
        """Every module and table here counts: the plain form of all training lines depends on them."""
        return fingerprint.of_files([Path(__file__).parent])

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        for example in training_data.training_examples:
            text = example.get(TEXT)
            if text:
                _rewrite(example, text)
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            text = message.get(TEXT)
            if not text:
                continue
            aligned = align(text)
            message.set(ORIGINAL, text)
            message.set(ALIGNED, aligned)
            message.set(TEXT, aligned.text, add_to_output=True)
        return messages


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_FEATURIZER, is_trainable=False)
class OriginalText(GraphComponent):
    """Restores the customer's words; entities and tokens then point into them, values stay normalised."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> OriginalText:
        return cls()

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        return training_data

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            aligned: Aligned | None = message.get(ALIGNED)
            if aligned is None:
                continue
            for entity in message.get(ENTITIES, []):
                entity["start"], entity["end"] = aligned.original(entity["start"], entity["end"])
            for token in message.get(TOKENS_NAMES[TEXT], []):
                token.start, token.end = aligned.original(token.start, token.end)
            message.set(TEXT, message.get(ORIGINAL), add_to_output=True)
        return messages
