"""Rasa policy that hands over to a person whenever the escalation rules say so, over rules, stories and forms."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from rasa.core.policies.policy import Policy, PolicyPrediction, SupportedData
from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.core.constants import ACTION_LISTEN_NAME
from rasa.shared.core.domain import Domain
from rasa.shared.core.events import Event
from rasa.shared.core.generator import TrackerWithCachedStates
from rasa.shared.core.trackers import DialogueStateTracker

from addons.escalation.events import HANDOFF_ACTION, Reader
from addons.escalation.playbook import load
from addons.escalation.rules import evaluate, requested
from addons.escalation.views import Conversation

_PLACE = "_escalation_read"

# Rasa reads these annotations at run time, hence typing's names instead of the built-in generics.


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.POLICY_WITHOUT_END_TO_END_SUPPORT, is_trainable=False)
class EscalationPolicy(Policy):
    """Reads the tracker itself, so no slot, rule or form can keep a customer from a person."""

    @staticmethod
    def supported_data() -> SupportedData:
        return SupportedData.ML_AND_RULE_DATA

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        return {"priority": 10, "max_history": None}

    def train(self, training_trackers: list[TrackerWithCachedStates], domain: Domain, **kwargs: Any) -> Resource:
        """Never called: the policy is not trainable."""
        return self._resource

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,
        **kwargs: Any,
    ) -> EscalationPolicy:
        load()  # a playbook that cannot be used must stop the start, not a customer's conversation
        return cls(config, model_storage, resource, execution_context)

    def predict_action_probabilities(
        self,
        tracker: DialogueStateTracker,
        domain: Domain,
        rule_only_data: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> PolicyPrediction:
        probabilities = self._default_predictions(domain)
        action = next_action(_read(tracker))
        if action is None:
            return self._prediction(probabilities)
        probabilities[domain.index_for_action(action)] = 1.0
        # "No user" predictions are the only ones that win against an active form, which makes them too.
        return self._prediction(probabilities, is_no_user_prediction=True)


@dataclass
class _Place:
    """How far a tracker was read."""

    reader: Reader = field(default_factory=Reader)
    count: int = 0
    last: Event | None = None


def _read(tracker: DialogueStateTracker) -> Conversation:
    """The tracker's conversation: every prediction of a turn reads on where the one before ended."""
    events = tracker.events
    place = tracker.__dict__.get(_PLACE)
    if place is None or place.count > len(events) or (place.count and events[place.count - 1] is not place.last):
        place = tracker.__dict__[_PLACE] = _Place()
    for event in islice(events, place.count, None):
        place.reader.read(event.as_dict())
        place.count, place.last = place.count + 1, event
    conversation: Conversation = place.reader.conversation()
    return conversation


def next_action(conversation: Conversation) -> str | None:
    """The handoff, listening right after it, or None when the other policies decide."""
    if not conversation.messages:
        return None
    if conversation.handed_off:
        return ACTION_LISTEN_NAME
    rules = load()
    if conversation.messages[-1].actions:
        # In the middle of a turn only an action's own wish counts; the message was judged when it came.
        return HANDOFF_ACTION if requested(conversation, rules) else None
    return HANDOFF_ACTION if evaluate(conversation, rules) else None
