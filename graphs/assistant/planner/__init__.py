"""A chat model of rules: it reads requests that our tools can serve, in English and French. No network.

The same seat as any other model: it answers a conversation with words or with calls of the tools that
are bound, streams, and fills in a form where one is asked for. What it does not understand it says.
"""

from graphs.assistant.planner.model import Planner

__all__ = ["Planner"]
