"""The real kubeconform, conftest, helm and kubectl, where asked for. One that is missing is a failure.

Each runs with an empty environment, its own home, a proxy that leads nowhere and a deadline. What it
reads lies in a folder of our own under numbered names: no name from the set reaches a command line.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from core.findings import Finding
from tools.validation import policy
from tools.validation.documents import Document
from tools.validation.files import is_kustomization
from tools.validation.ledger import SET, Entry, entry

NAMES = ("kubeconform", "conftest", "helm", "kustomize", "kubectl")


@dataclass(frozen=True, slots=True)
class Outside:
    """Where the binaries are looked for (None: PATH), for how long one may run, and the cluster to ask."""

    path: str | None = None
    timeout_s: float = 120.0
    kubeconfig: str = ""


def available(path: str | None = None) -> dict[str, str]:
    """The engines found on this machine: name → file."""
    found = {name: _binary(name, path) for name in NAMES}
    return {name: file for name, file in found.items() if file}


class _Failed(Exception):
    def __init__(self, code: str, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.finding = Finding(code, "error", message, fix=fix)


@dataclass(frozen=True, slots=True)
class Job:
    """What an engine is put to: the readable manifests and how to judge them."""

    documents: Sequence[Document]
    sources: Mapping[str, str]
    kubernetes: str
    policies: Mapping[str, str]
    data: Mapping[str, Any]
    schemas: Mapping[str, Any] = field(default_factory=dict)
    outside: Outside = field(default_factory=Outside)
    ignore_missing: bool = False


def judge(name: str, job: Job) -> list[Entry]:
    """One engine over all documents. What goes wrong with the engine itself is a failure of its own."""
    run = {"kubeconform": _kubeconform, "conftest": _conftest, "kubectl": _kubectl}[name]
    try:
        with _folder(name, job.outside) as place:
            return run(place, job)
    except _Failed as failed:
        return [entry(SET, name, (failed.finding,))]


def built(folder: str, job: Job) -> tuple[str, Entry]:
    """The objects of an overlay as kustomize builds them, and the entry that accounts for it."""
    file = next(path for path in job.sources if path.rpartition("/")[0] == folder and is_kustomization(path))
    try:
        with _folder("kustomize", job.outside) as place:
            _lay_out(job.sources, place.root / "set")
            verb = "kustomize" if Path(place.binary).name == "kubectl" else "build"
            done = place.run(verb, f"set/{folder}")
    except _Failed as failed:
        return "", entry(f"{file}#1", "kustomize", (failed.finding,))
    if done.returncode != 0:
        return "", entry(f"{file}#1", "kustomize", (Finding("AW413", "error", _said(done), file),))
    return done.stdout, entry(f"{file}#1", "kustomize")


def _lay_out(sources: Mapping[str, str], root: Path) -> None:
    """The set as a folder; a path that would leave it is left out."""
    for path, text in sources.items():
        if not path.startswith("/") and ".." not in path.split("/"):
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")


def rendered(chart: str, job: Job) -> tuple[str, Entry]:
    """A chart's manifests as `helm template` writes them, and the entry that accounts for it."""
    row = f"{chart}/Chart.yaml#1"
    try:
        with _folder("helm", job.outside) as place:
            inside = {p: text for p, text in job.sources.items() if p.startswith(f"{chart}/")}
            _lay_out({p.removeprefix(f"{chart}/"): text for p, text in inside.items()}, place.root / "chart")
            arguments = ("--namespace", "autoweave", "--kube-version", f"{job.kubernetes}.0")
            done = place.run("template", "autoweave", "chart", *arguments)
    except _Failed as failed:
        return "", entry(row, "helm", (failed.finding,))
    if done.returncode != 0:
        return "", entry(row, "helm", (Finding("AW413", "error", _said(done), f"{chart}/Chart.yaml"),))
    return done.stdout, entry(row, "helm")


@dataclass(frozen=True, slots=True)
class _Place:
    root: Path
    binary: str
    outside: Outside

    def write(self, documents: Sequence[Document]) -> dict[str, Document]:
        """Each document in a file of its own, so that one broken one hides no other."""
        (self.root / "in").mkdir()
        named: dict[str, Document] = {}
        for index, document in enumerate(documents):
            name = f"in/{index:05}.yaml"
            text = json.dumps(document.value, ensure_ascii=False) if document.prefix else document.text
            (self.root / name).write_text(text, encoding="utf-8")
            named[name] = document
        return named

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        nowhere = "http://127.0.0.1:9"
        proxies = {name: nowhere for word in ("HTTP_PROXY", "HTTPS_PROXY") for name in (word, word.lower())}
        env = {"HOME": str(self.root), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **proxies, "NO_PROXY": ""}
        if self.outside.kubeconfig:
            env = {name: value for name, value in env.items() if name not in proxies}
        try:
            return subprocess.run(
                [self.binary, *arguments],
                cwd=self.root,
                env=env,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=self.outside.timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            name = Path(self.binary).name
            raise _Failed("AW417", f"{name} did not finish within {self.outside.timeout_s:g} s.") from error
        except OSError as error:
            raise _Failed("AW417", f"{self.binary} cannot be run: {error.strerror}.") from error


@contextmanager
def _folder(name: str, outside: Outside) -> Iterator[_Place]:
    binary = _binary(name, outside.path)
    if binary is None:
        fix = f"Install {name}, or do not ask for it."
        raise _Failed("AW406", f"The engine {name} was asked for and is not installed.", fix)
    with TemporaryDirectory(prefix="autoweave-") as folder:
        yield _Place(Path(folder), binary, outside)


def _binary(name: str, path: str | None) -> str | None:
    """kubectl brings kustomize along."""
    found = shutil.which(name, path=path)
    return found or (shutil.which("kubectl", path=path) if name == "kustomize" else None)


def _said(done: subprocess.CompletedProcess[str]) -> str:
    text = " ".join((done.stderr or done.stdout).split())
    return text[:500] or f"it ended with status {done.returncode} and said nothing"


def _report(name: str, done: subprocess.CompletedProcess[str]) -> Any:
    try:
        report = json.loads(done.stdout)
    except ValueError:
        report = None
    if done.returncode not in (0, 1) or report is None:
        raise _Failed("AW417", f"{name} failed: {_said(done)}")
    return report


def _kubeconform(place: _Place, job: Job) -> list[Entry]:
    named = place.write(job.documents)
    folder = place.root / f"v{job.kubernetes}.0-standalone-strict"
    folder.mkdir()
    for file, schema in sorted(job.schemas.items()):
        (folder / file).write_text(json.dumps(schema), encoding="utf-8")
    arguments = ["-strict", "-output", "json", "-summary", "-verbose", "-n", "1"]
    arguments += ["-kubernetes-version", f"{job.kubernetes}.0", "-schema-location", str(place.root)]
    if job.ignore_missing:
        arguments.append("-ignore-missing-schemas")
    report = _report("kubeconform", place.run(*arguments, *named))
    said = {resource["filename"]: resource for resource in report["resources"]}
    return [_conformed(document, said.get(name)) for name, document in named.items()]


def _conformed(document: Document, resource: dict[str, Any] | None) -> Entry:
    if resource is None:
        problem = document.finding("AW417", "kubeconform said nothing about this document.")
        return entry(document.id, "kubeconform", (problem,))
    status = resource["status"]
    if status == "statusSkipped":
        reason = "kubeconform has no schema for this kind; that was allowed."
        return Entry(document.id, "kubeconform", "skipped", reason=reason)
    if status == "statusValid":
        return entry(document.id, "kubeconform")
    errors = resource.get("validationErrors") or [{"path": ""}]
    message = _PREAMBLE.sub("", resource.get("msg", status))
    return entry(document.id, "kubeconform", (document.finding("AW411", message, place=errors[0]["path"]),))


# The schema's place in our own folder says nothing to anyone.
_PREAMBLE = re.compile(r".*jsonschema validation failed with '[^']*' ?(?:- )?")


def _conftest(place: _Place, job: Job) -> list[Entry]:
    named = place.write(job.documents)
    (place.root / "policy").mkdir()
    for index, (_, source) in enumerate(sorted(job.policies.items())):
        (place.root / f"policy/{index:04}.rego").write_text(source, encoding="utf-8")
    (place.root / "data").mkdir()
    (place.root / "data/data.json").write_text(json.dumps(job.data), encoding="utf-8")
    arguments = ("test", "--output", "json", "--no-color", "--policy", "policy", "--data", "data")
    report = _report("conftest", place.run(*arguments, "--parser", "yaml", *named))
    said = {result["filename"]: result for result in report}
    return [_tested(document, said.get(name)) for name, document in named.items()]


def _tested(document: Document, result: dict[str, Any] | None) -> Entry:
    if result is None:
        problem = document.finding("AW417", "conftest said nothing about this document.")
        return entry(document.id, "conftest", (problem,))
    findings: list[Finding] = []
    tests = int(result.get("successes", 0))
    for group, severity in (("failures", "error"), ("warnings", "warning")):
        findings += [_verdict(document, item, severity) for item in result.get(group) or ()]
    tests += len(findings) + len(result.get("exceptions") or ())
    return entry(document.id, "conftest", tuple(sorted(findings, key=policy.order)), tests=tests)


def _verdict(document: Document, item: dict[str, Any], severity: str) -> Finding:
    rule, text = policy.named(item["msg"], "AW412")
    place = item.get("metadata", {}).get("place", "")
    return document.finding(rule, text, place=place, severity=severity)


def _kubectl(place: _Place, job: Job) -> list[Entry]:
    """The API server's own verdict, from a cluster that was named. Nothing is stored there."""
    if not job.outside.kubeconfig:
        fix = "Name a kubeconfig, or do not ask for kubectl."
        raise _Failed("AW414", "kubectl was asked for, but no cluster was named.", fix)
    named = place.write(job.documents)
    arguments = ("apply", "--dry-run=server", "--validate=strict", "--output=name")
    entries: list[Entry] = []
    for name, document in named.items():
        done = place.run(*arguments, f"--kubeconfig={job.outside.kubeconfig}", "--filename", name)
        problem = () if done.returncode == 0 else (document.finding("AW414", _said(done)),)
        entries.append(entry(document.id, "kubectl", problem))
    return entries
