"""Every route of our own contract, for callers who may not: nobody, somebody else, a revoked key.

The list is the OpenAPI document itself: a new route with an id needs a body here, or this fails.
"""

from __future__ import annotations

import re
import uuid
from typing import Any

import httpx
import pytest

from core.http.gate import FREE, OPEN
from tests.http.ground import ACME, OTHER, REVOKED, Ground, client, key

pytestmark = pytest.mark.anyio
ASSISTANT = {"assistant_id": "review"}
SPEECH = {"model": "talk", "messages": [{"role": "user", "content": "hi"}]}
ANSWER = {**ASSISTANT, "command": {"resume": {"decisions": [{"type": "approve"}]}}}
THREAD = {"config": {"configurable": {"thread_id": "{thread_id}"}}}
CANARY = "text that only its owner knows"
BODIES: dict[str, Any] = {
    "POST /threads": {},
    "PATCH /threads/{thread_id}": {"metadata": {"a": 1}},
    "POST /threads/{thread_id}/state/checkpoint": {"checkpoint": {}},
    "POST /threads/{thread_id}/history": {"limit": 3},
    "POST /threads/{thread_id}/runs/wait": ANSWER,
    "POST /threads/{thread_id}/runs/stream": ANSWER,
    "POST /threads/{thread_id}/runs": ANSWER,
    "POST /runs/cancel": {"thread_id": "{thread_id}", "run_ids": ["{run_id}"]},
    "POST /{graph}/invoke": {"input": {"text": "b"}, **THREAD},
    "POST /{graph}/stream": {"input": {"text": "b"}, **THREAD},
    "POST /{graph}/stream_events": {"input": {"text": "b"}, **THREAD},
    "POST /{graph}/stream_log": {"input": {"text": "b"}, **THREAD},
    "POST /{graph}/batch": {"inputs": [{"text": "b"}], **THREAD},
}
"""Of operations that name a thread or a run. `{thread_id}` and `{run_id}` are filled in."""
REFUSED = {401, 403, 404, 405, 415, 422}


PATHS = Ground().app().openapi()["paths"]
ALL = [(method.upper(), path) for path, methods in PATHS.items() for method in methods]
GUARDED = [each for each in ALL if each[1] not in FREE | OPEN]
NAMED = [
    (method, path)
    for method, path in GUARDED
    if ("{thread_id}" in path or "thread_id" in str(BODIES.get(f"{method} {path}", "")))
    and any(status.startswith("2") for status in PATHS[path][method.lower()]["responses"])
]
"""Those that name a thread, and that anybody at all may do."""


def test_the_open_routes_are_three() -> None:
    assert PATHS.keys() & (FREE | OPEN) == {"/health", "/ready", "/login"}


async def send(asked: httpx.AsyncClient, method: str, path: str, **ids: str) -> httpx.Response:
    filled = {"graph": "review", "assistant_id": "review", "model": "talk", "checkpoint_id": "x"} | ids

    def fill(value: Any) -> Any:
        if isinstance(value, str):
            return re.sub(r"\{(\w+)\}", lambda found: filled[found[1]], value)
        if isinstance(value, dict):
            return {name: fill(each) for name, each in value.items()}
        return [fill(each) for each in value] if isinstance(value, list) else value

    body = fill(BODIES.get(f"{method} {path}", {}))
    sent = {"json": body} if method in {"POST", "PATCH", "PUT"} else {}
    return await asked.request(method, fill(path), **sent)


def told(answer: httpx.Response, *ids: str) -> tuple[int, str]:
    """What an answer says, without the ids that the question had, and those it made up."""
    text = answer.text
    for number in ids:
        text = text.replace(number, "…")
    return answer.status_code, _MADE.sub("…", text)


_MADE = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}|\d{4}-\d\d-\d\dT[0-9:.+]+")


async def owned(asked: httpx.AsyncClient) -> dict[str, str]:
    """A thread with a run that waits for its owner."""
    thread = (await asked.post("/threads", json={})).json()["thread_id"]
    await asked.post(f"/threads/{thread}/runs/wait", json={**ASSISTANT, "input": {"text": CANARY}})
    runs = (await asked.get(f"/threads/{thread}/runs")).json()
    state = (await asked.get(f"/threads/{thread}/state")).json()
    return {
        "thread_id": thread,
        "run_id": runs[0]["run_id"],
        "checkpoint_id": state["checkpoint"]["checkpoint_id"],
    }


@pytest.mark.parametrize(("method", "path"), GUARDED)
async def test_without_a_valid_key_every_route_is_closed_alike(method: str, path: str) -> None:
    app = Ground().app()
    ids = {"thread_id": str(uuid.uuid4()), "run_id": str(uuid.uuid4())}
    async with client(app) as nobody, client(app, REVOKED) as was, client(app, key("stranger")[0]) as never:
        answers = [await send(asked, method, path, **ids) for asked in (nobody, was, never)]

    assert {answer.status_code for answer in answers} == {401}
    assert answers[1].content == answers[2].content


@pytest.mark.parametrize(("method", "path"), NAMED)
async def test_the_owner_is_let_in(method: str, path: str) -> None:
    """Else the next test would hold for a body that nobody may send."""
    async with client(Ground().app(), ACME) as asked:
        answer = await send(asked, method, path, **await owned(asked))

    assert answer.status_code not in REFUSED, answer.text
    assert answer.status_code < 500


@pytest.mark.parametrize(("method", "path"), NAMED)
async def test_another_tenants_thread_is_as_one_that_never_was(method: str, path: str) -> None:
    app = Ground().app()
    async with client(app, ACME) as asked, client(app, OTHER) as other:
        ids = await owned(asked)
        before = (await asked.get(f"/threads/{ids['thread_id']}")).json()
        theirs = await send(other, method, path, **ids)
        guess = {
            "thread_id": str(uuid.uuid4()),
            "run_id": str(uuid.uuid4()),
            "checkpoint_id": ids["checkpoint_id"],
        }
        never = await send(other, method, path, **guess)
        after = (await asked.get(f"/threads/{ids['thread_id']}")).json()

    assert told(theirs, *ids.values()) == told(never, *guess.values())
    assert theirs.status_code == (
        200 if path.startswith("/{graph}/") else 404
    )  # LangServe: a thread of its own
    assert CANARY not in theirs.text
    assert before == after


@pytest.mark.parametrize("listing", ["/threads/search", "/threads/count"])
async def test_listings_hold_the_callers_own_only(listing: str) -> None:
    app = Ground().app()
    async with client(app, ACME) as asked, client(app, OTHER) as other:
        await owned(asked)

        assert (await other.post(listing, json={})).json() in ([], 0)
        assert (await asked.post(listing, json={})).json() not in ([], 0)
