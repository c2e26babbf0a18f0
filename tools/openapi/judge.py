"""The verdict on a document: a report, never a gate. Also the authority itself, for comparison."""

from __future__ import annotations

from typing import Any, Final

from core.errors import AppError, Invalid
from core.findings import Finding

from . import grammar, rules, structure
from .grammar import Trail, pointer
from .problems import RefRefused

_MOST: Final = 200


class AuthorityRefused(Invalid):
    """The authority does not accept the document, or cannot cope with it."""

    code = "AW119"
    fix = "See the findings; they name the same fault with its line."


def validate(document: dict[str, Any]) -> tuple[Finding, ...]:
    """What is wrong with a bundled document of any version. No error means: the authority accepts it."""
    found = [
        Finding("AW130", "error", message, place=_pointer(path))
        for message, path in structure.document_errors(document, _MOST)
    ]
    found += rules.Rules(document, _MOST).run()
    return tuple(dict.fromkeys(found))


def authority(document: dict[str, Any]) -> None:
    """Let openapi-core judge a document of which every reference is known to be a `#/` one."""
    for kind, node, trail in grammar.walk(document, "root", grammar.of(document)):
        ref = node.get("$ref")
        if isinstance(ref, str) and not ref.startswith("#"):
            raise RefRefused(f"The reference {ref[:200]!r} is not cleared.", place=f"#{pointer(trail)}")
        if kind == "schema" and (isinstance(node.get("$id"), str) or isinstance(node.get("id"), str)):
            raise RefRefused(
                "A schema with an identity of its own is not cleared.", place=f"#{pointer(trail)}"
            )
    from openapi_core import OpenAPI  # noqa: PLC0415  # 0.6 s, and only wanted for comparison

    try:
        OpenAPI.from_dict(document)
    except AppError:
        raise
    except Exception as error:  # it also lets RecursionError, TypeError, KeyError … through
        reason = str(error).split("\n", 1)[0][:300]
        raise AuthorityRefused(f"{type(error).__name__}: {reason}") from error


def _pointer(path: list[str | int]) -> str:
    trail: Trail = ()
    for key in path:
        trail = (trail, key)
    return pointer(trail)
