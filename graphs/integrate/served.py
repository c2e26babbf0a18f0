"""`integrate` as clients see it: what they may send, what they get, and how a run of it is driven.

The tenant is the caller's; a repository, a branch or another tenant cannot be named here.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.blobs import Blobs
from core.errors import Invalid
from core.http.front import Caller, Offer
from core.store import Run
from graphs.front.kinds import Admission, Tell
from graphs.integrate import guard, runner
from graphs.integrate.places import TenantForeign
from graphs.integrate.request import Request, given
from graphs.integrate.runner import Answer, Seat

if TYPE_CHECKING:
    from graphs.integrate.session import Session

MAX_SPEC = 8_000_000
Text = Field(default=None, max_length=500)


class SpecMissing(Invalid):
    """There is nothing to integrate."""

    code = "AW937"
    fix = 'Send {"spec": "<the OpenAPI document, or its https address>"}.'


class Waiver(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rule: str = Field(max_length=40)
    document: str = Field(max_length=500, description="`Kind/name`, or a path, each with `*` for any part.")
    reason: str = Field(max_length=500)
    until: str = Field(max_length=10, description="The last good day, such as 2027-01-31.")


class Port(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str = Field(max_length=50)
    port: int = Field(ge=1, le=65_535)


class IntegrateInput(BaseModel):
    """A spec, and what is to be known of the module."""

    model_config = ConfigDict(extra="forbid", title="Integrate")

    spec: str = Field(
        max_length=MAX_SPEC,
        description="The OpenAPI document (JSON or YAML), or its https address.",
        json_schema_extra={"widget": {"type": "textarea"}},
    )
    name: str | None = Text
    version: str | None = Text
    image: str | None = Text
    replicas: int | None = Field(default=None, ge=0, le=1000)
    ports: list[Port] | None = Field(default=None, max_length=20)
    env: dict[str, str] | None = None
    resources: dict[Literal["requests", "limits"], dict[str, str]] | None = None
    owner: str | None = Text
    layout: Literal["kustomize", "helm"] | None = None
    argocd: Literal["application", "applicationset", "none"] | None = None
    descriptor: str = Field(default="", max_length=100_000, description="The text of an autoweave.yaml.")
    strict: bool = False
    kubernetes: str | None = Field(default=None, max_length=10)
    waivers: list[Waiver] = Field(default_factory=list, max_length=100)


class IntegrateOutput(BaseModel):
    """Where the integration stands; a plan that waits is answered with approve, edit or reject."""

    change: dict[str, Any] | None = Field(
        default=None, description="The plan: digest, risk, summary, counts."
    )
    ledger: dict[str, Any] | None = Field(default=None, description="Every check, with its outcome.")
    fidelity: dict[str, Any] | None = Field(default=None, description="What of the spec the models hold.")
    decision: str | None = Field(default=None, description="approve, edit or reject")
    receipt: dict[str, Any] | None = Field(default=None, description="Commit, branch, remote.")
    problem: dict[str, Any] | None = Field(default=None, description="An expected failure.")


_OVERRIDES = (
    "name",
    "version",
    "image",
    "replicas",
    "ports",
    "env",
    "resources",
    "owner",
    "layout",
    "argocd",
)


class Integrate:
    """The kind of run that `integrate` is; see `graphs.front.kinds.Kind`."""

    def __init__(
        self, seat: Seat, kept: Blobs, *, kubernetes: str, fetch: Callable[[str], bytes] | None
    ) -> None:
        self._seat = seat
        self._kept = kept
        self._kubernetes = kubernetes
        self._fetch = fetch
        self.offer = Offer(
            id="integrate",
            description="An OpenAPI document becomes typed models, validated manifests and an Argo CD"
            " Application, shown as a plan, approved, and committed to git.",
            input=IntegrateInput,
            output=IntegrateOutput,
            graph=seat.graph,
            is_durable=True,
        )

    @classmethod
    def of(cls, work: Session) -> Integrate:
        """Opens what a run needs: blocking, and with a store."""
        means = work.means
        return cls(work.seat, work.kept, kubernetes=means.kubernetes, fetch=means.fetch)

    def prepare(self, caller: Caller, asked: BaseModel, trace: str) -> Admission:
        assert isinstance(asked, IntegrateInput)
        request = self._request(caller, asked)
        guard.admit(request.module, self._seat.deps.child)
        today = datetime.fromtimestamp(time.time(), UTC).date().isoformat()
        made = given(request, self._kept, today=today, trace=trace)
        return Admission(key=made["key"], input=dict(made))

    def answered(self, run: Run, answer: Answer, actor: str) -> Run:
        return runner.answered(run, {**answer, "actor": actor}, self._seat)

    def drive(self, run: Run, tell: Tell) -> Run:
        return runner.drive(run, self._seat, tell=tell)[0]

    def config(self, run: Run, thread: str) -> dict[str, Any]:  # noqa: ARG002  # a chat keeps its steps by thread
        return dict(runner.config_of(run))

    def _request(self, caller: Caller, asked: IntegrateInput) -> Request:
        named = asked.model_dump(include=set(_OVERRIDES), exclude_none=True)
        _refuse_foreign(asked.descriptor, caller.tenant)
        source, entry = self._source(asked.spec)
        return Request(
            source=source,
            entry=entry,
            descriptor=asked.descriptor,
            overrides={**named, "tenant": caller.tenant},
            strict=asked.strict,
            kubernetes=asked.kubernetes or self._kubernetes,
            waivers=tuple(each.model_dump() for each in asked.waivers),
            apart=True,
        )

    def _source(self, spec: str) -> tuple[Mapping[str, bytes], str]:
        text = spec.strip()
        if not text:
            raise SpecMissing("The spec is empty.", place="/spec")
        if text.startswith(("https://", "http://")) and "\n" not in text:
            if self._fetch is None:
                raise SpecMissing("No address can be fetched here.", place="/spec", fix="Send the document.")
            name = "openapi.json" if text.partition("?")[0].endswith(".json") else "openapi.yaml"
            return {name: self._fetch(text)}, name
        name = "openapi.json" if text.startswith("{") else "openapi.yaml"
        return {name: spec.encode("utf-8", "surrogatepass")}, name


def _refuse_foreign(descriptor: str, tenant: str) -> None:
    """For a clear word early. What counts: the caller's tenant is laid over the descriptor's, and the
    step `describe` refuses a repository."""
    named = re.search(r"^[\"']?tenant[\"']?\s*:\s*[\"']?([^\s\"'#]+)", descriptor, re.MULTILINE)
    if named and named.group(1) != tenant:
        raise TenantForeign("The descriptor names another tenant than the key's.", place="/descriptor")
