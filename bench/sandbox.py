"""What a confined call costs: `python bench/sandbox.py`.

The zygote holds the modules a run preloads. CPU figures count the caller, the zygote and the
child together; the ratio is against starting a bare interpreter, as a tool's command would.
"""

from __future__ import annotations

import contextlib
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from core.sandbox import DeadlinePassed, Level, Limits, Sandbox, probe

PRELOAD = ("datamodel_code_generator.parser.openapi", "jinja2", "pydantic", "yaml", "jsonschema_rs", "regopy")
CALLS = 100


def _cpu() -> float:
    """Seconds of this process and of the children it has waited for."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def _tree_cpu(pid: int) -> float:
    """Seconds of the zygote and of the children it has waited for."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _zygote(pid: int) -> int:
    """The interpreter itself, where bubblewrap stands before it."""
    while Path(f"/proc/{pid}/comm").read_text() == "bwrap\n":
        pid = int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
    return pid


def _mb(pid: int, field: str) -> float:
    line = next(x for x in Path(f"/proc/{pid}/status").read_text().splitlines() if x.startswith(field))
    return int(line.split()[1]) / 1024


def _line(name: str, values: list[float], unit: str = "ms") -> None:
    ordered = sorted(values)
    tail = ordered[int(len(ordered) * 0.95)]
    print(f"{name:44s} median {statistics.median(ordered):7.2f}  p95 {tail:7.2f} {unit}")


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def _start(preload: tuple[str, ...]) -> float:
    """CPU milliseconds of start and end of a zygote."""
    before = _cpu()
    with Sandbox(preload=preload):
        pass
    return (_cpu() - before) * 1000


def _imports() -> float:
    """CPU milliseconds of a bare interpreter that imports the same modules."""
    # Left as a zygote is left: without taking the modules down one by one.
    lines = "; ".join([*(f"import {name}" for name in PRELOAD), "import os; os._exit(0)"])
    path = f"import sys; sys.path[:0] = {sys.path!r}; "
    before = _cpu()
    subprocess.run([sys.executable, "-I", "-S", "-c", path + lines], check=True)
    return (_cpu() - before) * 1000


def main() -> None:
    report = probe()
    print(f"level {report.level.flag}, Landlock {report.landlock_abi}, Python {sys.version.split()[0]}\n")
    bare = [_imports() for _ in range(7)]
    start = [_start(PRELOAD) for _ in range(7)]
    _line("start: interpreter and the imports alone, CPU", bare)
    _line("start: zygote, CPU", start)
    added = statistics.median(start) - statistics.median(bare)
    print(f"{'start: added by the sandbox, CPU':44s} median {added:7.2f} ms\n")
    before = _cpu()
    python = [_timed(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True)) for _ in range(30)]
    cpu = (_cpu() - before) * 1000 / 30
    _line("subprocess.run([python, '-c', 'pass']), wall", python)
    print(f"{'the same, CPU':44s} mean   {cpu:7.2f} ms")
    for level in (level for level in Level if level <= report.level):
        _calls(level, cpu)
    _deadline()


def _calls(level: Level, python_ms: float) -> None:
    with Sandbox(preload=PRELOAD, level=level) as box:
        for _ in range(10):
            box.call("os:getpid")
        zygote = _zygote(box.pid)
        tree, own = _tree_cpu(zygote), time.process_time()
        wall = [_timed(lambda: box.call("os:getpid")) for _ in range(CALLS)]
        cpu = (_tree_cpu(zygote) - tree + time.process_time() - own) * 1000 / CALLS
        print(f"\nlevel {level.flag}: zygote {_mb(zygote, 'VmRSS'):.0f} MB resident")
        _line("no-op call, wall", wall)
        print(f"{'no-op call, CPU (caller + zygote + child)':44s} mean   {cpu:7.2f} ms")
        print(f"{'against a bare interpreter, CPU':44s} ratio  {cpu / python_ms:7.2f}")


def _deadline() -> None:
    """How long after its deadline a sleeper is gone and reaped."""
    late = []
    with Sandbox() as box:
        for _ in range(10):
            begun = time.perf_counter()
            with contextlib.suppress(DeadlinePassed):
                box.call("time:sleep", 60, limits=Limits(wall_s=0.3))
            late.append((time.perf_counter() - begun - 0.3) * 1000)
    print()
    _line("killed and reaped after the deadline, wall", late)


if __name__ == "__main__":
    main()
