"""What the CRD's schema does not see in Argo CD's objects. Every fault is a finding; nothing is raised."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from core.findings import Finding
from tools.manifests.argo_model import (
    Application,
    ApplicationSet,
    ApplicationSpec,
    AppProject,
    ArgoPart,
    Backoff,
    Helm,
    Metadata,
    Source,
    SyncPolicy,
    TemplateMetadata,
)

SERVER = "https://kubernetes.default.svc"
_KINDS: dict[str, type[ArgoPart]] = {
    "Application": Application,
    "ApplicationSet": ApplicationSet,
    "AppProject": AppProject,
}
_PROJECT = re.compile(r"tenant-([a-z]([-a-z0-9]*[a-z0-9])?)")


def check(
    obj: Mapping[str, Any], *, project: Mapping[str, Any] | None = None, file: str = ""
) -> list[Finding]:
    model = _KINDS.get(str(obj.get("kind")))
    if model is None:
        return []
    try:
        parsed = model.model_validate(obj)
    except ValidationError as error:
        return [_shape(item, file) for item in error.errors(include_url=False)[:50]]
    found = [Finding(rule, "error", text, file, place, fix=fix) for rule, text, place, fix in _faults(parsed)]
    if project is not None and isinstance(parsed, Application):
        found += [
            Finding(rule, "error", text, file, place, fix=fix)
            for rule, text, place, fix in _against(parsed.spec, project)
        ]
    return found


_Fault = tuple[str, str, str, str]  # rule, message, JSON pointer, fix


def _faults(parsed: ArgoPart) -> Iterator[_Fault]:
    assert isinstance(parsed, Application | ApplicationSet | AppProject)
    if parsed.metadata.namespace != "argocd":
        text = "the object is not in the namespace argocd, where Argo CD looks for it"
        yield "AW355", text, "/metadata/namespace", "Set namespace: argocd."
    yield from _metadata(parsed.metadata, "/metadata")
    if isinstance(parsed, Application):
        yield from _spec(parsed.spec, "/spec")
        yield from _namespace(parsed.spec, "/spec", parsed.spec.destination.namespace)
    elif isinstance(parsed, ApplicationSet):
        yield from _set(parsed)
    else:
        yield from _project(parsed)


def _metadata(metadata: Metadata | TemplateMetadata, at: str) -> Iterator[_Fault]:
    if metadata.finalizers:
        text = "a finalizer deletes what runs when the Application is deleted"
        yield "AW360", text, f"{at}/finalizers", "Remove the finalizer; delete by hand."
    for key in metadata.annotations:
        if key.startswith("argocd.argoproj.io/"):
            text = f"the annotation {key} changes how other Applications are synced"
            yield "AW360", text, f"{at}/annotations", "Remove the annotation."


def _spec(spec: ApplicationSpec, at: str) -> Iterator[_Fault]:
    if (spec.source is None) == (not spec.sources):
        yield "AW351", "needs exactly one of source and sources", at, "Keep one of them."
    sources = [("/source", spec.source)] if spec.source else []
    sources += [(f"/sources/{index}", each) for index, each in enumerate(spec.sources or [])]
    for place, source in sources:
        yield from _source(source, f"{at}{place}")
    to = spec.destination
    if (to.server is None) == (to.name is None):
        text = "destination needs exactly one of server and name"
        yield "AW352", text, f"{at}/destination", f"Keep `server: {SERVER}`."
    elif to.server != SERVER:
        text = f"the destination {to.server or to.name} is another cluster"
        yield "AW352", text, f"{at}/destination", f"Use `server: {SERVER}`."
    if not _PROJECT.fullmatch(spec.project):
        text = f"the project {spec.project} is not a tenant's"
        yield "AW353", text, f"{at}/project", "Use the tenant's project, `tenant-<tenant>`."
    if spec.sync_policy:
        yield from _policy(spec.sync_policy, f"{at}/syncPolicy")


def _source(source: Source, at: str) -> Iterator[_Fault]:
    # A source with `ref` only lends its value files and has neither.
    if (source.path is None) == (source.chart is None) and not (source.ref and source.path is None):
        yield "AW351", "needs exactly one of path and chart", at, "Keep `path`."
    if source.chart:
        text = f"the chart {source.chart} comes from outside the tenant's repository"
        yield "AW354", text, f"{at}/chart", "Commit the chart and name its `path`."
    if source.path is not None and _leaves(source.path):
        text = f"the path {source.path!r} leaves the repository"
        yield "AW359", text, f"{at}/path", "Name a folder inside the repository."
    yield from _tools(source, at)


def _tools(source: Source, at: str) -> Iterator[_Fault]:
    if source.plugin is not None:
        yield "AW358", "a plugin runs a program of its own choice", f"{at}/plugin", "Remove it."
    if source.kustomize and source.kustomize.build_options:
        text = "build options can load files from outside and run plugins"
        yield "AW358", text, f"{at}/kustomize/buildOptions", "Remove them."
    helm = source.helm or Helm()
    if helm.ignore_missing_value_files:
        text = "a missing values file would go unseen"
        yield "AW359", text, f"{at}/helm/ignoreMissingValueFiles", "Remove it."
    for index, name in enumerate(helm.value_files):
        if _leaves(name):
            text = f"the values file {name!r} is not a file of the chart"
            yield "AW359", text, f"{at}/helm/valueFiles/{index}", "Name a file inside the chart's folder."


def _leaves(path: str) -> bool:
    return (
        not path
        or path.startswith(("/", "~", "$"))
        or "://" in path
        or "\\" in path
        or ".." in path.split("/")
    )


_OPTIONS: dict[str, frozenset[str]] = {
    "ApplyOutOfSyncOnly": frozenset({"true", "false"}),
    "CreateNamespace": frozenset({"true", "false"}),
    "FailOnSharedResource": frozenset({"true", "false"}),
    "Prune": frozenset({"true", "false", "confirm"}),
    "PruneLast": frozenset({"true", "false"}),
    "PrunePropagationPolicy": frozenset({"foreground", "background", "orphan"}),
    "Replace": frozenset({"true", "false"}),
    "RespectIgnoreDifferences": frozenset({"true", "false"}),
    "ServerSideApply": frozenset({"true", "false"}),
    "SkipDryRunOnMissingResource": frozenset({"true", "false"}),
    "Validate": frozenset({"true", "false"}),
}


def _policy(policy: SyncPolicy, at: str) -> Iterator[_Fault]:
    for index, option in enumerate(policy.sync_options):
        name, _, value = option.partition("=")
        place = f"{at}/syncOptions/{index}"
        if value not in _OPTIONS.get(name, ()):
            text = f"{option!r} is not a sync option Argo CD knows; it would be ignored"
            yield "AW356", text, place, "Write Name=value as in Argo CD's list of sync options."
        elif option == "CreateNamespace=true":
            text = "CreateNamespace needs a cluster-wide right that a tenant's project does not have"
            yield "AW356", text, place, "Have the namespace created by the platform."
        elif option == "Validate=false":
            yield "AW356", "Validate=false hides mistakes from the cluster's check", place, "Remove it."
    backoff = (policy.retry.backoff if policy.retry else None) or Backoff()
    durations = {"duration": backoff.duration, "maxDuration": backoff.max_duration}
    for field, given in durations.items():
        if given is not None and not _DURATION.fullmatch(given):
            place = f"{at}/retry/backoff/{field}"
            yield "AW357", f"{given!r} is not a duration", place, "Write it as `5s`, `3m` or `1h30m`."


_DURATION = re.compile(r"(?=[0-9])(?:[0-9]{1,6}h)?(?:[0-9]{1,6}m)?(?:[0-9]{1,6}s)?|[0-9]{1,9}")


def _namespace(spec: ApplicationSpec, at: str, namespace: str | None) -> Iterator[_Fault]:
    tenant = _PROJECT.fullmatch(spec.project)
    if tenant and not _is_own(tenant[1], namespace):
        text = f"the namespace {namespace} is not one of the tenant {tenant[1]}"
        yield "AW355", text, f"{at}/destination/namespace", f"Use `{tenant[1]}-<environment>`."


def _is_own(tenant: str, namespace: str | None) -> bool:
    return bool(re.fullmatch(rf"{re.escape(tenant)}-[a-z][a-z0-9]{{0,19}}", namespace or ""))


def _set(parsed: ApplicationSet) -> Iterator[_Fault]:
    spec, template = parsed.spec, parsed.spec.template
    yield from _metadata(template.metadata, "/spec/template/metadata")
    if not spec.go_template or "missingkey=error" not in spec.go_template_options:
        text = "without goTemplate and missingkey=error a misspelt word becomes an empty text"
        yield "AW361", text, "/spec", "Set goTemplate: true and goTemplateOptions: [missingkey=error]."
    yield from _spec(template.spec, "/spec/template/spec")
    for element in (each for one in spec.generators for each in one.list.elements):
        yield from _element(element, template.spec)


def _element(element: Mapping[str, str], spec: ApplicationSpec) -> Iterator[_Fault]:
    """What the template becomes with this element: its namespace must be the tenant's own."""
    namespace = spec.destination.namespace
    word = _WORD.fullmatch(namespace or "")
    yield from _namespace(spec, "/spec/template/spec", element.get(word[1]) if word else namespace)
    for name, value in element.items():
        if not re.fullmatch("[A-Za-z0-9][A-Za-z0-9._-]{0,99}", value) or ".." in value:
            text = f"the element's {name} {value!r} is more than a word"
            yield "AW361", text, "/spec/generators", "Use letters, digits, dots and hyphens."


_WORD = re.compile(r"\{\{\s*\.([A-Za-z]+)\s*\}\}")


def _project(parsed: AppProject) -> Iterator[_Fault]:
    spec = parsed.spec
    tenant = _PROJECT.fullmatch(parsed.metadata.name)
    if not tenant:
        text = f"the project {parsed.metadata.name} is not named tenant-<tenant>"
        yield "AW353", text, "/metadata/name", "Name it after its tenant."
    if len(spec.source_repos) != 1 or "*" in "".join(spec.source_repos):
        yield "AW362", "a tenant's project names exactly one repository", "/spec/sourceRepos", "Name the one."
    if spec.cluster_resource_whitelist:
        text = "a tenant's project makes nothing cluster-wide"
        yield "AW362", text, "/spec/clusterResourceWhitelist", "Leave the list empty."
    if not spec.namespace_resource_whitelist or any(
        "*" in each.group + each.kind for each in spec.namespace_resource_whitelist
    ):
        text = "without a list of kinds the project lets everything through"
        yield "AW362", text, "/spec/namespaceResourceWhitelist", "List the kinds the tenant may make."
    for index, to in enumerate(spec.destinations):
        if to.server != SERVER or to.name or (tenant and not _is_own(tenant[1], to.namespace)):
            text = f"the destination {to.namespace} is not one of the tenant's"
            yield "AW362", text, f"/spec/destinations/{index}", f"Use {SERVER} and `<tenant>-<environment>`."


def _against(spec: ApplicationSpec, project: Mapping[str, Any]) -> Iterator[_Fault]:
    try:
        owner = AppProject.model_validate(project)
    except ValidationError:
        yield "AW353", "the project's own object is not valid", "/spec/project", "Mend the AppProject first."
        return
    if owner.metadata.name != spec.project:
        text = f"the project is {spec.project}, the AppProject beside it {owner.metadata.name}"
        yield "AW353", text, "/spec/project", "Name the tenant's own project."
    for source in [spec.source] if spec.source else spec.sources or []:
        if source.repo_url not in owner.spec.source_repos:
            text = f"the repository {source.repo_url} is not the project's"
            yield "AW354", text, "/spec/source/repoURL", f"Use {', '.join(owner.spec.source_repos)}."
    if spec.destination.namespace not in {each.namespace for each in owner.spec.destinations}:
        text = f"the namespace {spec.destination.namespace} is not in the project"
        yield "AW355", text, "/spec/destination/namespace", "Add it to the project's destinations."


def _shape(item: Any, file: str) -> Finding:
    place = "".join(f"/{part}" for part in item["loc"])
    unknown = item["type"] == "extra_forbidden"
    message = "is not a field AutoWeave lets through" if unknown else item["msg"]
    fix = "Remove the field or correct its name." if unknown else "Correct the value."
    return Finding("AW350", "error", f"{place.rpartition('/')[2]}: {message}", file, place, fix=fix)
