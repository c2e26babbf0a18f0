"""`autoweave.lock`: what the bundle was made from, and which files it has. JSON, sorted, no timestamps."""

from __future__ import annotations

import json
from collections.abc import Iterable

from tools.manifests import skeletons
from tools.manifests.context import Context
from tools.manifests.module import Module
from tools.manifests.skeletons import Texts


def text(module: Module, facts: Context, texts: Texts, files: Iterable[str]) -> str:
    data = {
        "files": sorted(files),
        "lock": 1,
        "module": {"name": module.name, "tenant": module.tenant, "version": module.version},
        "image": module.image_reference,
        "layout": module.layout,
        "spec": {"digest": facts.spec.digest, "version": facts.spec.version[:200]},
        "digests": {"templates": skeletons.digest(texts), **facts.digests},
        "tool": facts.tool,
    }
    return json.dumps(data, indent=2, sort_keys=True) + "\n"
