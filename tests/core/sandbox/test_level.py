from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.sandbox import Level, Report, Sandbox, SandboxUnavailable, probe
from tests.core.sandbox.conftest import HOSTILE

PROJECT = Path(__file__).resolve().parents[3]
WEAK = Report(Level.PROCESS, ("the kernel has no Landlock",), 0, "linux")


def test_level_that_cannot_be_had_is_refused_with_the_way_out() -> None:
    with pytest.raises(SandboxUnavailable, match=r"level `confined`: the kernel has no Landlock") as caught:
        Sandbox(report=WEAK).__enter__()

    assert "--sandbox process" in caught.value.fix
    assert caught.value.code == "AW601"


def test_lower_level_by_explicit_argument_runs_and_is_told() -> None:
    with Sandbox(report=WEAK, level=Level.PROCESS, preload=[HOSTILE]) as box:
        assert box.call(f"{HOSTILE}:echo", 1).level is Level.PROCESS


def test_probe_tells_what_this_machine_gives() -> None:
    report = probe()

    assert report.system == sys.platform
    assert (report.level >= Level.CONFINED) == (not report.reasons or report.landlock_abi > 0)
    assert probe() is report


def test_levels_have_words_for_the_command_line() -> None:
    assert [level.flag for level in Level][:2] == ["process", "confined"]
    assert all(level.text for level in Level)


_UNDER_A_FILTER = """
import json, os, struct, sys
sys.path[:0] = json.loads(sys.argv[1])
from core.sandbox import Sandbox, SandboxUnavailable, native, probe, seccomp
refused = json.loads(sys.argv[2])
lines = [(0x20, 0, 0, 0)]
for number, errno in refused:
    lines += [(0x15, 0, 1, number), (0x06, 0, 0, 0x50000 | errno)]
lines.append((0x06, 0, 0, 0x7FFF0000))
native.prctl(native.SET_NO_NEW_PRIVS, 1)
seccomp.load(b"".join(struct.pack("HBBI", *line) for line in lines))
try:
    with Sandbox() as box:
        said = box.call("os:getcwd").level.flag
except SandboxUnavailable as error:
    said = error.code
print(json.dumps([probe().level.flag, list(probe().reasons), said]))
"""


def _under(*refused: tuple[str, int]) -> list[object]:
    """What the sandbox says where an outer filter refuses these calls."""
    from core.sandbox.syscalls import TABLE

    column = 0 if os.uname().machine == "x86_64" else 1
    numbers = {
        **{name: pair[column] for name, pair in TABLE.items()},
        "landlock_create_ruleset": 444,
        "seccomp": 317,
    }
    calls = json.dumps([[numbers[name], errno] for name, errno in refused])
    done = subprocess.run(
        [sys.executable, "-c", _UNDER_A_FILTER, json.dumps([str(PROJECT), *sys.path]), calls],
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
    )
    found = json.loads(done.stdout)
    assert isinstance(found, list)
    return found


def test_machine_without_landlock_is_refused_not_weakened() -> None:
    level, reasons, said = _under(("landlock_create_ruleset", 38))

    assert (level, said) == ("process", "AW601")
    assert "Landlock" in str(reasons)


def test_container_without_namespaces_keeps_the_confined_level() -> None:
    """The usual container profile refuses these; it leaves Landlock and seccomp alone."""
    level, reasons, said = _under(
        ("clone3", 38),
        *((name, 1) for name in ("unshare", "setns", "mount", "umount2", "pivot_root", "chroot")),
        *((name, 1) for name in ("bpf", "keyctl", "userfaultfd", "perf_event_open")),
    )

    assert (level, said) == ("confined", "confined")
    assert "bubblewrap" in str(reasons)
