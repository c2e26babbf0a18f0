"""From command-line words to a request: the descriptor, the options, the source."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from core.errors import Invalid
from graphs.integrate.deps import Child
from graphs.integrate.request import Request, capture

_PLAIN = ("name", "version", "image", "tenant", "replicas", "owner", "layout", "argocd")
DESCRIPTOR = "autoweave.yaml"


class PairInvalid(Invalid):
    """An option that takes NAME=VALUE was given something else."""

    code = "AW903"
    fix = "Write it as NAME=VALUE, such as --env LOG_LEVEL=info or --port http=8080."


class FileUnreadable(Invalid):
    """A file that was named cannot be read."""

    code = "AW902"
    fix = "Check the path and its permissions."


def request(spec: str, given: Mapping[str, Any], child: Child, *, kubernetes: str, fetch: Any) -> Request:
    """`given` are the options by their names; `fetch` gets a URL's bytes by name."""
    source, entry = _source(spec, given.get("root"), child, fetch)
    return Request(
        source=source,
        entry=entry,
        descriptor=_descriptor(spec, given.get("descriptor")),
        overrides=overrides(given),
        strict=bool(given.get("strict")),
        kubernetes=given.get("kubernetes") or kubernetes,
        engines=tuple(given.get("engines") or ("builtin",)),
        waivers=waivers(given.get("waivers")),
    )


def folders(spec: str, root: Path | None) -> tuple[Path, ...]:
    """Where the files of a spec lie, when it is on this machine."""
    if spec == "-" or "://" in spec:
        return ()
    path = Path(spec).absolute()
    found = root.absolute() if root else path if path.is_dir() else path.parent
    return (found,) if found.is_dir() else ()


def overrides(given: Mapping[str, Any]) -> dict[str, Any]:
    """The module's fields that the command line names, in the descriptor's own form."""
    made: dict[str, Any] = {name: given[name] for name in _PLAIN if given.get(name) is not None}
    if ports := given.get("ports"):
        made["ports"] = [{"name": name, "port": _number(value)} for name, value in _pairs(ports)]
    if env := given.get("env"):
        made["env"] = dict(_pairs(env))
    resources = {
        kind: dict(_pairs(given[f"{kind[:-1]}"])) for kind in ("requests", "limits") if given.get(kind[:-1])
    }
    if resources:
        made["resources"] = resources
    git = {"remote": _address(given.get("git_remote")), "branch": given.get("branch")}
    if any(git.values()):
        made["git"] = {key: value for key, value in git.items() if value}
    return made


def is_address(text: str) -> bool:
    """Whether a `--git-remote` is an address, not a path on this machine."""
    return ":" in text or "@" in text.partition("/")[0]


def _address(text: str | None) -> str | None:
    return text if text and is_address(text) else None


def _source(spec: str, root: Path | None, child: Child, fetch: Any) -> tuple[dict[str, bytes], str]:
    if spec == "-":
        return {"openapi.yaml": sys.stdin.buffer.read()}, "openapi.yaml"
    if spec.startswith(("https://", "http://")):
        name = spec.partition("?")[0].rstrip("/").rpartition("/")[2]
        name = name if name.endswith((".json", ".yaml", ".yml")) else "openapi.yaml"
        return {name: fetch(spec)}, name
    return capture(Path(spec), child, root)


def _descriptor(spec: str, named: Path | None) -> str:
    """The descriptor that was named, or the one beside the spec."""
    if named is None:
        place = Path(spec)
        beside = (place if place.is_dir() else place.parent) / DESCRIPTOR
        if spec == "-" or "://" in spec or not beside.is_file():
            return ""
        named = beside
    return text(named)


def text(path: Path) -> str:
    try:
        return content(path).decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileUnreadable("The file is not UTF-8.", place=str(path)) from error


def content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileUnreadable(f"The file cannot be read: {error.strerror}.", place=str(path)) from error


def waivers(path: Path | None) -> tuple[Mapping[str, str], ...]:
    if path is None:
        return ()
    import yaml  # noqa: PLC0415  # few commands name waivers

    try:
        listed = yaml.safe_load(text(path)) or []
    except yaml.YAMLError as error:
        raise FileUnreadable(f"The waivers are not YAML: {error}.", place=str(path)) from error
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise FileUnreadable("The waivers are not a list of mappings.", place=str(path))
    return tuple({str(key): str(value) for key, value in each.items()} for each in listed)


def _pairs(words: Iterable[str]) -> Iterable[tuple[str, str]]:
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise PairInvalid(f"{word!r} is not NAME=VALUE.")
        yield name, value


def _number(value: str) -> int | str:
    return int(value) if value.isascii() and value.isdigit() else value
