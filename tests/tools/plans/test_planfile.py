from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from core.errors import AppError, Conflict, Invalid
from tools import plans

Make = Callable[..., plans.Plan]


def test_a_plan_survives_its_file(make: Make) -> None:
    plan = make(files={"apps/shop/é.bin": b"\xff\0", "apps/shop/a.yaml": "ü: \u2028\n".encode()})

    assert plans.from_json(plans.to_json(plan)) == plan


def test_a_file_reformatted_by_another_tool_is_the_same_plan(make: Make) -> None:
    plan = make()

    assert plans.from_json(json.dumps(json.loads(plans.to_json(plan)), indent=4)).digest == plan.digest


def test_the_same_plan_has_the_same_file(make: Make) -> None:
    assert plans.to_json(make()) == plans.to_json(make())


def leaves(value: Any, where: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [leaf for key in value for leaf in leaves(value[key], (*where, key))]
    if isinstance(value, list):
        return [leaf for key, item in enumerate(value) for leaf in leaves(item, (*where, key))]
    return [where]


def changed(document: Any, where: tuple[Any, ...]) -> Any:
    copy = json.loads(json.dumps(document))
    here = copy
    for step in where[:-1]:
        here = here[step]
    old = here[where[-1]]
    here[where[-1]] = f"{old}x" if isinstance(old, str) else not old
    return copy


def test_a_change_of_any_single_value_is_refused(make: Make) -> None:
    document = json.loads(plans.to_json(make()))
    places = leaves(document)

    accepted = []
    for where in places:
        try:
            plans.from_json(json.dumps(changed(document, where)))
        except (Conflict, Invalid):
            continue
        accepted.append(where)

    assert len(places) > 50
    assert accepted == []


def test_a_changed_byte_of_a_content_is_tampering(make: Make) -> None:
    text = plans.to_json(make()).replace('"text": "kind: Deployment', '"text": "kind: DaemonSet')

    with pytest.raises(plans.PlanTampered):
        plans.from_json(text)


def test_an_added_key_is_tampering(make: Make) -> None:
    document = json.loads(plans.to_json(make())) | {"force": True}

    with pytest.raises(plans.PlanTampered):
        plans.from_json(json.dumps(document))


def test_another_plan_than_the_approved_one_is_refused(make: Make) -> None:
    approved = make().digest

    with pytest.raises(plans.PlanTampered):
        plans.from_json(plans.to_json(make(message="Other")), expected=approved)


def test_a_resealed_plan_cannot_reach_outside_its_paths(make: Make) -> None:
    document = json.loads(plans.to_json(make()))
    for change in document["changes"]:
        if change["action"] == "delete":
            change["path"] = ".git/config"

    with pytest.raises(AppError):
        plans.from_json(json.dumps(document))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "{}",
        '{"schema_version": 1}',
        '{"schema_version": 2}',
        "[" * 100_000,
        '{"a": NaN}',
        "\x00",
        "{",
    ],
)
def test_what_is_no_plan_is_refused(text: str) -> None:
    with pytest.raises(plans.PlanInvalid):
        plans.from_json(text)


def test_a_key_that_stands_twice_is_refused(make: Make) -> None:
    text = plans.to_json(make()).replace('"branch": "main"', '"branch": "main", "branch": "main"')

    with pytest.raises(plans.PlanInvalid, match="twice"):
        plans.from_json(text)


def test_the_view_holds_diffs_but_no_contents(make: Make) -> None:
    change = plans.view(make())["changes"][0]

    assert change["diff"]
    assert {"before", "after"}.isdisjoint(change)
