"""Versions below which a known hole is open: what is installed is held to them."""

from __future__ import annotations

from importlib.metadata import version

import pytest

FLOORS = {
    "datamodel-code-generator": (0, 70),  # below 0.70 generated code can run a document's text
    "gitpython": (3, 2, 1),  # below 3.2.1 options can be smuggled into git
    "jinja2": (3, 1, 6),  # sandbox escapes
    "langgraph": (1, 0, 10),
    "langgraph-checkpoint": (4, 0),  # strict msgpack: a checkpoint calls nothing
    "langgraph-checkpoint-sqlite": (3, 0, 1),  # filters as parameters
    "langchain-core": (1, 2, 5),  # serialised constructors in messages
    "black": (26, 3, 1),
    "pytest": (9, 0, 3),
}


@pytest.mark.parametrize("package", FLOORS)
def test_no_installed_version_is_below_its_floor(package: str) -> None:
    found = tuple(int(part) for part in version(package).split(".")[:3])

    assert found >= FLOORS[package]


def test_the_pinned_authority_is_the_one_that_validates_by_today_s_rules() -> None:
    """At "latest" a resolver silently takes 0.14.2, with other rules."""
    assert version("openapi-core") == "0.23.1"
    assert version("openapi-spec-validator").startswith("0.8.")
