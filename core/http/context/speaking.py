"""From a shelf to the `mcp` package's server: what every transport has in common."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

import mcp.types as wire
from mcp.server.lowlevel import Server
from pydantic import BaseModel, ValidationError

from core.errors import AppError, Bug
from core.http.context import reading
from core.http.context.shelf import ArgumentsInvalid, Shelf, Tool
from core.http.front import Caller

logger = logging.getLogger(__name__)

SHOWN = 20
_PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "Why the tool could not do it; `fix` is the next step.",
    "properties": {
        **{key: {"type": "string"} for key in ("type", "title", "detail", "code", "fix", "place")},
        "status": {"type": "integer"},
        "facts": {"type": "object"},
    },
    "required": ["code", "detail"],
}


def server(shelf: Shelf, caller: Callable[[Any], Caller]) -> Server[Any, Any]:
    """The protocol's server; `caller` says who asks, from the HTTP request (None over stdio)."""
    made: Server[Any, Any] = Server(shelf.name, version=shelf.version, instructions=shelf.instructions)

    def asking() -> Caller:
        return caller(made.request_context.request)

    _add_tools(made, shelf, asking)
    reading.add_resources(made, shelf, asking)
    reading.add_prompts(made, shelf)
    return made


def refusal(server: Server[Any, Any], message: Mapping[str, Any]) -> dict[str, Any] | None:
    """The error for a request that is none of the protocol's; the package would log what it holds."""
    known: list[Any] = [*server.request_handlers, wire.InitializeRequest]
    kinds = {kind.model_fields["method"].default: kind for kind in known}
    kind = kinds.get(message["method"])
    if kind is None:
        error = wire.ErrorData(code=wire.METHOD_NOT_FOUND, message="There is no such method here.")
        return {"jsonrpc": "2.0", "id": message["id"], "error": error.model_dump(exclude_none=True)}
    try:
        kind.model_validate(message)
    except ValidationError as error:
        place = "/" + "/".join(str(part)[:SHOWN] for part in error.errors(include_input=False)[0]["loc"])
        wrong = wire.ErrorData(code=wire.INVALID_PARAMS, message=f"{place} is missing or of a wrong type.")
        return {"jsonrpc": "2.0", "id": message["id"], "error": wrong.model_dump(exclude_none=True)}
    return None


def _add_tools(made: Server[Any, Any], shelf: Shelf, asking: Callable[[], Caller]) -> None:
    listed = wire.ListToolsResult(tools=[_listed(tool) for tool in shelf.tools])

    async def show(_: Any) -> wire.ServerResult:
        return wire.ServerResult(listed)

    # The package's own decorator would hand the text of any exception to the client.
    async def call(request: wire.CallToolRequest) -> wire.ServerResult:
        try:
            tool = shelf.tool(request.params.name)
        except AppError as error:
            raise reading.protocol_error(error) from error
        return wire.ServerResult(await _answer(tool, asking(), request.params.arguments or {}))

    made.request_handlers[wire.ListToolsRequest] = show
    made.request_handlers[wire.CallToolRequest] = call


async def _answer(tool: Tool, caller: Caller, arguments: Mapping[str, Any]) -> wire.CallToolResult:
    try:
        given = _read(tool.input, arguments)
        made = tool.output.model_validate(await tool.call(caller, given)).model_dump(mode="json")
        return _result(made)
    except AppError as error:
        return _failed(error)
    except Exception:  # an edge: a client must never see what broke inside
        logger.exception("mcp.tool_broke", extra={"tool": tool.name})
        return _failed(Bug("We broke a promise of our own.", fix="Report it with the time it happened."))


def _read(model: type[BaseModel], arguments: Mapping[str, Any]) -> BaseModel:
    try:
        return model.model_validate(arguments, strict=False, extra="forbid")
    except ValidationError as error:
        faults = [
            {"place": "/" + "/".join(str(part)[:SHOWN] for part in each["loc"]), "message": each["msg"]}
            for each in error.errors(include_url=False, include_context=False, include_input=False)
        ]
        raise ArgumentsInvalid(
            "; ".join(f"{each['place']}: {each['message']}" for each in faults[:3]),
            place=faults[0]["place"],
            faults=faults[:SHOWN],
        ) from error


def _result(made: dict[str, Any]) -> wire.CallToolResult:
    text = json.dumps(made, ensure_ascii=False, separators=(",", ":"))
    return wire.CallToolResult(content=[wire.TextContent(type="text", text=text)], structuredContent=made)


def _failed(error: AppError) -> wire.CallToolResult:
    lines = [f"{error.code}: {error.message}"]
    lines += [f"At: {error.place}"] if error.place else []
    lines += [f"Next: {error.fix}"] if error.fix else []
    return wire.CallToolResult(
        content=[wire.TextContent(type="text", text="\n".join(lines))],
        structuredContent={"problem": reading.plain(error)},
        isError=True,
    )


def _listed(tool: Tool) -> wire.Tool:
    return wire.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        inputSchema={**tool.input.model_json_schema(), "additionalProperties": False},
        outputSchema=_either(tool.output.model_json_schema(mode="serialization")),
        annotations=wire.ToolAnnotations(
            title=tool.title,
            readOnlyHint=tool.is_read_only,
            destructiveHint=tool.is_destructive,
            idempotentHint=tool.is_idempotent,
            openWorldHint=tool.is_open_world,
        ),
    )


def _either(schema: dict[str, Any]) -> dict[str, Any]:
    """The tool's result, or a problem: the npm client holds a failure against this schema, too."""
    required = schema.pop("required", [])
    schema["properties"] = {**schema.get("properties", {}), "problem": _PROBLEM}
    return {**schema, "anyOf": [{"required": required}, {"required": ["problem"]}]}
