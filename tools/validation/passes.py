"""One pass over one set of documents: each document × each check, then the set, then engines from outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from core.findings import Finding
from tools.validation import binaries, documents, files, policy, reading, rego, semantics, shapes
from tools.validation.binaries import Outside
from tools.validation.documents import Document
from tools.validation.ledger import SET, Entry, entry
from tools.validation.reading import Limits
from tools.validation.rules import kustomize
from tools.validation.rules.model import View, Whole
from tools.validation.waivers import Waiver

KUBERNETES = "1.34"
CHECKS = ("yaml", "schema", "semantics", "policy")


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
    outside: Outside = field(default_factory=Outside)


class Pass:
    """The checks of one set. `made` comes first: what charts and overlays become is checked like the rest."""

    def __init__(
        self, sources: Mapping[str, str], options: Options, kubernetes: str, roles: Mapping[str, files.Role]
    ) -> None:
        self.sources = sources
        self.options = options
        self.kubernetes = kubernetes
        self.roles = dict(roles)
        self.builtin = "builtin" in options.engines
        self.rules = policy.bundled() if options.policies is None else options.policies
        self.data = policy.with_registries(options.data, options.registries)
        self.rendered: list[Entry] = []

    def made(self, found: Sequence[Document]) -> list[Document]:
        """What the charts and overlays of the set become, where helm or kustomize was asked for."""
        return [*self._charts(), *self._overlays(found)]

    def _overlays(self, found: Sequence[Document]) -> list[Document]:
        made: list[Document] = []
        if "kustomize" not in self.options.engines:
            return made
        views = [View(document) for document in found if document.role == "kustomization"]
        whole = Whole(views, frozenset(self.sources))
        if kustomize.leaves_the_set(whole):
            reason = "A kustomization names something outside the set; nothing is fetched."
            self.rendered.append(Entry(SET, "kustomize", "fail", reason=reason))
            return made
        for folder in kustomize.roots(whole):
            text, done = binaries.built(folder, self._job(()))
            made += self._more(f"{folder}/(built)", text, done)
        if not views:
            self.rendered.append(Entry(SET, "kustomize", "skipped", reason="No kustomization.", tests=0))
        return made

    def _more(self, file: str, text: str, done: Entry) -> list[Document]:
        self.roles[file] = files.KUBERNETES
        self.rendered.append(done)
        return documents.read(file, text, limits=self.options.limits)

    def _charts(self) -> list[Document]:
        found: list[Document] = []
        if "helm" not in self.options.engines:
            return found
        charts = [path for path in sorted(self.sources) if PurePosixPath(path).name == "Chart.yaml"]
        for path in charts:
            folder = str(PurePosixPath(path).parent)
            text, done = binaries.rendered(folder, self._job(()))
            found += self._more(f"{folder}/(rendered)", text, done)
        if not charts:
            self.rendered.append(Entry(SET, "helm", "skipped", reason="There is no chart.", tests=0))
        return found

    def entries(self, found: Sequence[Document]) -> list[Entry]:
        policies, entries = self._policies() if self.builtin else (None, [])
        for document in found:
            for check in CHECKS:
                entries.append(self._entry(document, check, policies))
        if self.builtin:
            readable = [d for d in found if not d.broken and self._applies(d, "semantics")]
            entries.append(semantics.across(readable, self.sources))
        return [*entries, *self.rendered, *self._outside(found)]

    def _outside(self, found: Sequence[Document]) -> list[Entry]:
        entries: list[Entry] = []
        manifests = [document for document in found if document.role == "kubernetes" and not document.broken]
        for name in self.options.engines:
            if name not in ("builtin", "helm", "kustomize"):
                entries += binaries.judge(name, self._job(manifests))
        return entries

    def _job(self, manifests: Sequence[Document]) -> binaries.Job:
        extra = self.options.extra_schemas
        return binaries.Job(
            documents=manifests,
            sources=self.sources,
            kubernetes=self.kubernetes,
            policies=self.rules,
            data=self.data,
            schemas=shapes.exported(manifests, self.kubernetes, extra),
            outside=self.options.outside,
            ignore_missing=self.options.ignore_missing,
        )

    def _applies(self, document: Document, check: str) -> bool:
        return check not in self.roles[document.file].why_not

    def _policies(self) -> tuple[rego.Policies | None, list[Entry]]:
        if not rego.heads(self.rules):
            message = "No policy has a rule `deny…`, `violation…` or `warn…` in the package `main`."
            return None, [entry(SET, "policies", (Finding("AW402", "error", message),))]
        loaded = policy.load(self.rules, self.data)
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
        if document.role == "policy":
            return self._policy_file(document)
        if policies is None:
            return Entry(document.id, check, "not_run", reason="There are no policies.", tests=0)
        return policy.judge(policies, document)

    def _policy_file(self, document: Document) -> Entry:
        """A policy of the set is compiled with its neighbours, not applied: the caller chose the policies."""
        folder = PurePosixPath(document.file).parent
        beside = {
            path: text
            for path, text in self.sources.items()
            if self.roles[path].name == "policy" and PurePosixPath(path).parent == folder
        }
        return entry(document.id, "policy", policy.admit(beside, document.file))

    def _schema(self, document: Document) -> Entry:
        named = (document.kind, f"{document.api_version}/{document.kind}")
        if any(name in self.options.reject for name in named):
            message = f"The kind {document.kind} is not allowed here."
            return entry(document.id, "schema", (document.finding("AW431", message, place="/kind"),))
        if document.role == "values":
            return self._values(document)
        return shapes.check(
            document,
            kubernetes=self.kubernetes,
            extra=self.options.extra_schemas,
            ignore_missing=self.options.ignore_missing,
        )

    def _values(self, document: Document) -> Entry:
        folder = PurePosixPath(document.file).parent
        path = str(folder / "values.yaml")
        base = None
        if document.file != path and path in self.sources:
            base = reading.load(self.sources[path], limits=self.options.limits).value
        return shapes.check_values(document, self.sources.get(str(folder / "values.schema.json"), ""), base)
