"""Hostile texts (catalogue A42 to A44, A48, A53): data stays data, or there is a typed refusal."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import AppError
from tools import manifests
from tools.manifests.context import line

HOSTILE = (
    "x\n        securityContext: {privileged: true}",
    "a\n---\nkind: ClusterRoleBinding",
    "a\r---\rkind: ClusterRoleBinding",
    "a\x85---\x85kind: ClusterRoleBinding",
    "a\u2028---\u2028kind: x",
    "a\u2029b: c",
    "\ufeffa: b",
    "a #",
    "a # b",
    "&a",
    "*a",
    "no",
    "0777",
    "1:30",
    "2024-01-02",
    "=",
    "1e3",
    "0x1F",
    "~",
    "{evil: 1}",
    "[evil]",
    "!!python/name:os.system",
    "!!binary aGk=",
    "%YAML 1.1",
    "...",
    "---",
    "- a",
    "? a",
    "a: b",
    "|",
    ">-\n  x",
    "'",
    '"',
    '" }\nevil: true',
    "\\",
    "\t",
    " leading",
    "trailing ",
    "\n\nblank lines\n\n",
    "<<",
    "@x",
    "`x`",
    "{{7*7}}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{% raw %}{% endraw %}",
    "{{- end }}",
    '{{ lookup "v1" "Secret" "argocd" "" }}',
    '{{ .Files.Get "/etc/passwd" }}',
    '{{ tpl "{{ .Values }}" . }}',
    "${HOME}",
    "$(HOME)",
    "$name",
    "$metadata",
    "<% system('id') %>",
    "#{7*7}",
    "\u202egnp.exe",
    "\u0430dmin",
    "\U0001f600",
    "\U000e0041",
    "x" * 4000,
)

# Kustomize turns U+0085 into a blank and stops at other control characters: those are refused.
UNREADABLE = tuple(f"a{char}b: c" for char in "\0\x01\x1b\x7f\x85\x9b\ufffe\uffff")
READABLE = tuple(text for text in HOSTILE if "\x85" not in text)

Setter = Callable[[dict[str, Any], str], None]


def _set(*path: str) -> Setter:
    def setting(given: dict[str, Any], text: str) -> None:
        for part in path[:-1]:
            given = given[part]
        given[path[-1]] = text

    return setting


# Where a text goes, and where it comes out: (file, then the keys down to the value).
FREE: dict[str, tuple[Setter, tuple[Any, ...]]] = {
    "env": (_set("module", "env", "LOG_LEVEL"), ("base/configmap.yaml", "data", "LOG_LEVEL")),
    "annotation": (
        _set("module", "annotations", "example.com/contact"),
        ("base/service.yaml", "metadata", "annotations", "example.com/contact"),
    ),
}
SPEC: dict[str, Setter] = {
    "title": _set("context", "spec", "title"),
    "description": _set("context", "spec", "description"),
}
CLOSED: dict[str, Setter] = {
    "name": _set("module", "name"),
    "tenant": _set("module", "tenant"),
    "version": _set("module", "version"),
    "image": _set("module", "image"),
    "owner": _set("module", "owner"),
    "system": _set("module", "system"),
    "component": _set("module", "component"),
    "label": _set("module", "labels", "example.com/team"),
    "host": _set("module", "ingress", "host"),
    "class": _set("module", "ingress", "class_name"),
    "remote": _set("module", "git", "remote"),
    "chart": _set("module", "chart"),
    "spec version": _set("context", "spec", "version"),
    "spec digest": _set("context", "spec", "digest"),
}
EVERY: dict[str, Setter] = {**{name: setter for name, (setter, _) in FREE.items()}, **SPEC, **CLOSED}


def keys(node: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in pairs:
        yield (*at, key)
        yield from keys(value, (*at, key))


def shape(files: dict[str, str]) -> dict[str, list[set[tuple[Any, ...]]]]:
    """For each YAML file, for each document in it, every path of keys."""
    plain = {
        path: text for path, text in files.items() if path.endswith(".yaml") and "/templates/" not in path
    }
    return {
        path: [set(keys(each)) for each in yaml.load_all(text, yaml.CSafeLoader)]
        for path, text in plain.items()
    }


def rendered(sample: dict[str, Any], setter: Setter, text: str, layout: str = "kustomize") -> dict[str, str]:
    given = copy.deepcopy(sample)
    given["module"]["layout"] = layout
    setter(given, text)
    return dict(manifests.render(**given)["files"])


def outcome(sample: dict[str, Any], setter: Setter, text: str, layout: str = "kustomize") -> Any:
    """The files, or the typed refusal; anything else passes through and fails the test."""
    try:
        return rendered(sample, setter, text, layout)
    except AppError as refusal:
        return refusal if refusal.code.startswith("AW3") else {}


@pytest.mark.parametrize("field", EVERY)
def test_a_hostile_text_adds_no_document_and_no_key(field: str, layout: str, sample: dict[str, Any]) -> None:
    # The benign text is one the closed fields take as well, so that both renders are comparable.
    benign = {"name": "shop", "remote": "https://h.io/x.git", "host": "a.example.com", "image": "h.io/a:1"}
    reference = shape(rendered(sample, EVERY[field], benign.get(field, "a1"), layout))
    documents = {path: len(found) for path, found in reference.items()}

    refused = []
    for text in HOSTILE:
        found = outcome(sample, EVERY[field], text, layout)
        if isinstance(found, AppError):
            refused.append(text)
            continue
        found = shape(found)
        # A name may move files; what they hold has the same shape.
        assert sorted(documents.values()) == sorted(len(each) for each in found.values()), text
        if field not in {"name", "tenant", "chart", "system", "title", "description", "spec digest"}:
            assert found == reference, text
    assert field in CLOSED or set(refused) <= set(HOSTILE) - set(READABLE)


@pytest.mark.parametrize("text", READABLE)
@pytest.mark.parametrize("field", FREE)
def test_a_hostile_text_comes_out_as_it_went_in(field: str, text: str, sample: dict[str, Any]) -> None:
    setter, (file, *path) = FREE[field]

    node = yaml.safe_load(rendered(sample, setter, text)[f"apps/shop/{file}"])

    for part in path:
        node = node[part]
    assert node == text


@pytest.mark.parametrize("text", UNREADABLE)
@pytest.mark.parametrize("field", FREE)
def test_a_control_character_is_refused(field: str, text: str, sample: dict[str, Any]) -> None:
    with pytest.raises(AppError) as caught:
        rendered(sample, FREE[field][0], text)

    assert caught.value.code in {"AW307", "AW313"}


@pytest.mark.parametrize("text", READABLE)
def test_a_hostile_text_comes_out_of_the_charts_values_as_it_went_in(
    text: str, sample: dict[str, Any]
) -> None:
    files = rendered(sample, FREE["env"][0], text, "helm")

    values = yaml.safe_load(files["apps/shop/chart/values.yaml"])
    assert values["config"]["LOG_LEVEL"] == text


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(("field", "limit"), [("title", 120), ("description", 500)])
def test_a_hostile_spec_becomes_one_visible_line(
    field: str, limit: int, text: str, sample: dict[str, Any]
) -> None:
    files = rendered(sample, SPEC[field], text)

    component = next(yaml.safe_load_all(files["apps/shop/catalog-info.yaml"]))
    assert component["metadata"].get(field, "") == line(text, limit)
    assert "\n" not in line(text, limit)


@pytest.mark.parametrize("field", EVERY)
def test_no_text_reaches_the_charts_templates(field: str, sample: dict[str, Any]) -> None:
    def templates(files: dict[str, str]) -> list[str]:
        return [text for path, text in files.items() if "/templates/" in path]

    plain = templates(rendered(sample, lambda given, text: None, "", "helm"))

    for text in HOSTILE:
        try:
            found = templates(rendered(sample, EVERY[field], text, "helm"))
        except AppError:
            continue
        assert found == plain


@pytest.mark.parametrize("field", CLOSED)
def test_an_argo_template_holds_no_word_of_a_person(field: str, sample: dict[str, Any]) -> None:
    given = copy.deepcopy(sample)
    given["module"]["argocd"] = "applicationset"

    for text in (each for each in HOSTILE if "{{" in each):
        CLOSED[field](given, text)
        try:
            files = manifests.render(**given)["files"]
        except AppError:
            continue
        made = next(text for path, text in files.items() if path.startswith("argocd/apps/"))
        assert text not in made


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_any_text_at_all_comes_out_as_it_went_in_or_is_refused(text: str, sample: dict[str, Any]) -> None:
    files = outcome(sample, FREE["env"][0], text)

    if isinstance(files, AppError):
        assert files.code in {"AW307", "AW308"}
        return
    assert yaml.safe_load(files["apps/shop/base/configmap.yaml"])["data"]["LOG_LEVEL"] == text
