"""`validate`: manifests held against schemas, semantics and policy; every check accounted for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

import orjson
from pydantic import BaseModel, Field

from core import paths
from core.http.context import Tool
from core.http.front import Caller

FINDINGS = 100

Name = Annotated[str, Field(min_length=1, max_length=1000)]
Text = Annotated[str, Field(max_length=1_000_000)]


class Checker(Protocol):
    """`graphs.integrate.session.Session`, which checks in the confined child."""

    def check(
        self, files: Mapping[str, str], options: Mapping[str, Any], report: str
    ) -> tuple[bool, str]: ...


class Asked(BaseModel):
    files: dict[Name, Text] = Field(
        min_length=1, max_length=500, description="Manifests: path → YAML or JSON text."
    )
    kubernetes: str = Field(
        "",
        pattern=r"^(v?\d+\.\d+(\.\d+)?)?$",
        max_length=20,
        description="Version; empty: the server's default.",
    )
    fail_on_warning: bool = False


class Checked(BaseModel):
    """`ok` only when something was checked and nothing failed. `left_out` says what was not run, and why."""

    ok: bool
    totals: dict[str, int]
    digest: str
    findings: list[dict[str, Any]]
    is_cut: bool = Field(description="There are more findings than are shown.")
    left_out: list[str]


@dataclass(frozen=True)
class Examiner:
    checker: Checker
    today: Callable[[], str]
    kubernetes: str

    @property
    def tool(self) -> Tool:
        return Tool(
            name="validate",
            title="Validate manifests",
            description=(
                "Check Kubernetes manifests: strict YAML, schemas, semantics and policy. Returns the "
                "ledger's totals and findings, each with its code, place and fix. Changes nothing."
            ),
            input=Asked,
            output=Checked,
            call=self._validate,
            is_read_only=True,
            is_idempotent=True,
        )

    async def _validate(self, _: Caller, asked: Asked) -> Mapping[str, Any]:
        paths.check_all(asked.files)
        options = {
            "today": self.today(),
            "kubernetes": asked.kubernetes or self.kubernetes,
            "engines": ["builtin"],
            "waivers": [],
            "ignore_missing": False,
            "fail_on_warning": asked.fail_on_warning,
            "policies": None,
            "outside": {"kubeconfig": ""},
        }
        told = await asyncio.to_thread(self.checker.check, asked.files, options, "json")
        return _checked(orjson.loads(told[1]))


def _checked(ledger: Mapping[str, Any]) -> dict[str, Any]:
    findings = [each for entry in ledger["entries"] for each in entry["findings"]]
    left_out = sorted(
        {
            f"{entry['status'].replace('_', ' ')}: {entry['check']}: {entry['reason']}"
            for entry in ledger["entries"]
            if entry["status"] in ("skipped", "not_run")
        }
    )
    return {
        "ok": ledger["ok"],
        "totals": ledger["totals"],
        "digest": ledger["digest"],
        "findings": findings[:FINDINGS],
        "is_cut": len(findings) > FINDINGS,
        "left_out": left_out[:FINDINGS],
    }
