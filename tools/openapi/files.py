"""One file of a document: read, refused or cleared, and turned into plain values."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from core.findings import Finding

from . import jsontext, text, yamltext
from .limits import Limits
from .problems import SyntaxBroken, TooBig
from .sources import Source

_HEADLINES = {
    "boolean": (
        "AW140",
        "YAML 1.1 readers take the unquoted {text!r} for true or false; here it stays a text.",
    ),
    "number": ("AW141", "YAML readers disagree on the unquoted {text!r}."),
    "date": ("AW142", "YAML 1.1 readers take the unquoted {text!r} for a date; here it stays a text."),
    "key": ("AW143", "The unquoted key {text!r} is no text for YAML; here it is read as one."),
}


@dataclass(slots=True)
class Opened:
    """Every file read so far, so that none is read twice and their sum stays bounded."""

    source: Source
    limits: Limits
    values: dict[str, Any] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    total: int = 0

    def value(self, name: str) -> Any:
        """The plain value of the file. It is shared: copy it before changing it."""
        if name not in self.values:
            self._read(name)
        return self.values[name]

    def _read(self, name: str) -> None:
        data = self.source.read(name, self.limits)
        self.total += len(data)
        if self.total > self.limits.total_bytes or len(self.digests) >= self.limits.files:
            raise TooBig(
                f"The document's files together are over the limit ({len(self.digests) + 1} files, "
                f"{self.total:,} bytes).",
                place=name,
            )
        self.digests[name] = hashlib.sha256(data).hexdigest()
        self.texts[name] = text.decoded(data, name)
        self.values[name] = self._parsed(name)

    def _parsed(self, name: str) -> Any:
        body = self.texts[name]
        if body.count("{") + body.count("[") > self.limits.brackets:
            raise TooBig(f"The file has over {self.limits.brackets:,} mappings and lists.", place=name)
        if body.lstrip()[:1] in ("{", "["):
            try:
                return jsontext.parsed(body, name, self.limits)
            except jsontext.NotJson as error:
                try:
                    value = self._yaml(name)
                except SyntaxBroken:
                    raise error from None  # it began like JSON: that is the fault to mend
                line = int(error.place.rpartition(":")[2])
                self.findings.append(
                    Finding("AW144", "warning", f"{error.message} It was read as YAML.", file=name, line=line)
                )
                return value
        return self._yaml(name)

    def _yaml(self, name: str) -> Any:
        surprises: list[yamltext.Surprise] = []
        value = yamltext.parsed(self.texts[name], name, self.limits, surprises)
        for surprise in surprises:
            rule, message = _HEADLINES[surprise.kind]
            severity = "note" if surprise.kind == "date" else "warning"
            self.findings.append(
                Finding(
                    rule,
                    severity,  # type: ignore[arg-type]  # one of the two words above
                    message.format(text=surprise.text),
                    file=name,
                    line=surprise.line,
                    fix="Put it in quotes.",
                )
            )
        return value
