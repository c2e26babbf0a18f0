"""The house rules that a machine can check: rooms, sizes, names, explained codes."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
ROOMS = {
    "autoweave", "cli.py", "server.py", "core", "tools", "graphs", "prompts", "templates", "evals", "tests",
    "bench", "docs", "examples", "pyproject.toml", "uv.lock", "Makefile", "README.md", "README.fr.md",
    "CHANGELOG.md", "LICENSE", ".gitignore", ".gitattributes", ".ci", "langgraph.json",
    "Dockerfile", ".dockerignore", "compose.yaml", "deploy",
}  # fmt: skip
OURS = {"cli", "server", "core", "tools", "graphs", "prompts", "templates", "evals", "tests", "bench"}
OFF_LIMITS = re.compile(
    r"MagicMock|mock\.patch|\bpatch\(|monkeypatch\.setattr|\btime\.sleep\(|asyncio\.sleep\([^0]"
)
CODE = re.compile(r"\bAW\d{3}\b")


@cache
def tracked() -> tuple[Path, ...]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split("\n")  # fmt: skip
    return tuple(ROOT / name for name in listed if name and (ROOT / name).is_file())


def python_files() -> list[Path]:
    return [path for path in tracked() if path.suffix == ".py"]


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_the_top_level_holds_only_known_rooms() -> None:
    assert {relative(path).split("/")[0] for path in tracked()} <= ROOMS


@pytest.mark.parametrize("path", python_files(), ids=relative)
def test_files_and_functions_keep_their_size(path: Path) -> None:
    text = path.read_text()

    long = [
        f"{node.name} ({node.end_lineno - node.lineno + 1} lines)"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno is not None
        and node.end_lineno - node.lineno + 1 > 60
    ]

    assert text.count("\n") <= 400, "split the file"
    assert not long


def test_no_installed_package_owns_one_of_our_names() -> None:
    owners = importlib.metadata.packages_distributions()

    assert {name: owners[name] for name in OURS & owners.keys()} == {}


def test_tests_neither_patch_nor_sleep() -> None:
    guilty = [
        f"{relative(path)}: {hit.group()}"
        for path in python_files()
        if relative(path).startswith("tests/") and path != Path(__file__)
        for hit in OFF_LIMITS.finditer(path.read_text())
    ]

    assert guilty == []


def test_importing_a_room_opens_nothing() -> None:
    """Importing any module but a root must not start processes, threads or connections."""
    modules = sorted(
        relative(path)[:-3].replace("/", ".").removesuffix(".__init__")
        for path in python_files()
        if relative(path).split("/")[0] in {"core", "tools", "graphs", "evals"}
    )
    probe = (
        "import sys, importlib, threading\n"
        "opens = ('socket.connect', 'subprocess.Popen', 'os.fork', 'os.posix_spawn')\n"
        "def hook(event, args):\n"
        "    if event in opens: raise SystemExit(event)\n"
        "sys.addaudithook(hook)\n"
        f"[importlib.import_module(name) for name in {modules!r}]\n"
        "assert threading.active_count() == 1\n"
    )

    run = subprocess.run(
        [ROOT / ".venv/bin/python", "-c", probe], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert run.returncode == 0, run.stderr


def test_nobody_imports_a_root() -> None:
    roots = {"cli", "server"}
    guilty = [
        relative(path)
        for path in python_files()
        if relative(path).split("/")[0] in {"core", "tools", "graphs", "evals"}
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.Import) and roots & {each.name.split(".")[0] for each in node.names})
        or (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in roots)
    ]

    assert guilty == []


@cache
def explained() -> dict[str, str]:
    sections: dict[str, str] = {}
    for page in sorted((ROOT / "docs" / "rules").glob("*.md")):
        for code in re.findall(r"^## (AW\d{3}) · ", page.read_text(), flags=re.MULTILINE):
            assert code not in sections, f"{code} stands in {sections[code]} and {page.name}"
            sections[code] = page.name
    return sections


def test_every_code_is_explained_and_every_explanation_is_used() -> None:
    used = {
        code
        for path in tracked()
        if relative(path).split("/")[0]
        in {"cli.py", "server.py", "core", "tools", "graphs", "evals", "templates"}
        and path.suffix in {".py", ".rego", ".yaml", ".json"}
        for code in CODE.findall(path.read_text())
    } - {"AW000"}

    assert used - explained().keys() == set(), "codes without a section in docs/rules"
    assert explained().keys() - used == set(), "sections without a code"


def test_documents_name_no_machine() -> None:
    private = re.compile(r"/work/|/root/|\.\./\.library|/opt/wheels|ghp_[A-Za-z0-9]{20}|sk-[A-Za-z0-9]{20}")
    guilty = [
        relative(path)
        for path in tracked()
        if path.suffix in {".py", ".md", ".sh", ".toml", ".yaml", ".rego", ".cfg", ""}
        and path != Path(__file__)
        and private.search(path.read_text(errors="replace"))
    ]

    assert guilty == []
