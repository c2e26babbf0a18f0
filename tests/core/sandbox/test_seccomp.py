"""The filter's decisions on both machines, by running its instructions here."""

from __future__ import annotations

import errno
import struct

import pytest

from core.sandbox import seccomp
from core.sandbox.syscalls import TABLE

ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOW, KILL = 0x7FFF0000, 0x80000000


def _decide(machine: str, name: str | int, *args: int, arch: int = 0, **kinds: bool) -> int:
    """0 allowed, an errno refused, -1 killed."""
    number = TABLE[name][list(ARCH).index(machine)] if isinstance(name, str) else name
    assert number >= 0
    code = seccomp.assemble(machine, **({"processes": False, "signals": False} | kinds))
    data = struct.pack("<IIQ6Q", number, arch or ARCH[machine], 0, *(*args, *[0] * (6 - len(args))))
    verdict = _run(code, data)
    return {ALLOW: 0, KILL: -1}.get(verdict, verdict & 0xFFFF)


def _run(code: bytes, data: bytes) -> int:
    at, value = 0, 0
    while True:
        op, yes, no, k = struct.unpack_from("HBBI", code, at * 8)
        at += 1
        match op:
            case 0x20:
                (value,) = struct.unpack_from("<I", data, k)
            case 0x54:
                value &= k
            case 0x15:
                at += yes if value == k else no
            case 0x25:
                at += yes if value > k else no
            case 0x45:
                at += yes if value & k else no
            case 0x06:
                return k
            case _:
                raise AssertionError(hex(op))


machines = pytest.mark.parametrize("machine", list(ARCH))
THREAD, NEW_USER = 0x3D0F00, 0x10000000
OWN = 0x5E1F5E1F


REFUSED = [
    *("socket", "connect", "execve", "execveat", "ptrace", "keyctl", "memfd_create", "io_uring_setup", "bpf"),
    *("fchmodat", "utimensat", "setsid", "mount", "unshare", "shmget", "inotify_add_watch", "pidfd_open"),
]


@machines
@pytest.mark.parametrize("name", REFUSED)
def test_refused_call_gets_eperm(machine: str, name: str) -> None:
    assert _decide(machine, name) == errno.EPERM


@machines
@pytest.mark.parametrize(
    ("name", "args", "verdict"),
    [
        ("clone", (THREAD,), 0),
        ("clone", (17,), errno.EPERM),
        ("clone", (THREAD | NEW_USER,), errno.EPERM),
        ("kill", (OWN, 9), 0),
        ("kill", (1, 9), errno.EPERM),
        ("kill", (0, 9), errno.EPERM),
        ("kill", (2**64 - 1, 9), errno.EPERM),
        ("tgkill", (OWN, 5, 6), 0),
        ("prlimit64", (0, 0), 0),
        ("prlimit64", (OWN, 0), 0),
        ("prlimit64", (77, 0), errno.EPERM),
        ("fcntl", (3, 1), 0),
        ("fcntl", (3, 8), errno.EPERM),
        ("fcntl", (3, 10), errno.EPERM),
        ("fcntl", (3, 15), errno.EPERM),
        ("ioctl", (0, 0x5401), 0),
        ("ioctl", (0, 0x5412), errno.EPERM),
        ("ioctl", (0, 0xFFFFFFFF_00005412), errno.EPERM),
        ("prctl", (38, 1), 0),
        ("prctl", (1, 0), errno.EPERM),
        ("socketpair", (1, 1), 0),
        ("socketpair", (1, 0x80801), 0),
        ("socketpair", (1, 2), errno.EPERM),
        ("socketpair", (2, 1), errno.EPERM),
        ("openat", (0, 0, 0o1101), 0),
        ("openat", (0, 0, 0o1000), errno.EPERM),
        ("openat", (0, 0, 0o1003), errno.EPERM),
        ("openat", (0, 0, 0o1002), 0),
        ("clone3", (), errno.ENOSYS),
        ("openat2", (), errno.ENOSYS),
    ],
)
def test_judged_call_depends_on_its_arguments(
    machine: str, name: str, args: tuple[int, ...], verdict: int
) -> None:
    assert _decide(machine, name, *args) == verdict


@machines
def test_call_newer_than_the_table_does_not_exist(machine: str) -> None:
    assert _decide(machine, 451) == errno.ENOSYS
    assert _decide(machine, 0x40000000) == errno.ENOSYS


@machines
def test_other_architecture_is_killed(machine: str) -> None:
    assert _decide(machine, 1, arch=0x40000003) == -1


@machines
def test_allowed_processes_may_fork_and_run_but_not_isolate(machine: str) -> None:
    assert _decide(machine, "clone", 17, processes=True) == 0
    assert _decide(machine, "execve", processes=True) == 0
    assert _decide(machine, "clone", NEW_USER | 17, processes=True) == errno.EPERM
    assert _decide(machine, "setsid", processes=True) == errno.EPERM


@machines
def test_signals_to_others_only_where_landlock_keeps_them_inside(machine: str) -> None:
    assert _decide(machine, "kill", 77, 9, processes=True) == errno.EPERM
    assert _decide(machine, "kill", 77, 9, processes=True, signals=True) == 0


def test_own_pid_has_one_place_per_judged_call() -> None:
    code = seccomp.assemble("x86_64", processes=False, signals=False)

    assert code.count(struct.pack("I", OWN)) == 5
