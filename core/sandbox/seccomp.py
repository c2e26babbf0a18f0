"""A seccomp filter, assembled by hand: system calls a confined child is refused for good.

It closes what Landlock does not see: sockets of every family, programs, signals and limits of
other processes, file modes and owners, keys, tracing, namespaces, and every call newer than
our table. Refused calls give EPERM (ENOSYS where the C library then takes another way).
"""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from functools import cache

from core.sandbox import native
from core.sandbox.syscalls import NEWEST, TABLE

_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
_KILL, _ALLOW, _ERRNO = 0x80000000, 0x7FFF0000, 0x00050000
_LOAD, _JEQ, _JGT, _JSET, _AND, _RET = 0x20, 0x15, 0x25, 0x45, 0x54, 0x06
_NR, _ARCH = 0, 4
_NAMESPACES, _THREAD = 0x7E020000, 0x00010000
_ABSENT = ("clone3", "openat2")
_PROGRAMS = ("execve", "execveat", "fork", "vfork")
# Stands for the child's own pid, which is known only after the fork; no call has this number.
_OWN = 0x5E1F5E1F

Code = list[tuple[int, int, int, int]]


def known(machine: str | None = None) -> bool:
    """Whether we have a table for this machine."""
    return (machine or os.uname().machine) in _MACHINES


def install(*, processes: bool, signals: bool) -> None:
    """Refuse from now on, in this thread and all it starts. Needs no_new_privs."""
    code = assemble(os.uname().machine, processes=processes, signals=signals)
    code = code.replace(struct.pack("I", _OWN), struct.pack("I", os.getpid()))
    load(code)


def load(code: bytes) -> None:
    """Have the kernel obey a filter's bytes."""
    buffer = ctypes.create_string_buffer(code, len(code))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer)))
    native.prctl(native.SET_SECCOMP, 2, program)


@cache
def assemble(machine: str, *, processes: bool, signals: bool) -> bytes:
    """The filter's bytes, with a stand-in for the own pid. `processes`: may fork and run programs.
    `signals`: may signal others, for where Landlock already keeps signals inside."""
    column, arch = _MACHINES[machine]
    code: Code = [(_LOAD, 0, 0, _ARCH), (_JEQ, 1, 0, arch), (_RET, 0, 0, _KILL), (_LOAD, 0, 0, _NR)]
    code += [(_JGT, 0, 1, NEWEST), _fail(errno.ENOSYS)]
    judges = _judges(processes=processes, signals=signals)
    for name, judge in judges.items():
        code += _when(TABLE[name][column], judge)
    for name in _ABSENT:
        code += _when(TABLE[name][column], [_fail(errno.ENOSYS)])
    allowed = {*judges, *_ABSENT, *(_PROGRAMS if processes else ())}
    for name in sorted(set(TABLE) - allowed):
        code += _when(TABLE[name][column], [_fail(errno.EPERM)])
    code.append((_RET, 0, 0, _ALLOW))
    return b"".join(struct.pack("HBBI", *line) for line in code)


def _judges(*, processes: bool, signals: bool) -> dict[str, Code]:
    # A thread is a clone with CLONE_THREAD; a process is one without.
    clone = _unless_any(0, _NAMESPACES, [] if processes else [(_JSET, 1, 0, _THREAD), _fail(errno.EPERM)])
    to_self = [] if signals else _only(0, _OWN)
    return {
        "clone": clone,
        "kill": [*to_self, _pass()],
        "tgkill": [*to_self, _pass()],
        "rt_sigqueueinfo": [*to_self, _pass()],
        "rt_tgsigqueueinfo": [*to_self, _pass()],
        # Another process's limits can be lowered until it dies.
        "prlimit64": [*_only(0, 0, _OWN), _pass()],
        # F_SETOWN, F_SETSIG, F_SETOWN_EX send signals by the back door.
        "fcntl": [*_except(1, 8, 10, 15), _pass()],
        # TIOCSTI, TIOCLINUX, FIOSETOWN, SIOCSPGRP.
        "ioctl": [*_except(1, 0x5412, 0x541C, 0x8901, 0x8902), _pass()],
        # PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER: the keeper's, not the child's.
        "prctl": [*_except(0, 1, 4, 36), _pass()],
        # Only a stream pair (asyncio needs one): a datagram socket could be sent anywhere.
        "socketpair": [
            *_only(0, 1),
            _load(1),
            (_AND, 0, 0, 0xF),
            (_JEQ, 1, 0, 1),
            _fail(errno.EPERM),
            _pass(),
        ],
        "open": [*_truncating(1), _pass()],
        "openat": [*_truncating(2), _pass()],
    }


def _truncating(arg: int) -> Code:
    """Old Landlock does not see O_TRUNC on a file opened for reading (or for nothing: mode 3)."""
    return [_load(arg), (_AND, 0, 0, 0o1003), (_JEQ, 1, 0, 0o1000), (_JEQ, 0, 1, 0o1003), _fail(errno.EPERM)]


def _when(number: int, body: Code) -> Code:
    return [(_JEQ, 0, len(body), number), *body] if number >= 0 else []


def _only(arg: int, *values: int) -> Code:
    count = len(values)
    tests = [(_JEQ, count - at, 0, value) for at, value in enumerate(values)]
    return [_load(arg), *tests, _fail(errno.EPERM)]


def _except(arg: int, *values: int) -> Code:
    count = len(values)
    tests = [(_JEQ, count - 1 - at, 1 if at == count - 1 else 0, v) for at, v in enumerate(values)]
    return [_load(arg), *tests, _fail(errno.EPERM)]


def _unless_any(arg: int, bits: int, then: Code) -> Code:
    return [_load(arg), (_JSET, 0, 1, bits), _fail(errno.EPERM), *then, _pass()]


def _load(arg: int) -> tuple[int, int, int, int]:
    """The low half of an argument: both machines are little-endian, and the kernel's own reading
    of these arguments is 32 bits wide."""
    return (_LOAD, 0, 0, 16 + 8 * arg)


def _fail(number: int) -> tuple[int, int, int, int]:
    return (_RET, 0, 0, _ERRNO | number)


def _pass() -> tuple[int, int, int, int]:
    return (_RET, 0, 0, _ALLOW)
