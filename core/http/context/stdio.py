"""The Model Context Protocol over stdin and stdout, for one caller: whoever started the process.

Nothing else may be written to stdout meanwhile: words for people go to stderr.
"""

from __future__ import annotations

from core.http.context.shelf import Shelf
from core.http.front import Caller


async def serve_stdio(shelf: Shelf, caller: Caller) -> None:
    """Answers until stdin ends."""
    from mcp.server.stdio import stdio_server  # noqa: PLC0415  # 0.7 CPU s, and only this command needs it

    from core.http.context import speaking  # noqa: PLC0415  # as above

    server = speaking.server(shelf, lambda _: caller)
    async with stdio_server() as (reader, writer):
        await server.run(reader, writer, server.create_initialization_options())
