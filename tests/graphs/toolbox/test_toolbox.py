"""The tools for agents, over the real front: sandbox, store, workers and git."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

os.environ["LANGGRAPH_STRICT_MSGPACK"] = "true"
os.environ["LANGSMITH_TRACING"] = "false"

from core import fetch
from core.errors import AppError
from core.http.context import Shelf
from core.http.front import Caller
from graphs import toolbox
from graphs.front.opened import Bounds, opened
from graphs.integrate import session
from graphs.integrate.served import Integrate

ROOT = Path(__file__).resolve().parents[3]
SPEC = (ROOT / "examples" / "orders" / "openapi.yaml").read_text()
MODULE = {"spec": SPEC, "name": "shop", "version": "1.0.0", "image": "registry.example.com/shop/orders:1.0.0"}
ACME, OTHER = Caller("acme", "key:1"), Caller("other", "key:2")


GOOD = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: a
  namespace: shop
  labels: {app.kubernetes.io/name: a, app.kubernetes.io/instance: a, app.kubernetes.io/managed-by: autoweave}
data: {b: c}
"""


class Desk:
    """A shelf with a caller who uses it."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf

    async def call(self, name: str, caller: Caller = ACME, /, **arguments: Any) -> dict[str, Any]:
        tool = self.shelf.tool(name)
        given = tool.input.model_validate(arguments)
        return tool.output.model_validate(await tool.call(caller, given)).model_dump(mode="json")

    async def read(self, uri: str, caller: Caller = ACME) -> str:
        resource, values = self.shelf.find(uri)
        return await resource.read(caller, values)

    async def refused(self, work: Awaitable[Any]) -> str:
        try:
            await work
        except AppError as error:
            return error.code
        return "nothing"


def seated(home: Path, walk: Callable[[Desk], Awaitable[Any]]) -> Any:
    """What `walk` sees at a desk over a home of its own."""

    async def sit(work: session.Session) -> Any:
        kind = Integrate.of(work)
        async with opened(work.store, {"integrate": kind}, Bounds(), ended=lambda run, took_s: None) as hall:
            shelf = toolbox.shelf(
                hall.front,
                kind.offer,
                blobs=work.kept,
                checker=work,
                docs=ROOT / "docs",
                today=lambda: "2026-01-01",
                kubernetes=means.kubernetes,
            )
            return await walk(Desk(shelf))

    means = session.Means(
        home=home,
        store_url=f"sqlite:///{home}/store.db",
        remote=str(home / "remote.git"),
        fetch=lambda url: fetch.get(url).body,
    )
    with session.opened(means, lambda _: None) as work:
        return asyncio.run(sit(work))


def commits(home: Path) -> list[str]:
    """Every commit in any repository of that home."""
    log = ["log", "--all", "--format=%H"]
    heads = sorted(home.rglob("HEAD"))
    done = [
        subprocess.run(["git", "-C", head.parent, *log], capture_output=True, text=True, check=False)
        for head in heads
    ]
    return sorted({line for each in done for line in each.stdout.split()})


async def integrate(desk: Desk, home: Path) -> dict[str, Any]:
    """Plan, every wrong answer, the right one, and a look at what came of it."""
    plan = await desk.call("plan", **MODULE)
    before = commits(home)
    named = {"thread": plan["thread"], "digest": plan["digest"]}
    wrong = {
        "digest": await desk.refused(
            desk.call("answer_plan", thread=plan["thread"], digest="sha256:" + "0" * 64, decision="approve")
        ),
        "tenant": await desk.refused(desk.call("answer_plan", OTHER, **named, decision="approve")),
        "status": await desk.refused(desk.call("run_status", OTHER, run=plan["run"])),
        "resource": await desk.refused(desk.read(f"run://{plan['run']}", OTHER)),
        "run": await desk.refused(desk.call("run_status", run="nobody")),
    }
    waiting = await desk.call("run_status", run=plan["run"])
    untouched = commits(home)
    answered = await desk.call("answer_plan", **named, decision="approve")
    wrong["again"] = await desk.refused(desk.call("answer_plan", **named, decision="approve"))
    done = json.loads(await desk.read(f"run://{plan['run']}"))
    empty = await desk.call("plan", **MODULE)
    return {
        "plan": plan, "before": before, "wrong": wrong, "waiting": waiting, "untouched": untouched,
        "answered": answered, "done": done, "after": commits(home), "empty": empty,
    }  # fmt: skip


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Any:
    home = tmp_path_factory.mktemp("toolbox")
    return seated(home, lambda desk: integrate(desk, home))


def test_a_plan_shows_what_would_be_committed(seen: Any) -> None:
    plan = seen["plan"]

    assert plan["state"] == "waiting"
    assert plan["risk"] in {"low", "medium", "high"}
    assert plan["counts"]["add"] > 5
    assert plan["ledger"]["pass"] > 10
    assert plan["ledger"]["errors"] == 0
    assert "+kind: Deployment" in plan["diff"]
    assert plan["failure"] is None


def test_a_plan_publishes_nothing(seen: Any) -> None:
    assert seen["before"] == seen["untouched"] == []


def test_an_answer_to_another_plan_is_refused(seen: Any) -> None:
    assert seen["wrong"]["digest"] == "AW922"


def test_another_tenant_finds_neither_thread_nor_run(seen: Any) -> None:
    wrong = seen["wrong"]

    assert [wrong[name] for name in ("tenant", "status", "resource", "run")] == ["AW932"] * 4


def test_a_waiting_run_says_what_it_waits_for(seen: Any) -> None:
    assert seen["waiting"]["state"] == "waiting"
    assert seen["waiting"]["digest"] == seen["plan"]["digest"]


def test_an_approval_commits_the_plan(seen: Any) -> None:
    assert seen["answered"]["state"] == "done"
    assert seen["answered"]["decision"] == "approve"
    assert seen["answered"]["receipt"]["commit"] in seen["after"]


def test_a_plan_is_answered_once(seen: Any) -> None:
    assert seen["wrong"]["again"] == "AW934"


def test_a_run_that_ended_shows_its_receipt(seen: Any) -> None:
    assert seen["done"]["state"] == "done"
    assert seen["done"]["receipt"] == seen["answered"]["receipt"]


def test_the_same_module_again_changes_nothing(seen: Any) -> None:
    assert seen["empty"]["state"] == "done"
    assert seen["empty"]["diff"] == ""


async def go_wrong(desk: Desk) -> dict[str, Any]:
    hostile = "openapi: 3.0.0\ninfo: {title: x, version: '1'}\npaths: {}\n$ref: 'file:///etc/passwd'\n"
    plan = await desk.call("plan", **MODULE)
    named = {"thread": plan["thread"], "digest": plan["digest"]}
    return {
        "no spec": await desk.refused(desk.call("plan", spec="hello")),
        "inside": await desk.refused(desk.call("plan", spec="https://169.254.169.254/latest")),
        "loopback": await desk.refused(desk.call("plan", spec="http://127.0.0.1:1/openapi.yaml")),
        "hostile": await desk.refused(desk.call("plan", **{**MODULE, "spec": hostile})),
        "foreign": await desk.refused(desk.call("plan", **{**MODULE, "descriptor": "tenant: other\n"})),
        "rejected": await desk.call("answer_plan", **named, decision="reject", reason="too big"),
    }


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return seated(tmp_path_factory.mktemp("wrong"), go_wrong)


def test_a_rejection_ends_the_run_without_a_receipt(wrong: Any) -> None:
    assert wrong["rejected"]["decision"] == "reject"
    assert wrong["rejected"]["receipt"] == {}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("no spec", "AW110"),
        ("inside", "AW803"),
        ("loopback", "AW801"),
        ("hostile", "AW113"),
        ("foreign", "AW935"),
    ],
)
def test_what_cannot_be_planned_fails_with_its_code(wrong: Any, name: str, code: str) -> None:
    assert wrong[name] == code


async def look(desk: Desk) -> dict[str, Any]:
    good = {"apps/a.yaml": GOOD}
    bad = {"a.yaml": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {replicas: many}\n"}
    return {
        "good": await desk.call("validate", files=good),
        "bad": await desk.call("validate", files=bad),
        "nothing": await desk.call("validate", files={"a.yaml": ""}),
        "version": await desk.refused(desk.call("validate", files=good, kubernetes="9.99")),
        "climbing": await desk.refused(desk.call("validate", files={"../../etc/x.yaml": ""})),
        "explained": await desk.call("explain", code="aw932"),
        "unknown": await desk.refused(desk.call("explain", code="AW001")),
        "page": await desk.read("rule://AW932"),
        "index": json.loads(await desk.read("rules://index")),
        "schema": json.loads(await desk.read("schema://module")),
        "prompt": desk.shelf.prompt("integrate_api", {"spec": "https://x.example/o.json", "name": "shop"}),
        "tools": {tool.name: tool for tool in desk.shelf.tools},
    }


@pytest.fixture(scope="module")
def looked(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return seated(tmp_path_factory.mktemp("looked"), look)


def test_good_manifests_pass_and_are_counted(looked: Any) -> None:
    assert looked["good"]["ok"] is True, looked["good"]["findings"]
    assert looked["good"]["totals"]["documents"] == 1
    assert looked["good"]["totals"]["pass"] > 0


def test_bad_manifests_fail_with_code_and_place(looked: Any) -> None:
    assert looked["bad"]["ok"] is False
    assert any("replicas" in each["place"] for each in looked["bad"]["findings"])


def test_nothing_to_check_is_no_pass(looked: Any) -> None:
    assert looked["nothing"]["ok"] is False


def test_an_unknown_kubernetes_version_is_no_pass(looked: Any) -> None:
    assert looked["version"] == "AW403"


def test_a_path_that_climbs_is_refused(looked: Any) -> None:
    assert looked["climbing"] == "AW501"


def test_a_code_is_explained_in_any_case(looked: Any) -> None:
    assert looked["explained"]["title"] == "No such thread or run"
    assert looked["page"].startswith("AW932 · No such thread or run\n")
    assert looked["index"]["AW932"] == "No such thread or run"


def test_an_unknown_code_is_not_found(looked: Any) -> None:
    assert looked["unknown"] == "AW905"


def test_the_descriptors_schema_is_a_resource(looked: Any) -> None:
    assert looked["schema"]["type"] == "object"


def test_the_prompt_asks_before_it_applies(looked: Any) -> None:
    assert "Only when I say yes, call `answer_plan`" in looked["prompt"]
    assert looked["prompt"].endswith("https://x.example/o.json")


def test_only_the_answer_to_a_plan_writes(looked: Any) -> None:
    writing = {name for name, tool in looked["tools"].items() if not tool.is_read_only}

    assert writing == {"answer_plan"}
    assert looked["tools"]["answer_plan"].is_destructive


def test_no_tool_takes_a_tenant_a_branch_or_a_key(looked: Any) -> None:
    fields = {field for tool in looked["tools"].values() for field in tool.input.model_fields}

    assert not fields & {"tenant", "branch", "remote", "url", "token", "key", "callback"}


def test_no_result_hides_a_failure_among_its_fields(looked: Any) -> None:
    assert not any("problem" in tool.output.model_fields for tool in looked["tools"].values())


@pytest.mark.parametrize("name", ["../x", "a/b", "", "x" * 101, "a b", ".x", "a\n"])
def test_an_id_with_a_path_in_it_is_refused(looked: Any, name: str) -> None:
    for tool, field in (("run_status", "run"), ("answer_plan", "thread")):
        given = {"digest": "d" * 64, "decision": "approve", field: name}

        with pytest.raises(ValidationError, match=field):
            looked["tools"][tool].input.model_validate(given)
