"""CPU of an integration against one `datamodel-codegen` command per document, in one run.

    python -m bench.speed [NAME …]

Warm: a process that has read other documents before, as a server or a folder of specs has. Cold: one
`./autoweave integrate --dry-run`, start-up and all. CPU seconds, the children's included.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import ormsgpack

from bench.corpus import ROOT, SIZES, Document, documents
from core import blobs
from graphs.integrate import asking, dry, session
from graphs.integrate.request import Request, given
from tools import repo

OPTIONS: tuple[str, ...] = (
    "--input-file-type",
    "openapi",
    "--output-model-type",
    "pydantic_v2.BaseModel",
    "--disable-timestamp",
)
MODULE = {"name": "module", "version": "1.0.0", "image": "registry.example.com/a/module:1.0.0"}
CORE = ("parse", "generate", "prove")
GOALS = {"S": 25, "M": 12, "L": 5, "XL": 3}


def children() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def spent(run: Callable[[], object]) -> float:
    before = children()
    run()
    return children() - before


def theirs(document: Document, out: Path) -> tuple[float, bool]:
    """The plain command's CPU, the better of two, and whether it made anything."""
    command = [ROOT / ".venv/bin/datamodel-codegen", "--input", document.path, "--output", out, *OPTIONS]
    codes: list[int] = []
    run = lambda: codes.append(subprocess.run(command, capture_output=True, check=False).returncode)  # noqa: E731
    return min(spent(run), spent(run)), codes[-1] == 0


def cold(document: Document, home: Path) -> float:
    root = ["--root", document.root] if document.root else []
    words = [f"--{name}={value}" for name, value in MODULE.items()]
    command = [ROOT / "autoweave", "integrate", document.path, *root, "--dry-run", "-q", *words]
    env = {**os.environ, "AUTOWEAVE_HOME": str(home)}
    run = lambda: subprocess.run(command, env=env, capture_output=True, check=True)  # noqa: E731
    return min(spent(run), spent(run))


class Warm:
    """A session whose steps are timed: the child's CPU and the parent's."""

    def __init__(self, work: session.Session) -> None:
        self.work = work
        self.steps: dict[str, float] = {}
        box = work.child.inner
        call = box.call

        def timed(target: str, *args: object, **options: object) -> object:
            outcome = call(target, *args, **options)
            step = target.rpartition(":")[2]
            self.steps[step] = self.steps.get(step, 0.0) + outcome.cpu_s
            return outcome

        box.call = timed  # type: ignore[method-assign]  # a bench may look inside

    def request(self, document: Document) -> Request:
        options = {**MODULE, "root": document.root}
        return asking.request(str(document.path), options, self.work.child, kubernetes="1.34", fetch=None)

    def measure(self, document: Document) -> tuple[float, float, float]:
        """CPU of load + validate + generate + compile; with the import of the models; of everything."""
        self.steps.clear()
        before = time.process_time()
        state = self.work.dry(self.request(document))
        if state.get("problem"):
            raise SystemExit(f"{document.name}: {state['problem']}")
        parent = time.process_time() - before
        made = ormsgpack.unpackb(self.work.last.get(state["models"]))
        start = time.process_time()
        for name, text in made.items():
            if name.endswith(".py"):
                compile(text, name, "exec")
        compiled = time.process_time() - start
        read = sum(self.steps.get(step, 0.0) for step in ("names", "parse", "generate")) + compiled
        proven = read - compiled + self.steps["prove"]
        return read, proven, parent + sum(self.steps.values())

    def unchanged(self, document: Document) -> float:
        """Seconds to answer an input that was answered before, from its bytes on."""
        kept = blobs.Memory()
        deps, memo, request = self.work.deps(kept), dry.Memo(), self.request(document)
        memo.run(given(request, kept, today="2026-11-20"), deps)
        start = time.perf_counter()
        memo.run(given(request, kept, today="2026-11-20"), deps)
        return time.perf_counter() - start


def begin(path: Path) -> None:
    """A repository with one commit, so that every plan has a head to be held against."""
    repo.create(path)
    git = ["git", f"--git-dir={path}", "-c", "user.name=bench", "-c", "user.email=bench@bench.invalid"]
    tree = subprocess.run([*git, "mktree"], input=b"", capture_output=True, check=True).stdout.strip()
    made = subprocess.run([*git, "commit-tree", "-m", "begin", tree], capture_output=True, check=True)
    subprocess.run([*git, "update-ref", "refs/heads/main", made.stdout.strip()], check=True)


def main(names: list[str]) -> None:
    rows = []
    with tempfile.TemporaryDirectory() as place:
        home = Path(place)
        means = session.Means(
            home=home / "state", store_url=f"sqlite:///{home}/s.db", remote=f"{home}/r.git", is_warm=True
        )
        begin(Path(means.remote))
        with session.opened(means, lambda _: None) as work:
            warm = Warm(work)
            wanted = [each for each in documents() if not names or each.name in names]
            warm.measure(wanted[0])
            for document in wanted:
                command, made = theirs(document, home / "models.py")
                read, proven, whole = min(warm.measure(document) for _ in range(2))
                once = cold(document, home / "cold")
                rows.append((document, command, made, read, proven, whole, once, warm.unchanged(document)))
                print(
                    f"{document.label:3}{document.name:38}{command:7.2f}{'' if made else ' ✘':2} "
                    f"warm ×{command / read:6.1f} (proven ×{command / proven:6.1f}, "
                    f"whole {whole / command:5.2f}) cold {once / command:5.2f} "
                    f"unchanged {rows[-1][-1] * 1000:5.1f} ms",
                    flush=True,
                )
    summary(rows)


def summary(rows: list[tuple[Document, float, bool, float, float, float, float, float]]) -> None:
    made = [row for row in rows if row[2]]
    print("\nmedian ratios, by size: command / ours; ✘ rows, where the command gives up early, apart")
    for label, some in [(label, part) for part in (made, rows) for label, _ in SIZES]:
        mine = [row for row in some if row[0].label == label]
        if mine:
            read = statistics.median(row[1] / row[3] for row in mine)
            proven = statistics.median(row[1] / row[4] for row in mine)
            goal = f"goal ×{GOALS[label]}"
            which = "made" if some is made else "all"
            told = f"×{read:6.1f} ({goal}), proven too ×{proven:6.1f}"
            print(f"  {label:3}{which:5}{len(mine):3} documents: {told}")
    for title, some in (("all", rows), ("where the command makes models", made)):
        if some:
            print(f"  cold, {title}: {statistics.median(row[6] / row[1] for row in some):.2f} (goal ≤ 1.0)")
    print(f"  unchanged: median {statistics.median(row[7] for row in rows) * 1000:.1f} ms, "
          f"worst {max(row[7] for row in rows) * 1000:.1f} ms (goal ≤ 10)")  # fmt: skip
    for document, command, _, _, _, whole, *_ in rows:
        if document.name == "github":
            print(f"  GitHub's document, everything: {whole / command:.2f} of the command (goal ≤ 0.30)")


if __name__ == "__main__":
    main(sys.argv[1:])
