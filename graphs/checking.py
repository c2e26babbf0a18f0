"""`validate`, `doctor` and `explain`: look at things, change nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import NotFound, TooLarge
from core.names import closest
from core.terminal import Terminal
from graphs.integrate import asking
from graphs.integrate.request import capture
from graphs.integrate.session import Session

DONE, FAILED = 0, 1
MAX_FILES = 5_000
_TYPES = frozenset({".yaml", ".yml", ".json", ".rego"})
_OPENAPI = re.compile(r'^\s{0,2}[{]?\s*["\']?(openapi|swagger)["\']?\s*:', re.MULTILINE)


class RuleUnknown(NotFound):
    """There is no rule or error of that code."""

    code = "AW905"
    fix = "List them all with `./autoweave explain`."


class PathMissing(NotFound):
    """What should be checked is not there."""

    code = "AW906"
    fix = "Name a file or a folder that exists."


class TooManyFiles(TooLarge):
    """The folder holds more files than one validation takes."""

    code = "AW907"
    fix = "Name a folder further down."


def validated(
    work: Session, paths: Sequence[Path], terminal: Terminal, *, report: str, given: Mapping[str, Any]
) -> int:
    """Check an OpenAPI document (one path) or manifests, and print the report."""
    if len(paths) == 1 and _is_spec(paths[0]):
        return _spec(work, paths[0], terminal, authority=bool(given.get("authority")))
    options = {
        "today": datetime.now(UTC).date().isoformat(),
        "kubernetes": given.get("kubernetes") or work.means.kubernetes,
        "engines": list(given.get("engines") or ("builtin",)),
        "waivers": [dict(each) for each in asking.waivers(given.get("waivers"))],
        "ignore_missing": bool(given.get("ignore_missing_schemas")),
        "fail_on_warning": bool(given.get("fail_on_warn")),
        "policies": _policies(given.get("policy")),
        "outside": {"kubeconfig": str(cluster.absolute()) if (cluster := given.get("kubeconfig")) else ""},
    }
    files = _files(paths)
    terminal.say(f"… checking {len(files)} files")
    ok, text = work.check(files, options, report)
    terminal.raw(text)
    return DONE if ok else FAILED


def _is_spec(path: Path) -> bool:
    if not path.is_file() or path.suffix not in _TYPES:
        return False
    with path.open(encoding="utf-8", errors="replace") as file:
        return bool(_OPENAPI.search(file.read(64_000)))


def _spec(work: Session, path: Path, terminal: Terminal, *, authority: bool) -> int:
    source, entry = capture(path, work.child)
    terminal.say("… reading the spec")
    found = work.findings(source, entry, authority=authority)
    lines = [f"{each['severity']:8} {each['rule']} {_at(each)}: {each['message']}" for each in found]
    errors = sum(each["severity"] == "error" for each in found)
    lines.append(
        f"{entry}: {errors} errors, {len(found) - errors} other findings. None of them blocks integrating it."
    )
    terminal.result({"findings": found}, "\n".join(lines))
    return FAILED if errors else DONE


def _at(finding: Mapping[str, Any]) -> str:
    line = f":{finding['line']}" if finding["line"] else ""
    return f"{finding['file']}{line} {finding['place']}".strip()


def _files(paths: Sequence[Path]) -> dict[str, str]:
    """Every YAML, JSON and Rego file at or below the paths, by its name as given."""
    found: dict[str, str] = {}
    for path in paths:
        if not path.exists():
            raise PathMissing(f"There is no {path}.", place=str(path))
        below = (
            sorted(p for p in path.rglob("*") if p.suffix in _TYPES and p.is_file())
            if path.is_dir()
            else [path]
        )
        found |= {each.as_posix(): asking.text(each) for each in below if ".git" not in each.parts}
        if len(found) > MAX_FILES:
            raise TooManyFiles(f"There are more than {MAX_FILES} files.", place=str(path))
    return found


def _policies(folder: Path | None) -> dict[str, str] | None:
    if folder is None:
        return None
    if not folder.is_dir():
        raise PathMissing(f"There is no folder {folder}.", place=str(folder))
    return {path.name: asking.text(path) for path in sorted(folder.rglob("*.rego"))}


def explained(rule: str | None, folder: Path, terminal: Terminal) -> int:
    """One rule's section, or the list of all titles."""
    found = sections(folder)
    if rule is None:
        terminal.result({}, "\n".join(text.partition("\n")[0] for _, text in sorted(found.items())))
        return DONE
    code = rule.upper()
    if code not in found:
        near = closest(code, found)
        hint = f" Did you mean {near}?" if near else ""
        raise RuleUnknown(f"There is no rule {rule}.{hint}")
    terminal.result({}, found[code])
    return DONE


def sections(folder: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for page in sorted(folder.glob("*.md")):
        parts = re.split(r"^## (?=AW\d{3} · )", page.read_text("utf-8"), flags=re.MULTILINE)
        found |= {part[:5]: part.strip() for part in parts[1:]}
    return found
