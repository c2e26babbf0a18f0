"""What AutoWeave offers to agents over the Model Context Protocol: few tools, each a whole task.

Reads are free. The one tool that writes, `answer_plan`, takes the digest that `plan` showed.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from core.blobs import Blobs
from core.http.context import Shelf, Tool
from core.http.front import Front, Offer
from core.version import VERSION
from graphs.toolbox import catalog, checks, devices, planning, rules, runs
from graphs.toolbox.checks import Checker

INSTRUCTIONS = """\
AutoWeave turns an OpenAPI document into typed models and validated Kubernetes manifests, in git.
Call `plan` first: it publishes nothing. Show the person the plan, and call `answer_plan` only after
they said yes or no to it, with the plan's digest. A failure names a code: `explain` says more."""


def shelf(
    front: Front,
    offer: Offer,
    *,
    blobs: Blobs,
    checker: Checker,
    docs: Path,
    today: Callable[[], str],
    kubernetes: str,
    more: tuple[Tool, ...] = (),
) -> Shelf:
    """`offer` is the graph that plans; its input is the tool's. `more` are tools of other parts."""
    planner = planning.Planner(front, offer, blobs)
    examiner = checks.Examiner(checker, today, kubernetes)
    reader = runs.Reader(front)
    book = rules.Book(docs / "rules")
    librarian = catalog.Librarian(front)
    return Shelf(
        name="autoweave",
        version=VERSION,
        instructions=INSTRUCTIONS,
        tools=(
            planner.plan,
            planner.answer,
            examiner.tool,
            *librarian.tools,
            devices.TOOL,
            book.tool,
            reader.tool,
            *more,
        ),
        resources=(*book.resources, reader.resource, planning.schema(docs / "schemas")),
        prompts=(planning.PROMPT,),
    )
