"""The hostile documents of the corpus, end to end: refused with a typed error, or rendered harmless."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import hostile
from bench.corpus import documents
from graphs.integrate import session
from tests.conftest import corpus_folder

pytestmark = pytest.mark.corpus
FOUND = tuple(documents("hostile")) if corpus_folder() else ()


@pytest.fixture(scope="module")
def canary() -> Iterator[list[bytes]]:
    with hostile.listening() as heard:
        yield heard


@pytest.fixture(scope="module")
def warm() -> Iterator[session.Session]:
    with hostile.opened() as opened:
        yield opened


def test_there_is_a_corpus_to_judge(corpus: Path) -> None:
    assert len(FOUND) == 22


@pytest.mark.skipif(not FOUND, reason="group corpus: no folder at AUTOWEAVE_CORPUS or ../shared/corpus")
@pytest.mark.parametrize("document", FOUND or (None,), ids=lambda document: getattr(document, "name", "none"))
def test_a_hostile_document_does_no_harm(
    document: hostile.Document, warm: session.Session, canary: list[bytes]
) -> None:
    row = hostile.judge(document, warm, canary)
    if row.cpu_s > hostile.CPU_S:  # what else the machine does slows even CPU time: the better of two counts
        row = hostile.judge(document, warm, canary)

    assert row.fault == "", row
