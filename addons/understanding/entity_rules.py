"""Component that adds the rule entities and removes doubles and traps of the extractors before it."""

from __future__ import annotations

import datetime as dt
import warnings
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.extractors.extractor import EntityExtractorMixin
from rasa.shared.nlu.constants import ENTITIES, TEXT
from rasa.shared.nlu.training_data.message import Message

from addons.understanding.dates import Clock, beijing_now, moment_of, resolve
from addons.understanding.entities import Found, find, is_trap, without_overlaps

# Rasa looks for its own CRF or DIET here; ours are found by rules, and the ruler of addons/spacy_zh reads the lookups.
warnings.filterwarnings("ignore", message="You have defined training data consisting of (entity exam|lookup tables)")


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class EntityRules(GraphComponent, EntityExtractorMixin):
    """Own rules win; of the rest, longer entities win, and each text range is told once.

    A date also gets `resolved`, its first and last calendar day in Beijing, where the time of the message decides it.
    """

    def __init__(self, clock: Clock = beijing_now) -> None:
        self._clock = clock

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
    ) -> EntityRules:
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        for message in messages:
            text = message.get(TEXT)
            if text:
                now = moment_of((message.get("metadata") or {}).get("at"), self._clock)
                entities = self.combined(text, message.get(ENTITIES, []), now)
                message.set(ENTITIES, entities, add_to_output=True)
        return messages

    def combined(
        self, text: str, proposed: list[dict[str, Any]], now: dt.datetime | None = None
    ) -> list[dict[str, Any]]:
        """Rule entities of `text` and those of `proposed` that fit beside them, in text order."""
        own = find(text)
        by_found = {_found(entity): entity for entity in reversed(proposed)}
        others = sorted((f for f in by_found if not is_trap(f, text)), key=lambda f: (f.start - f.end, f.start))
        rules = self.add_extractor_name([_entity(item, text, now or self._clock()) for item in own])
        kept = [by_found[item] for item in without_overlaps(others, own)]
        return sorted(rules + kept, key=lambda entity: (entity["start"], entity["end"]))


def _found(entity: dict[str, Any]) -> Found:
    return Found(entity["entity"], str(entity["value"]), entity["start"], entity["end"])


def _entity(item: Found, text: str, now: dt.datetime) -> dict[str, Any]:
    entity: dict[str, Any] = {"entity": item.entity, "value": item.value, "start": item.start, "end": item.end}
    span = resolve(text, item.start, item.end, now) if item.entity == "date" else None
    if span:
        entity["resolved"] = {"from": span[0].isoformat(), "to": span[1].isoformat()}
    return entity
