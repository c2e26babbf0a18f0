"""Write the golden package anew, to be read in the diff: python -m tests.tools.codegen.renew_golden"""

from __future__ import annotations

from tests.tools.codegen.conftest import written
from tests.tools.codegen.test_generate import GOLDEN, PATHS, SHOP
from tools import codegen

if __name__ == "__main__":
    for path, text in codegen.generate(written(SHOP, paths=PATHS))["files"].items():
        target = GOLDEN / "shop" / f"{path}.txt"  # `.txt`: generated code keeps its own style
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
