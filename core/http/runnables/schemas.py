"""What our OpenAPI document says of these routes: bodies and answers with nothing left to look up."""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import BaseModel

Json = dict[str, Any]
_META: Json = {
    "type": "object",
    "required": ["run_id", "feedback_tokens"],
    "properties": {"run_id": {"type": "string"}, "feedback_tokens": {"type": "array", "maxItems": 0}},
}
INVOKED: Json = {
    "type": "object",
    "required": ["output", "metadata"],
    "properties": {"output": {}, "metadata": _META},
}
BATCHED: Json = {
    "type": "object",
    "required": ["output", "metadata"],
    "properties": {
        "output": {"type": "array"},
        "metadata": {
            "type": "object",
            "required": ["run_ids", "responses"],
            "properties": {
                "run_ids": {"type": "array", "items": {"type": "string"}},
                "responses": {"type": "array", "items": _META},
            },
        },
    },
}
EVENTS: Json = {"type": "string", "description": "Server-sent events: data, metadata, error, end."}


def told(schema: Json, media: str = "application/json") -> Any:
    """`responses` of a route; what else it may answer is the same everywhere, and said there."""
    return {200: {"description": "Done.", "content": {media: {"schema": schema}}}}


@cache
def taken(body: type[BaseModel]) -> Json:
    """`openapi_extra` of a route: its body, which the route reads itself."""
    schema = body.model_json_schema()
    known = schema.pop("$defs", {})
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _inlined(schema, known)}},
        }
    }


def _inlined(node: Any, known: Json) -> Any:
    if isinstance(node, list):
        return [_inlined(each, known) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _inlined(known[node["$ref"].rpartition("/")[2]], known)
    return {name: _inlined(each, known) for name, each in node.items()}
