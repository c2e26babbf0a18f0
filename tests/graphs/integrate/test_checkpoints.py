"""A checkpoint is data: reading one back calls nothing, whoever wrote it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
READ = """
import sys
sys.path.insert(0, {root!r})
from graphs.commands import opening
opening.switch()
import ormsgpack
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
called = []
watched = ("os.system", "os.putenv", "exec")
sys.addaudithook(lambda event, args: called.append(event) if event in watched else None)
row = ormsgpack.packb(ormsgpack.Ext({kind}, ormsgpack.packb({call!r})))
del called[:]
try:
    found = JsonPlusSerializer().loads_typed(("msgpack", row))
except Exception as error:
    found = type(error).__name__
print(repr(found), called)
"""


@pytest.mark.parametrize("kind", range(6))
@pytest.mark.parametrize(
    "call", [("os", "getenv", "AW_CANARY"), ("os", "getenv", ["AW_CANARY"]), ("os", "system", ["true"])]
)
def test_a_row_that_names_a_function_does_not_run_it(kind: int, call: tuple[object, ...]) -> None:
    code = READ.format(root=str(ROOT), kind=kind, call=call)

    done = subprocess.run(
        [sys.executable, "-c", code], env={"AW_CANARY": "ran"}, capture_output=True, text=True, check=True
    )

    assert "'ran'" not in done.stdout
    assert done.stdout.strip().endswith("[]"), done.stdout
