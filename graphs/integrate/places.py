"""Where a module is published when it names no repository: one for all, or one for each tenant.

Whoever works at this machine shares one repository among tenants if they like. Over the network each
tenant has its own, and can name no other: the run's options then say `apart`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from core.errors import Forbidden
from graphs.integrate.state import IntegrateState

TENANT = "tenant/"
"""Before a tenant's name: its own repository, wherever this installation keeps those."""
MAIN = "main"


class TenantForeign(Forbidden):
    """A descriptor or an edit names a tenant or a repository that the key does not stand for."""

    code = "AW935"
    fix = "Take `tenant` and `git` out of it: the key says whose the module is, and where it goes."


class RemoteShared(Forbidden):
    """One repository is configured, and more than one tenant would publish to it."""

    code = "AW936"
    fix = "Write {tenant} into the setting git.remote, so that each tenant has a repository of its own."


def named(state: IntegrateState) -> str | None:
    """The address for `Deps.remote`: the module's own, the tenant's, or None for the shared default."""
    module = state["descriptor"]
    if state["options"].get("apart"):
        return f"{TENANT}{module['tenant']}"
    address: Any = module["git"].get("remote")
    return address or None


def refuse_foreign(state: IntegrateState, module: Mapping[str, Any]) -> None:
    """Where the tenant is the caller's, the module may not choose where it is published."""
    if not state["options"].get("apart"):
        return
    tenant = state["module"]["overrides"]["tenant"]
    if module["tenant"] != tenant or module["git"].get("remote") or module["git"]["branch"] != MAIN:
        raise TenantForeign("The module names a tenant or a repository.", place="/descriptor")


def kept(state: IntegrateState) -> dict[str, Any]:
    """What an edit cannot change: the caller's tenant."""
    is_apart = state["options"].get("apart")
    return {"tenant": state["module"]["overrides"]["tenant"]} if is_apart else {}


def default(remote: str, address: str) -> str:
    """The place behind the setting `git.remote`, for the tenant in `address` or for all."""
    tenant = address.removeprefix(TENANT) or MAIN
    if "{tenant}" in remote:
        return remote.replace("{tenant}", tenant)
    if tenant == MAIN:
        return remote
    if is_far(remote):
        raise RemoteShared("The git remote of this installation is shared.", tenant=tenant)
    return str(Path(remote).parent / "remotes" / f"{tenant}.git")


def is_far(remote: str) -> bool:
    return "://" in remote or "@" in remote
