"""A little of what `bench/fuzz.py` does much of."""

from __future__ import annotations

import pytest

from bench import fuzz


@pytest.mark.slow
def test_schemathesis_finds_nothing_in_ten_examples_an_operation() -> None:
    with fuzz.serving() as url:
        done = fuzz.run(url, examples=10)

    assert done.returncode == 0, done.stdout[-5_000:]
    assert "No issues found" in done.stdout
