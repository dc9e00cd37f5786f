"""The page at /docs: plain HTML made from the OpenAPI document, without scripts and without anything from outside."""

from __future__ import annotations

from html import escape
from typing import Any

from litestar import Request
from litestar.openapi.plugins import OpenAPIRenderPlugin

_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222}"
    "h2{font:600 15px ui-monospace,monospace;margin:1.6rem 0 .2rem}code{background:#f3f3f3;padding:0 .2rem}"
    "ul{margin:.2rem 0}"
)


class PlainDocsPlugin(OpenAPIRenderPlugin):
    """Renders every operation with its parameters and answers; schemas are linked as openapi.json."""

    def __init__(self) -> None:
        """Answer at the root of the documentation's path."""
        super().__init__(path="/")

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The whole page."""
        del request
        title = escape(openapi_schema["info"]["title"])
        operations = "".join(
            _operation(method, path, operation)
            for path, item in sorted(openapi_schema["paths"].items())
            for method, operation in item.items()
        )
        return (
            f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><style>{_STYLE}</style>"
            f"<h1>{title}</h1><p>Machine-readable: <a href=/docs/openapi.json>openapi.json</a></p>{operations}"
        ).encode()


def _operation(method: str, path: str, operation: dict[str, Any]) -> str:
    parameters = [f"<code>{escape(p['name'])}</code> in {escape(p['in'])}" for p in operation.get("parameters", ())]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
    answers = [
        f"<code>{escape(status)}</code> {escape(answer.get('description', ''))}"
        for status, answer in sorted(operation["responses"].items())
    ]
    items = [*parameters, *([f"body <code>{escape(_schema_name(body))}</code>"] if body else []), *answers]
    listed = "".join(f"<li>{item}</li>" for item in items)
    words = escape(operation.get("description", ""))
    return f"<h2>{escape(method.upper())} {escape(path)}</h2><p>{words}</p><ul>{listed}</ul>"


def _schema_name(schema: dict[str, Any]) -> str:
    return str(schema.get("$ref", schema.get("type", "object"))).rsplit("/", 1)[-1]
