"""A real PostgreSQL of our own: fresh data folder, random port, loopback, fsync on, stopped at the end."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Server:
    """`url()` is an empty database. PostgreSQL refuses root, so root hands over to another user."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self._binaries = binaries
        self.folder = folder
        self._data = folder / "data"
        self.port = 0
        self.password = secrets.token_hex(16)
        self._user: dict[str, Any] = {}
        if os.geteuid() == 0:
            account = _account()
            os.chown(folder, account.pw_uid, account.pw_gid)
            self._user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}

    def create(self) -> None:
        secret = self.folder / "password"
        secret.write_text(self.password)
        secret.chmod(0o644)  # the folder itself is the owner's alone
        self._run("initdb", "-D", self._data, "-U", "autoweave", "-A", "scram-sha-256",
                  "--pwfile", secret, "-E", "UTF8", "--locale", "C")  # fmt: skip
        secret.unlink()

    def start(self) -> None:
        self.port = self.port or _free_port()
        options = f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1 -c fsync=on"
        self._run("pg_ctl", "-D", self._data, "-l", self.folder / "log", "-w", "-o", options, "start")

    def stop(self, *, mode: str = "fast") -> None:
        self._run("pg_ctl", "-D", self._data, "-m", mode, "-w", "stop")

    def url(self) -> str:
        """The one database, emptied: a new one for each test would write 7 MB a time."""
        import psycopg

        with psycopg.connect(self._address(), autocommit=True) as db:
            db.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            db.execute("DROP SCHEMA public CASCADE")
            db.execute("CREATE SCHEMA public")
        return self._address()

    def _address(self) -> str:
        return f"postgresql://autoweave:{self.password}@127.0.0.1:{self.port}/postgres"

    def _run(self, program: str, *arguments: object) -> None:
        command = [str(self._binaries / program), *map(str, arguments)]
        # To a file: a server that is left running keeps its parent's pipe open for ever.
        with (self.folder.parent / f"{self.folder.name}.out").open("w+") as out:
            done = subprocess.run(
                command, stdout=out, stderr=out, cwd="/", check=False, timeout=60, **self._user
            )
            out.seek(0)
            assert done.returncode == 0, out.read()


def binaries() -> Path | None:
    """The folder of the newest server on this machine."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    return found[-1].parent if found else Path(on_path).parent if on_path else None


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    server = Server(folder, Path(tempfile.mkdtemp(prefix="aw-pg-", dir="/tmp")))
    try:
        server.create()
        server.start()
        try:
            yield server
        finally:
            server.stop(mode="immediate")  # the data is thrown away: no checkpoint needed
    finally:
        shutil.rmtree(server.folder, ignore_errors=True)
        Path(f"{server.folder}.out").unlink(missing_ok=True)


def _account() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam("postgres")
    except KeyError:
        return pwd.getpwnam("nobody")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
