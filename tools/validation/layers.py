"""The four layers over a set of files: strict YAML, schema, semantics, policy. It all ends in the ledger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.errors import Invalid
from core.findings import Finding
from core.names import closest
from tools.validation import documents, files, policy, rego, schemas, semantics, shapes, waivers
from tools.validation.documents import Document
from tools.validation.ledger import SET, Entry, Ledger, Row, entry
from tools.validation.reading import Limits
from tools.validation.waivers import Waiver

KUBERNETES = "1.34"
ENGINES = ("builtin", "kubeconform", "conftest", "helm", "kubectl")
CHECKS = ("yaml", "schema", "semantics", "policy")


class UnknownEngine(Invalid):
    """No engine has this name."""

    code = "AW416"
    fix = f"Choose among {', '.join(ENGINES)}."


@dataclass(frozen=True, slots=True)
class Options:
    """How strict, and by what. `extra_schemas` maps `group/version/Kind` to a JSON Schema."""

    kubernetes: str = KUBERNETES
    engines: tuple[str, ...] = ("builtin",)
    policies: Mapping[str, str] | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    registries: tuple[str, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    extra_schemas: Mapping[str, Any] = field(default_factory=dict)
    ignore_missing: bool = False
    reject: tuple[str, ...] = ()
    fail_on_warning: bool = False
    limits: Limits = field(default_factory=Limits)


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
        entries += _Run(sources, options, kubernetes, roles).entries(found)
    rows = tuple(_row(document) for document in found)
    done = waivers.apply(entries, rows, options.waivers, today=today)
    return Ledger(kubernetes, options.engines, rows, done)


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


class _Run:
    """One pass over one set of documents."""

    def __init__(
        self, sources: Mapping[str, str], options: Options, kubernetes: str, roles: Mapping[str, files.Role]
    ) -> None:
        self.sources = sources
        self.options = options
        self.kubernetes = kubernetes
        self.roles = roles
        self.builtin = "builtin" in options.engines

    def entries(self, found: Sequence[Document]) -> list[Entry]:
        policies, entries = self._policies() if self.builtin else (None, [])
        for document in found:
            for check in CHECKS:
                entries.append(self._entry(document, check, policies))
        if self.builtin:
            readable = [d for d in found if not d.broken and self._applies(d, "semantics")]
            entries.append(semantics.across(readable, self.sources))
        return entries

    def _applies(self, document: Document, check: str) -> bool:
        return check not in self.roles[document.file].why_not

    def _policies(self) -> tuple[rego.Policies | None, list[Entry]]:
        sources = policy.bundled() if self.options.policies is None else self.options.policies
        if not rego.heads(sources):
            message = "No policy has a rule `deny…`, `violation…` or `warn…` in the package `main`."
            return None, [entry(SET, "policies", (Finding("AW402", "error", message),))]
        loaded = policy.load(sources, self.options.registries, self.options.data)
        return loaded, [entry(SET, "policies", tests=len(loaded.heads))]

    def _entry(self, document: Document, check: str, policies: rego.Policies | None) -> Entry:
        why_not = self.roles[document.file].why_not.get(check)
        if why_not is not None:
            return Entry(document.id, check, "skipped", reason=why_not, tests=0)
        if check == "yaml":
            return entry(document.id, "yaml", document.findings)
        if document.broken:
            return Entry(document.id, check, "not_run", reason="The document cannot be read.", tests=0)
        if not self.builtin:
            return Entry(document.id, check, "not_run", reason="The built-in engine was not asked.", tests=0)
        return self._layer(document, check, policies)

    def _layer(self, document: Document, check: str, policies: rego.Policies | None) -> Entry:
        if check == "schema":
            return self._schema(document)
        if check == "semantics":
            return semantics.check(document)
        if policies is None:
            return Entry(document.id, check, "not_run", reason="There are no policies.", tests=0)
        return policy.judge(policies, document)

    def _schema(self, document: Document) -> Entry:
        named = (document.kind, f"{document.api_version}/{document.kind}")
        if any(name in self.options.reject for name in named):
            message = f"The kind {document.kind} is not allowed here."
            return entry(document.id, "schema", (document.finding("AW431", message, place="/kind"),))
        folder = document.file.rpartition("/")[0]
        return shapes.check(
            document,
            kubernetes=self.kubernetes,
            extra=self.options.extra_schemas,
            ignore_missing=self.options.ignore_missing,
            values_schema=self.sources.get(f"{folder}/values.schema.json".lstrip("/"), ""),
        )
