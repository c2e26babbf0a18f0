"""What is known of one integration. Plain data only: it is written to disk at every step."""

from __future__ import annotations

from typing import Any, TypedDict


class IntegrateInput(TypedDict):
    source: str  # digest of the captured source: {"entry": name, "files": {name: bytes}}
    module: dict[str, Any]  # {"descriptor": text of autoweave.yaml, "overrides": the caller's options}
    options: dict[str, Any]  # strict, kubernetes, engines, waivers, today, message, tag
    run: str  # id of the run, empty for a dry run
    key: str  # Build-Key: SHA-256 of tenant, canonical input, tool and templates
    trace: str  # W3C trace id, 32 hex digits


class IntegrateState(IntegrateInput, total=False):
    spec: dict[str, Any]  # by parse: title, version, digest, findings, health; never the document
    document: str  # by parse: digest of the bundled document, JSON
    text: str  # by parse: digest of what is committed as openapi.yaml
    descriptor: dict[str, Any]  # by describe: the module with every default filled in
    models: str  # by generate: digest of {path: text} below the models folder
    fidelity: dict[str, Any]  # by generate: counts, and what was lost
    sandbox: str  # by parse: the level the child really had
    bundle: str  # by render: digest of {path: text}
    expected: str  # by render: the same of what a Helm chart stands for, which is judged and not written
    notes: list[dict[str, Any]]  # by render: what was decided because nobody said otherwise
    ledger: dict[str, Any]  # by validate
    plan: str  # by plan: digest of the plan file's bytes
    change: dict[str, Any]  # by plan: {"digest", "risk", "reasons", "summary", "counts", "is_empty"}
    edits: int  # by approve: how often the person changed the module
    decision: str  # by approve: approve, edit or reject
    receipt: dict[str, Any]  # by publish: commit, branch, adopted
    problem: dict[str, Any]  # by any node: an expected failure, shown to the user
