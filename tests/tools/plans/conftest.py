from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tools import plans

BASE = {
    "apps/shop/base/service.yaml": b"kind: Service\nport: 80\n",
    "apps/shop/base/configmap.yaml": b"kind: ConfigMap\n",
}
FILES = {
    "apps/shop/base/service.yaml": b"kind: Service\nport: 81\n",
    "apps/shop/base/deployment.yaml": b"kind: Deployment\nname: shop\n",
    "argocd/apps/shop.yaml": b"kind: Application\n",
}
LEDGER = {
    "ok": True,
    "entries": [
        {"document": "d1", "check": "schema", "status": "pass", "findings": [], "reason": ""},
        {
            "document": "d1",
            "check": "policy",
            "status": "skipped",
            "findings": [],
            "reason": "no policies for it",
        },
    ],
}


@pytest.fixture
def make() -> Callable[..., plans.Plan]:
    """A plan of the module shop, any part of it exchanged."""

    def build(**changed: Any) -> plans.Plan:
        given: dict[str, Any] = {
            "module": "shop",
            "tenant": "acme",
            "branch": "main",
            "base_commit": "a" * 40,
            "base": BASE,
            "files": FILES,
            "owned": ["apps/shop/", "argocd/apps/shop.yaml"],
            "ledger": LEDGER,
            "spec_digest": "sha256:" + "c" * 64,
            "build_key": "b" * 64,
            "message": "Integrate shop",
            "meta": {"layout": "kustomize"},
        }
        return plans.make(**(given | changed))

    return build
