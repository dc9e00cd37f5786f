"""What is made quicker in Rasa decides the same as before."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from rasa.core.actions.action import RemoteAction
from rasa.shared.core.events import Event, SlotSet

from addons import rasa_tuning

SPEC = RemoteAction.action_response_format_spec()
SLOT = {"event": "slot", "name": "topic", "value": "query_logistics", "timestamp": None}


@pytest.mark.parametrize(
    "result",
    [
        {"events": [SLOT], "responses": [{"text": "好"}]},
        {"events": [SLOT, {"event": "followup", "name": "order_form"}], "responses": []},
        {"events": []},
        {"events": [{"event": "nonsense"}]},
        {"events": [{"event": "slot"}]},
        {"events": "slot"},
        {"events": [SLOT, {"name": "nameless"}]},
    ],
)
def test_an_answer_is_judged_as_rasa_judges_it(result: dict[str, Any]) -> None:
    try:
        jsonschema.validate(result, SPEC)
        expected = True
    except jsonschema.ValidationError:
        expected = False
    try:
        judged = rasa_tuning._validate_action_result(None, result)  # type: ignore[arg-type]
    except jsonschema.ValidationError:
        judged = False
    assert judged is expected


def test_event_classes_are_found_once_and_unknown_ones_refused() -> None:
    assert rasa_tuning._event_class("slot") is SlotSet
    assert rasa_tuning._event_class("slot") is Event.resolve_by_type("slot")
    with pytest.raises(ValueError, match="Unknown event"):
        rasa_tuning._event_class("nonsense")
