"""Each hostile document through the whole pipeline: refused, or rendered harmless, within its bounds.

python -m bench.hostile
"""

from __future__ import annotations

import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.corpus import Document, documents
from core.errors import AppError
from graphs.integrate import asking, session

CPU_S, MEMORY_MB = 5.0, 512.0
CANARY = 18999  # the port that the documents name
MARK = Path("/tmp/pwned")  # where injected code would write
MODULE = {"name": "module", "version": "1.0.0", "image": "registry.example.com/a/module:1.0.0"}
ACCEPTS = {
    "accept": {True}, "safe": {True}, "reject": {False}, "reject-fast": {False},
    "reject-or-safe": {True, False}, "accept-or-reject": {True, False},
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    document: Document
    code: str  # of the refusal; empty when accepted
    cpu_s: float
    peak_mb: float
    bytes_out: int

    @property
    def fault(self) -> str:
        """Why this is not what the manifest expects; empty when it is."""
        if self.bytes_out or MARK.exists():
            return "something got out"
        if self.cpu_s > CPU_S or self.peak_mb > MEMORY_MB:
            return "over its bounds"
        if (not self.code) not in ACCEPTS[self.document.expect]:
            return f"expected to {self.document.expect}"
        # A child that had to be stopped is a bound that was missed, not a refusal.
        return f"stopped by {self.code}" if self.code.startswith("AW60") else ""


def judge(document: Document, work: session.Session, canary: list[bytes]) -> Row:
    costs: list[tuple[float, float]] = []
    box = work.child.inner
    call = box.call

    def counted(target: str, *args: object, **options: object) -> object:
        start = time.monotonic()
        try:
            outcome = call(target, *args, **options)
        except AppError:
            costs.append((time.monotonic() - start, 0.0))  # a refusal tells no CPU; its time is a bound
            raise
        costs.append((outcome.cpu_s, outcome.peak_mb))
        return outcome

    box.call = counted  # type: ignore[method-assign]  # a bench may look inside
    code = ""
    try:
        request = asking.request(str(document.path), MODULE, work.child, kubernetes="1.34", fetch=None)
        code = (work.dry(request).get("problem") or {}).get("code", "")
    except AppError as error:
        code = error.code
    finally:
        box.call = call  # type: ignore[method-assign]  # as above
    cpu = sum(each for each, _ in costs)
    return Row(document, code, cpu, max((peak for _, peak in costs), default=0.0), sum(map(len, canary)))


@contextmanager
def listening() -> Iterator[list[bytes]]:
    """Whatever is sent to the port the documents name; a connection alone counts as one byte."""
    heard: list[bytes] = []
    server = socket.create_server(("127.0.0.1", CANARY))

    def serve() -> None:
        while True:
            try:
                peer, _ = server.accept()
            except OSError:
                return
            heard.append(b"!")
            peer.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield heard
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        thread.join()


@contextmanager
def opened() -> Iterator[session.Session]:
    with tempfile.TemporaryDirectory() as place:
        means = session.Means(
            home=Path(place), store_url=f"sqlite:///{place}/s.db", remote=f"{place}/r.git", is_warm=True
        )
        with session.opened(means, lambda _: None) as work:
            yield work


def main() -> None:
    rows = []
    with opened() as work, listening() as canary:
        for document in documents("hostile"):
            row = judge(document, work, canary)
            rows.append(row)
            print(
                f"{document.name:28}{document.expect:18}{row.code or 'accepted':10}"
                f"{row.cpu_s:6.2f} s{row.peak_mb:6.0f} MB  {row.fault}"
            )
    good = sum(not row.fault for row in rows)
    print(f"{good} of {len(rows)} as expected; bounds {CPU_S} s CPU and {MEMORY_MB:.0f} MB; canary {canary}")
    sys.exit(good != len(rows))


if __name__ == "__main__":
    main()
