"""The largest inputs the limits let in, and those just over: each in a process of its own, measured.

Memory is VmHWM: a child inherits its parent's ru_maxrss across exec, which then hides its own.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

HEAD = '{"openapi":"3.0.3","info":{"title":"T","version":"1"},"paths":{},'
ROOM = 8 * 1024 * 1024 - 2000
MOST = 49_000
PROBE = """
import pathlib, resource, sys
from core.errors import AppError
from tools import openapi
try:
    spec = openapi.parse(openapi.locate(pathlib.Path(sys.argv[1])))
    ended = str(any(each.severity == "error" for each in spec.findings))
except AppError as error:
    ended = error.code
status = pathlib.Path("/proc/self/status").read_text().splitlines()
peak_kb = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
print(ended, sum(resource.getrusage(resource.RUSAGE_SELF)[:2]), peak_kb)
"""


def schema(keyword: str, unit: str, count: int) -> str:
    return HEAD + f'"components":{{"schemas":{{"A":{{"{keyword}":[{",".join([unit] * count)}]}}}}}}}}'


def paths(count: int) -> str:
    held = ",".join(f'"/p{n}":{{"get":{{"bad":1,"responses":[]}}}}' for n in range(count))
    return '{"openapi":"3.0.3","info":{"title":"T","version":"1"},"paths":{' + held + "}}"


def roots(count: int) -> str:
    held = ",".join(f'"S{n}":{{"required":true,"x":"{"y" * 100}"}}' for n in range(count))
    return HEAD + '"components":{"schemas":{' + held + "}}}"


@pytest.mark.parametrize(
    ("text", "ended"),
    [
        pytest.param(schema("anyOf", '{"required":true}', ROOM // 18), "AW102", id="wrong keywords, over"),
        pytest.param(schema("allOf", "{}", ROOM // 3), "AW102", id="tiny schemas, over"),
        pytest.param(HEAD + '"x-a":[' + "[]," * (ROOM // 3) + "0]}", "AW102", id="empty lists, over"),
        pytest.param("# yaml\nx: [" + "a," * (ROOM // 2) + "a]", "AW102", id="yaml scalars, over"),
        pytest.param(schema("anyOf", '{"required":true}', MOST), "True", id="wrong keywords"),
        pytest.param(schema("oneOf", '{"$ref":"#/x"}', MOST), "True", id="dead references"),
        pytest.param(roots(MOST), "True", id="wrong components"),
        pytest.param(paths(60_000), "True", id="wrong operations"),
        pytest.param(HEAD + '"x-a":[' + "1," * (ROOM // 2) + "1]}", "False", id="numbers"),
    ],
)
def test_worst_input_stays_within_five_seconds_and_512_mb(tmp_path: Path, text: str, ended: str) -> None:
    (tmp_path / "a.json").write_text(text)

    run = subprocess.run(
        [sys.executable, "-c", PROBE, tmp_path / "a.json"], capture_output=True, text=True, check=True
    )

    how, cpu_s, peak_kb = run.stdout.split()
    assert how == ended
    assert float(cpu_s) < 5
    assert int(peak_kb) < 512 * 1024
