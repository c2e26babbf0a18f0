from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from core.sandbox import Level, Limits, Sandbox

HOSTILE = "tests.core.sandbox.hostile"
PROBES = "tests.core.sandbox.probes"
QUICK = Limits(cpu_s=20, wall_s=20)


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    folder = tmp_path_factory.mktemp("scratch")
    with Sandbox(preload=[HOSTILE, PROBES], limits=QUICK, scratch_root=folder) as sandbox:
        yield sandbox
    assert list(folder.iterdir()) == []


@pytest.fixture(scope="module")
def open_box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """No walls: what `--sandbox process` gives."""
    folder, level = tmp_path_factory.mktemp("scratch"), Level.PROCESS
    with Sandbox(preload=[HOSTILE, PROBES], limits=QUICK, scratch_root=folder, level=level) as sandbox:
        yield sandbox
    assert list(folder.iterdir()) == []


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[dict[str, Any]]:
    """Things a child must not reach: files, listening sockets, a process."""
    (tmp_path / "secret.txt").write_text("tenant B's")
    (tmp_path / "readable.txt").write_text("may be read")
    tcp = socket.create_server(("127.0.0.1", 0))
    listening = [tcp, *(socket.socket(socket.AF_UNIX) for _ in range(2))]
    abstract = f"aw-{os.getpid()}-{os.urandom(4).hex()}"
    listening[1].bind("\0" + abstract)
    listening[2].bind(str(tmp_path / "socket"))
    for server in listening[1:]:
        server.listen()
    victim = subprocess.Popen(["sleep", "600"])
    yield {
        "secret": str(tmp_path / "secret.txt"),
        "readable": str(tmp_path / "readable.txt"),
        "folder": str(tmp_path),
        "home": str(Path.home()),
        "project": str(Path(__file__).resolve().parents[3]),
        "tcp": tcp.getsockname()[1],
        "abstract": abstract,
        "path_socket": str(tmp_path / "socket"),
        "victim": victim.pid,
    }
    victim.kill()
    victim.wait()
    for server in listening:
        server.close()


def left_behind(zygote: int) -> list[int]:
    """Processes forked from this zygote that still run: its own, and any that broke away."""
    line = Path(f"/proc/{zygote}/cmdline").read_bytes()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != zygote:
            try:
                parent = int(entry.joinpath("stat").read_text().rsplit(")", 1)[1].split()[1])
                same = entry.joinpath("cmdline").read_bytes() == line
            except (OSError, ProcessLookupError):
                continue
            if parent == zygote or (same and parent == 1):
                found.append(int(entry.name))
    return found


def in_threads(count: int, work: Any) -> None:
    workers = [threading.Thread(target=work) for _ in range(count)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
