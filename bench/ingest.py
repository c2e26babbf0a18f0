"""CPU of reading and validating each real document, warm: `python -m bench.ingest [corpus]`.

Also the import, and each hostile document in a process of its own with its CPU and memory.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from core.errors import AppError

SIZES = {"S": "under 20 kB", "M": "under 200 kB", "L": "under 1 MB", "XL": "above"}
CHILD = """
import resource, sys, pathlib
from core.errors import AppError
from tools import openapi
openapi.validate({"openapi": "3.0.3", "info": {}, "paths": {}})
before = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
try:
    openapi.parse(openapi.locate(pathlib.Path(sys.argv[1])))
    ended = "accepted"
except AppError as error:
    ended = f"{error.code} {error.place}"
cpu = sum(resource.getrusage(resource.RUSAGE_SELF)[:2]) - before
# Not ru_maxrss: a child inherits its parent's peak across exec.
status = pathlib.Path("/proc/self/status").read_text().splitlines()
peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
print(f"{cpu:.3f}|{peak // 1024}|{ended}")
"""


def main(corpus: Path) -> None:
    started = time.process_time()
    from tools import openapi  # noqa: PLC0415  # the import is what is measured

    print(f"import {(time.process_time() - started) * 1000:.0f} ms CPU")
    manifest = json.loads((corpus / "openapi" / "MANIFEST.json").read_text())
    real = [each for each in manifest["documents"] if each["file"].startswith("real/")]
    spent: dict[str, list[float]] = {size: [] for size in SIZES}
    for each in real:
        source = where(openapi, corpus / "openapi", each)
        times = []
        for _ in range(3):
            started = time.process_time()
            openapi.parse(source)
            times.append((time.process_time() - started) * 1000)
        spent[each["size"]].append(statistics.median(times))
        print(f"{each['id']:42}{each['bytes'] // 1000:7} kB{statistics.median(times):9.1f} ms")
    for size, values in spent.items():
        middle, worst = statistics.median(values), max(values)
        print(f"{size:3}{SIZES[size]:14} median {middle:7.1f} ms  worst {worst:7.1f} ms")
    for each in manifest["documents"]:
        if each["file"].startswith("hostile/"):
            print(f"{each['id']:42}{each['expect']:18}{hostile(corpus / 'openapi' / each['file'])}")


def where(openapi: Any, corpus: Path, each: dict[str, Any]) -> Any:
    path = corpus / each["file"]
    root = corpus / "/".join(Path(each["file"]).parts[:2])
    return openapi.Folder(root, path.relative_to(root).as_posix()) if root.is_dir() else openapi.locate(path)


def hostile(path: Path) -> str:
    run = subprocess.run([sys.executable, "-c", CHILD, path], capture_output=True, text=True, check=False)
    if run.returncode:
        return f"CRASHED {run.stderr[-200:]}"
    cpu, memory, ended = run.stdout.strip().split("|")
    return f"{float(cpu) * 1000:7.0f} ms {memory:>5} MB  {ended}"


if __name__ == "__main__":
    given = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("AUTOWEAVE_CORPUS", "../shared/corpus")
    try:
        main(Path(given))
    except AppError as error:
        sys.exit(f"{error.code} {error}")
