"""What operations send and receive: each body and each set of parameters under a stable name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from .names import class_name
from .nodes import Node
from .table import At, Entry, Table

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")


@dataclass(slots=True)
class Part:
    """`role` is `parameters`, `request` or the status of a response; `name` what Python calls it.

    `node` is set where the part has no class of its own: then `name` stands for that type.
    """

    operation: str
    role: str
    name: str
    place: str  # of the body, response or parameters
    media: str = ""
    node: Node | None = None
    losses: list[str] = field(default_factory=list)
    raw: dict[str, Any] = field(default_factory=dict)


class Operations:
    """`read` fills `parts`. Inline schemas become entries of the table."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.parts: list[Part] = []
        self._named: dict[str, str] = {}  # place of a schema -> its Python name
        self._nodes: dict[str, Node | None] = {}

    def read(self) -> None:
        for section in ("paths", "webhooks"):
            for path, item in _items(self.table.document.get(section)):
                place = f"#/{section}/{_escape(path)}"
                item, place = self._target(item, place)  # noqa: PLW2901  # a path item may be a $ref
                for method, operation in _items(item):
                    if method in METHODS:
                        self._operation(path, method, operation, item, f"{place}/{method}")

    def _operation(
        self, path: str, method: str, operation: dict[str, Any], item: dict[str, Any], place: str
    ) -> None:
        known = operation.get("operationId")
        name = known if isinstance(known, str) and known.strip() else f"{method.upper()} {path}"
        spoken = class_name(name if name == known else f"{method} {path}")
        self._parameters(name, spoken, operation, item, place)
        body, at = self._target(operation.get("requestBody"), f"{place}/requestBody")
        self._content(name, "request", f"{spoken}Request", body, at)
        for status, response in _items(operation.get("responses")):
            answer, at = self._target(response, f"{place}/responses/{_escape(status)}")
            self._content(name, status, f"{spoken}Response{status.capitalize()}", answer, at)

    def _content(self, operation: str, role: str, name: str, body: dict[str, Any], place: str) -> None:
        shared = place.split("/")
        if shared[1] == "components":
            name = class_name(shared[-1]) + ("Body" if role == "request" else "Response")
        seen: list[Any] = []
        for media, found in _items(body.get("content")):
            schema = found.get("schema")
            if not isinstance(schema, dict) or schema in seen:
                continue
            wanted = name if not seen else name + class_name(media.rpartition("/")[2])
            seen.append(schema)
            at = f"{place}/content/{_escape(media)}"
            self._add(Part(operation, role, wanted, place, media, raw=found), schema, f"{at}/schema")

    def _add(self, part: Part, schema: dict[str, Any], place: str) -> None:
        if place not in self._named:
            self._name(part, schema, place)
        part.name, part.node = self._named[place], self._nodes[place]
        self.parts.append(part)

    def _name(self, part: Part, schema: dict[str, Any], place: str) -> None:
        holder = Entry(part.name, place, schema)
        node = self.table.node(schema, At(holder, part.name, place))
        part.losses += holder.losses
        if node.keys() == {"$ref"}:
            self._named[place], self._nodes[place] = node["$ref"], None
        else:
            self._named[place], self._nodes[place] = self.table.reserve(part.name), node

    def _parameters(
        self, operation: str, spoken: str, own: dict[str, Any], item: dict[str, Any], place: str
    ) -> None:
        found: dict[str, Any] = {}
        required: list[str] = []
        for parameter in [*_list(item.get("parameters")), *_list(own.get("parameters"))]:
            value, _ = self._target(parameter, "")
            name = value.get("name")
            if isinstance(name, str):
                found[name] = _parameter(value)
                required += [name] if value.get("required") is True else []
        if found:
            schema = {"type": "object", "properties": found, "required": required}
            part = Part(operation, "parameters", f"{spoken}Parameters", f"{place}/parameters")
            self._add(part, schema, part.place)

    def _target(self, value: Any, place: str) -> tuple[dict[str, Any], str]:
        """What a response, body, parameter or path item is, when it is only named by `$ref`."""
        for _ in range(10):
            if not isinstance(value, dict) or not isinstance(value.get("$ref"), str):
                break
            place = value["$ref"]
            value = self.table.resolve(place)
        return (value if isinstance(value, dict) else {}), place


def _parameter(value: dict[str, Any]) -> dict[str, Any]:
    schema = value.get("schema")
    for _, media in _items(value.get("content")):
        schema = schema or media.get("schema")
    found = dict(schema) if isinstance(schema, dict) else {}
    if isinstance(value.get("description"), str) and "$ref" not in found:
        found.setdefault("description", value["description"])
    return found


def _items(value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(value, dict):
        yield from ((key, each) for key, each in value.items() if isinstance(each, dict))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _escape(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")
