"""Validation beside kubeconform + conftest: CPU per document over 500 manifests, all in one run.

    python -m bench.validation

Prints ours in a warm process and as a whole process (start of Python and compiling included), the pair's,
and the ratio. Both sides check the same files with the same schemas and the same policies; ours also has
the strict reader's remarks, 35 semantic rules and the checks across documents.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from bench import go_tools
from tests.tools.validation import samples
from tools import validation
from tools.validation import documents, passes, policy, shapes

COUNT = 500
TODAY = "2026-06-01"
MAKERS = (
    samples.workload,
    samples.service,
    samples.config_map,
    samples.cron_job,
    lambda: samples.workload("StatefulSet"),
)
WHOLE = """
import json, pathlib, sys
from tools import validation
files = {p.name: p.read_text() for p in sorted(pathlib.Path(sys.argv[1]).glob("*.yaml"))}
ledger = validation.check(files, today="2026-06-01")
sys.exit(0 if ledger.ok else 1)
"""


def manifests(count: int = COUNT) -> dict[str, str]:
    """Workloads, services, configuration and jobs in equal parts, each in a namespace of its own."""
    files = {}
    for index in range(count):
        document = MAKERS[index % len(MAKERS)]()
        document["metadata"]["namespace"] = f"shop-{index}"
        files[f"{index:03}.yaml"] = samples.dumped(document)
    return files


def children_cpu_s() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def cpu_of(command: Sequence[str | Path], cwd: Path) -> float:
    """CPU seconds of one process that must succeed."""
    before = children_cpu_s()
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{command[0]} failed: {done.stdout[-500:]}{done.stderr[-500:]}")
    return children_cpu_s() - before


def warm(files: dict[str, str]) -> float:
    validation.check(files, today=TODAY)
    start = time.process_time()
    ledger = validation.check(files, today=TODAY)
    spent = time.process_time() - start
    if not ledger.ok:
        raise SystemExit(validation.text(ledger))
    return spent


def pair(binaries: Path, folder: Path, files: dict[str, str]) -> tuple[float, float]:
    """kubeconform and conftest, one process each over all files, schemas and policies on disk."""
    schemas = folder / f"v{passes.KUBERNETES}.0-standalone-strict"
    schemas.mkdir()
    limits = validation.Limits()
    found = [d for name, text in files.items() for d in documents.read(name, text, limits=limits)]
    for name, schema in shapes.exported(found, passes.KUBERNETES, {}).items():
        (schemas / name).write_text(json.dumps(schema))
    options = ("-strict", "-kubernetes-version", f"{passes.KUBERNETES}.0", "-schema-location", folder)
    first = cpu_of([binaries / "kubeconform", *options, "manifests"], folder)
    second = cpu_of([binaries / "conftest", "test", "--policy", policy.FOLDER, "manifests"], folder)
    return first, second


def main() -> None:
    toolchain = go_tools.go()
    if toolchain is None:
        raise SystemExit("The pair cannot be measured: there is no Go toolchain on PATH.")
    binaries = go_tools.install(toolchain)
    files = manifests()
    root = Path(__file__).resolve().parent.parent
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "manifests").mkdir()
        for file, text in files.items():
            (folder / "manifests" / file).write_text(text)
        kubeconform, conftest = pair(binaries, folder, files)
        whole = cpu_of([sys.executable, "-c", WHOLE, folder / "manifests"], root)
    show("kubeconform", kubeconform)
    show("conftest", conftest)
    show("the pair", kubeconform + conftest)
    for label, spent in (("ours, warm", warm(files)), ("ours, whole process", whole)):
        show(label, spent)
        print(f"{'':22} ratio to the pair {spent / (kubeconform + conftest):.2f}")


def show(label: str, spent: float) -> None:
    print(f"{label:22} {1000 * spent / COUNT:6.2f} ms CPU per document ({spent:.2f} s for {COUNT})")


if __name__ == "__main__":
    main()
