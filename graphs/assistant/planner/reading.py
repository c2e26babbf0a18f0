"""What a sentence asks for: one intent with its slots, or none. English and French, with no model.

A slot is filled only by what stands in the sentence; nothing is guessed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from graphs.assistant.planner import words

Kind = Literal[
    "integrate", "apply", "check", "search", "devices", "explain", "status",
    "yes", "no", "help", "hello", "thanks", "handle", "refused", "path", "unknown",
]  # fmt: skip
Language = Literal["en", "fr"]


@dataclass(frozen=True)
class Intent:
    """`args` are a tool's arguments by their names; `tenant` is one that was named, if any."""

    kind: Kind
    args: Mapping[str, Any] = field(default_factory=dict)
    tenant: str = ""
    language: Language = "en"


def read(said: str) -> Intent:
    text = _shown(said)
    plain = _plain(text)
    tongue = language(text)
    for kind, find in _READERS:
        args = find(plain, text)
        if args is not None:
            return Intent(kind, args, _tenant(plain), tongue)
    return Intent("unknown", language=tongue)


def language(text: str) -> Language:
    """By the words that only one of the two has; English where it is even."""
    used = set(re.findall(r"[a-z]+", _plain(text)))
    french = len(used & words.FRENCH) + 2 * bool(re.search(r"[éèêàçùîôœ]|\b[ldnscj]'[a-zé]", text.lower()))
    return "fr" if french > len(used & words.ENGLISH) else "en"


_FENCED = re.compile(r"(`{3,}|~{3,}).*?(?:\1|\Z)", re.DOTALL)
_QUOTE_LINE = re.compile(r"^[ \t]*>.*$", re.MULTILINE)
_READ = 20_000
"""Characters of a message in which a request is looked for."""


def _shown(said: str) -> str:
    """Without what the person only quotes: a fenced block or a quoted line asks for nothing."""
    return _QUOTE_LINE.sub(" ", _FENCED.sub(" ", said[:_READ])).replace("’", "'").strip()[:4000]


def _plain(text: str) -> str:
    """Lower case without accents, of the same length as the text, so that places in it agree."""
    return "".join(unicodedata.normalize("NFD", each)[0].lower()[0] for each in text)


def _integrate(plain: str, text: str) -> dict[str, Any] | None:
    if not words.INTEGRATE.search(plain):
        return None
    return slots(plain, text)


def slots(plain: str, text: str) -> dict[str, Any]:
    """The arguments of an integration, as far as the words say them."""
    made: dict[str, Any] = {}
    if spec := words.SPEC.search(plain):
        made["spec"] = spec[0]
    if name := next((hit[1] for hit in words.NAME.finditer(plain) if hit[1] not in words.NO_NAME), None):
        made["name"] = name
    if image := words.IMAGE.search(plain) or words.REFERENCE.search(plain):
        made["image"] = text[image.start(1) : image.end(1)]
    if count := words.REPLICAS.search(plain):
        word = count[1] or count[2]
        made["replicas"] = words.NUMBERS[word] if word in words.NUMBERS else int(word)
    made |= _rest(plain, text)
    return made


def _rest(plain: str, text: str) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if version := words.VERSION.search(plain):
        made["version"] = text[version.start(1) : version.end(1)]
    if owner := words.OWNER.search(plain):
        made["owner"] = text[owner.start(1) : owner.end(1)].rstrip(".,")
    if ports := [{"name": hit[1] or "http", "port": int(hit[2])} for hit in words.PORT.finditer(plain)]:
        made["ports"] = ports
    for layout in ("helm", "kustomize"):
        if re.search(rf"\b{layout}\b", plain):
            made["layout"] = layout
    if "applicationset" in plain:
        made["argocd"] = "applicationset"
    elif words.NO_ARGO.search(plain):
        made["argocd"] = "none"
    return made


def _apply(plain: str, _: str) -> dict[str, Any] | None:
    hit = re.search(r"\bplan-\d+\b", plain)
    if not words.APPLY.search(plain) or not words.THAT_PLAN.search(plain) or words.SPEC.search(plain):
        return None
    return {"plan": hit[0]} if hit else {}


def _check(plain: str, text: str) -> dict[str, Any] | None:
    found = next((hit for hit in words.MODULE.finditer(plain) if not words.FILE.search(f" {hit[0]}")), None)
    if found is None or words.SPEC.search(plain) or not words.EXISTS.search(plain):
        return None
    version = words.BARE_VERSION.search(plain, found.end()) or words.VERSION.search(plain)
    path = text[found.start() : found.end()]
    return {"path": path, **({"version": text[version.start(1) : version.end(1)]} if version else {})}


def _search(plain: str, _: str) -> dict[str, Any] | None:
    if not words.CATALOG.search(plain) or not words.SEEK.search(plain):
        return None
    if hit := words.ABOUT.search(plain):
        asked = re.findall(r"[\w/-]+", next(filter(None, hit.groups())))
        if about := [each for each in asked if each not in words.STOP]:
            return {"query": " ".join(about)}
    return {}


def _status(plain: str, _: str) -> dict[str, Any] | None:
    hit = words.RUN.search(plain)
    return {"run": hit[0]} if hit and words.STATUS.search(plain) else None


def _code(plain: str, _: str) -> dict[str, Any] | None:
    hit = words.CODE.search(plain)
    return {"code": f"AW{hit[1]}"} if hit else None


def _only(pattern: re.Pattern[str]) -> Callable[[str, str], dict[str, Any] | None]:
    return lambda plain, _: {} if pattern.fullmatch(plain.strip()) else None


def _has(pattern: re.Pattern[str]) -> Callable[[str, str], dict[str, Any] | None]:
    return lambda plain, _: {} if pattern.search(plain) else None


def _handle(plain: str, text: str) -> dict[str, Any] | None:
    """A document and nothing that says what to do with it: an answer to "which document?"."""
    return slots(plain, text) if words.SPEC.search(plain) else None


def _tenant(plain: str) -> str:
    hit = words.TENANT.search(plain)
    return hit[1] if hit else ""


_READERS: tuple[tuple[Kind, Callable[[str, str], dict[str, Any] | None]], ...] = (
    ("yes", _only(words.YES)),
    ("no", _only(words.NO)),
    ("hello", _only(words.HELLO)),
    ("thanks", _only(words.THANKS)),
    ("refused", _has(words.NEGATED)),
    ("explain", _code),
    ("status", _status),
    ("apply", _apply),
    ("check", _check),
    ("integrate", _integrate),
    ("search", _search),
    ("devices", _has(words.DEVICES)),
    ("handle", _handle),
    ("refused", _has(words.BEYOND)),
    ("help", _has(words.HELP)),
    ("path", _has(words.FILE)),
)


def names_file(said: str) -> bool:
    """Whether a file is named that nobody turned into a handle."""
    return bool(words.FILE.search(_plain(_shown(said))))
