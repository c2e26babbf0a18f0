"""Where a module is published when it names no repository: one for all, or one for each tenant.

Whoever works at this machine shares one repository among tenants if they like. Over the network each
tenant has its own, and can name no other: the run's options then say `apart`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.errors import Forbidden
from graphs.integrate.state import IntegrateState

TENANT = "tenant/"
"""Before a tenant's name: its own repository, wherever this installation keeps those."""
MAIN = "main"


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
