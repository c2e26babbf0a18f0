"""Assistants: the graphs that are served, read only. A graph's id and its uuid are both its name."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import Field
from pydantic.errors import PydanticUserError

from core.http.agent import answers, wire
from core.http.agent.bodies import AssistantFilter, AssistantSearch, Name
from core.http.agent.refusals import SHOWN, NotOffered
from core.http.agent.wire import Json
from core.http.front import Caller, Front, GraphUnknown, Offer

AssistantId = Annotated[Name, Path()]
Depth = Annotated[bool | Annotated[int, Field(ge=0, le=100)], Query()]


def offer(front: Front, caller: Caller, name: str) -> Offer:
    """The graph that is called so, or whose assistant id this is."""
    served = front.runs.offers(caller)
    if found := served.get(name):
        return found
    for one in served.values():
        if wire.assistant_id(one.id) == name:
            return one
    raise GraphUnknown(f"No graph is called {name}.", place="/assistant_id")


def router(front: Front, known: Any) -> APIRouter:
    routes = APIRouter()

    @routes.post("/assistants/search", response_model=list[answers.Assistant])
    async def search(body: AssistantSearch, caller: Caller = known) -> Json:
        rows = _found(front, caller, body)
        rows.sort(key=lambda row: str(row[body.sort_by or "graph_id"]), reverse=body.sort_order == "desc")
        start, limit = body.offset or 0, body.limit or 10
        more = {"X-Pagination-Next": str(start + limit)} if len(rows) > start + limit else {}
        return Json(wire.chosen(rows[start : start + limit], body.select), headers=more)

    @routes.post("/assistants/count", response_model=int)
    async def count(body: AssistantFilter, caller: Caller = known) -> Json:
        return Json(len(_found(front, caller, body)))

    @routes.get("/assistants/{assistant_id}", response_model=answers.Assistant)
    async def get(assistant_id: AssistantId, caller: Caller = known) -> Json:
        return Json(wire.assistant(offer(front, caller, assistant_id)))

    @routes.get("/assistants/{assistant_id}/graph", response_model=answers.Drawing)
    async def graph(assistant_id: AssistantId, xray: Depth = False, caller: Caller = known) -> Json:
        return Json(offer(front, caller, assistant_id).graph.get_graph(xray=xray).to_json())

    @routes.get("/assistants/{assistant_id}/schemas", response_model=answers.Schemas)
    async def schemas(assistant_id: AssistantId, caller: Caller = known) -> Json:
        one = offer(front, caller, assistant_id)
        own = {"input_schema": one.input.model_json_schema(), "output_schema": one.output.model_json_schema()}
        return Json({**_schemas(one.id, one.graph), **own})

    @routes.get("/assistants/{assistant_id}/subgraphs", response_model=dict[str, answers.Schemas])
    async def subgraphs(assistant_id: AssistantId, recurse: bool = False, caller: Caller = known) -> Json:
        one = offer(front, caller, assistant_id)
        inner = one.graph.get_subgraphs(recurse=recurse)
        return Json({name: _schemas(one.id, graph) for name, graph in inner})

    _refuse_writes(routes, known)
    return routes


def _found(front: Front, caller: Caller, asked: AssistantFilter) -> list[dict[str, Any]]:
    rows = [wire.assistant(one) for one in front.runs.offers(caller).values()]
    wanted = (asked.metadata or {}).items()
    return [
        row
        for row in rows
        if asked.graph_id in (None, row["graph_id"])
        and (asked.name or "").lower() in row["name"].lower()
        and wanted <= row["metadata"].items()
    ]


def _schemas(name: str, graph: Any) -> dict[str, Any]:
    state = _schema(graph.get_output_jsonschema)
    return {
        "graph_id": name,
        "input_schema": _schema(graph.get_input_jsonschema),
        "output_schema": state,
        "state_schema": state,
        "config_schema": {},
        "context_schema": None,
    }


def _schema(make: Any) -> dict[str, Any] | None:
    """None where a state holds a type that JSON Schema has no words for."""
    try:
        made: dict[str, Any] = make()
    except PydanticUserError:
        return None
    return made


def _refuse_writes(routes: APIRouter, known: Any) -> None:
    async def refuse() -> Json:
        raise NotOffered(
            "Assistants are the graphs that are served; they are not made or changed by clients."
        )

    for method, path in (
        ("POST", "/assistants"),
        ("PATCH", "/assistants/{assistant_id}"),
        ("DELETE", "/assistants/{assistant_id}"),
        ("POST", "/assistants/{assistant_id}/latest"),
        ("POST", "/assistants/{assistant_id}/versions"),
    ):
        routes.add_api_route(path, refuse, methods=[method], dependencies=[known], **SHOWN)
