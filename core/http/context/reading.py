"""Resources and prompts, as the `mcp` package wants them told; and what a failure looks like there."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import mcp.types as wire
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import McpError
from pydantic import AnyUrl

from core.errors import AppError, Bug, NotFound
from core.http import problems
from core.http.context.shelf import Shelf
from core.http.front import Caller

logger = logging.getLogger(__name__)

RESOURCE_NOT_FOUND = -32002


def add_resources(made: Server[Any, Any], shelf: Shelf, asking: Callable[[], Caller]) -> None:
    fixed = wire.ListResourcesResult(
        resources=[
            wire.Resource(
                uri=AnyUrl(each.uri), name=each.name, title=each.title, description=each.description,
                mimeType=each.mime,
            )
            for each in shelf.resources
            if not each.variables
        ]
    )  # fmt: skip
    shaped = wire.ListResourceTemplatesResult(
        resourceTemplates=[
            wire.ResourceTemplate(
                uriTemplate=each.uri, name=each.name, title=each.title, description=each.description,
                mimeType=each.mime,
            )
            for each in shelf.resources
            if each.variables
        ]
    )  # fmt: skip

    async def show(_: Any) -> wire.ServerResult:
        return wire.ServerResult(fixed)

    async def show_shaped(_: Any) -> wire.ServerResult:
        return wire.ServerResult(shaped)

    async def read(request: wire.ReadResourceRequest) -> wire.ServerResult:
        uri = str(request.params.uri)
        with guarded("mcp.resource_broke", missing=RESOURCE_NOT_FOUND):
            resource, values = shelf.find(uri)
            text = await resource.read(asking(), values)
        contents = wire.TextResourceContents(uri=request.params.uri, mimeType=resource.mime, text=text)
        return wire.ServerResult(wire.ReadResourceResult(contents=[contents]))

    made.request_handlers[wire.ListResourcesRequest] = show
    made.request_handlers[wire.ListResourceTemplatesRequest] = show_shaped
    made.request_handlers[wire.ReadResourceRequest] = read


def add_prompts(made: Server[Any, Any], shelf: Shelf) -> None:
    listed = wire.ListPromptsResult(
        prompts=[
            wire.Prompt(
                name=each.name,
                title=each.title,
                description=each.description,
                arguments=[
                    wire.PromptArgument(name=name, description=what, required=True)
                    for name, what in each.arguments.items()
                ],
            )
            for each in shelf.prompts
        ]
    )

    async def show(_: Any) -> wire.ServerResult:
        return wire.ServerResult(listed)

    async def fill(request: wire.GetPromptRequest) -> wire.ServerResult:
        with guarded("mcp.prompt_broke"):
            text = shelf.prompt(request.params.name, request.params.arguments or {})
        said = wire.PromptMessage(role="user", content=wire.TextContent(type="text", text=text))
        return wire.ServerResult(wire.GetPromptResult(messages=[said]))

    made.request_handlers[wire.ListPromptsRequest] = show
    made.request_handlers[wire.GetPromptRequest] = fill


@contextlib.contextmanager
def guarded(event: str, missing: int = wire.INVALID_PARAMS) -> Iterator[None]:
    """What goes wrong inside becomes the protocol's error, and nothing else reaches the client."""
    try:
        yield
    except AppError as error:
        raise protocol_error(error, missing) from error
    except Exception as error:
        logger.exception(event)
        raise protocol_error(Bug("We broke a promise of our own.")) from error


def protocol_error(error: AppError, missing: int = wire.INVALID_PARAMS) -> McpError:
    code = wire.INTERNAL_ERROR if isinstance(error, Bug) else wire.INVALID_PARAMS
    message = f"{error.code}: {error.message} {error.fix}".strip()
    shown = missing if isinstance(error, NotFound) else code
    return McpError(wire.ErrorData(code=shown, message=message, data=plain(error)))


def plain(error: AppError) -> dict[str, Any]:
    """The one form that a failure has on every wire; facts may hold anything, so they become JSON here."""
    made: dict[str, Any] = json.loads(json.dumps(problems.problem(error), default=str))
    return made
