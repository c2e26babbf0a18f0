"""Real and hostile documents: verdicts, bundles, and what must never happen."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.errors import AppError
from tools import openapi
from tools.openapi import grammar, refs

pytestmark = pytest.mark.corpus


def listed(corpus: Path, part: str) -> list[dict[str, Any]]:
    manifest = json.loads((corpus / "openapi" / "MANIFEST.json").read_text())
    return [each for each in manifest["documents"] if each["file"].startswith(part)]


def source(corpus: Path, each: dict[str, Any]) -> openapi.Folder:
    path = corpus / "openapi" / each["file"]
    root = corpus / "openapi" / "/".join(Path(each["file"]).parts[:2])
    return openapi.Folder(root, path.relative_to(root).as_posix()) if root.is_dir() else openapi.locate(path)


def test_every_real_document_is_read_and_whole(corpus: Path) -> None:
    dangling = []
    for each in listed(corpus, "real/"):
        document = openapi.parse(source(corpus, each)).document
        for kind, node, trail in grammar.walk(document, "root", grammar.V3):
            ref = node.get("$ref")
            if isinstance(ref, str) and not (ref.startswith("#/") and refs.found(document, ref[1:])[0]):
                dangling.append((each["id"], kind, grammar.pointer(trail), ref))

    assert dangling == []


def test_folder_of_several_files_finds_its_document(corpus: Path) -> None:
    found = {
        each["id"]: openapi.locate(source(corpus, each).root).entry
        for each in listed(corpus, "real/")
        if each["id"]
        in ("oai-petstore-separate", "sendgrid-multi", "redocly-petstore-split", "libopenapi-nested")
    }

    assert found == {
        "oai-petstore-separate": "spec/swagger.json",
        "sendgrid-multi": "oas_v3.json",
        "redocly-petstore-split": "openapi.yaml",
        "libopenapi-nested": "openapi.yaml",
    }


def test_file_that_refers_above_its_folder_says_to_give_the_folder(corpus: Path) -> None:
    path = corpus / "openapi" / "real" / "oai-petstore-separate" / "spec" / "swagger.json"

    with pytest.raises(AppError, match="leaves the document's folder") as caught:
        openapi.parse(openapi.locate(path))

    assert "folder" in caught.value.fix


PROBE = """
import pathlib, resource, sys
from core.errors import AppError
from tools import openapi
try:
    openapi.parse(openapi.locate(pathlib.Path(sys.argv[1])))
    ended = "accept"
except AppError:
    ended = "reject"
status = pathlib.Path("/proc/self/status").read_text().splitlines()
peak_kb = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
print(ended, sum(resource.getrusage(resource.RUSAGE_SELF)[:2]), peak_kb)
"""


def test_hostile_documents_end_as_the_manifest_expects(corpus: Path) -> None:
    """Each in a process of its own; VmHWM, because ru_maxrss is inherited from the parent."""
    wrong = []
    for each in listed(corpus, "hostile/"):
        path = corpus / "openapi" / each["file"]
        run = subprocess.run([sys.executable, "-c", PROBE, path], capture_output=True, text=True, check=True)
        ended, cpu_s, peak_kb = run.stdout.split()
        wanted = {"reject-fast": "reject", "accept": "accept", "reject": "reject"}.get(each["expect"], ended)
        if ended != wanted or float(cpu_s) > 5 or int(peak_kb) > 512 * 1024:
            wrong.append((each["id"], ended, cpu_s, peak_kb))

    assert wrong == []


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_verdict_agrees_with_the_authority(corpus: Path) -> None:
    single = [each for each in listed(corpus, "real/") if each["files"] == 1 and each["size"] in "SM"]
    differs = []
    for each in single:
        ours = not any(one.severity == "error" for one in openapi.parse(source(corpus, each)).findings)
        try:
            openapi.authority(openapi.cleared(source(corpus, each)))
            theirs = True
        except openapi.AuthorityRefused:
            theirs = False
        if ours != theirs:
            differs.append(each["id"])

    assert len(single) >= 30
    assert differs == []
