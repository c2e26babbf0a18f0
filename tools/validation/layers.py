"""The four layers over a set of files: strict YAML, schema, semantics, policy. It all ends in the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.errors import Invalid
from core.findings import Finding
from core.names import closest
from tools.validation import binaries, documents, files, schemas, waivers
from tools.validation.documents import Document
from tools.validation.ledger import SET, Entry, Ledger, Row, entry
from tools.validation.passes import Options, Pass
from tools.validation.reading import Limits

ENGINES = ("builtin", *binaries.NAMES)


class UnknownEngine(Invalid):
    """No engine has this name."""

    code = "AW416"
    fix = f"Choose among {', '.join(ENGINES)}."


def check(sources: Mapping[str, str], options: Options, *, today: str) -> Ledger:
    """Every file × every check. Raises only where the question itself is wrong."""
    kubernetes = schemas.version(options.kubernetes)
    _known_engines(options.engines)
    roles = files.roles(sources)
    oversized = _oversized(sources, roles, options.limits)
    if oversized:
        return Ledger(kubernetes, options.engines, entries=(entry(SET, "documents", oversized),))
    found: list[Document] = []
    for path in sorted(sources):
        found += _read(path, sources[path], roles[path], options.limits)
    entries = [_counted(found, options.limits)]
    if entries[0].status == "pass":
        one = Pass(sources, options, kubernetes, roles)
        found += one.made(found)
        entries += one.entries(found)
    rows = tuple(_row(document) for document in found)
    done = waivers.apply(entries, rows, options.waivers, today=today)
    if options.fail_on_warning:
        done = tuple(_strict(item) for item in done)
    return Ledger(kubernetes, options.engines, rows, done)


def _strict(item: Entry) -> Entry:
    warned = any(finding.severity == "warning" for finding in item.findings)
    return replace(item, status="fail") if warned else item


def _known_engines(engines: Sequence[str]) -> None:
    for name in engines:
        if name not in ENGINES:
            near = closest(name, ENGINES)
            hint = f"; did you mean {near}?" if near else "."
            raise UnknownEngine(f"There is no engine {name!r}{hint}", engine=name)


def _oversized(
    sources: Mapping[str, str], roles: Mapping[str, files.Role], limits: Limits
) -> tuple[Finding, ...]:
    findings = []
    total = 0
    for path in sorted(sources):
        size = len(sources[path]) if roles[path].is_yaml else 0
        total += size
        if size > limits.file_bytes:
            message = f"{size} characters; a manifest file has at most {limits.file_bytes}."
            findings.append(Finding("AW407", "error", message, path))
    if total > limits.total_bytes:
        message = f"{total} characters in all; at most {limits.total_bytes} are checked at once."
        findings.append(Finding("AW407", "error", message))
    return tuple(findings)


def _read(path: str, text: str, role: files.Role, limits: Limits) -> list[Document]:
    """A file without YAML is one row too: nothing drops out of the ledger."""
    if role.is_yaml:
        found = documents.read(path, text, limits=limits, role=role.name)
        if found:
            return found
        empty = Finding("AW429", "error", "The file holds no document.", path, line=1)
        return [Document(f"{path}#1", path, text, 1, None, role=role.name, broken=True, findings=(empty,))]
    return [Document(f"{path}#1", path, text, 1, None, role=role.name)]


def _counted(found: Sequence[Document], limits: Limits) -> Entry:
    """Nothing to check is a failure, and so is more than anyone would write."""
    manifests = sum(document.role == "kubernetes" for document in found)
    if manifests == 0:
        message = "There is no Kubernetes object among these files: nothing was checked."
        return entry(SET, "documents", (Finding("AW401", "error", message, fix="Name the files to check."),))
    if len(found) > limits.documents:
        message = f"More than {limits.documents} documents."
        return entry(SET, "documents", (Finding("AW407", "error", message, fix="Check them in parts."),))
    return entry(SET, "documents", tests=len(found))


def _row(document: Document) -> Row:
    return Row(
        document.id,
        document.file,
        document.line,
        document.role,
        document.api_version,
        document.kind,
        document.name,
        document.namespace,
    )
