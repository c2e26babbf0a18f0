"""The corpus of real and hostile documents, read in place: AUTOWEAVE_CORPUS or ../shared/corpus."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SIZES = (("S", 20_000), ("M", 200_000), ("L", 1_000_000), ("XL", 1 << 62))


@dataclass(frozen=True)
class Document:
    """`root` is the folder its references may lie in, for one of several files."""

    name: str
    path: Path
    root: Path | None
    size: int
    expect: str = ""

    @property
    def label(self) -> str:
        return next(label for label, limit in SIZES if self.size < limit)


def documents(kind: str = "real") -> Iterator[Document]:
    """The documents of one kind, smallest first; ends the program where there is no corpus."""
    folder = Path(os.environ.get("AUTOWEAVE_CORPUS") or ROOT.parent / "shared" / "corpus") / "openapi"
    if not folder.is_dir():
        sys.exit("No corpus: set AUTOWEAVE_CORPUS to the folder that holds openapi/MANIFEST.json.")
    listed = json.loads((folder / "MANIFEST.json").read_text())["documents"]
    for each in sorted(listed, key=lambda entry: entry["bytes"]):
        parts = Path(each["file"]).parts
        if parts[0] != kind:
            continue
        several = each.get("files", 1) > 1
        root = folder / parts[0] / parts[1] if several else None
        yield Document(each["id"], folder / each["file"], root, each["bytes"], each.get("expect", ""))
