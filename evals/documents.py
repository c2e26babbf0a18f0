"""The OpenAPI documents that cases name: `{{spec:orders}}` in a message is the document in a fence."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from evals.cases import Case, CaseInvalid

HERE = Path(__file__).resolve().parent
_NAMED = re.compile(r"\{\{(spec|text):([a-z0-9-]+)\}\}")


def filled(case: Case, value: Any) -> Any:
    """`value` with the documents in place of their names: `spec` in a fence, `text` as it stands."""
    if isinstance(value, str):
        return _NAMED.sub(lambda hit: _shown(case, hit[1], hit[2]), value)
    if isinstance(value, dict):
        return {key: filled(case, each) for key, each in value.items()}
    return [filled(case, each) for each in value] if isinstance(value, list) else value


def _shown(case: Case, form: str, name: str) -> str:
    text = document(name)
    if case.inject:
        text = injected(text, case.where, case.inject)
    return text if form == "text" else f"\n```\n{text.rstrip()}\n```\n"


def document(name: str) -> str:
    if name == "orders":
        return (HERE.parent / "examples" / "orders" / "openapi.yaml").read_text(encoding="utf-8")
    path = HERE / "specs" / f"{name}.yaml"
    if not path.is_file():
        raise CaseInvalid(f"There is no document {name!r}.", place=str(path.relative_to(HERE.parent)))
    return path.read_text(encoding="utf-8")


def injected(text: str, where: str, words: str) -> str:
    """The document with an order to its reader in its own prose."""
    made = yaml.safe_load(text)
    if where == "title":
        made["info"]["title"] = f"{made['info']['title']}. {words}"
    elif where == "description":
        made["info"]["description"] = words
    elif where == "summary":
        for each in _operations(made):
            each["summary"] = each["description"] = words
    else:
        for each in made["components"]["schemas"].values():
            each["description"] = words
    return json.dumps(made, indent=1)


def _operations(made: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for path in made["paths"].values() for each in path.values() if isinstance(each, dict)]
