"""The first thing a new user does: start the server, open the playground, integrate a spec, approve it."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.clients.test_playground import Seen, browser, seen, start

pytestmark = [pytest.mark.browser, pytest.mark.slow]
ROOT = Path(__file__).resolve().parent.parent.parent
SPEC = (ROOT / "examples" / "orders" / "openapi.yaml").read_text()
IMAGE_AT_MOST = 200_000
__all__ = ["browser", "seen"]  # fixtures


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def playground(home: Path, tmp_path: Path) -> Iterator[str]:
    """The address that the server says its playground has, once it listens."""
    if shutil.which("chromium") is None:
        pytest.skip("group browser: no chromium on this machine")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AUTOWEAVE_")}
    child = subprocess.Popen(
        [sys.executable, ROOT / "server.py", "--port", "0"],
        cwd=tmp_path,
        env={**kept, "AUTOWEAVE_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    assert child.stdout
    said: list[bytes] = []
    try:
        yield next(_listening(child.stdout, said))
    finally:
        rest = threading.Thread(target=child.stdout.read)  # a full pipe would stop the server
        rest.start()
        child.send_signal(signal.SIGTERM)
        child.wait(60)
        rest.join()
        child.stdout.close()


def _listening(lines: Any, said: list[bytes]) -> Iterator[str]:
    for line in lines:
        said.append(line)
        if b"server.listening" in line:
            yield json.loads(line)["playground"]
    pytest.fail(b"".join(said).decode())


def test_a_spec_is_integrated_and_approved_in_the_playground(
    playground: str, home: Path, seen: Seen, tmp_path: Path
) -> None:
    page = seen.page
    page.set_default_timeout(90_000)
    page.goto(playground)
    page.locator("[id='#/properties/spec-input']").fill(SPEC)
    page.locator("[id='#/properties/name-input']").fill("orders")
    page.locator("[id='#/properties/image-input']").fill("registry.example.com/bakery/orders:1.2.0")

    start(page)
    page.get_by_text("To answer: put").wait_for()
    thread = re.search(r"To answer: put (\S+) into Thread", page.inner_text("body"))
    assert thread
    page.locator("[id='#/properties/thread-input']").fill(thread.group(1))
    page.get_by_label("Add to Decisions").click()
    page.locator("select").last.select_option("approve")
    shot = _shot(page, Path(os.environ.get("AUTOWEAVE_IMAGES") or tmp_path))
    start(page)
    page.get_by_text('"interrupts": []').wait_for()

    assert '"commit"' in page.inner_text("body")
    assert seen.complaints == []
    assert seen.hosts() == {"127.0.0.1"}
    assert shot.stat().st_size <= IMAGE_AT_MOST


def _shot(page: Any, folder: Path) -> Path:
    """The question and where it is answered: the spec above and the whole ledger below are cut off."""
    box = page.locator("[id='#/properties/thread-input']").bounding_box()
    top = page.evaluate("scrollY") + box["y"] - 40
    found = folder / "playground.png"
    page.screenshot(path=found, full_page=True, clip={"x": 140, "y": top, "width": 820, "height": 900})
    return found
