"""What a confined child tries, each probe by itself: 46 known ones and those we added.

A probe that returns is open; one that raises is blocked.
"""

from __future__ import annotations

import ctypes
import fcntl
import mmap
import os
import resource
import select
import signal
import socket
import subprocess
from collections.abc import Callable
from typing import Any

from core.sandbox.syscalls import TABLE

_COLUMN = 0 if os.uname().machine == "x86_64" else 1


def run(outside: dict[str, Any], only: list[str] | None = None) -> dict[str, str]:
    """`outside` says where the victims are: a secret file, sockets, a process."""
    probes = {**_files(outside), **_sockets(outside), **_others(outside), **_kernel(outside)}
    found, home = {}, os.getcwd()
    for name in only or probes:
        os.chdir(home)
        probe = probes[name]
        try:
            found[name] = f"open: {str(probe())[:70]}"
        except BaseException as error:  # noqa: BLE001 - each refusal is a result
            found[name] = f"blocked: {type(error).__name__} {str(error)[:50]}"
    return found


def _call(name: str | int, *args: Any) -> int:
    number = TABLE[name][_COLUMN] if isinstance(name, str) else name
    result = ctypes.CDLL(None, use_errno=True).syscall(ctypes.c_long(number), *args)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return int(result)


def _files(outside: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    secret, folder = outside["secret"], outside["folder"]

    def symlink() -> str:
        os.symlink(secret, "link")
        return open("link").read()

    def hardlink() -> str:
        os.link(secret, "hard")
        return open("hard").read()

    def relative() -> str:
        os.chdir(folder)
        return open(os.path.basename(secret)).read()

    def unlinked() -> str:
        os.unlink(secret)
        return "gone"

    return {
        "read_etc_passwd": lambda: open("/etc/passwd").read(20),
        "read_etc_shadow": lambda: open("/etc/shadow").read(20),
        "read_tenant_secret": lambda: open(secret).read(),
        "read_home": lambda: os.listdir(outside["home"]),
        "list_project": lambda: os.listdir(outside["project"]),
        "read_git": lambda: open(outside["project"] + "/.git/HEAD").read(),
        "write_tmp": lambda: open("/tmp/escape", "w").write("x"),
        "write_usr": lambda: open("/usr/zz", "w").write("x"),
        "write_code": lambda: open(outside["project"] + "/core/zz.py", "w").write("x"),
        "symlink_escape": symlink,
        "hardlink_escape": hardlink,
        "relative_escape": relative,
        "proc_1_environ": lambda: open("/proc/1/environ").read(40),
        "parent_environ": lambda: open(f"/proc/{os.getppid()}/environ").read(40),
        "own_environ": lambda: open("/proc/self/environ").read(40),
        "env_secret": lambda: os.environ["PARENT_SECRET"],
        "chmod_outside": lambda: os.chmod(secret, 0o777),
        "chown_outside": lambda: os.chown(secret, os.getuid(), os.getgid()),
        "utime_outside": lambda: os.utime(secret),
        "xattr_outside": lambda: os.setxattr(secret, "user.x", b"x"),
        "truncate_outside": lambda: os.truncate(secret, 0),
        "truncate_by_open": lambda: os.open(secret, os.O_RDONLY | os.O_TRUNC),
        "truncate_readable": lambda: os.open(outside["readable"], os.O_RDONLY | os.O_TRUNC),
        "write_readable": lambda: os.open(outside["readable"], os.O_WRONLY),
        "unlink_outside": unlinked,
        "rename_outside": lambda: os.rename(secret, secret + "2"),
        "mkdir_outside": lambda: os.mkdir(folder + "/x"),
        "mknod": lambda: os.mknod("node", 0o600 | 0o020000, os.makedev(1, 3)),
        "inotify": lambda: _call("inotify_init1", 0),
        "stat_outside": lambda: os.stat(secret).st_size,
        "docker_sock": lambda: os.stat("/var/run/docker.sock") and "exists",
        "devmem": lambda: open("/dev/mem", "rb").read(1),
        "devkvm": lambda: open("/dev/kvm", "rb") and "kvm",
        "devvda": lambda: open("/dev/vda", "rb").read(4),
        "sysrq": lambda: open("/proc/sysrq-trigger", "w") and "ok",
        "core_pattern": lambda: open("/proc/sys/kernel/core_pattern", "w") and "ok",
        "cgroup_w": lambda: open("/sys/fs/cgroup/pids/cgroup.procs", "w") and "ok",
    }


def _sockets(outside: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    def unix(address: str) -> str:
        socket.socket(socket.AF_UNIX).connect(address)
        return "connected"

    def bind() -> str:
        server = socket.socket()
        server.bind(("127.0.0.1", 0))
        server.listen(1)
        return "bound"

    def reconnect() -> str:
        """The stream the child already has must not be turned towards another."""
        socket.socket(fileno=os.dup(3)).connect(outside["path_socket"])
        return "connected"

    return {
        "tcp_loopback": lambda: socket.create_connection(("127.0.0.1", outside["tcp"]), 1) and "connected",
        "udp_loopback": lambda: socket.socket(type=socket.SOCK_DGRAM).sendto(
            b"x", ("127.0.0.1", outside["tcp"])
        ),
        "abstract_unix": lambda: unix("\0" + outside["abstract"]),
        "path_unix": lambda: unix(outside["path_socket"]),
        "reconnect": reconnect,
        "bind_port": bind,
        "raw_socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1) and "raw",
        "af_netlink": lambda: socket.socket(16, socket.SOCK_RAW, 0) and "netlink",
        "af_vsock": lambda: socket.socket(40, socket.SOCK_STREAM) and "vsock",
        "datagram_pair": lambda: socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM) and "pair",
    }


def _others(outside: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    """Other processes, and too much of something."""
    victim = outside["victim"]

    def big_file() -> str:
        with open("big", "wb") as file:
            file.writelines(b"x" * (1 << 20) for _ in range(200))
        return "wrote 200 MB"

    def many() -> int:
        started = []
        try:
            for _ in range(300):
                if not (pid := os.fork()):
                    select.select([], [], [], 3)
                    os._exit(0)
                started.append(pid)
        finally:
            for pid in started:
                os.kill(pid, 9)
        return len(started)

    return {
        "kill_parent": lambda: os.kill(os.getppid(), 0) or "can signal",
        "kill_victim": lambda: os.kill(victim, 0) or "can signal",
        "kill_group": lambda: os.kill(0, 0) or "can signal",
        "queue_victim": lambda: _call("rt_sigqueueinfo", victim, 0, ctypes.create_string_buffer(128)),
        "pidfd_victim": lambda: os.pidfd_open(victim),
        "ptrace_victim": lambda: _call("ptrace", 16, victim, 0, 0),
        "read_victim": lambda: _call("process_vm_readv", victim, None, 0, None, 0, 0),
        "limit_victim": lambda: resource.prlimit(victim, resource.RLIMIT_CPU, (1, 1)),
        "nice_victim": lambda: os.setpriority(os.PRIO_PROCESS, victim, 19),
        "own_signal_by_fd": lambda: fcntl.fcntl(3, fcntl.F_SETOWN, victim),
        "fork_exec_sh": lambda: subprocess.check_output(["/bin/sh", "-c", "echo hi"]),
        "exec_sh": lambda: os.execv("/bin/false", ["false"]),
        "setsid": os.setsid,
        "outlive_keeper": lambda: _prctl(1, 0),
        "undumpable": lambda: _prctl(4, 0),
        "inherited_fd": _inherited,
        "mem_2g": lambda: len(bytearray(2 << 30)),
        "shared_mem_2g": lambda: mmap.mmap(-1, 2 << 30) and "mapped",
        "bigfile": big_file,
        "fork_300": many,
        "fds_5000": lambda: len([os.open("/dev/null", 0) for _ in range(5000)]),
        "raise_limit": lambda: resource.setrlimit(resource.RLIMIT_CPU, (9999, 9999)),
    }


def _kernel(outside: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    return {
        "mount": lambda: _call("mount", b"none", b"/tmp", b"tmpfs", 0, None),
        "unshare_userns": lambda: _call("unshare", 0x10000000),
        "clone_userns": lambda: _call("clone", 0x10000000 | int(signal.SIGCHLD), None, None, None, None),
        "clone3": lambda: _call("clone3", None, 0),
        "bpf": lambda: _call("bpf", 0, None, 0),
        "keyctl": lambda: _call("keyctl", 0, -3, 0),
        "io_uring": lambda: _call("io_uring_setup", 1, ctypes.create_string_buffer(120)),
        "userfaultfd": lambda: _call("userfaultfd", 0),
        "perf_event": lambda: _call("perf_event_open", ctypes.create_string_buffer(128), 0, -1, -1, 0),
        "memfd_exec": lambda: _call("memfd_create", b"x", 0),
        "shared_memory": lambda: _call("shmget", 0, 4096, 0o1600),
        "message_queue": lambda: _call("msgget", 4242, 0o1600),
        "tiocsti": lambda: fcntl.ioctl(0, 0x5412, b"x"),
        "setuid0": lambda: os.setuid(0),
        "setgroups": lambda: os.setgroups([0]),
        "chroot": lambda: os.chroot("/tmp"),
        "newer_call": lambda: _call(451, 0, None, None, 0),
        "x32_call": lambda: _call(0x40000000 | 39),
        "personality": lambda: _call("personality", 0x0040000),
    }


def _prctl(option: int, value: int) -> str:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")
    return "set"


def _inherited() -> list[int]:
    """Open descriptors beyond 0, 1, 2 and the answer channel 3."""
    found = []
    for fd in range(4, 256):
        try:
            os.fstat(fd)
            found.append(fd)
        except OSError:
            continue
    if not found:
        raise OSError("none")
    return found
