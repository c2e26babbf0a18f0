"""Our verdict on each real document against the authority's: `python -m bench.verdicts [corpus]`."""

from __future__ import annotations

import json
import os
import sys
import time
import warnings
from pathlib import Path
from typing import Any

from core.errors import AppError
from tools import openapi


def main(corpus: Path) -> int:
    warnings.simplefilter("ignore")
    manifest = json.loads((corpus / "openapi" / "MANIFEST.json").read_text())
    rows = [
        row(corpus / "openapi", each) for each in manifest["documents"] if each["file"].startswith("real/")
    ]
    agreed = sum(ours == theirs for _, ours, theirs, *_ in rows)
    for name, ours, theirs, ours_s, theirs_s, why in rows:
        mark = "  " if ours == theirs else "≠ "
        times = f"{ours_s * 1000:9.1f}{theirs_s * 1000:9.0f}"
        print(f"{mark}{name:42}{verdict(ours):9}{verdict(theirs):9}{times}  {why}")
    print(f"agree on {agreed} of {len(rows)} = {agreed / len(rows):.1%} (columns: ours, authority, ms, ms)")
    return 0 if agreed / len(rows) >= 0.99 else 1


def row(corpus: Path, each: dict[str, Any]) -> tuple[str, bool, bool, float, float, str]:
    path = corpus / each["file"]
    root = corpus / "/".join(Path(each["file"]).parts[:2])
    source = (
        openapi.Folder(root, path.relative_to(root).as_posix()) if root.is_dir() else openapi.locate(path)
    )
    started = time.process_time()
    try:
        errors = [one for one in openapi.parse(source).findings if one.severity == "error"]
    except AppError as error:
        return each["id"], False, False, time.process_time() - started, 0.0, f"refused: {error}"
    ours = time.process_time() - started
    why = errors[0].message[:60] if errors else ""
    started = time.process_time()
    problem = authority(source, path, several=each["files"] > 1)
    theirs = time.process_time() - started
    return (
        each["id"],
        not errors,
        not problem,
        ours,
        theirs,
        " | ".join(part for part in (why, problem) if part),
    )


def authority(source: openapi.Source, path: Path, *, several: bool) -> str:
    """What the authority objects to. Files that stand beside one another it must read as they stand."""
    if not several:
        try:
            openapi.authority(openapi.cleared(source))
        except openapi.AuthorityRefused as error:
            return error.message[:60]
        return ""
    from openapi_core import OpenAPI  # noqa: PLC0415  # 0.6 s

    try:
        OpenAPI.from_file_path(str(path))  # safe here: ours has found every reference to be local
    except Exception as error:  # noqa: BLE001  # it lets anything through
        return f"{type(error).__name__}: {error}"[:60].replace("\n", " ")
    return ""


def verdict(accepted: bool) -> str:
    return "accepts" if accepted else "rejects"


if __name__ == "__main__":
    given = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("AUTOWEAVE_CORPUS", "../shared/corpus")
    sys.exit(main(Path(given)))
