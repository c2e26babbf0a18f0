"""The Model Context Protocol over stdin and stdout, for one caller: whoever started the process.

Nothing else may be written to stdout meanwhile: words for people go to stderr.
"""

from __future__ import annotations

import logging
from typing import Any

from core.http.context.shelf import Shelf
from core.http.front import Caller

logger = logging.getLogger(__name__)

_FORWARDED = frozenset({"notifications/initialized", "notifications/cancelled"})


async def serve_stdio(shelf: Shelf, caller: Caller) -> None:
    """Answers until stdin ends."""
    import anyio  # noqa: PLC0415  # as below
    from mcp.server.stdio import stdio_server  # noqa: PLC0415  # 0.7 CPU s, and only this command needs it

    from core.http.context import speaking  # noqa: PLC0415  # as above

    server = speaking.server(shelf, lambda _: caller)
    async with stdio_server() as (lines, writer):
        let_in, reader = anyio.create_memory_object_stream[Any](0)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_doorkeeper, server, lines, let_in, writer)
            await server.run(reader, writer, server.create_initialization_options())


async def _doorkeeper(server: Any, lines: Any, let_in: Any, writer: Any) -> None:
    """Lets in what is of the protocol. The package would log the rest with all it holds."""
    from mcp import types as wire  # noqa: PLC0415  # as above
    from mcp.shared.message import SessionMessage  # noqa: PLC0415  # as above

    from core.http.context import speaking  # noqa: PLC0415  # as above

    async with let_in:
        async for line in lines:
            message = None if isinstance(line, Exception) else line.message.root
            if isinstance(message, wire.JSONRPCRequest):
                if refused := speaking.refusal(server, message.model_dump(by_alias=True, exclude_none=True)):
                    error = wire.JSONRPCMessage(wire.JSONRPCError.model_validate(refused))
                    await writer.send(SessionMessage(error))
                else:
                    await let_in.send(line)
            elif isinstance(message, wire.JSONRPCNotification) and message.method in _FORWARDED:
                await let_in.send(line)
            else:
                logger.warning("mcp.line_ignored")
