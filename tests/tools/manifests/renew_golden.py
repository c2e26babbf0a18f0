"""Write the golden trees anew: `python tests/tools/manifests/renew_golden.py` from the root, then
look at the difference in git."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2]))

from tools import manifests  # noqa: E402  # the line above lets it be found

for given in sorted((HERE / "golden").glob("*.input.json")):
    tree = given.with_suffix("").with_suffix("")
    shutil.rmtree(tree, ignore_errors=True)
    for path, text in manifests.render(**json.loads(given.read_text("utf-8")))["files"].items():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        (tree / path).write_text(text, "utf-8")
