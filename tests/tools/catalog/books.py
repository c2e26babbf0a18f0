"""Catalogs of our own writing, in memory: a test changes one thing."""

from __future__ import annotations

import json
from typing import Any

from core.errors import Unavailable
from tools import catalog
from tools.catalog.sources import FileMissing, blob_id

VPC = """schema_version: "2.0"
module: {name: vpc, version: "1.2.0", provider: aws, category: networking}
inputs:
  - {name: cidr, type: string}
  - {name: zones, type: list(string), default: []}
outputs:
  - {name: vpc_id, type: string}
"""
PLACE = "modules/aws/networking/vpc/v1.2.0/MODULE_METADATA.yaml"


def listed(**changed: Any) -> dict[str, Any]:
    """catalog.json with one module; what is given takes the place of that module's fields."""
    module = {"latest": "1.2.0", "versions": ["1.1.0", "1.2.0"], "description": "A network."} | changed
    return {
        "version": "1.0.0",
        "last_updated": "2026-01-01T00:00:00Z",
        "modules": {"aws/networking/vpc": module},
    }


class Memory:
    """A source whose files a test can change, and which can be made to fail."""

    name = "memory"

    def __init__(self, document: Any = None, **files: str | bytes) -> None:
        self.kept: dict[str, bytes] = {}
        self.is_down = False
        self.reads = 0
        self.put("catalog.json", json.dumps(listed() if document is None else document))
        self.put(PLACE, VPC)
        for path, data in files.items():
            self.put(path, data)

    def put(self, path: str, data: str | bytes) -> None:
        self.kept[path] = data.encode() if isinstance(data, str) else data

    def read(self, path: str) -> bytes:
        self.reads += 1
        if self.is_down:
            raise Unavailable("The source is down.", place=self.name)
        if path not in self.kept:
            raise FileMissing("The catalog has no such file.", place=path)
        return self.kept[path]

    def files(self, folder: str) -> dict[str, str]:
        top = f"{folder}/"
        return {path[len(top) :]: blob_id(data) for path, data in self.kept.items() if path.startswith(top)}


def index(document: Any = None) -> catalog.Index:
    return catalog.load(Memory(document))
