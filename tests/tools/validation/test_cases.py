"""Our verdict on every manifest of the table, and the real kubeconform's and conftest's beside it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from bench import go_tools
from tests.tools.validation import cases, samples
from tests.tools.validation.cases import Case
from tools import validation
from tools.validation import Ledger, documents, policy, shapes
from tools.validation.reading import Limits

NO_VERDICT = {"AW404", "AW433"}

# Where we differ from kubeconform 0.7.0 on purpose. The reasons stand in docs/validation.md too.
SCHEMA_DIFFERENCES = {
    "group prefix": "kubeconform looks at the first label of an API group only",
    "metadata as list": "kubeconform reads metadata before the schema and calls this unreadable, not invalid",
    "unknown tag": "kubeconform reads the value as text; it is not plain data",
    "tag of python": "kubeconform reads the value as text; it is not plain data",
    "text after the end": "kubeconform drops what follows `...`; checked and applied must be one text",
    "content on a later marker": "kubeconform drops the rest of the line; the same reason",
    "empty list": "kubeconform finds no resource and passes; an empty pass is a failure",
}


def names(case: Case) -> str:
    return case.name


def checked(case: Case) -> Ledger:
    return validation.check({"a.yaml": case.text}, today=samples.TODAY)


def schema_verdicts(ledger: Ledger) -> tuple[str, ...]:
    """valid, invalid or error for each document, as kubeconform would say it."""
    found = {}
    for entry in ledger.entries:
        rules = {finding.rule for finding in entry.findings}
        if entry.check == "yaml" and entry.status == "fail":
            found[entry.document] = "error"
        elif entry.check == "schema" and entry.status != "not_run":
            bad = "error" if rules & NO_VERDICT else "invalid"
            found[entry.document] = "valid" if entry.status == "pass" else bad
    return tuple(found.values())


def denied(ledger: Ledger) -> set[tuple[str, str, str]]:
    return {
        (finding.rule, finding.severity, finding.message)
        for entry in ledger.entries
        if entry.check == "policy"
        for finding in entry.findings
    }


def test_the_table_is_large_enough() -> None:
    assert len(cases.ALL) >= 60
    assert len({case.name for case in cases.ALL}) == len(cases.ALL)


@pytest.mark.parametrize("case", cases.ALL, ids=names)
def test_schema_layer_gives_the_expected_verdict(case: Case) -> None:
    assert schema_verdicts(checked(case)) == case.schema


@pytest.mark.parametrize("case", [*cases.GOOD, *cases.POLICY], ids=names)
def test_policies_deny_exactly_the_expected_rules(case: Case) -> None:
    assert {rule for rule, severity, _ in denied(checked(case)) if severity == "error"} == case.policy


@pytest.fixture(scope="session")
def tools_of_go(go: str) -> Path:
    return go_tools.install(go)


@pytest.fixture(scope="session")
def conformed(tools_of_go: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, ...]]:
    """kubeconform's verdicts, one process over the whole table."""
    folder = tmp_path_factory.mktemp("kubeconform")
    schemas = folder / "v1.34.0-standalone-strict"
    schemas.mkdir()
    for file, schema in shapes.exported(readable(), "1.34", {}).items():
        (schemas / file).write_text(json.dumps(schema))
    files = written(folder)
    arguments = ["-strict", "-verbose", "-output", "json", "-n", "1", "-kubernetes-version", "1.34.0"]
    done = subprocess.run(
        [tools_of_go / "kubeconform", *arguments, "-schema-location", folder, *files],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    said: dict[str, tuple[str, ...]] = {}
    for resource in json.loads(done.stdout)["resources"]:
        name = files[resource["filename"]]
        verdict = resource["status"].removeprefix("status").lower()
        if verdict != "empty":
            said[name] = (*said.get(name, ()), verdict)
    return said


@pytest.fixture(scope="session")
def tested(
    tools_of_go: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, set[tuple[str, str, str]]]:
    """conftest's findings. It stops at the first file it cannot read, so it gets the readable ones."""
    folder = tmp_path_factory.mktemp("conftest")
    files = written(folder)
    said: dict[str, set[tuple[str, str, str]]] = {}
    arguments = ["test", "--output", "json", "--policy", policy.FOLDER, "--parser", "yaml"]
    good = [file for file, name in files.items() if "error" not in by_name(name).schema]
    done = subprocess.run(
        [tools_of_go / "conftest", *arguments, *good], cwd=folder, capture_output=True, text=True, check=False
    )
    for result in json.loads(done.stdout):
        found = {(*policy.named(i["msg"], ""), "error") for i in result.get("failures") or ()}
        found |= {(*policy.named(i["msg"], ""), "warning") for i in result.get("warnings") or ()}
        said[files[result["filename"]]] = {(rule, severity, text) for rule, text, severity in found}
    return said


def by_name(name: str) -> Case:
    return next(case for case in cases.ALL if case.name == name)


def written(folder: Path) -> dict[str, str]:
    for index, case in enumerate(cases.ALL):
        (folder / f"{index:03}.yaml").write_bytes(case.text.encode())
    return {f"{index:03}.yaml": case.name for index, case in enumerate(cases.ALL)}


def readable() -> list[documents.Document]:
    found = [d for case in cases.ALL for d in documents.read("a", case.text, limits=Limits())]
    return [document for document in found if not document.broken]


@pytest.mark.go
@pytest.mark.timeout(1800)  # building conftest takes minutes, once
def test_engines_from_outside_end_in_the_same_ledger(tools_of_go: Path) -> None:
    files = {case.name: case.text for case in cases.POLICY}
    outside = validation.Outside(path=str(tools_of_go))

    ledger = validation.check(
        {f"{name}.yaml": text for name, text in files.items()},
        today=samples.TODAY,
        engines=("builtin", "kubeconform", "conftest"),
        outside=outside,
    )

    said = {(entry.check, entry.document): entry for entry in ledger.entries}
    for (check, document), entry in said.items():
        if check == "policy":
            assert entry.findings == said["conftest", document].findings
        elif check == "schema":
            assert entry.status == said["kubeconform", document].status


@pytest.mark.go
@pytest.mark.timeout(1800)  # building conftest takes minutes, once
def test_kubeconform_gives_the_same_verdicts(conformed: dict[str, tuple[str, ...]]) -> None:
    ours = {case.name: schema_verdicts(checked(case)) for case in cases.ALL}

    assert {name for name in ours if conformed.get(name) != ours[name]} == SCHEMA_DIFFERENCES.keys()


@pytest.mark.go
@pytest.mark.timeout(1800)  # building conftest takes minutes, once
def test_conftest_finds_the_same(tested: dict[str, set[tuple[str, str, str]]]) -> None:
    ours = {name: denied(checked(by_name(name))) for name in tested}

    assert len(tested) >= 60
    assert ours == tested
