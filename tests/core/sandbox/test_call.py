from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.sandbox import (
    AnswerRefused,
    CallRefused,
    ChildFailed,
    Level,
    Limits,
    OutputTooLarge,
    Sandbox,
    TooDeep,
)
from tests.core.sandbox.conftest import HOSTILE
from tests.core.sandbox.hostile import Known


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        1.5,
        "é\x00\n",
        b"\x00\xff",
        [1, [2, []]],
        {"a": {"b": [None]}},
        {200: "ok", None: 1, True: 2},
        2**70,
        {"maximum": -(10**30)},
        "x" * 3_000_000,
    ],
)
def test_plain_data_comes_back_unchanged(box: Sandbox, value: object) -> None:
    assert box.call(f"{HOSTILE}:echo", value).value == value


def test_outcome_says_level_and_cost(box: Sandbox) -> None:
    outcome = box.call(f"{HOSTILE}:echo", 1)

    assert outcome.level is Level.CONFINED
    assert 0 < outcome.cpu_s < 5
    assert 0 < outcome.wall_s < 20
    assert 1 < outcome.peak_mb < 500


def test_expected_failure_comes_back_as_its_own_class(box: Sandbox) -> None:
    with pytest.raises(Known) as caught:
        box.call(f"{HOSTILE}:fail", "known")

    assert caught.value.to_dict() == {
        "code": "AW198",
        "message": "The title is missing.",
        "place": "/info/title",
        "fix": "Add it.",
        "status": 422,
        "facts": {"keys": ["a"]},
    }


def test_unexpected_failure_shows_type_and_last_line_without_paths(box: Sandbox) -> None:
    with pytest.raises(ChildFailed, match=r"^ValueError: read …: bad value$"):
        box.call(f"{HOSTILE}:fail", "value")


def test_sys_exit_is_a_failure(box: Sandbox) -> None:
    with pytest.raises(ChildFailed, match="SystemExit"):
        box.call(f"{HOSTILE}:die", "system_exit")


def test_missing_function_is_a_failure(box: Sandbox) -> None:
    with pytest.raises(ChildFailed, match="AttributeError"):
        box.call(f"{HOSTILE}:absent")


@pytest.mark.parametrize("code", ["AW601", "AW607", "AW6", "nonsense", "AW1x1"])
def test_child_cannot_forge_a_sandbox_failure(box: Sandbox, code: str) -> None:
    with pytest.raises(AnswerRefused):
        box.call(f"{HOSTILE}:forge", code)


def test_recursion_is_too_deep(box: Sandbox) -> None:
    with pytest.raises(TooDeep):
        box.call(f"{HOSTILE}:recurse")


@pytest.mark.parametrize("name", ["cycle", "thing"])
def test_value_that_is_not_plain_data_is_refused(box: Sandbox, name: str) -> None:
    with pytest.raises(AnswerRefused):
        box.call(f"{HOSTILE}:{name}")


def test_argument_that_is_not_plain_data_is_refused(box: Sandbox) -> None:
    with pytest.raises(CallRefused, match="not plain data"):
        box.call(f"{HOSTILE}:echo", object())


@pytest.mark.parametrize("target", ["", "os", "os:", ":getpid", "os:path.join", "o s:x", "os:getpid\n"])
def test_target_must_be_module_and_function(box: Sandbox, target: str) -> None:
    with pytest.raises(CallRefused):
        box.call(target)


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "00",
        "0000000000000001",
        "ffffffffffffffff",
        "0000000000000001c1",
        "0000000000000001c0ff",
        "000000000000000180",
        "0000000000000005dfffffffff",
        (b"\x00" * 6 + b"\x10\x00" + b"\x91" * 4096).hex(),
        "00000000000000048176616c",
        "000000000000000ea582a576616c756501a56572726f7202",
        "0000000000000007" + "81a56572726f7201",
        "000000000000000a" + "81a67261697365649101",
    ],
)
def test_garbage_on_the_answer_channel_is_never_an_answer(box: Sandbox, sent: str) -> None:
    from core.sandbox import ChildDied

    with pytest.raises((AnswerRefused, ChildDied)):
        box.call(f"{HOSTILE}:garble", sent)


@pytest.mark.parametrize(
    "limit",
    [
        {"cpu_s": 0},
        {"wall_s": float("nan")},
        {"wall_s": float("inf")},
        {"memory_mb": 10**9},
        {"processes": -1},
    ],
)
def test_limit_that_limits_nothing_is_refused(limit: dict[str, Any]) -> None:
    with pytest.raises(CallRefused, match=next(iter(limit))):
        Limits(**limit)


def test_large_answer_is_refused(box: Sandbox) -> None:
    with pytest.raises(OutputTooLarge):
        box.call(f"{HOSTILE}:answer_much", 3, limits=Limits(output_mb=2))


def test_printed_text_goes_to_the_outcome_alone(box: Sandbox, capfd: pytest.CaptureFixture[str]) -> None:
    outcome = box.call(f"{HOSTILE}:print_some", "hello")

    assert outcome.printed == "hello\nhello\n"
    assert capfd.readouterr() == ("", "")


def test_named_path_is_readable_by_that_call_only(box: Sandbox, tmp_path: Path) -> None:
    spec = tmp_path / "spec.txt"
    spec.write_text("text")

    assert box.call(f"{HOSTILE}:read_file", str(spec), read=[tmp_path]).value == "text"
    with pytest.raises(ChildFailed, match="PermissionError"):
        box.call(f"{HOSTILE}:read_file", str(spec))


def test_private_folder_is_gone_after_the_call(box: Sandbox) -> None:
    folder = box.call(f"{HOSTILE}:own_folder").value

    assert Path(folder).name.startswith("aw-")
    assert not Path(folder).exists()


def test_environment_of_the_caller_is_not_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY_SECRET", "sk-canary")

    with Sandbox(preload=[HOSTILE]) as fresh:
        seen = fresh.call(f"{HOSTILE}:environment").value

    assert set(seen) <= {"PATH", "LANG", "LC_CTYPE", "TZ", "HOME", "TMPDIR"}


def test_child_holds_no_descriptor_but_its_own(box: Sandbox) -> None:
    assert box.call(f"{HOSTILE}:descriptors").value == [0, 1, 2, 3]


def test_threads_and_event_loops_work_inside(box: Sandbox) -> None:
    assert box.call(f"{HOSTILE}:threads", 4).value == 4
    assert box.call(f"{HOSTILE}:loop_once").value == "ran"


def test_programs_run_only_where_processes_are_allowed(box: Sandbox) -> None:
    assert box.call(f"{HOSTILE}:shell", "hi", limits=Limits(processes=4)).value == "hi"
    with pytest.raises(ChildFailed, match="PermissionError"):
        box.call(f"{HOSTILE}:shell", "hi")
