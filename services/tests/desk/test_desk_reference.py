"""The OpenAPI document says everything about every route, and contracts/desk_http.md names them all."""

from __future__ import annotations

import re

from desk.kernel.settings import REPOSITORY
from desk.pages.reference import errors_of
from running import RunningDesk

CONTRACT = (REPOSITORY / "contracts" / "desk_http.md").read_text(encoding="utf-8")
WORDS = (REPOSITORY / "playbook" / "desk_messages.yml").read_text(encoding="utf-8")


def test_every_route_has_a_summary_a_description_and_its_errors(desk: RunningDesk) -> None:
    schema = desk.http.get("/docs/openapi.json").json()
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            assert re.fullmatch(r"[A-Z][a-z]+( [a-z]+)*", operation["summary"]), (method, path)
            assert re.match(r"20[014]\b", operation["description"]), (method, path)
            errors = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
            assert "400" in errors
            for answer in errors.values():
                assert answer["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Error"}
                for code in answer["description"].split(", "):
                    assert f"  {code}: " in WORDS, (path, code)


def test_the_contract_names_every_path(desk: RunningDesk) -> None:
    named = {
        re.sub(r"\{[a-z_]+\}", "{}", path.partition("?")[0]) for path in re.findall(r"`[A-Z]+ (/[^` ]+)`?", CONTRACT)
    }
    beside = {"/api/v1/conversations/{}/events", "/api/v1/conversations/{}/messages"}  # "`…/{id}` and `/events`"
    served = {re.sub(r"\{[a-z_]+\}", "{}", path) for path in desk.http.get("/docs/openapi.json").json()["paths"]}
    assert served <= named | beside


def test_errors_are_read_out_of_docstrings() -> None:
    assert errors_of("200 {state}; 409 not_owner, capacity_full;\n 422 group_unknown. 404 when it is not theirs") == {
        409: ["not_owner", "capacity_full"],
        422: ["group_unknown"],
        404: [],
    }
