"""A86 over HTTP: odd answers of a server that is otherwise well. The fallback answers in their place."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.core.gateway.conftest import Real
from tests.core.gateway.test_faults import f
from tests.faulty_openai import answer, calling


def changed(reply: dict[str, Any], **choice: Any) -> dict[str, Any]:
    reply = copy.deepcopy(reply)
    reply["choices"][0].update(choice)
    return reply


ODD: dict[str, Any] = {
    "null-content": answer(None),
    "no-message": changed(answer(), message=None),
    "wrong-role": answer("I am the user", role="user"),
    "no-finish": answer("half", reason=None),  # type: ignore[arg-type]
    "cut-off": answer("half", reason="length"),
    "filtered": answer("", reason="content_filter"),
    "unknown-tool": calling('{"path": "/etc/passwd"}', name="read_file"),
    "no-such-argument": calling('{"a": 1, "b": 2, "branch": "tenant/b"}'),
    "missing-argument": calling('{"a": 1}'),
    "wrong-type": calling('{"a": "../../x", "b": 2}'),
    "not-an-object": calling("[1, 2]"),
    "not-json": calling("a=1"),
    "a-megabyte": calling(f'{{"a": 1, "b": {"1" * 1_000_000}}}'),
    "two-hundred": calling(*['{"a": 1, "b": 2}'] * 200),
    "one-bad-of-two": calling('{"a": 1, "b": 2}', '{"a": 1'),
}


# A stream's first part names the assistant, and none has a message.
STREAMED = [name for name in ODD if name not in {"no-message", "wrong-role"}]
CASES = [*((name, False) for name in ODD), *((name, True) for name in STREAMED)]


@pytest.mark.parametrize(("name", "is_streamed"), CASES)
def test_an_odd_answer_is_not_used(real: Real, name: str, is_streamed: bool) -> None:
    real.provider.replies[name] = [ODD[name]]
    model = real.backed(name).bind_tools([f])

    parts = list(model.stream("hi")) if is_streamed else [model.invoke("hi")]

    assert "".join(part.text for part in parts).strip() == "ok"
    assert [call for part in parts for call in part.tool_calls] == []


def test_a_good_call_after_a_bad_one_is_used(real: Real) -> None:
    real.provider.replies["mended"] = [calling('{"a": 1}'), calling('{"a": 1, "b": 2}')]

    message = real.backed("mended").bind_tools([f]).invoke("hi")

    assert message.tool_calls[0]["args"] == {"a": 1, "b": 2}
    assert message.response_metadata["gateway"]["mended"]
    assert "do not fit" in real.provider.asked[-1]["messages"][-1]["content"]
