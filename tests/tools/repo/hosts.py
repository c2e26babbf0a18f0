"""A git host on https, in this process: the real http-backend, or answers that a canary gives."""

from __future__ import annotations

import os
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import trustme


@dataclass
class Host:
    """`seen` holds path and Authorization header of each request."""

    name: str
    ca_file: Path
    seen: list[tuple[str, str]] = field(default_factory=list)
    bare: Path | None = None
    status: int = 200
    location: str = ""


@contextmanager
def serve(folder: Path, **answer: object) -> Iterator[Host]:
    authority = trustme.CA()
    ca_file = folder / "ca.pem"
    folder.mkdir(parents=True, exist_ok=True)
    authority.cert_pem.write_to_path(str(ca_file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    host = Host("", ca_file, **answer)  # type: ignore[arg-type]
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(host))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    host.name = f"localhost:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(host: Host) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            host.seen.append((self.path, self.headers.get("Authorization", "")))
            if host.bare is not None:
                self._backend(host.bare)
                return
            self.send_response(host.status)
            if host.location:
                self.send_header("Location", host.location + self.path)
            if host.status == 401:
                self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET  # noqa: N815  # the name http.server looks for

        def _backend(self, bare: Path) -> None:
            path, _, query = self.path.partition("?")
            env = {
                "PATH": os.environ["PATH"],
                "GIT_PROJECT_ROOT": str(bare.parent),
                "GIT_HTTP_EXPORT_ALL": "1",
                "GIT_CONFIG_GLOBAL": os.devnull,
                "GIT_CONFIG_COUNT": "1",
                "GIT_CONFIG_KEY_0": "http.receivepack",
                "GIT_CONFIG_VALUE_0": "true",
                "PATH_INFO": path,
                "QUERY_STRING": query,
                "REQUEST_METHOD": self.command,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                "REMOTE_USER": "someone",
            }
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            env["CONTENT_LENGTH"] = str(len(body))
            run = subprocess.run(
                ["git", "http-backend"], input=body, env=env, capture_output=True, check=True
            )
            head, _, content = run.stdout.partition(b"\r\n\r\n")
            lines = [
                (line.partition(": ")[0], line.partition(": ")[2]) for line in head.decode().split("\r\n")
            ]
            fields = dict(lines)
            self.send_response(int(fields.pop("Status", "200").split()[0]))
            for name, value in fields.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args: object) -> None:
            """Tests keep quiet."""

    return Handler
