"""`config/factory.yaml`: where a catalog is kept and how its folders are named."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from core.errors import Invalid

from . import reading

PATH = "config/factory.yaml"

Folder = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-][A-Za-z0-9._/-]{0,199}$")]
Url = Annotated[str, StringConstraints(pattern=r"^https://[A-Za-z0-9.:-]+(/[A-Za-z0-9._/-]*)?$")]


class FactoryInvalid(Invalid):
    """The catalog's configuration has a field or a value that we do not know."""

    code = "AW372"
    fix = "Correct the field in config/factory.yaml."


class Factory(BaseModel):
    """A local folder uses the three paths and the cache's life; the rest is for a catalog on GitHub."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    repository: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$")] = ""
    branch: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$")] = "main"
    auth_method: Literal["token"] = "token"
    base_url: Url = "https://github.com"
    api_url: Url = "https://api.github.com"
    raw_url: Url = "https://raw.githubusercontent.com"
    catalog_path: Folder = "catalog.json"
    modules_path: Folder = "modules"
    patterns_path: Folder = "patterns"
    cache_ttl: int = 300
    """Seconds for which what was read counts as fresh."""


def configured(data: bytes, name: str = PATH) -> Factory:
    document: Any = reading.from_yaml(data, name)
    if not isinstance(document, dict) or document.keys() != {"factory"}:
        raise FactoryInvalid("The file has one key, `factory`.", place=name)
    try:
        return Factory.model_validate(document["factory"])
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        at = "/".join(str(part) for part in ("factory", *first["loc"]))
        raise FactoryInvalid(f"{first['msg']}.", place=f"{name} /{at}") from error
