"""Validation across the border of a sandbox."""

from __future__ import annotations

import pytest

from core.errors import AppError
from core.sandbox import Sandbox
from tests.tools.validation import samples
from tests.tools.validation.cases import security
from tools import validation

FILES = {"a.yaml": samples.dumped(security(privileged=True), samples.service()), "b.yaml": "kind: [\n"}
OPTIONS = {"today": samples.TODAY}


def test_a_confined_child_gives_the_same_ledger() -> None:
    with Sandbox(preload=["tools.validation:preload"]) as box:
        data = box.call("tools.validation:run", FILES, OPTIONS).value

    assert data["digest"] == validation.check(FILES, today=samples.TODAY).digest


def test_a_refusal_keeps_its_code_across_the_border() -> None:
    with Sandbox(preload=["tools.validation:preload"]) as box, pytest.raises(AppError) as caught:
        box.call("tools.validation:run", FILES, {**OPTIONS, "kubernetes": "1.9"})

    assert caught.value.code == "AW403"
