"""From what a person wrote to what the model sees: each document, address and run becomes a handle.

The model never sees a spec's text, and cannot choose where to read: code resolves the handles.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.blobs import Blobs
from graphs.assistant.state import Reads

_FENCE = re.compile(r"[ \t]{0,20}(`{3,10}|~{3,10})")
_IS_SPEC = re.compile(r"""^[ \t]*["']?(?:openapi|swagger)["']?[ \t]*:""", re.MULTILINE)
_BARE_YAML = re.compile(r"^(?:openapi|swagger)\s*:", re.MULTILINE)
_JSON_KEY = re.compile(r'"(?:openapi|swagger)"\s*:')
_URL = re.compile(r"https?://[^\s<>\"'`]+")
_PATH = re.compile(r"(?<![\w/.~@+-])(?:~|\.{1,2})?/?[\w.@+-]+(?:/[\w.@+-]+)*\.(?:ya?ml|json)(?![\w/-])")
_RUN = re.compile(r"\b[0-9a-f]{32}\b")
_TRAILING = ".,;:!?)]}»"


@dataclass
class Counter:
    """The handles of one conversation: the same thing keeps its handle."""

    specs: dict[str, Any] = field(default_factory=dict)
    runs: dict[str, Any] = field(default_factory=dict)
    _old_specs: int = 0
    _old_runs: int = 0
    _known: dict[tuple[str, str], str] = field(default_factory=dict)

    @classmethod
    def after(cls, state: Mapping[str, Any]) -> Counter:
        specs, runs = state.get("specs") or {}, state.get("runs") or {}
        known = {("spec", _key(value)): name for name, value in specs.items()}
        known |= {("run", _key(value)): name for name, value in runs.items()}
        return cls(_old_specs=len(specs), _old_runs=len(runs), _known=known)

    def spec(self, value: dict[str, str]) -> str:
        return self._name("spec", value, self.specs, self._old_specs)

    def run(self, run: str) -> str:
        return self._name("run", {"run": run}, self.runs, self._old_runs)

    def _name(self, kind: str, value: dict[str, str], new: dict[str, Any], old: int) -> str:
        known = (kind, _key(value))
        if known not in self._known:
            name = f"{kind}-{old + len(new) + 1}"
            new[name], self._known[known] = value, name
        return self._known[known]


def taken(text: str, counter: Counter, blobs: Blobs, reads: Reads | None = None) -> str:
    """The text with handles in place of what it held; `reads` gets local files, where that is allowed."""

    def put(content: str) -> str:
        return counter.spec({"blob": blobs.put(content.encode("utf-8", "surrogatepass"))})

    text = _bare(_unfenced(text, put), put)
    text = _URL.sub(lambda hit: _url(hit[0], counter), text)
    if reads is not None:
        text = _PATH.sub(lambda hit: hit[0] if (found := reads(hit[0])) is None else put(found), text)
    return _RUN.sub(lambda hit: counter.run(hit[0]), text)


def _unfenced(text: str, put: Callable[[str], str]) -> str:
    """Without the fenced blocks that are documents. Line by line: an expression would take for ever."""
    made: list[str] = []
    lines = iter(text.split("\n"))
    for line in lines:
        fence = _FENCE.match(line)
        if fence is None:
            made.append(line)
            continue
        block, end = [], []
        for inner in lines:
            if inner.strip().startswith(fence[1]):
                end = [inner]
                break
            block.append(inner)
        content = "\n".join(block)
        made += [put(f"{content}\n")] if _is_spec(content) else [line, *block, *end]
    return "\n".join(made)


def _bare(text: str, put: Callable[[str], str]) -> str:
    """A document pasted without a fence: from where it begins to the end of the message."""
    if (at := _BARE_YAML.search(text)) is not None:
        return f"{text[: at.start()]}{put(text[at.start() :])}"
    if (key := _JSON_KEY.search(text)) is None:
        return text
    start, end = text.find("{"), text.rfind("}")
    if not 0 <= start < key.start() < end:
        return text
    return f"{text[:start]}{put(text[start : end + 1])}{text[end + 1 :]}"


def _is_spec(content: str) -> bool:
    return bool(_IS_SPEC.search(content) or _JSON_KEY.search(content))


def _url(address: str, counter: Counter) -> str:
    bare = address.rstrip(_TRAILING)
    return counter.spec({"url": bare}) + address[len(bare) :]


def _key(value: Mapping[str, Any]) -> str:
    return "\n".join(f"{name}={value[name]}" for name in sorted(value))
