"""Models over the corpus: share generated, names importable, examples accepted, mutants refused, CPU.

Run: .venv/bin/python -m bench.models [document ids] [--cli] [--skip-judge]
The judge is `jsonschema_rs` on the document's own schemas; it shares no code with tools/codegen.
Figures are CPU seconds of one warm process; `--cli` runs one `datamodel-codegen` command per document too.
"""

from __future__ import annotations

import argparse
import json
import keyword
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from bench import judge
from core.errors import AppError
from tools import codegen, openapi

CORPUS = Path(os.environ.get("AUTOWEAVE_CORPUS", Path(__file__).parents[2] / "shared" / "corpus")) / "openapi"
GOALS = {"S": 25, "M": 12, "L": 5, "XL": 3}
Row = dict[str, Any]


def main() -> None:
    options = _options()
    manifest = json.loads((CORPUS / "MANIFEST.json").read_text())["documents"]
    real = [each for each in manifest if each["file"].startswith("real/")]
    codegen.generate(_WARM)
    rows = [_row(each, options) for each in real if not options.ids or each["id"] in options.ids]
    _summary([row for row in rows if row])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("ids", nargs="*")
    parser.add_argument("--cli", action="store_true")
    parser.add_argument("--skip-judge", action="store_true")
    parser.add_argument("--show", type=int, default=3, help="false verdicts to print per document")
    return parser.parse_args()


def _row(each: dict[str, Any], options: argparse.Namespace) -> Row:
    row: Row = {"id": each["id"], "size": each["size"]}
    try:
        started = time.process_time()
        document = openapi.load(_source(each))["document"]
        row["load"] = time.process_time() - started
    except AppError as error:
        print(f"{each['id']:34} refused by openapi.load: {error}")
        return {}
    try:
        _measure(document, row)
    except AppError as error:
        row["error"] = f"{error.code} {error}"
    else:
        if not options.skip_judge:
            _judge(document, row, options.show)
    if options.cli:
        row["cli"] = _cli(CORPUS / each["file"])
    _print(row)
    return row


def _source(each: dict[str, Any]) -> dict[str, str]:
    parts = Path(each["file"]).parts
    root = CORPUS.joinpath(*parts[:2]) if len(parts) > 2 else CORPUS / parts[0]
    return {"root": str(root), "entry": str(Path(*parts[2:])) if len(parts) > 2 else parts[1]}


def _measure(document: dict[str, Any], row: Row) -> None:
    started = time.process_time()
    found = codegen.generate(document)
    for path, text in found["files"].items():
        compile(text, path, "exec")
    row["make"] = time.process_time() - started
    started = time.process_time()
    proof = codegen.prove(found["files"], found["names"], found["examples"])
    row["prove"] = time.process_time() - started
    row.update(found=found, classes=proof["classes"], built=proof["built"])
    row["lossy"] = sum(each["status"] != "generated" for each in found["fidelity"])


def _judge(document: dict[str, Any], row: Row, show: int) -> None:
    found = row["found"]
    module = codegen.load(found["files"])
    row["schema_failures"] = _json_schemas(module)
    row["names"] = _importable(document, found)
    result = judge.judge(document, found, module)
    row["counts"] = result.counts
    for text in result.wrong[:show]:
        print("    ", text)
    codegen.unload()


def _json_schemas(module: Any) -> list[str]:
    """Classes that cannot give their JSON schema."""
    from pydantic import BaseModel  # noqa: PLC0415  # the command line's --help needs none of it

    failed = []
    for name, value in vars(module).items():
        if isinstance(value, type) and issubclass(value, BaseModel):
            try:
                value.model_json_schema()
            except Exception as error:  # noqa: BLE001  # whatever it raises is the finding
                failed.append(f"{name}: {type(error).__name__} {str(error)[:100]}")
    return failed


def _importable(document: dict[str, Any], found: dict[str, Any]) -> tuple[int, int]:
    """(component schemas that `SCHEMAS` names and the package has, all of them)."""
    scope: dict[str, Any] = {}
    schemas = (document.get("components") or {}).get("schemas") or {}
    for name in schemas:
        spoken = (
            name
            if name.isidentifier() and not keyword.iskeyword(name)
            else found["names"]["schemas"].get(name, "?")
        )
        try:
            exec(f"from models import {spoken}", scope)
        except (ImportError, SyntaxError):
            scope.pop(spoken, None)
        else:
            scope[f"has {name}"] = True
    return sum(f"has {name}" in scope for name in schemas), len(schemas)


def _cli(path: Path) -> float:
    """CPU seconds of the plain command (it fails on half of the documents: that time counts as it is)."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder:
        command = [str(Path(sys.executable).with_name("datamodel-codegen")), "--input", str(path)]
        command += ["--input-file-type", "openapi", "--output-model-type", "pydantic_v2.BaseModel"]
        command += [
            "--target-python-version",
            "3.12",
            "--disable-timestamp",
            "--output",
            f"{folder}/models.py",
        ]
        done = subprocess.run(command, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return spent if done.returncode == 0 else -spent


def _print(row: Row) -> None:
    if "error" in row:
        print(f"{row['id']:34} {row['error']}")
        return
    cli = row.get("cli")
    line = f"{row['id']:34} {row['size']:2} classes {row['classes']:5} load {row['load']:.3f} "
    line += f"make {row['make']:.3f} prove {row['prove']:.3f} lossy {row['lossy']:3}"
    if cli:
        ratio = abs(cli) / (row["load"] + row["make"])
        failed = "" if cli > 0 else " (failed)"
        line += f" cli {abs(cli):.2f}{failed} ratio {ratio:.0f} (goal {GOALS[row['size']]})"
    print(line, dict(row.get("counts", {})), *row.get("schema_failures", [])[:3], flush=True)


def _summary(rows: list[Row]) -> None:
    good = [row for row in rows if "error" not in row]
    whole = [row for row in good if row["built"] == row["classes"] and not row.get("schema_failures")]
    print(f"\n{len(whole)} of {len(rows)} documents: compile, import, rebuild, JSON schema of every class")
    named = [row["names"] for row in good if "names" in row]
    print(f"component schemas importable by name: {sum(n for n, _ in named)} of {sum(n for _, n in named)}")
    total: Counter[str] = Counter()
    for row in good:
        total.update(row.get("counts", {}))
    for kind in ("examples", "made", "dropped", "typed", "null", "scalar"):
        right, all_ = total[f"{kind} right"], total[kind]
        if all_:
            print(f"{judge.MEANING[kind]}: {right} of {all_} = {100 * right / all_:.2f} %")


_WARM = {
    "openapi": "3.1.0",
    "components": {
        "schemas": {
            "A": {"type": "object", "properties": {"a": {"type": "string", "pattern": "^a$"}}},
            "B": {"allOf": [{"$ref": "#/components/schemas/A"}, {"properties": {"b": {"type": "integer"}}}]},
        }
    },
}

if __name__ == "__main__":
    main()
