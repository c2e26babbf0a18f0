"""What a provider's error is taken for. Retry-After as servers write it (F37)."""

from __future__ import annotations

from typing import Any

import pytest

from core.gateway import faults

NOW = 1_800_000_000.0  # Fri, 15 Jan 2027 08:00:00 GMT


class Answered(Exception):
    def __init__(self, status: int, text: str = "", *, code: str | None = None, **headers: str) -> None:
        super().__init__(text)
        self.status_code = status
        self.code = code
        self.response = type("Response", (), {"headers": headers})()


def read(error: BaseException) -> faults.Fault:
    return faults.read(error, now=lambda: NOW)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (TimeoutError(), "timeout"),
        (ConnectionResetError(), "broken"),
        (ValueError("no JSON"), "broken"),
        (Answered(200), "broken"),
        (Answered(400), "request"),
        (Answered(400, code="context_length_exceeded"), "long"),
        (Answered(400, "maximum context: context_length_exceeded"), "long"),
        (Answered(413), "long"),
        (Answered(401), "key"),
        (Answered(403), "key"),
        (Answered(402), "money"),
        (Answered(429, code="insufficient_quota"), "money"),
        (Answered(404), "missing"),
        (Answered(408), "server"),
        (Answered(422), "request"),
        (Answered(429), "rate"),
        (Answered(500), "server"),
        (Answered(502), "server"),
        (Answered(529), "server"),
    ],
)
def test_an_error_is_read_by_its_status_and_code(error: Exception, why: str) -> None:
    assert read(error).why == why


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("2", 2.0),
        ("3600", 3600.0),
        ("-5", -5.0),
        ("banana", None),
        ("nan", None),
        ("1e999", None),
        ("Fri, 15 Jan 2027 08:00:30 GMT", 30.0),
        ("Fri, 15 Jan 2027 99:00:30 GMT", None),
        ("", None),
    ],
)
def test_retry_after_is_a_number_or_a_date_or_nothing(text: str, seconds: float | None) -> None:
    assert read(Answered(429, **{"retry-after": text})).retry_after_s == seconds


@pytest.mark.parametrize("error", [Answered(401, "key sk-SECRET123"), ValueError("sk-SECRET123")])
def test_nothing_of_the_providers_text_is_kept(error: Any) -> None:
    assert "SECRET" not in repr(read(error))
