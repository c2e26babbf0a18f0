"""Phoenix, which shows traces, as a process of its own in an environment of its own.

Its server brings some 150 packages and 750 MB, so none of it is imported here. It listens on the
loopback alone, is given no key of ours, and every switch that lets it call home is off.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from core.errors import Unavailable, Unsupported

PORT = 6006
HOST = "127.0.0.1"
_QUIET: Mapping[str, str] = {
    "DO_NOT_TRACK": "1",
    "PHOENIX_AGENTS_DISABLE_BASH": "true",
    "PHOENIX_AGENTS_DISABLE_WEB_ACCESS": "true",
    "PHOENIX_ALLOW_EXTERNAL_RESOURCES": "false",
    "PHOENIX_DISABLE_AGENT_ASSISTANT": "true",
    "PHOENIX_ENABLE_MCP_SERVER": "false",
    "PHOENIX_TELEMETRY_ENABLED": "false",
}
_GIVEN = ("PATH", "LANG", "LC_ALL", "TMPDIR", "TZ")  # of our own environment, which holds keys


class PhoenixMissing(Unsupported):
    """Phoenix's environment is not there and cannot be made."""

    code = "AW976"
    fix = "Run `make phoenix` where the package index can be reached; uv is needed."


class PhoenixFailed(Unavailable):
    """Phoenix ended, or did not answer in time."""

    code = "AW977"
    fix = "Read the log that is named; is the port in use by another program?"


@dataclass(frozen=True)
class Phoenix:
    """A Phoenix that was started; `stop` it."""

    url: str
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def endpoint(self) -> str:
        """Where to send spans."""
        return f"{self.url}/v1/traces"

    def wait(self, within_s: float = 120.0) -> None:
        """Until it answers. A cold start costs some 20 CPU seconds."""
        until = time.monotonic() + within_s
        while not _answers(f"{self.url}/healthz"):
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = self.process.wait(0.25)
                raise PhoenixFailed(f"Phoenix ended with code {code}.", place=str(self.log))
            if time.monotonic() > until:
                self.stop()
                raise PhoenixFailed(f"Phoenix did not answer in {within_s:.0f} s.", place=str(self.log))

    def stop(self, within_s: float = 10.0) -> None:
        self.process.terminate()
        try:
            self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def installed(root: Path) -> Path:
    """The environment below `root`, made from the lock's group `phoenix` where it is missing or old."""
    environment = root / "build" / "phoenix"
    uv = shutil.which("uv") or shutil.which("uv", path=str(root / "build" / "uv" / "bin"))
    if uv is None:
        raise PhoenixMissing("uv is not installed.")
    made = subprocess.run(
        [uv, "sync", "--locked", "--quiet", "--only-group", "phoenix"],
        cwd=root,
        env={**os.environ, "UV_PROJECT_ENVIRONMENT": str(environment)},
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        last = (made.stderr.strip().splitlines() or ["no word from uv"])[-1]
        raise PhoenixMissing(f"Its environment cannot be made: {last}", place=str(environment))
    return environment


def start(folder: Path, port: int = PORT, *, environment: Path, grpc_port: int = 0) -> Phoenix:
    """Start it with its data in `folder`; it may take a while until it answers (`Phoenix.wait`).

    It insists on a port for gRPC too; without one, any free port is taken.
    """
    program = environment / "bin" / "phoenix"
    if not program.is_file():
        raise PhoenixMissing("Phoenix is not installed.", place=str(program))
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    log = folder / "phoenix.log"
    with log.open("ab") as out:
        process = subprocess.Popen(
            command(environment),
            env=variables(folder, port, grpc_port or _free_port()),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    return Phoenix(f"http://{HOST}:{port}", log, process)


def command(environment: Path) -> list[str]:
    return [str(environment / "bin" / "python"), str(environment / "bin" / "phoenix"), "serve"]


def variables(folder: Path, port: int, grpc_port: int) -> dict[str, str]:
    """Its whole environment."""
    return {
        **{name: os.environ[name] for name in _GIVEN if name in os.environ},
        **_QUIET,
        "HOME": str(folder),
        "PHOENIX_GRPC_PORT": str(grpc_port),
        "PHOENIX_HOST": HOST,
        "PHOENIX_PORT": str(port),
        "PHOENIX_WORKING_DIR": str(folder),
    }


def _answers(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def _free_port() -> int:
    with socket.create_server((HOST, 0)) as listener:
        return int(listener.getsockname()[1])
