"""The skeletons: filled as objects, and a template that is wrong is our own mistake."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.errors import AppError
from tools import manifests
from tools.manifests import skeletons

ROOT = Path(__file__).resolve().parents[3]
SMALL: dict[str, Any] = {"name": "shop", "version": "1.4.2", "image": "h.io/shop:1.4.2"}


def test_a_placeholder_is_replaced_by_an_object() -> None:
    filled = skeletons.fill({"a.yaml": "a: $x\nb: [$x, c]\n"}, "a.yaml", x={"y": 1})

    assert filled == {"a": {"y": 1}, "b": [{"y": 1}, "c"]}


def test_a_placeholder_without_a_value_takes_its_key_with_it() -> None:
    assert skeletons.fill({"a.yaml": "a: $x\nb: [$x]\nc: 1\n"}, "a.yaml", x=None) == {"b": [], "c": 1}


def test_a_value_that_looks_like_a_placeholder_stays_a_value() -> None:
    assert skeletons.fill({"a.yaml": "a: $x\n"}, "a.yaml", x="$y", y="secret") == {"a": "$y"}


def test_a_placeholder_inside_a_longer_text_is_text() -> None:
    assert skeletons.fill({"a.yaml": "a: x-$x\n"}, "a.yaml", x=1) == {"a": "x-$x"}


def test_filling_leaves_the_template_as_it_was() -> None:
    texts = {"a.yaml": "a: {b: $x}\n"}

    skeletons.fill(texts, "a.yaml", x=1)["a"]["c"] = 2

    assert skeletons.fill(texts, "a.yaml", x=3) == {"a": {"b": 3}}


@pytest.mark.parametrize("texts", [{}, {"a.yaml": "a: $unheard\n"}])
def test_a_template_that_does_not_fit_is_our_mistake(texts: dict[str, str]) -> None:
    with pytest.raises(AppError) as caught:
        skeletons.fill(texts, "a.yaml")

    assert caught.value.code == "AW999"


def test_a_manifest_over_the_limit_is_refused() -> None:
    texts = manifests.templates() | {"helm/templates/big.yaml": "#" * 4_000_000}

    with pytest.raises(AppError) as caught:
        manifests.render(SMALL | {"layout": "helm"}, {"templates": texts})

    assert caught.value.code == "AW333"


def test_more_manifests_than_the_limit_are_refused() -> None:
    texts = manifests.templates() | {f"helm/templates/{index}.yaml": "" for index in range(1001)}

    with pytest.raises(AppError) as caught:
        manifests.render(SMALL | {"layout": "helm"}, {"templates": texts})

    assert caught.value.code == "AW333"


def test_importing_and_reading_a_mapping_loads_no_parser() -> None:
    program = (
        "import sys; from tools import manifests; manifests.read({'name': 'a', 'version': '1'});"
        "heavy = {'yaml', 'jinja2', 'jsonschema_rs', 'kubernetes_validate', 'tools.manifests.argo_model'};"
        "sys.exit(str(sorted(heavy & set(sys.modules)) or ''))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.stderr.strip() == ""
