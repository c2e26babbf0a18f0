"""The Model Context Protocol, over HTTP and over stdio: translation only.

What is offered (tools, resources, prompts) is handed in as plain dataclasses. The `mcp` package is
loaded when the first message comes, not when the server starts.
"""

from core.http.context.shelf import Prompt, Resource, Shelf, Tool

__all__ = ["Prompt", "Resource", "Shelf", "Tool"]
