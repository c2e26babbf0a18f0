"""The OpenAPI document, made to say what the layers around the routes do: keys and problems."""

from __future__ import annotations

import re
from typing import Any

from fastapi import FastAPI

from core.http.gate import FREE, OPEN
from core.http.problems import MEDIA

PROBLEM: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "required": ["type", "title", "status", "detail", "code", "fix", "place"],
    "properties": {
        **{name: {"type": "string"} for name in ("type", "title", "detail", "fix", "place")},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "code": {"type": "string", "pattern": "^AW[0-9]{3}$"},
        "facts": {"type": "object"},
    },
}
_ANYWHERE = {"400": "It contradicts itself", "404": "There is no such thing", "413": "It is too large",
             "414": "The URL is too long", "429": "Too many requests", "431": "The headers are too long",
             "500": "A bug; the log knows more"}  # fmt: skip
_KNOWN = {"401": "No valid key was shown", "403": "The caller may not"}
_BODIES = {"408": "It came too slowly", "409": "The world moved", "415": "It is not JSON",
           "422": "It does not fit", "501": "This server cannot",
           "503": "Something needed is not there"}  # fmt: skip

_PARAMETER = re.compile(r"\{(\w+)\}")


def describe(app: FastAPI) -> None:
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(plain())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    parts = document.setdefault("components", {})
    schemas = parts.setdefault("schemas", {})
    schemas["Problem"] = PROBLEM
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    parts["securitySchemes"] = {
        "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
        "bearer": {"type": "http", "scheme": "bearer"},
    }
    for path, methods in document["paths"].items():
        for operation in methods.values():
            _complete(path, operation)
    return document


def _complete(path: str, operation: dict[str, Any]) -> None:
    if path in FREE | OPEN:
        operation["security"] = []
    else:
        operation["security"] = [{"key": []}, {"bearer": []}]
    _name_parameters(path, operation)
    answers = operation.setdefault("responses", {})
    ranges = {kind: answers.pop(kind, {}).get("content", {}) for kind in ("4XX", "5XX")}
    for status, why in (_ANYWHERE | _KNOWN | _BODIES).items():
        if status == "422" and "HTTPValidationError" in str(answers.get(status)):
            del answers[status]  # FastAPI's own form, which is never sent
        answer = answers.setdefault(status, {"description": why})
        own = answer.get("content") or ranges[f"{status[0]}XX"]
        answer["content"] = {**own, MEDIA: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for content in [each.get("content", {}) for each in answers.values()]:
        if "text/event-stream" in content:
            content["text/event-stream"] = {}  # 3.1 has no word for the schema of one event


def _name_parameters(path: str, operation: dict[str, Any]) -> None:
    """An operation that only refuses reads no parameter, so FastAPI knows none of its path's."""
    known = operation.setdefault("parameters", [])
    named = {each["name"] for each in known if each["in"] == "path"}
    for name in _PARAMETER.findall(path):
        if name not in named:
            known.append({"name": name, "in": "path", "required": True, "schema": {"type": "string"}})
