"""The only door between the desk and Rasa: contracts/bot_channel.md as a Rasa input channel."""

from __future__ import annotations

import asyncio
import hmac
import logging
import os
from collections.abc import Awaitable, Callable
from typing import Any

from rasa.core.agent import Agent
from rasa.core.channels.channel import InputChannel, UserMessage
from rasa.core.lock_store import LockError
from rasa.shared.exceptions import RasaException
from sanic import Blueprint
from sanic.exceptions import InvalidUsage
from sanic.request import Request
from sanic.response import HTTPResponse, empty
from sanic.response import json as json_response

from addons import leaving, local_actions, rasa_tuning
from addons.channel_answers import understanding_of
from addons.channel_requests import BadRequestError, handback_request, message_request, understanding_request
from addons.channel_tracker import (
    BotNotReadyError,
    OldSessionError,
    SessionBook,
    handle_once,
    parse,
    ready_processor,
    take_back,
)
from addons.summary import playbook as summary_playbook
from addons.tracker_store import OvertakenError

rasa_tuning.apply()
logger = logging.getLogger(__name__)
TOKEN_SETTING = "BATON_BOT_TOKEN"  # noqa: S105 - the name of a setting, not a secret


class DeskChannel(InputChannel):
    """Serves the desk, and nobody else, under /webhooks/desk."""

    def __init__(self, token: str) -> None:
        self._token = token.encode()
        self._sessions = SessionBook()
        # All of it here, at the start: the first customer does not wait for it, and a fault shows before anybody came.
        summary_playbook.load()
        self._actions = local_actions.LocalActionEndpoint("actions") if local_actions.wanted() else None

    @classmethod
    def name(cls) -> str:
        return "desk"

    @classmethod
    def from_credentials(cls, credentials: dict[str, Any] | None) -> DeskChannel:
        token = os.environ.get(TOKEN_SETTING, "")
        if not token:
            raise RasaException(f"{TOKEN_SETTING} is not set: the bot does not start without the desk's secret.")
        return cls(token)

    def blueprint(self, on_new_message: Callable[[UserMessage], Awaitable[Any]]) -> Blueprint:
        """Routes of the channel. `on_new_message` is not used: it can neither tell a repeat nor read the tracker."""
        desk = Blueprint("desk_channel", __name__)
        leaving.install(desk)

        # Sanic marks its handlers with attributes, which bound methods do not take.
        @desk.middleware("request")
        async def authorise(request: Request) -> HTTPResponse | None:
            agent = getattr(request.app.ctx, "agent", None)
            if self._actions is not None and agent is not None:
                local_actions.install(agent, self._actions)
            return self._refusal(request)

        @desk.post("/messages")
        async def messages(request: Request) -> HTTPResponse:
            return await _messages(request, self._sessions)

        desk.add_route(_understanding, "/understanding", methods=["POST"])
        desk.add_route(_handbacks, "/handbacks", methods=["POST"])
        desk.add_route(_health, "/health", methods=["GET"])
        for kind in (
            BadRequestError,
            InvalidUsage,
            OldSessionError,
            BotNotReadyError,
            LockError,
            OvertakenError,
            Exception,
        ):
            desk.exception(kind)(_error_response)
        return desk

    def _refusal(self, request: Request) -> HTTPResponse | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(token.strip().encode(), self._token):
            return None
        return _error(401, "unauthorized", "the bearer token is missing or wrong")


async def _messages(request: Request, sessions: SessionBook) -> HTTPResponse:
    message = message_request(_body(request))
    # Shielded: when the desk gives up waiting, the turn still ends and its repeat finds the stored answer.
    answer = await asyncio.shield(handle_once(_agent(request), sessions, message))
    return json_response(answer, ensure_ascii=False)


async def _understanding(request: Request) -> HTTPResponse:
    text = understanding_request(_body(request))
    parsed = await parse(_agent(request), text)
    return json_response({"understanding": understanding_of(parsed)}, ensure_ascii=False)


async def _handbacks(request: Request) -> HTTPResponse:
    handback = handback_request(_body(request))
    await asyncio.shield(take_back(_agent(request), handback))
    return empty()


async def _health(request: Request) -> HTTPResponse:
    processor = ready_processor(_agent(request))
    return json_response({"status": "ok", "model": processor.model_filename})


def _agent(request: Request) -> Agent:
    agent = getattr(request.app.ctx, "agent", None)
    if agent is None:
        raise BotNotReadyError
    return agent


def _body(request: Request) -> object:
    if not request.body:
        raise BadRequestError("body_invalid", "the body is empty")
    return request.json


async def _error_response(_request: Request, error: Exception) -> HTTPResponse:
    """Every failure in the error shape of the contracts."""
    if isinstance(error, BadRequestError):
        return _error(400, error.code, str(error))
    if isinstance(error, InvalidUsage):
        return _error(400, "body_invalid", "the body is not JSON")
    if isinstance(error, OldSessionError):
        return _error(409, "old_session", "a newer session of this conversation exists")
    if isinstance(error, BotNotReadyError):
        return _error(503, "model_not_loaded", "no model is loaded")
    if isinstance(error, (LockError, OvertakenError)):
        return _error(503, "busy", "another turn of this conversation takes too long or came first")
    logger.error("the channel failed", exc_info=error)
    return _error(500, "internal", "the bot failed to handle the message")


def _error(status: int, code: str, message: str) -> HTTPResponse:
    return json_response({"error": {"code": code, "message": message}}, status=status)
