"""Read a module descriptor, or make one from a spec's title and version. Touches no file."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from core import names
from core.errors import Invalid
from tools.manifests import fields, loading
from tools.manifests.module import Module

FILE = "autoweave.yaml"


class DescriptorInvalid(Invalid):
    """A field of the descriptor has a value we do not accept."""

    code = "AW303"
    fix = "Correct the field in autoweave.yaml; docs/descriptor.md lists what each one takes."


class FieldUnknown(DescriptorInvalid):
    code = "AW302"
    fix = "Remove the field or correct its name."


class NameRefused(DescriptorInvalid):
    code = "AW304"
    fix = "Choose a name of lower-case letters, digits and hyphens that starts with a letter."


class ImageRefused(DescriptorInvalid):
    code = "AW305"
    fix = "Give a fixed tag or a digest: registry/path:1.4.2 or registry/path@sha256:…"


class QuantityRefused(DescriptorInvalid):
    code = "AW306"
    fix = "Write amounts as Kubernetes does: cpu `250m` or `2`, memory `256Mi` or `2Gi`."


class EnvRefused(DescriptorInvalid):
    code = "AW307"
    fix = "Rename the variable; it is letters, digits and underscores."


class SecretRefused(DescriptorInvalid):
    code = "AW308"
    fix = "Keep the value in a Secret and write `secretKeyRef: {name: …, key: …}` instead."


class ChartRefused(DescriptorInvalid):
    code = "AW309"
    fix = "Give a folder inside the repository, such as deployment/helm-chart."


class FieldMissing(DescriptorInvalid):
    code = "AW311"
    fix = "Add the field to autoweave.yaml, or give the option on the command line."


class RemoteRefused(DescriptorInvalid):
    code = "AW312"
    fix = "Give an https, ssh or file address without user data in it."


class KeyRefused(DescriptorInvalid):
    code = "AW313"
    fix = "Use a key of your own, such as example.com/team, with a short value."


_CLASSES: dict[str, type[Invalid]] = {
    cls.code: cls
    for cls in (
        DescriptorInvalid, FieldUnknown, NameRefused, ImageRefused, QuantityRefused, EnvRefused,
        SecretRefused, ChartRefused, loading.TextTooLarge, FieldMissing, RemoteRefused, KeyRefused,
    )
}  # fmt: skip


def read(
    source: str | Mapping[str, Any], *, spec_title: str = "", spec_version: str = "", **overrides: Any
) -> Module:
    """The module a descriptor names; an override that is None counts as not given.

    Mappings among the overrides (`env`, `resources` …) are laid over the descriptor's own. Where
    neither gives a name or a version, the spec's title and version do.
    """
    data = loading.load(source) if isinstance(source, str) else dict(source)
    given = {key: value for key, value in overrides.items() if value is not None}
    data = _merged(data, given)
    if spec_title and "name" not in data:
        data["name"] = slug(spec_title)
    if spec_version and "version" not in data:
        data["version"] = tag(spec_version)
    return checked(data, given)


def default(*, name: str, version: str, **overrides: Any) -> Module:
    """A module from a spec's title and version alone."""
    return read({}, spec_title=name or "module", spec_version=version or "0.0.0", **overrides)


def checked(data: Mapping[str, Any], given: Collection[str] = ()) -> Module:
    """The module, or one refusal that lists every problem; fields in `given` came as options."""
    try:
        return Module.model_validate(data)
    except ValidationError as error:
        items = error.errors(include_url=False)
        problems = [_problem(item) for item in items if not _is_echo(item, items)]
        raise _refusal(problems, given) from error


def tenant(source: str, overrides: Mapping[str, Any]) -> str:
    """Whom a descriptor's module belongs to, without judging the rest of it."""
    named = overrides.get("tenant") or (loading.load(source) if source else {}).get("tenant")
    return str(named or Module.model_fields["tenant"].default)


def slug(title: str) -> str:
    """A module name from any title: ASCII, at most 40 long, letter first, not reserved.

    Where that loses the end of the title, or all of it, six hex digits keep two titles apart.
    """
    from unicodedata import normalize  # noqa: PLC0415  # only a title needs it

    folded = normalize("NFKD", title[:400]).encode("ascii", "ignore").decode().lower()
    name = re.sub("[^a-z0-9]+", "-", folded).strip("-")
    if not name:
        return f"module-{_mark(title)}" if title.strip() else "module"
    if not name[0].isalpha():
        name = f"api-{name}"
    if name in fields.RESERVED or name.startswith(fields.RESERVED_PREFIXES):
        name = f"app-{name}"
    return name if len(name) <= 40 else f"{name[:33].rstrip('-')}-{_mark(title)}"


def tag(version: str) -> str:
    """A version from any text: what an image tag and a label accept, at most 40 long."""
    text = re.sub("[^A-Za-z0-9._-]+", "-", version.strip()[:200]).strip("._-")[:40].rstrip("._-")
    return text if text and text.lower() != "latest" else "0.0.0"


def schema() -> dict[str, Any]:
    """The descriptor's JSON Schema, as published in docs/schemas."""
    return Module.model_json_schema()


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:6]


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        result[key] = _merged(below, value) if both else value  # type: ignore[arg-type]
    return result


def _is_echo(item: Any, items: list[Any]) -> bool:
    """A list whose only element was refused is also called too short."""
    if item["type"] != "too_short":
        return False
    loc = item["loc"]
    return any(each["loc"][: len(loc)] == loc and len(each["loc"]) > len(loc) for each in items)


def _problem(item: Any) -> dict[str, str]:
    parts = [str(part) for part in item["loc"] if part not in _BRANCHES]
    code, message = _told(item)
    pointer = "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)
    return {"code": code, "field": ".".join(parts), "place": pointer, "message": message}


def _told(item: Any) -> tuple[str, str]:
    kind, value = item["type"], item.get("input")
    if kind == "extra_forbidden":
        return "AW302", _unknown(item["loc"])
    if kind == "missing":
        return "AW311", "is required"
    if kind in {"too_long", "string_too_long"} and len(str(value)) > 1000:
        return "AW310", item["msg"]
    if kind == "literal_error":
        known = re.findall("'([^']*)'", item["ctx"]["expected"])
        near = names.closest(str(value), known)
        hint = f"; did you mean `{near}`?" if near else ""
        return "AW303", f"{_shown(value, kind)}is not one of {', '.join(known)}{hint}"
    return (kind if kind in _CLASSES else "AW303"), f"{_shown(value, kind)}{item['msg']}"


# Pydantic names the branch of a union in the location; a reader does not write it.
_BRANCHES = frozenset({"text", "reference", "[key]"})


def _shown(value: Any, kind: str) -> str:
    # Before an `@` there may be a password.
    if kind == "AW308" or not isinstance(value, str | int | float) or "@" in str(value):
        return ""
    text = repr(value)
    return f"{text if len(text) <= 60 else text[:57] + '…'} "


def _unknown(loc: tuple[Any, ...]) -> str:
    model = _model_at(loc[:-1])
    known = [*model.model_fields, *(["namespace"] if model is Module else [])] if model else []
    near = names.closest(str(loc[-1]), known)
    if near == "namespace":
        return "is not a field: the namespace is always `<tenant>-<environment>`"
    return f"is not a field; did you mean `{near}`?" if near else "is not a field"


def _model_at(loc: tuple[Any, ...]) -> type[BaseModel] | None:
    model: type[BaseModel] | None = Module
    for part in loc:
        if model is None or not isinstance(part, str):
            continue
        field = model.model_fields.get(part)
        if field is not None:
            model = next(iter(_models(field.annotation)), None)
    return model


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)


def _refusal(problems: list[dict[str, str]], given: Collection[str]) -> Invalid:
    first = problems[0]
    lines = [f"{item['field'] or 'the descriptor'}: {item['message']}" for item in problems[:20]]
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return _CLASSES[first["code"]](
        f"{lines[0]}{more}",
        place=f"{'options' if first['field'].split('.')[0] in given else FILE}#{first['place']}",
        problems=[{**item, "fix": _CLASSES[item["code"]].fix} for item in problems[:100]],
    )
