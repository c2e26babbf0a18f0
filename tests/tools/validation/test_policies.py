"""The Rego engine behind its walls: what would be a silent pass elsewhere is a failure here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.tools.validation import samples
from tests.tools.validation.cases import INJECTION, security
from tools import validation
from tools.validation import rego

HEAD = "package main\n\nimport rego.v1\n\n"


def judged(policy: str, document: dict[str, Any] | None = None, **data: Any) -> list[tuple[str, str, str]]:
    text = samples.dumped(document or samples.config_map())
    ledger = validation.check({"a.yaml": text}, today=samples.TODAY, policies={"p.rego": policy}, data=data)
    found = [entry for entry in ledger.entries if entry.check == "policy"]
    return [(f.rule, f.severity, f.message) for entry in found for f in entry.findings]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ('deny contains "no" if input.kind == "ConfigMap"', ("main.deny", "error", "no")),
        ('deny_x contains "K01 no" if true', ("K01", "error", "no")),
        ('violation contains {"msg": "no", "place": "/kind"} if true', ("main.violation", "error", "no")),
        ('warn_x contains "careful" if true', ("main.warn_x", "warning", "careful")),
        ("deny if input.kind", ("main.deny", "error", "The rule is true.")),
        ('deny contains msg if { msg := sprintf("%s", [lower("ABC")]) }', ("main.deny", "error", "abc")),
        ('deny contains concat("/", ["a", input.metadata.name])', ("main.deny", "error", "a/demo")),
    ],
)  # fmt: skip
def test_rules_speak_by_the_conventions_of_conftest(rule: str, expected: tuple[str, str, str]) -> None:
    assert judged(HEAD + rule) == [expected]


def test_rules_of_the_old_language_are_understood() -> None:
    assert judged('package main\n\ndeny[msg] { msg := "no" }\n') == [("main.deny", "error", "no")]


def test_other_rules_and_packages_do_not_judge() -> None:
    other = 'package other\n\nimport rego.v1\n\ndeny contains "x" if true\n'
    sources = {"a.rego": HEAD + 'deny contains "a" if false\nhelper contains "b" if true\n', "b.rego": other}
    files = {"a.yaml": samples.dumped(samples.config_map())}

    assert validation.check(files, today=samples.TODAY, policies=sources).ok


def test_an_exception_of_the_policy_stays_visible() -> None:
    policy = HEAD + 'deny_host contains "K01 no" if true\n\nexception contains ["host"] if true\n'
    files = {"a.yaml": samples.dumped(samples.config_map())}

    ledger = validation.check(files, today=samples.TODAY, policies={"p": policy})

    assert ledger.ok
    assert [w.finding.rule for w in ledger.waived] == ["K01"]


@pytest.mark.parametrize(
    "source",
    [
        HEAD + "deny contains msg if {",
        HEAD + 'deny contains msg if { http.send({"url": "http://127.0.0.1"}); msg := "x" }',
        HEAD + "deny contains msg if { msg := opa.runtime().env.HOME }",
        HEAD + 'deny contains "x" if net.lookup_ip_addr("localhost")',
        HEAD + 'deny contains "x" if time.now_ns() > 0',
        HEAD + 'deny contains "x" if startwith(input.kind, "a")',
        HEAD + 'deny contains "x" if json.match_schema({}, {})[0]',
        HEAD + 'deny contains "x" if graphql.is_valid("a", "b")',
    ],
)
def test_policies_that_could_not_say_no_are_refused(source: str) -> None:
    with pytest.raises(validation.PolicyRefused) as caught:
        judged(source)

    assert caught.value.code == "AW409"


@pytest.mark.parametrize(
    "rule",
    [
        'deny contains "x" if regex.match("(?i)pass", input.kind)',
        'deny contains "x" if to_number(input.kind) > 1',
        'deny contains "x" if units.parse_bytes("lots") > 1',
        "deny contains 1 if true",
        'deny contains {"text": "no msg"} if true',
    ],
)
def test_an_evaluation_that_fails_is_a_failure_of_the_document(rule: str) -> None:
    assert [(code, severity) for code, severity, _ in judged(HEAD + rule)] == [("AW405", "error")]


def test_names_cannot_rewrite_the_verdict() -> None:
    document = samples.changed(security(privileged=True), lambda d: samples.first(d).update(name=INJECTION))

    ledger = validation.check({"a.yaml": samples.dumped(document)}, today=samples.TODAY)

    assert "AW475" in {finding.rule for finding in ledger.findings}


@pytest.mark.parametrize("text", ['a"b', "a\\", "é😀", "\u2028", "a\nb", "a\tb", '"],"x":["'])
def test_strings_reach_the_policy_and_come_back_whole(text: str) -> None:
    document = samples.config_map() | {"data": {"A": text}}

    assert judged(HEAD + "deny contains input.data.A", document) == [("main.deny", "error", text)]


def test_registries_are_free_until_one_is_named() -> None:
    files = {"a.yaml": samples.dumped(samples.workload())}

    free = validation.check(files, today=samples.TODAY)
    held = validation.check(files, today=samples.TODAY, registries=["ghcr.io"])
    named = validation.check(files, today=samples.TODAY, registries=["ghcr.io", "registry.example.com"])

    assert (free.ok, held.ok, named.ok) == (True, False, True)
    assert {finding.rule for finding in held.findings} == {"AW472"}


def test_data_of_the_caller_reaches_the_policy() -> None:
    rule = 'deny contains "K01 no" if input.kind in data.mine.kinds'

    assert judged(HEAD + rule, mine={"kinds": ["ConfigMap"]}) == [("K01", "error", "no")]


def test_the_engine_prints_nothing(tmp_path: Path) -> None:
    script = tmp_path / "a.py"
    script.write_text(
        "from tools.validation import rego\n"
        "try:\n    rego.Policies({'a': 'package main\\n\\ndeny contains msg if {'}, {})\n"
        "except rego.PolicyRefused:\n    pass\n"
    )

    root = Path(rego.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, script], cwd=root, env={"PYTHONPATH": str(root)}, capture_output=True, check=True
    )

    assert (done.stdout, done.stderr) == (b"", b"")


def test_a_policy_without_a_package_is_refused() -> None:
    sources = {"a.rego": HEAD + 'deny contains "a" if false', "b.rego": 'import rego.v1\ndeny contains "b"'}
    files = {"a.yaml": samples.dumped(samples.config_map())}

    with pytest.raises(validation.PolicyRefused, match=r"b\.rego names no package"):
        validation.check(files, today=samples.TODAY, policies=sources)


def test_rego_files_of_the_set_are_compiled() -> None:
    files = {"a.yaml": samples.dumped(samples.config_map()), "policy/a.rego": HEAD + "deny contains msg if {"}

    ledger = validation.check(files, today=samples.TODAY)

    assert [(f.rule, f.file) for f in ledger.findings] == [("AW409", "policy/a.rego")]
