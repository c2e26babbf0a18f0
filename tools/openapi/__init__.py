"""OpenAPI 2.0 and 3.x documents to one clean `Spec`. Nothing is ever fetched, nothing outside is read."""

from .ingest import load, parse
from .limits import Limits
from .sources import Folder, Memory, Source
from .spec import Operation, Spec

__all__ = ["Folder", "Limits", "Memory", "Operation", "Source", "Spec", "load", "parse"]
