"""Runs the custom actions inside the Rasa process: no second process, no HTTP hop for each of a turn's actions."""

from __future__ import annotations

import json
import os
from typing import Any

from rasa.utils.endpoints import ClientResponseError, EndpointConfig
from rasa_sdk.executor import ActionExecutor
from rasa_sdk.interfaces import ActionExecutionRejection

SETTING = "BATON_ACTIONS"
INSIDE, SERVER = "inside", "server"


class LocalAnswer(dict[str, Any]):
    """What an action of this process answered: made by the SDK, never out of its hands."""


class LocalActionEndpoint(EndpointConfig):
    """Takes the place of Rasa's HTTP client for the action server."""

    def __init__(self, package: str) -> None:
        super().__init__(url=f"local://{package}")
        self._executor = ActionExecutor()
        self._executor.register_package(package)

    async def request(
        self,
        method: str = "post",
        subpath: str | None = None,
        content_type: str | None = None,
        compress: bool = False,
        **arguments: Any,
    ) -> dict[str, Any] | None:
        """Run the action that the body names. Errors are those that the action server would answer with."""
        try:
            result: dict[str, Any] | None = await self._executor.run(arguments["json"])
        except ActionExecutionRejection as error:
            refusal = {"error": str(error), "action_name": error.action_name}
            raise ClientResponseError(400, "the action rejected its execution", json.dumps(refusal)) from error
        return None if result is None else LocalAnswer(result)


def wanted() -> bool:
    """Whether this process runs the actions itself; an action server is what Rasa expects without the setting."""
    return os.environ.get(SETTING, SERVER).strip().lower() == INSIDE


def install(agent: Any, endpoint: LocalActionEndpoint) -> None:
    """Let the agent and its message processor ask the actions in this process; again changes nothing."""
    agent.action_endpoint = endpoint
    if agent.processor is not None:
        agent.processor.action_endpoint = endpoint
