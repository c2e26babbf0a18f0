"""The ledger as text, JSON, JUnit XML and SARIF: the same account in each."""

from __future__ import annotations

import json
from xml.etree import ElementTree as ET

import jsonschema_rs
import pytest

from tests.tools.validation import samples
from tests.tools.validation.cases import on_first, security
from tools import validation
from tools.validation import Ledger, Waiver

BAD = {
    "apps/a b/deploy.yaml": samples.dumped(security(privileged=True), samples.service()),
    "broken.yaml": "a: [\n",
    "README.md": "<x>",
}


@pytest.fixture
def ledger() -> Ledger:
    waiver = Waiver("AW475", "Deployment/*", "It talks to <the> device.", "2026-12-31")
    return validation.check(BAD, today=samples.TODAY, waivers=[waiver])


def test_text_names_place_rule_and_reason(ledger: Ledger) -> None:
    text = validation.text(ledger)

    assert "error    AW420 broken.yaml:2: This is not YAML" in text
    assert "waived   AW475 apps/a b/deploy.yaml:" in text
    assert "skipped  yaml × 1: Neither YAML nor JSON by its name." in text
    assert "not run  schema × 1: The document cannot be read." in text


def test_text_ends_with_the_summaries_of_both_tools(ledger: Ledger) -> None:
    shape, policy, verdict = validation.text(ledger).splitlines()[-3:]

    assert shape == "Summary: 3 resources found in 2 files - Valid: 2, Invalid: 0, Errors: 1, Skipped: 0"
    assert policy == "56 tests, 55 passed, 0 warnings, 0 failures, 1 exceptions"
    assert verdict.startswith("Validation failed: 1 errors, 0 warnings, 1 waived · Kubernetes 1.34 · builtin")


def test_json_is_the_ledger(ledger: Ledger) -> None:
    assert Ledger.from_dict(json.loads(validation.to_json(ledger))) == ledger


def test_the_same_input_gives_the_same_bytes(ledger: Ledger) -> None:
    again = validation.check(dict(reversed(BAD.items())), today=samples.TODAY)
    plain = validation.check(BAD, today=samples.TODAY)

    assert again.digest == plain.digest != ledger.digest
    assert validation.sarif(again) == validation.sarif(plain)
    assert validation.junit(again) == validation.junit(plain)


def test_junit_counts_what_it_holds(ledger: Ledger) -> None:
    root = ET.fromstring(validation.junit(ledger))  # our own text

    cases = root.findall("./testsuite/testcase")
    failures = [case for case in cases if case.find("failure") is not None]
    assert (int(root.attrib["tests"]), int(root.attrib["failures"])) == (len(cases), len(failures))
    assert len(cases) == len(ledger.entries)
    assert {suite.attrib["name"] for suite in root} == {*BAD, "(set)"}


def test_junit_survives_characters_that_xml_cannot_hold() -> None:
    document = on_first(lambda c: c.update(image='a\x01"]]><&b\ufffe'))
    found = validation.check({"a.json": json.dumps(document)}, today=samples.TODAY)

    root = ET.fromstring(validation.junit(found))  # our own text

    assert root.find(".//failure") is not None


TEXT = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
LOCATION = {
    "type": "object",
    "required": ["physicalLocation"],
    "properties": {
        "physicalLocation": {
            "required": ["artifactLocation"],
            "properties": {
                "artifactLocation": {"required": ["uri"], "properties": {"uri": {"pattern": r"^\S+$"}}},
                "region": {"properties": {"startLine": {"type": "integer", "minimum": 1}}},
            },
        }
    },
}  # fmt: skip
RESULT = {
    "type": "object",
    "required": ["ruleId", "ruleIndex", "level", "message"],
    "properties": {
        "level": {"enum": ["none", "note", "warning", "error"]},
        "message": TEXT,
        "locations": {"type": "array", "items": LOCATION},
        "suppressions": {"items": {"properties": {"kind": {"enum": ["inSource", "external"]}}}},
    },
}  # fmt: skip
RULE = {"required": ["id"], "properties": {"shortDescription": TEXT, "help": TEXT}}
DRIVER = {"required": ["name"], "properties": {"rules": {"items": RULE, "uniqueItems": True}}}
RUN = {
    "required": ["tool", "results"],
    "properties": {
        "tool": {"required": ["driver"], "properties": {"driver": DRIVER}},
        "results": {"items": RESULT},
        "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    },
}
# The parts of SARIF 2.1.0 that we write, in our own words.
SARIF = {
    "required": ["version", "runs"],
    "properties": {"version": {"const": "2.1.0"}, "runs": {"type": "array", "minItems": 1, "items": RUN}},
}


def test_sarif_has_the_structure_of_its_standard(ledger: Ledger) -> None:
    log = json.loads(validation.sarif(ledger))

    jsonschema_rs.validate(SARIF, log)
    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in run["results"])


def test_sarif_holds_every_finding_with_its_line_and_the_waived_ones_suppressed(ledger: Ledger) -> None:
    results = json.loads(validation.sarif(ledger))["runs"][0]["results"]

    suppressed = [result["ruleId"] for result in results if "suppressions" in result]
    places = [result["locations"][0]["physicalLocation"] for result in results]
    assert len(results) == len(ledger.findings) + len(ledger.waived)
    assert suppressed == ["AW475"]
    assert {place["artifactLocation"]["uri"] for place in places} == {"broken.yaml", "apps/a%20b/deploy.yaml"}
    assert all(place["region"]["startLine"] >= 2 for place in places)
