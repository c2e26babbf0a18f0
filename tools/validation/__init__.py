"""Check manifests in four layers and account for every document × check in a ledger.

Strict YAML, schema, semantics, policy; an empty pass is a failure. Nothing is fetched, and nothing
runs but the engines that are named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tools.validation.layers import CHECKS, ENGINES, KUBERNETES, Options, UnknownEngine
from tools.validation.layers import check as _check
from tools.validation.ledger import Entry, Ledger, Row, Waived
from tools.validation.reading import Limits
from tools.validation.schemas import UnknownVersion
from tools.validation.waivers import Waiver, WaiverInvalid

__all__ = [
    "CHECKS",
    "ENGINES",
    "KUBERNETES",
    "Entry",
    "Ledger",
    "Limits",
    "Options",
    "Row",
    "UnknownEngine",
    "UnknownVersion",
    "Waived",
    "Waiver",
    "WaiverInvalid",
    "check",
]


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
    )
    return _check(files, options, today=today)
