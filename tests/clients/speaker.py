"""A program that speaks the Model Context Protocol over stdio, as `./autoweave mcp` does."""

import asyncio

from core.http.context.stdio import serve_stdio
from core.http.front import Caller
from tests.http.shelves import SHELF

if __name__ == "__main__":
    asyncio.run(serve_stdio(SHELF, Caller("a", "here")))
