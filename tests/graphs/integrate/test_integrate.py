"""The graph over the real tools: from a spec's bytes to a commit, and every way it may stop."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core import blobs, store
from core.store import StoreUnavailable
from graphs.integrate import dry, graph, nodes, session
from graphs.integrate.deps import Direct
from graphs.integrate.request import Request, given
from tools import plans

ROOT = Path(__file__).resolve().parents[3]


def yes(state: Any) -> dict[str, Any]:
    return {"decisions": [{"type": "approve"}], "actor": "ada", "plan_digest": state["change"]["digest"]}


def git(work: session.Session, *args: str) -> str:
    if not Path(work.means.remote).exists():
        return ""
    command = ["git", f"--git-dir={work.means.remote}", *args]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def integrate(work: session.Session, request: Request, ask: Any = yes) -> Any:
    return work.run(request, "acme", ask)


def test_an_approved_plan_is_one_commit_with_its_trailers(work: session.Session, request_: Request) -> None:
    run, state = integrate(work, request_)

    message = git(work, "log", "-1", "--format=%B", "main")
    assert run.state == "done"
    assert git(work, "rev-parse", "main").strip() == state["receipt"]["commit"]
    assert f"Build-Key: {request_.key}" in message
    assert f"Plan-Digest: {state['change']['digest']}" in message
    assert f"Spec-Digest: {state['spec']['digest']}" in message
    assert f"Trace-Id: {run.trace_id}" in message


def test_the_commit_holds_the_whole_module(work: session.Session, request_: Request) -> None:
    integrate(work, request_)

    files = set(git(work, "ls-tree", "-r", "--name-only", "main").split())
    assert {
        "apps/shop/base/deployment.yaml",
        "apps/shop/base/kustomization.yaml",
        "apps/shop/overlays/prod/kustomization.yaml",
        "apps/shop/models/__init__.py",
        "apps/shop/openapi.yaml",
        "apps/shop/catalog-info.yaml",
        "apps/shop/autoweave.lock",
        "argocd/apps/shop.yaml",
        "argocd/projects/acme.yaml",
        "policy/host.rego",
    } <= files


def test_the_same_input_again_changes_nothing(work: session.Session, request_: Request) -> None:
    first, _ = integrate(work, request_)
    before = git(work, "rev-parse", "main")

    second, state = integrate(work, request_)

    assert second.id == first.id
    assert state["change"]["is_empty"]
    assert git(work, "rev-parse", "main") == before


def test_what_a_person_broke_in_git_is_mended_by_the_same_input(
    work: session.Session, request_: Request, tmp_path: Path
) -> None:
    integrate(work, request_)
    clone = tmp_path / "clone"
    for command in (
        ["git", "clone", "--quiet", work.means.remote, str(clone)],
        ["git", "-C", str(clone), "rm", "--quiet", "apps/shop/base/service.yaml"],
        ["git", "-C", str(clone), "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "oops"],
        ["git", "-C", str(clone), "push", "--quiet"],
    ):
        subprocess.run(command, check=True)

    run, state = integrate(work, request_)

    assert run.state == "done"
    assert state["change"]["counts"] == {"add": 1, "change": 0, "delete": 0}
    assert "apps/shop/base/service.yaml" in git(work, "ls-tree", "-r", "--name-only", "main")


def test_a_file_people_put_beside_the_module_stays(
    work: session.Session, request_: Request, tmp_path: Path
) -> None:
    integrate(work, request_)
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "--quiet", work.means.remote, str(clone)], check=True)
    (clone / "apps/shop/overlays/prod/patch.yaml").write_text("spec: {}\n")
    for command in (
        ["git", "-C", str(clone), "add", "-A"],
        ["git", "-C", str(clone), "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "mine"],
        ["git", "-C", str(clone), "push", "--quiet"],
    ):
        subprocess.run(command, check=True)

    run, _ = integrate(work, replace(request_, overrides={**request_.overrides, "replicas": 5}))

    assert run.state == "done"
    assert "apps/shop/overlays/prod/patch.yaml" in git(work, "ls-tree", "-r", "--name-only", "main")


def test_a_file_no_longer_made_is_removed(work: session.Session, request_: Request) -> None:
    more = {**request_.overrides, "env": {"LOG_LEVEL": "info"}}
    integrate(work, replace(request_, overrides=more))

    _, state = integrate(work, request_)

    assert state["change"]["counts"]["delete"] == 1
    assert "configmap" not in git(work, "ls-tree", "-r", "--name-only", "main")


def test_the_helm_layout_is_a_chart_instead_of_base_and_overlays(
    work: session.Session, request_: Request
) -> None:
    run, _ = integrate(work, replace(request_, overrides={**request_.overrides, "layout": "helm"}))

    files = set(git(work, "ls-tree", "-r", "--name-only", "main").split())
    assert run.state == "done"
    assert {"apps/shop/chart/Chart.yaml", "apps/shop/chart/values.schema.json"} <= files
    assert not [path for path in files if "/base/" in path or "/overlays/" in path or "/expected/" in path]


def test_strict_fails_on_what_the_models_lose(work: session.Session, request_: Request) -> None:
    lossy = b"""
openapi: 3.1.0
info: {title: a, version: '1'}
paths: {}
components: {schemas: {Odd: {type: object, properties: {a: {not: {type: string}}}}}}
"""
    request = replace(request_, source={"openapi.yaml": lossy})

    strict, _ = integrate(work, replace(request, strict=True))
    plain, state = integrate(work, request)

    assert strict.problem["code"] == "AW203"
    assert plain.state == "done"
    assert state["fidelity"]["counts"]["partial"] == 1


def test_a_module_that_breaks_a_policy_is_planned_and_not_applied(
    work: session.Session, request_: Request
) -> None:
    run, state = integrate(work, replace(request_, overrides={**request_.overrides, "replicas": 500}))

    assert run.problem["code"] == "AW920"
    assert not state["ledger"]["ok"]
    assert git(work, "for-each-ref") == ""


def test_a_waiver_lets_one_finding_pass(work: session.Session, request_: Request) -> None:
    many = replace(request_, overrides={**request_.overrides, "replicas": 500})
    _, failed = integrate(work, many)
    rules = {
        (finding["rule"], row["document"])
        for row in failed["ledger"]["entries"]
        for finding in row["findings"]
        if finding["severity"] == "error"
    }
    waivers = tuple(
        {"rule": rule, "document": "*", "reason": "a load test", "until": "2999-01-31"}
        for rule, _ in sorted(rules)
    )

    run, _ = integrate(work, replace(many, waivers=waivers))

    assert run.state == "done"


def test_a_rejected_plan_writes_nothing(work: session.Session, request_: Request) -> None:
    run, state = integrate(work, request_, lambda _: {"decisions": [{"type": "reject"}], "actor": "ada"})

    assert run.state == "cancelled"
    assert "receipt" not in state
    assert git(work, "for-each-ref") == ""


def test_an_unanswered_plan_waits_and_is_answered_later(work: session.Session, request_: Request) -> None:
    waiting, _ = integrate(work, request_, lambda _: None)

    run, _ = integrate(work, request_)

    assert waiting.state == "waiting"
    assert run.id == waiting.id
    assert run.state == "done"


def test_a_waiting_run_whose_checkpoints_are_lost_is_planned_anew(
    means: session.Means, request_: Request
) -> None:
    with session.opened(means, lambda _: None) as work:
        waiting, _ = integrate(work, request_, lambda _: None)
    for file in means.home.glob("checkpoints.db*"):
        file.unlink()

    with session.opened(means, lambda _: None) as work:
        run, _ = integrate(work, request_)

    assert run.id == waiting.id
    assert run.state == "done"


def test_an_edit_makes_a_new_plan_that_is_asked_again(work: session.Session, request_: Request) -> None:
    asked: list[str] = []

    def ask(state: Any) -> dict[str, Any]:
        asked.append(state["change"]["digest"])
        if len(asked) > 1:
            return yes(state)
        args = {"module": {"replicas": 7}}
        return {"decisions": [{"type": "edit", "edited_action": {"name": "apply_plan", "args": args}}]}

    run, _ = integrate(work, request_, ask)

    assert run.state == "done"
    assert len(set(asked)) == 2
    assert "replicas: 7" in git(work, "show", "main:apps/shop/base/deployment.yaml")


def test_an_answer_to_another_plan_is_refused(work: session.Session, request_: Request) -> None:
    other = {"decisions": [{"type": "approve"}], "plan_digest": "sha256:" + "0" * 64}

    with pytest.raises(Exception, match="another plan"):
        integrate(work, request_, lambda _: other)

    assert git(work, "for-each-ref") == ""


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "AW1"),
        (b"openapi: 3.0.0\ninfo: [", "AW1"),
        (b'{"openapi": "3.0.3", "paths": {}}', "AW112"),
        (b"openapi: 3.0.3\ninfo: {title: a, version: '1'}\npaths: {$ref: 'http://127.0.0.1:1/x'}", "AW113"),
    ],
)
def test_a_bad_spec_fails_the_run_with_its_code(
    work: session.Session, request_: Request, text: bytes, code: str
) -> None:
    run, _ = integrate(work, replace(request_, source={"openapi.yaml": text}))

    assert run.state == "failed"
    assert run.problem["code"].startswith(code)
    assert run.problem["fix"]
    assert git(work, "for-each-ref") == ""


def test_a_bad_module_fails_before_models_are_made(work: session.Session, request_: Request) -> None:
    run, state = integrate(work, replace(request_, overrides={**request_.overrides, "image": "app:latest"}))

    assert run.problem["code"] == "AW305"
    assert "models" not in state


def test_after_a_failure_the_next_run_succeeds(work: session.Session, request_: Request) -> None:
    integrate(work, replace(request_, source={"openapi.yaml": b"{"}))

    run, _ = integrate(work, request_)

    assert run.state == "done"


def test_a_dry_run_plans_the_same_bytes_and_makes_nothing(
    work: session.Session, request_: Request, means: session.Means
) -> None:
    state = work.dry(request_)
    made_before = Path(means.remote).exists()
    planned = plans.from_json(work.plan_bytes(state))

    _, ran = integrate(work, request_)

    assert not made_before
    assert planned.writes == plans.from_json(work.kept.get(ran["plan"])).writes


def test_the_memo_answers_an_unchanged_input_without_reading_it_again(
    work: session.Session, request_: Request
) -> None:
    kept = blobs.Memory()
    deps = work.deps(kept)
    memo = dry.Memo()
    asked = given(request_, kept, today="2026-11-20")

    first = memo.run(asked, deps)

    assert memo.run(asked, deps) is first
    integrate(work, request_)
    assert memo.run(asked, deps) is not first


def test_a_checkpoint_holds_plain_data_only(work: session.Session, request_: Request) -> None:
    run, _ = integrate(work, request_)

    saved = work.seat.graph.get_state({"configurable": {"thread_id": run.id}}).values

    assert json.loads(json.dumps(saved)) == saved


def test_the_run_and_its_effect_are_in_the_store(work: session.Session, request_: Request) -> None:
    run, state = integrate(work, request_)

    effects = work.store.effects.of(run)
    approvals = work.store.approvals.of("acme", run.id)
    assert [(each.name, each.receipt["commit"]) for each in effects] == [
        ("publish", state["receipt"]["commit"])
    ]
    assert [(each.actor, each.decision) for each in approvals] == [("ada", "approve")]


def test_another_tenant_does_not_see_the_run(work: session.Session, request_: Request) -> None:
    run, _ = integrate(work, request_)

    with pytest.raises(store.RunUnknown):
        work.store.runs.get("other", run.id)


def test_the_drawing_in_the_docs_is_the_graph() -> None:
    drawn = graph.build().get_graph().draw_mermaid()

    assert drawn.strip() in (ROOT / "docs" / "graphs.md").read_text()


class Away:
    """A store's blobs while its database does not answer."""

    def put(self, content: bytes) -> str:
        raise StoreUnavailable("The store does not answer.")

    def get(self, digest: str) -> bytes:
        raise StoreUnavailable("The store does not answer.")


def test_a_store_that_is_away_is_not_the_runs_problem(work: session.Session, request_: Request) -> None:
    deps = replace(work.deps(blobs.Memory()), blobs=Away())
    state = given(request_, blobs.Memory(), today="2026-01-01")

    with pytest.raises(StoreUnavailable):
        nodes.parse(state, Direct(deps))
