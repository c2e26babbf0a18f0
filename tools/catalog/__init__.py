"""The catalog of published infrastructure modules: what exists, in which version, with which interface.

A reference is true or it is refused with what was probably meant; nothing is ever substituted.
Writes nothing and keeps nothing: see `graphs.catalog.shelf` for a copy that is kept.
"""

from .compare import Comparison, Difference, compare
from .factory import Factory, FactoryInvalid, configured
from .gate import HallucinationError, Hit, check
from .github import GitHub
from .index import MODULES, CatalogInvalid, Index, Module, load
from .interface import fits
from .kept import Kept
from .local import Local, opened
from .metadata import Field, Metadata, metadata
from .search import search
from .sources import Folder, Source
from .wire import Wire

__all__ = [
    "MODULES", "CatalogInvalid", "Comparison", "Difference", "Factory", "FactoryInvalid", "Field", "Folder",
    "GitHub", "HallucinationError", "Hit", "Index", "Kept", "Local", "Metadata", "Module", "Source",
    "Wire", "check", "compare", "configured", "fits", "load", "metadata", "opened", "search",
]  # fmt: skip
