"""What a confined child can still reach: the declared set in docs/sandbox.md, and no more."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.sandbox import Sandbox
from tests.core.sandbox.conftest import PROBES

PROJECT = Path(__file__).resolve().parents[3]
NOBODY = 65534

# Names, sizes and times of files: Landlock does not guard `stat`.
DECLARED = {"stat_outside", "docker_sock"}

# The 46 probes the levels are compared by; the others were added to them.
KNOWN = set(
    """read_etc_passwd read_etc_shadow read_tenant_secret read_home list_project write_tmp write_usr
    symlink_escape proc_1_environ parent_environ env_secret tcp_loopback udp_loopback abstract_unix
    path_unix bind_port raw_socket af_netlink af_vsock kill_parent kill_victim ptrace_victim
    fork_exec_sh mount unshare_userns bpf keyctl io_uring userfaultfd perf_event memfd_exec tiocsti
    setuid0 chroot inherited_fd devmem devkvm devvda sysrq core_pattern cgroup_w docker_sock mem_2g
    bigfile fork_300 fds_5000""".split()  # noqa: SIM905 - a list would take 46 lines
)

# Harmless to really do; what a child without walls can.
HARMLESS = [
    *("read_etc_passwd", "read_tenant_secret", "symlink_escape", "utime_outside", "tcp_loopback"),
    *("abstract_unix", "path_unix", "kill_victim", "kill_parent", "fork_exec_sh", "memfd_exec"),
]


def _open(found: dict[str, str]) -> set[str]:
    return {name for name, result in found.items() if result.startswith("open")}


def test_only_the_declared_set_is_open(box: Sandbox, outside: dict[str, Any]) -> None:
    found = box.call(f"{PROBES}:run", outside, read=[Path(outside["readable"])]).value

    assert len(KNOWN) == 46
    assert set(found) >= KNOWN
    assert _open(found) <= DECLARED
    assert Path(outside["secret"]).read_text() == "tenant B's"


def test_probes_find_what_is_open_without_walls(open_box: Sandbox, outside: dict[str, Any]) -> None:
    found = open_box.call(f"{PROBES}:run", outside, HARMLESS).value

    assert _open(found) == set(HARMLESS)


def test_declared_set_is_what_the_document_says() -> None:
    text = (PROJECT / "docs/sandbox.md").read_text()
    section = text.split("## Declared open set")[1].split("\n## ")[0]

    assert {line.split("`")[1] for line in section.splitlines() if line.startswith("- `")} == DECLARED


def _python_for_all() -> str:
    """An interpreter of our version that an unprivileged user can start."""
    name = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    for place in (sys.executable, shutil.which(name, path="/usr/local/bin:/usr/bin")):
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            subprocess.run([place or "", "-c", ""], user=NOBODY, check=True, cwd="/")
            return str(place)
    raise FileNotFoundError(name)


_AS_NOBODY = """
import json, sys
sys.path[:0] = json.loads(sys.argv[1])
from pathlib import Path
from core.sandbox import Sandbox
outside = json.loads(sys.argv[2])
with Sandbox(preload=[sys.argv[3]]) as box:
    print(json.dumps(box.call(sys.argv[3] + ":run", outside, read=[Path(outside["readable"])]).value))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_an_unprivileged_user_has_the_same_walls(outside: dict[str, Any], tmp_path: Path) -> None:
    try:
        python = _python_for_all()
    except FileNotFoundError:
        pytest.skip("no interpreter of this version that user nobody may start")
    path = [str(PROJECT), *(entry for entry in sys.path if "site-packages" in entry)]
    _yield_to_nobody(tmp_path)

    done = subprocess.run(
        [python, "-I", "-c", _AS_NOBODY, json.dumps(path), json.dumps(outside), PROBES],
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        cwd="/",
        capture_output=True,
        text=True,
        check=True,
    )

    assert _open(json.loads(done.stdout)) <= DECLARED


def _yield_to_nobody(folder: Path) -> None:
    """The victim files become that user's own, so that only the walls protect them."""
    for entry in [folder, *folder.iterdir()]:
        os.chown(entry, NOBODY, NOBODY)
    for parent in list(folder.parents)[:-2]:
        parent.chmod(0o755)
