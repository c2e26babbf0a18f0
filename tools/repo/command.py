"""Run git as a child: clean environment, no prompts, no hooks, a deadline, bounded answers.

GitPython's own runner hands the whole environment of this process to git; here a variable
such as GIT_DIR or GIT_SSH_COMMAND of the caller has no say.
"""

from __future__ import annotations

import base64
import os
import re
import resource
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from core.errors import TooLarge, Unavailable, Unsupported

# What reaches git from our own environment: where programs are, the ssh agent, the way to the network.
_PASSED = (
    "PATH",
    "SSH_AUTH_SOCK",
    "TMPDIR",
    "HTTPS_PROXY",
    "https_proxy",
    "NO_PROXY",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
)
_FIXED = {
    "LC_ALL": "C",
    "HOME": "/nonexistent",
    "XDG_CONFIG_HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_SYSTEM": os.devnull,
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "SSH_ASKPASS": "",
    "GIT_PAGER": "cat",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_SSH_COMMAND": "ssh -oBatchMode=yes -oStrictHostKeyChecking=yes -oConnectTimeout=15",
}
_CONFIG = (
    "core.hooksPath=" + os.devnull,
    "core.fsmonitor=false",
    "credential.helper=",
    "fetch.recurseSubmodules=false",
    "gc.auto=0",
    "http.followRedirects=false",
    "http.lowSpeedLimit=100",
    "http.lowSpeedTime=20",
    "maintenance.auto=false",
    "push.gpgSign=false",
    "push.recurseSubmodules=no",
    "submodule.recurse=false",
)
_TALKING = frozenset({"fetch", "ls-remote", "push"})
_USERINFO = re.compile(r"(?<=//)[^/@\s]+@")
_HEADER = re.compile(r"(?i)(authorization|extraheader)\S*.*")
_TOLD = 1500
_STDERR = 64 * 1024
_FILE_LIMIT = 4 * 1024**3


class GitMissing(Unsupported):
    """There is no git to run, or it is too old for what is asked."""

    code = "AW513"
    fix = "Install git 2.31 or newer and see that it is on PATH."


class GitTimeout(Unavailable):
    """Git did not finish before its deadline."""

    code = "AW528"
    fix = "Try again; if it stays slow, look at the connection to the git remote."


class AnswerTooLarge(TooLarge):
    """The repository holds more below the module's paths than is ever read."""

    code = "AW526"
    fix = "Move large files out of the module's folder."


@dataclass(frozen=True, slots=True)
class Answer:
    """`error` is already free of credentials and control characters."""

    status: int
    output: bytes
    error: str

    @property
    def ok(self) -> bool:
        return self.status == 0

    @property
    def text(self) -> str:
        return self.output.decode("utf-8", "replace").strip()


@dataclass(frozen=True)
class Git:
    """`token` is asked for `host` at each use and goes there alone, by environment: never argv or a file."""

    protocol: str = "file"
    host: str = ""
    token: Callable[[str], str] | None = field(default=None, repr=False)
    ca_file: Path | None = None
    timeout_s: float = 60.0
    program: str = "git"

    def run(
        self,
        *args: str,
        at: Path | None = None,
        stdin: bytes = b"",
        limit: int = 64 * 1024**2,
        env: Mapping[str, str] | None = None,
    ) -> Answer:
        """One git command; a failure is an answer too. `limit` bounds what it may print, in bytes."""
        secret = self._secret(args[0])
        words = [self.program, *(word for item in self._config() for word in ("-c", item))]
        if at is not None:
            words.append(f"--git-dir={at}")
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as complaints:
            given.write(stdin)
            given.seek(0)
            child = self._start(
                [*words, *args], given, complaints, {**self._environment(secret), **(env or {})}
            )
            output = self._collect(child, limit, args[0])
            complaints.seek(0)
            error = complaints.read(_STDERR).decode("utf-8", "replace")
        return Answer(child.returncode, output, scrubbed(error, secret))

    def _secret(self, verb: str) -> str:
        if self.token is None or not self.host or verb not in _TALKING:
            return ""
        secret = self.token(self.host)
        if secret and self._version() < (2, 31):
            raise GitMissing("This git cannot take a token safely: that needs git 2.31 or newer.")
        return secret

    def _version(self) -> tuple[int, ...]:
        found = re.search(r"(\d+)\.(\d+)", self.run("version").text)
        return tuple(int(part) for part in found.groups()) if found else (0, 0)

    def _config(self) -> Sequence[str]:
        return (*_CONFIG, f"http.sslCAInfo={self.ca_file}") if self.ca_file else _CONFIG

    def _environment(self, secret: str) -> dict[str, str]:
        env = {name: os.environ[name] for name in _PASSED if name in os.environ}
        env |= _FIXED | {"GIT_ALLOW_PROTOCOL": self.protocol}
        if secret:
            login = base64.b64encode(f"x-access-token:{secret}".encode()).decode("ascii")
            env |= {
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": f"http.https://{self.host}/.extraHeader",
                "GIT_CONFIG_VALUE_0": f"Authorization: Basic {login}",
            }
        return env

    def _start(
        self, words: Sequence[str], given: IO[bytes], complaints: IO[bytes], env: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        try:
            child = subprocess.Popen(
                words,
                stdin=given,
                stdout=subprocess.PIPE,
                stderr=complaints,
                env=dict(env),
                cwd="/",
                start_new_session=True,
            )
        except FileNotFoundError as error:
            raise GitMissing("There is no git on this machine.") from error
        if hasattr(resource, "prlimit"):
            # A hostile remote could send without end; no file of ours comes near this.
            _limit_files(child.pid)
        return child

    def _collect(self, child: subprocess.Popen[bytes], limit: int, verb: str) -> bytes:
        assert child.stdout is not None
        deadline = time.monotonic() + self.timeout_s
        parts: list[bytes] = []
        size = 0
        try:
            while chunk := _next_chunk(child.stdout, deadline):
                parts.append(chunk)
                size += len(chunk)
                if size > limit:
                    raise AnswerTooLarge(f"git {verb} printed more than {limit} bytes.")
            child.wait(max(0.1, deadline - time.monotonic()))
        except (TimeoutError, subprocess.TimeoutExpired) as error:
            raise GitTimeout(f"git {verb} took longer than {self.timeout_s:g} s.") from error
        finally:
            _end(child)
            child.stdout.close()
        return b"".join(parts)


def scrubbed(text: str, secret: str = "") -> str:
    """Fit for a message: no login, no header, no control character, of bounded length."""
    if secret:
        text = text.replace(secret, "***")
    text = _HEADER.sub(r"\1 ***", _USERINFO.sub("***@", text))
    lines = (line for line in text.replace("\r", "\n").split("\n") if line.strip())
    safe = ("".join(char if char.isprintable() else "?" for char in line).rstrip() for line in lines)
    return "\n".join(safe)[:_TOLD]


def _limit_files(pid: int) -> None:
    try:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (_FILE_LIMIT, _FILE_LIMIT))
    except (ProcessLookupError, PermissionError, ValueError):
        return  # already gone, or held to a lower limit than ours


def _next_chunk(pipe: IO[bytes], deadline: float) -> bytes:
    left = deadline - time.monotonic()
    if left <= 0 or not select.select([pipe], [], [], left)[0]:
        raise TimeoutError
    return os.read(pipe.fileno(), 65536)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Kill what is left of the child's own session, so that a stopped run leaves no git behind."""
    if child.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
