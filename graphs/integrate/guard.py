"""Before a row keeps what somebody wrote: a module that cannot be, or that holds a secret, is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graphs.integrate.deps import Child

_UNREAD = {"title": "", "api_version": ""}  # the spec is read later, and adds only defaults


def admit(module: Mapping[str, Any], child: Child) -> None:
    """Raises what the step `describe` would: a secret in plain text must not even reach the store.

    A module without a descriptor and without variables has no place for one, and costs no call.
    """
    if module["descriptor"] or module["overrides"].get("env"):
        child.call("graphs.integrate.work:describe", dict(module), _UNREAD)
