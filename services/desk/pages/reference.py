"""The OpenAPI document, completed: a readable summary, and every error that a route's own docstring names."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any

# "409 already_claimed, capacity_full" in the docstring of a handler; codes of one word are named here.
_ERRORS = re.compile(r"\b([45]\d\d)((?:,?\s+[a-z]+(?:_[a-z]+)*)+)")
_CODE = re.compile(r"\b(?:forbidden|[a-z]+(?:_[a-z]+)+)\b")
_OPEN_TO_ALL = {("post", "/api/v1/agents/login"), ("post", "/api/v1/conversations")}
_ERROR_SCHEMA = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "properties": {
                "code": {"type": "string", "description": "stable, for programs"},
                "message": {"type": "string", "description": "for people, in Chinese"},
                "details": {"type": "object", "description": "facts for programs, where the contract names some"},
            },
        }
    },
}


def completed(schema: dict[str, Any]) -> dict[str, Any]:
    """`schema` with summaries, error responses and the two ways to say who is calling."""
    components = schema.setdefault("components", {})
    components.setdefault("schemas", {})["Error"] = _ERROR_SCHEMA
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "cookie": {"type": "apiKey", "in": "cookie", "name": "baton_console"},
    }
    for path, operations in schema.get("paths", {}).items():
        for method, operation in operations.items():
            _complete(method, path, operation)
    return schema


def _complete(method: str, path: str, operation: dict[str, Any]) -> None:
    operation["summary"] = _spaced(operation.get("summary") or "")
    found = errors_of(operation.get("description") or "")
    found.setdefault(400, ["invalid_request"])
    if (method, path) not in _OPEN_TO_ALL:
        found.setdefault(401, ["unauthorized"])
        operation["security"] = [{"bearer": []}, {"cookie": []}]
    for status, codes in sorted(found.items()):
        operation["responses"][str(status)] = {
            "description": ", ".join(codes) or HTTPStatus(status).phrase,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
        }


def errors_of(text: str) -> dict[int, list[str]]:
    """{status: codes} named in a docstring: "409 not_owner; 422 group_unknown, agent_unknown"."""
    found: dict[int, list[str]] = {}
    for status, words in _ERRORS.findall(text):
        found.setdefault(int(status), []).extend(_CODE.findall(words))
    return found


def _spaced(name: str) -> str:
    """ListHandoffs -> List handoffs."""
    words = re.findall(r"[A-Z][a-z]*|[a-z]+", name)
    return " ".join(words).capitalize()
