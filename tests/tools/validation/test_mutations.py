"""Hundreds of mutated manifests: no rule breaks on an odd shape, and the real tools agree with us."""

from __future__ import annotations

import copy
import json
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench import go_tools
from tests.tools.validation import cases, samples
from tools import validation
from tools.validation import Ledger, policy

COUNT = 300
VALUES: list[Any] = [
    None, True, False, 0, 1, -1, 80, 99999, 1.5, "", "x", "0", "latest", "*", "a b", "default", [], {},
    ["ALL"], [{}], [None], {"a": 1}, {"a": "b"}, 'é"\\', "a/b:c@d", "true", [["x"]], "😀",
]  # fmt: skip


def paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in keys:
        yield (*path, key)
        yield from paths(value[key], (*path, key))


def mutated(chance: random.Random, document: Any) -> Any:
    """One to three cuts, copies or replacements anywhere in a good manifest."""
    copied = copy.deepcopy(document)
    for _ in range(chance.randint(1, 3)):
        found = list(paths(copied))
        if not found:
            break
        *parents, last = chance.choice(found)
        owner = copied
        for key in parents:
            owner = owner[key]
        act = chance.random()
        if act < 0.35:
            del owner[last]
        elif act < 0.5 and isinstance(owner, list):
            owner.append(copy.deepcopy(owner[last]))
        else:
            owner[last] = copy.deepcopy(chance.choice(VALUES))
    return copied


def manifests() -> dict[str, str]:
    chance = random.Random(20260601)
    single = [case for case in (*cases.GOOD, *cases.POLICY) if case.text.count("kind: ") == 1]
    bases = [yaml.safe_load(case.text) for case in single]
    made = [mutated(chance, chance.choice(bases)) for _ in range(COUNT)]
    return {f"{n:03}.yaml": json.dumps(document, ensure_ascii=False) for n, document in enumerate(made)}


@pytest.fixture(scope="module")
def ledgers() -> dict[str, Ledger]:
    return {file: validation.check({file: text}, today=samples.TODAY) for file, text in manifests().items()}


def rules(ledger: Ledger, check: str) -> set[tuple[str, str]]:
    return {(f.rule, f.message) for e in ledger.entries if e.check == check for f in e.findings}


def test_no_mutation_breaks_a_layer(ledgers: dict[str, Ledger]) -> None:
    assert len(ledgers) == COUNT
    assert 0 < sum(ledger.ok for ledger in ledgers.values()) < COUNT


@pytest.mark.go
@pytest.mark.timeout(1800)  # building conftest takes minutes, once
def test_conftest_agrees_on_every_mutation(ledgers: dict[str, Ledger], go: str, tmp_path: Path) -> None:
    binary = go_tools.install(go) / "conftest"
    for file, text in manifests().items():
        (tmp_path / file).write_text(text, encoding="utf-8")

    done = subprocess.run(
        [binary, "test", "--output", "json", "--policy", policy.FOLDER, *sorted(ledgers)],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip

    differing = []
    for result in json.loads(done.stdout):
        ledger = ledgers[result["filename"]]
        theirs = {
            policy.named(item["msg"], "")
            for group in ("failures", "warnings")
            for item in result.get(group) or ()
        }
        ours = rules(ledger, "policy")
        # On a shape that no schema allows our engine stops instead of guessing: never a pass.
        stopped = {rule for rule, _ in ours} == {"AW405"} and rules(ledger, "schema")
        if ours != theirs and not stopped:
            differing.append((result["filename"], ours ^ theirs))
    assert differing == []
