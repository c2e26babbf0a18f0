"""OpenAPI 2.0 and 3.x documents to one clean `Spec`. Nothing is ever fetched, nothing outside is read."""

from .ingest import cleared, load, names, parse
from .judge import AuthorityRefused, authority, validate
from .limits import Limits
from .locate import locate
from .sources import Folder, Memory, Source
from .spec import Operation, Spec

__all__ = [
    "AuthorityRefused", "Folder", "Limits", "Memory", "Operation", "Source", "Spec",
    "authority", "cleared", "load", "locate", "names", "parse", "validate",
]  # fmt: skip
