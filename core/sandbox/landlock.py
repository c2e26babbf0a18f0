"""Landlock by its system calls: which files a process may touch from now on. Linux 5.13+.

The rights grow with the kernel's ABI; each kernel's whole set is handled, so what is not
granted is refused. What Landlock does not see (chmod, sockets) `seccomp` refuses.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Iterable

from core.sandbox import native

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_DIR, _REMOVE_FILE = (1 << n for n in range(6))
_MAKE_DIR, _MAKE_REG = 1 << 7, 1 << 8
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_FILE_RIGHTS = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_READ = _READ_FILE | _READ_DIR
_WRITE = _READ | _WRITE_FILE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG | _REFER | _TRUNCATE


def abi() -> int:
    """The kernel's Landlock version, 0 where there is none."""
    return max(0, native.syscall(_CREATE, None, 0, 1))


def restrict(*, read: Iterable[str], write: Iterable[str], run: bool, version: int) -> None:
    """From now on only these trees; `run` lets programs in the readable ones be started.

    Needs no_new_privs. A path that does not exist grants nothing.
    """
    handled = _handled(version)
    ruleset = _ruleset(handled, version)
    try:
        for path in read:
            _grant(ruleset, path, (_READ | (_EXECUTE if run else 0)) & handled)
        for path in write:
            _grant(ruleset, path, _WRITE & handled)
        _grant(ruleset, "/dev/null", _READ_FILE | _WRITE_FILE)
        native.must(native.syscall(_RESTRICT, ruleset, 0), "landlock_restrict_self")
    finally:
        os.close(ruleset)


def _handled(version: int) -> int:
    newest = {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)
    return (1 << newest) - 1


def _ruleset(handled: int, version: int) -> int:
    """TCP is handled from version 4, signals and abstract sockets to outsiders from 6."""
    net, scopes = (3 if version >= 4 else 0), (3 if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    attributes = struct.pack("QQQ", handled, net, scopes)[:size]
    return native.must(native.syscall(_CREATE, attributes, size, 0), "landlock_create_ruleset")


def _grant(ruleset: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(place).st_mode):
            rights &= _FILE_RIGHTS
        rule = ctypes.create_string_buffer(struct.pack("=Qi", rights, place))
        native.must(native.syscall(_ADD, ruleset, 1, rule, 0), "landlock_add_rule")
    finally:
        os.close(place)
