"""Check manifests in four layers and account for every document × check in a ledger.

Strict YAML, schema, semantics, policy; an empty pass is a failure. Nothing is fetched, and nothing
runs but the engines that are named.
"""

from __future__ import annotations

from tools.validation.binaries import Outside, available
from tools.validation.layers import ENGINES, UnknownEngine
from tools.validation.ledger import Entry, Ledger, Row, Waived
from tools.validation.machines import junit, sarif
from tools.validation.passes import CHECKS, KUBERNETES, Options
from tools.validation.plain import OptionsInvalid, check, preload, run
from tools.validation.reading import Limits
from tools.validation.rego import PolicyRefused
from tools.validation.report import text, to_json
from tools.validation.schemas import UnknownVersion
from tools.validation.shapes import SchemaRefused
from tools.validation.waivers import Waiver, WaiverInvalid

__all__ = [
    "CHECKS",
    "ENGINES",
    "KUBERNETES",
    "Entry",
    "Ledger",
    "Limits",
    "Options",
    "OptionsInvalid",
    "Outside",
    "PolicyRefused",
    "Row",
    "SchemaRefused",
    "UnknownEngine",
    "UnknownVersion",
    "Waived",
    "Waiver",
    "WaiverInvalid",
    "available",
    "check",
    "junit",
    "preload",
    "run",
    "sarif",
    "text",
    "to_json",
]
