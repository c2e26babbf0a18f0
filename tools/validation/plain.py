"""The front door: `check` for values, `run` for plain data across the border of a sandbox."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from core.errors import Invalid
from core.names import closest
from tools.validation import layers, policy, schemas, shapes
from tools.validation.binaries import Outside
from tools.validation.ledger import Ledger
from tools.validation.passes import KUBERNETES, Options
from tools.validation.reading import Limits
from tools.validation.waivers import Waiver


class OptionsInvalid(Invalid):
    """The options of a validation are not what they should be."""

    code = "AW499"
    fix = "See `docs/validation.md` for the options."


def check(
    files: Mapping[str, str],
    *,
    today: str,
    kubernetes: str = KUBERNETES,
    engines: Sequence[str] = ("builtin",),
    policies: Mapping[str, str] | None = None,
    data: Mapping[str, Any] | None = None,
    registries: Sequence[str] = (),
    waivers: Sequence[Waiver] = (),
    extra_schemas: Mapping[str, Any] | None = None,
    ignore_missing: bool = False,
    reject: Sequence[str] = (),
    fail_on_warning: bool = False,
    limits: Limits | None = None,
    outside: Outside | None = None,
) -> Ledger:
    """Check a set of files, path → text. `policies=None` means the ones that come with AutoWeave."""
    options = Options(
        kubernetes=kubernetes,
        engines=tuple(engines),
        policies=policies,
        data=data or {},
        registries=tuple(registries),
        waivers=tuple(waivers),
        extra_schemas=extra_schemas or {},
        ignore_missing=ignore_missing,
        reject=tuple(reject),
        fail_on_warning=fail_on_warning,
        limits=limits or Limits(),
        outside=outside or Outside(),
    )
    return layers.check(files, options, today=today)


def run(files: dict[str, str], options: dict[str, Any]) -> dict[str, Any]:
    """`check` over plain data: the same options by name, waivers and limits as objects; the ledger's data.

    In a sandbox `tools.validation:preload` must run before the rights are given up: the policy engine
    reserves more address space when it is loaded than a confined child may have.
    """
    known = {field.name for field in fields(Options)} | {"today"}
    for name in sorted(options):
        if name not in known:
            near = closest(name, known)
            hint = f"; did you mean {near}?" if near else "."
            raise OptionsInvalid(f"There is no option {name!r}{hint}", option=name)
    if not isinstance(options.get("today"), str):
        raise OptionsInvalid("`today` is missing: a date such as 2027-01-31.")
    given = dict(options)
    given["waivers"] = [Waiver.from_dict(waiver) for waiver in options.get("waivers", ())]
    given["limits"] = _made(Limits, options.get("limits"))
    given["outside"] = _made(Outside, options.get("outside"))
    return check(files, **given).to_dict()


def _made(kind: Any, given: Mapping[str, Any] | None) -> Any:
    try:
        return kind(**(given or {}))
    except TypeError as error:
        raise OptionsInvalid(f"{kind.__name__} has no such field: {sorted(given or {})}.") from error


def preload(kubernetes: str = KUBERNETES) -> None:
    """Read what a confined process could not, and compile the policies, before its rights are given up."""
    schemas.preload(schemas.version(kubernetes))
    shapes.own()
    policy.load(policy.bundled(), policy.with_registries({}, ()))
