"""One dispatching set of routes over whatever is offered to the caller at this moment.

A word that another protocol owns is never taken for a graph, whichever router comes first.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, MutableMapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.routing import Match

from core.http.front import Front
from core.http.runnables import bodies, chat, playground, schemas, shapes, streams, wire, words
from core.http.runnables.desk import Desk, Identify

RESERVED = frozenset({
    "assistants", "build", "docs", "favicon.ico", "health", "hooks", "info", "jobs", "login", "logout", "mcp",
    "metrics", "ok", "openapi.json", "ready", "redoc", "runs", "store", "threads", "v1",
})  # fmt: skip
Graph = Annotated[str, Path(description="The graph's id, as /ready lists it.")]


class Route(APIRoute):
    def matches(self, scope: MutableMapping[str, Any]) -> tuple[Match, MutableMapping[str, Any]]:
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if path[1:].partition("/")[0] in RESERVED:
            return Match.NONE, {}
        return super().matches(scope)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Straight to the function: it takes the path's words and the request, so nothing is to be solved."""
        endpoint = self.endpoint
        known = inspect.signature(endpoint).parameters
        names = [
            name for name in self.param_convertors if name in known
        ]  # what a form configured changes nothing

        async def handle(request: Request) -> Response:
            words = request.path_params
            answer: Response = await endpoint(request=request, **{name: words[name] for name in names})
            return answer

        return handle


def router(front: Front, identify: Identify) -> APIRouter:
    routes = APIRouter(route_class=Route, tags=["LangServe"])
    desk = Desk(front, identify)
    _runs(routes, desk)
    _watched(routes, desk)
    _described(routes, desk)
    _chat(routes, desk)
    _shown(routes, desk)
    return routes


def _runs(routes: APIRouter, desk: Desk) -> None:
    @routes.post(
        "/{graph}/invoke", responses=schemas.told(schemas.INVOKED), openapi_extra=schemas.taken(bodies.Run)
    )
    async def invoke(graph: Graph, request: Request) -> Response:
        """Run a graph once, and wait for how it ends or what it asks."""
        caller, offer = desk.seek(request, graph)
        body = await bodies.read(bodies.Run, request)
        ask = shapes.ask(offer, body.input, body.config or bodies.Config(), ())
        return wire.answer(await desk.invoked(caller, offer, ask))

    @routes.post(
        "/{graph}/batch", responses=schemas.told(schemas.BATCHED), openapi_extra=schemas.taken(bodies.Batch)
    )
    async def batch(graph: Graph, request: Request) -> Response:
        """Run a graph for each input; the failure of one is its own output and fails no other."""
        caller, offer = desk.seek(request, graph)
        body = await bodies.read(bodies.Batch, request)
        pairs = enumerate(zip(body.inputs, body.configs(), strict=True))
        asks = [shapes.ask(offer, raw, config, (), f"/inputs/{at}") for at, (raw, config) in pairs]
        return wire.answer(await desk.batched(caller, offer, asks))


def _watched(routes: APIRouter, desk: Desk) -> None:
    told = schemas.told(schemas.EVENTS, "text/event-stream")

    @routes.post("/{graph}/stream", responses=told, openapi_extra=schemas.taken(bodies.Run))
    async def stream(graph: Graph, request: Request) -> Response:
        """What each node changes, as it happens."""
        caller, offer = desk.seek(request, graph)
        body = await bodies.read(bodies.Run, request)
        ask = shapes.ask(offer, body.input, body.config or bodies.Config(), streams.STEPS)
        return await desk.watched(caller, offer, ask, lambda ticket: streams.steps(offer, ticket))

    @routes.post("/{graph}/stream_events", responses=told, openapi_extra=schemas.taken(bodies.Watch))
    async def stream_events(graph: Graph, request: Request) -> Response:
        """LangChain's events, second version: the graph, its nodes' ends, the model's words."""
        caller, offer = desk.seek(request, graph)
        body = await bodies.read(bodies.Watch, request)
        ask = shapes.ask(offer, body.input, body.config or bodies.Config(), streams.EVERYTHING)
        return await desk.watched(caller, offer, ask, lambda ticket: streams.events(offer, ticket, body))

    @routes.post("/{graph}/stream_log", responses=told, openapi_extra=schemas.taken(bodies.Run))
    async def stream_log(graph: Graph, request: Request) -> Response:
        """What the playground reads; not promised to `astream_log` of other clients."""
        caller, offer = desk.seek(request, graph)

        async def run() -> Response:
            body = await bodies.read(bodies.Run, request)
            written = shapes.filled(offer, body.input)
            ask = shapes.ask(offer, written, body.config or bodies.Config(), streams.STEPS)
            return await desk.watched(caller, offer, ask, lambda ticket: streams.log(offer, ticket))

        return await desk.logged(request, offer, run(), lambda error: {"problem": error.to_dict()})


def _described(routes: APIRouter, desk: Desk) -> None:
    told = schemas.told({"type": "object"})

    @routes.get("/{graph}/input_schema", responses=told)
    @routes.get("/{graph}/c/{config_hash}/input_schema", include_in_schema=False)
    async def input_schema(graph: Graph, request: Request) -> Response:
        """The JSON Schema of `input`."""
        return wire.answer(shapes.of(desk.seek(request, graph)[1]).input.model_json_schema())

    @routes.get("/{graph}/output_schema", responses=told)
    @routes.get("/{graph}/c/{config_hash}/output_schema", include_in_schema=False)
    async def output_schema(graph: Graph, request: Request) -> Response:
        """The JSON Schema of `output`."""
        return wire.answer(shapes.of(desk.seek(request, graph)[1]).output.model_json_schema())

    @routes.get("/{graph}/config_schema", responses=told)
    @routes.get("/{graph}/c/{config_hash}/config_schema", include_in_schema=False)
    async def config_schema(graph: Graph, request: Request) -> Response:
        """The JSON Schema of `config`."""
        desk.seek(request, graph)
        return wire.answer(bodies.Config.model_json_schema())


def _chat(routes: APIRouter, desk: Desk) -> None:
    """The chat playground asks below its own path, where a chat takes messages and gives text."""
    told = schemas.told({"type": "object"})
    below = "/{graph}/chat_playground"

    @routes.post(
        f"{below}/stream_log",
        responses=schemas.told(schemas.EVENTS, "text/event-stream"),
        openapi_extra=schemas.taken(bodies.Run),
    )
    async def chat_log(graph: Graph, request: Request) -> Response:
        """The words of a chat as they come; `approve` or `reject: why` answers what it asked."""
        caller, offer = desk.seek_chat(request, graph)

        async def run() -> Response:
            body = await bodies.read(bodies.Run, request)
            said = shapes.ask(offer, body.input, body.config or bodies.Config(), chat.MODES)
            ask = await chat.resumed(desk.front.threads, caller, said)
            return await desk.watched(caller, offer, ask, lambda ticket: chat.log(offer, ticket))

        return await desk.logged(request, offer, run(), lambda error: words.excuse(error.to_dict()))

    @routes.get(f"{below}/input_schema", responses=told)
    @routes.get(f"{below}/c/{{config_hash}}/input_schema", include_in_schema=False)
    async def chat_input(graph: Graph, request: Request) -> Response:
        """Messages, in the one form that the chat playground accepts."""
        desk.seek_chat(request, graph)
        return wire.answer(chat.INPUT)

    @routes.get(f"{below}/output_schema", responses=told)
    @routes.get(f"{below}/c/{{config_hash}}/output_schema", include_in_schema=False)
    async def chat_output(graph: Graph, request: Request) -> Response:
        """Text."""
        desk.seek_chat(request, graph)
        return wire.answer(chat.OUTPUT)


def _shown(routes: APIRouter, desk: Desk) -> None:
    told = schemas.told({"type": "string"}, "text/html")

    @routes.get("/{graph}/playground/", responses=told)
    @routes.get("/{graph}/playground", include_in_schema=False)
    @routes.get("/{graph}/c/{config_hash}/playground/", include_in_schema=False)
    async def default_page(graph: Graph, request: Request) -> Response:
        """LangServe's playground: a form for the input, the output, the steps between."""
        offer = desk.seek(request, graph)[1]
        shape = shapes.of(offer)
        base = f"{request.scope.get('root_path', '')}/{offer.id}/playground"
        given, result = shape.input.model_json_schema(), shape.output.model_json_schema()
        return playground.page("playground", base, given=given, result=result)

    @routes.get("/{graph}/chat_playground/", responses=told)
    @routes.get("/{graph}/chat_playground", include_in_schema=False)
    async def chat_page(graph: Graph, request: Request) -> Response:
        """LangServe's chat playground."""
        offer = desk.seek_chat(request, graph)[1]
        base = f"{request.scope.get('root_path', '')}/{offer.id}/chat_playground"
        return playground.page("chat_playground", base, given=chat.INPUT, result=chat.OUTPUT)

    @routes.get("/{graph}/playground/{file:path}", include_in_schema=False)
    async def default_file(graph: Graph, file: str, request: Request) -> Response:
        desk.seek(request, graph)
        return playground.asset("playground", file)

    @routes.get("/{graph}/chat_playground/{file:path}", include_in_schema=False)
    async def chat_file(graph: Graph, file: str, request: Request) -> Response:
        desk.seek_chat(request, graph)
        return playground.asset("chat_playground", file)
