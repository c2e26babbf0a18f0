from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError
from typing import Any

import pytest

from core import paths
from tools import plans

Make = Callable[..., plans.Plan]


def test_each_file_gets_the_action_it_needs(make: Make) -> None:
    plan = make()

    assert {change.path: change.action for change in plan.changes} == {
        "apps/shop/base/configmap.yaml": "delete",
        "apps/shop/base/deployment.yaml": "add",
        "apps/shop/base/service.yaml": "change",
        "argocd/apps/shop.yaml": "add",
    }


def test_a_diff_is_unified(make: Make) -> None:
    (change,) = (c for c in make().changes if c.action == "change")

    assert change.diff == (
        "--- a/apps/shop/base/service.yaml\n+++ b/apps/shop/base/service.yaml\n"
        "@@ -1,2 +1,2 @@\n kind: Service\n-port: 80\n+port: 81\n"
    )


def test_a_missing_last_line_end_is_a_change_one_can_see(make: Make) -> None:
    plan = make(base={"apps/shop/a": b"x\ny\n"}, files={"apps/shop/a": b"x\ny"})

    assert plan.changes[0].diff.endswith("@@ -1,2 +1,2 @@\n x\n-y\n+y\n\\ No newline at end of file\n")


def test_a_name_that_is_not_utf8_can_be_planned_away(make: Make) -> None:
    plan = make(base={"apps/shop/\udcff": b"x"}, files={})

    assert plans.from_json(plans.to_json(plan)) == plan
    assert "- \\udcff" in plans.text(plan)


def test_a_binary_file_is_summarised(make: Make) -> None:
    plan = make(base={}, files={"apps/shop/logo.png": b"\x89PNG\0\xff"})

    assert plan.changes[0].diff == "Binary file, 0 -> 6 bytes.\n"


def test_a_large_file_is_counted_not_compared(make: Make) -> None:
    old, new = b"line\n" * 70_000, b"line\n" * 70_001 + b"other\n"
    plan = make(base={"apps/shop/openapi.yaml": old}, files={"apps/shop/openapi.yaml": new})

    assert plan.changes[0].diff == "Large file, 2 lines added, 0 removed.\n"


def test_same_content_is_no_change(make: Make) -> None:
    plan = make(base=BASE_IS_WANTED, files=BASE_IS_WANTED)

    assert plan.is_empty
    assert plans.summary(plan) == "No changes. The repository already holds this module."


BASE_IS_WANTED = {"apps/shop/a.yaml": b"x: 1\n"}


def test_the_same_input_gives_the_same_digest_in_any_order(make: Make) -> None:
    files = make().writes

    assert make(files=dict(reversed(files.items()))).digest == make(files=files).digest


@pytest.mark.parametrize(
    "changed",
    [
        {"module": "shop2"},
        {"tenant": "other"},
        {"branch": "tenant/acme"},
        {"base_commit": None},
        {"base_commit": "b" * 40},
        {"base": {"apps/shop/base/service.yaml": b"kind: Service\nport: 79\n"}},
        {"files": {"apps/shop/base/service.yaml": b"kind: Service\nport: 82\n"}},
        {"owned": ["apps/shop/", "argocd/apps"]},
        {"ledger": {}},
        {"spec_digest": "sha256:" + "d" * 64},
        {"build_key": "c" * 64},
        {"message": "Integrate shop."},
        {"meta": {}},
    ],
    ids="".join,
)
def test_the_digest_covers_every_part(make: Make, changed: dict[str, Any]) -> None:
    assert make(**changed).digest != make().digest


def test_the_digest_covers_an_unchanged_owned_file(make: Make) -> None:
    kept = {"apps/shop/kept.yaml": b"1\n"}
    other = {"apps/shop/kept.yaml": b"2\n"}

    assert make(base=kept, files=kept).digest != make(base=other, files=other).digest


def test_a_file_outside_the_owned_paths_is_refused(make: Make) -> None:
    with pytest.raises(paths.PathRefused):
        make(files={"apps/other/x.yaml": b""})


def test_a_base_file_outside_the_owned_paths_is_refused(make: Make) -> None:
    with pytest.raises(plans.PlanInvalid):
        make(base={"apps/other/x.yaml": b""})


def test_two_files_that_differ_in_case_are_refused(make: Make) -> None:
    with pytest.raises(paths.PathsCollide):
        make(files={"apps/shop/A.yaml": b"", "apps/shop/a.yaml": b""})


def test_a_ledger_that_is_not_plain_is_refused(make: Make) -> None:
    with pytest.raises(plans.PlanInvalid):
        make(ledger={"x": float("nan")})


def test_a_plan_cannot_be_changed(make: Make) -> None:
    plan = make()

    with pytest.raises(FrozenInstanceError):
        plan.branch = "other"  # type: ignore[misc]


def test_a_later_change_of_the_callers_ledger_does_not_reach_the_plan(make: Make) -> None:
    ledger: dict[str, Any] = {"entries": []}
    plan = make(ledger=ledger)

    ledger["entries"].append("late")

    assert plan.ledger == {"entries": []}
