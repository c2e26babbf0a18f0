"""Both playgrounds in a real browser: no error on the console, no request off this machine."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from core.http.front import Caller
from tests.http.playing import Stage
from tests.serving import served

pytestmark = [pytest.mark.browser, pytest.mark.slow]
SWITCHES = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served(Stage(dev=Caller("dev", "developer")).app) as found:
        yield found


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    found = shutil.which("chromium")
    if found is None:
        pytest.skip("group browser: no chromium on this machine")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        made = play.chromium.launch(executable_path=found, args=SWITCHES)
        yield made
        made.close()


class Seen:
    """A page, and everything it complained of or asked for."""

    def __init__(self, browser: Any) -> None:
        self.page = browser.new_page(viewport={"width": 1100, "height": 1000})
        self.complaints: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda said: said.type == "error" and self.complaints.append(said.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))

    def hosts(self) -> set[str | None]:
        return {urlsplit(each).hostname for each in self.asked if not each.startswith(("data:", "blob:"))}


@pytest.fixture
def seen(browser: Any) -> Iterator[Seen]:
    made = Seen(browser)
    yield made
    made.page.close()


def start(page: Any) -> None:
    page.get_by_role("button", name="Start").click()
    page.get_by_role("button", name="Start").wait_for()


def test_the_playground_runs_a_graph_and_shows_its_output(url: str, seen: Seen) -> None:
    page = seen.page
    page.goto(f"{url}/echo/playground/")

    page.locator("textarea").first.fill("hello")
    start(page)

    page.get_by_text('"length": 5').wait_for()
    page.get_by_role("button", name="Intermediate steps").click()
    page.get_by_text("measure").wait_for()
    assert seen.complaints == []
    assert seen.hosts() == {"127.0.0.1"}


def test_the_playground_approves_what_a_run_asks(url: str, seen: Seen) -> None:
    page = seen.page
    page.goto(f"{url}/review/playground/")
    page.locator("textarea").first.fill("hello")
    start(page)
    page.get_by_text('"action_requests"').wait_for()
    thread = re.search(r'"thread": "([^"]+)"', page.inner_text("body"))

    assert thread
    page.locator("[id='#/properties/thread-input']").fill(thread.group(1))
    page.get_by_label("Add to Decisions").click()
    page.locator("select").select_option("approve")
    start(page)

    page.get_by_text('"interrupts": []').wait_for()
    assert seen.complaints == []
    assert seen.hosts() == {"127.0.0.1"}


def test_the_playground_shows_a_refusal(url: str, seen: Seen) -> None:
    page = seen.page
    page.goto(f"{url}/review/playground/")
    page.locator("textarea").first.fill("hello")
    page.get_by_label("Add to Decisions").click()
    page.locator("select").select_option("approve")

    start(page)

    page.get_by_text("An answer came without the thread that asked.").wait_for()
    assert seen.complaints == []


def test_the_chat_playground_talks(url: str, seen: Seen) -> None:
    page = seen.page
    page.goto(f"{url}/talk/chat_playground/")

    page.get_by_placeholder("Send a message...").fill("hello")
    page.keyboard.press("Enter")

    page.get_by_role("textbox").filter(has_text="You said: hello").wait_for()
    assert seen.complaints == []
    assert seen.hosts() == {"127.0.0.1"}


def test_the_playground_of_a_graph_that_is_no_chat_is_no_chat(url: str, seen: Seen) -> None:
    answer = seen.page.goto(f"{url}/echo/chat_playground/")

    assert answer.status == 404
