"""Names, labels and annotations as the API server takes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tools.validation.rules.model import Hit, Rule, View, at, key, mappings, table

_SUBDOMAIN = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*"
)
_LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
_LABEL_1035 = re.compile(r"[a-z](?:[-a-z0-9]{0,61}[a-z0-9])?")
_SEGMENT = re.compile(r"(?!\.{1,2}\Z)[^/%]{1,253}")
_KEY_NAME = re.compile(r"[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?")
_LABEL_VALUE = re.compile(r"(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_ANNOTATIONS_BYTES = 256 * 1024

_NAMED_AS: dict[str, tuple[re.Pattern[str], str]] = {
    "Service": (_LABEL_1035, "a-z, 0-9 and `-`, a letter first, at most 63"),
    "Namespace": (_LABEL, "a-z, 0-9 and `-`, at most 63"),
    "Role": (_SEGMENT, "no `/` and no `%`"),
    "ClusterRole": (_SEGMENT, "no `/` and no `%`"),
    "RoleBinding": (_SEGMENT, "no `/` and no `%`"),
    "ClusterRoleBinding": (_SEGMENT, "no `/` and no `%`"),
}
_ANY = (_SUBDOMAIN, "a-z, 0-9, `-` and `.`, at most 253")


def no_name(view: View) -> Iterator[Hit]:
    if not view.metadata.get("name") and not view.metadata.get("generateName"):
        yield "/metadata", "The object has no `metadata.name`."


def name(view: View) -> Iterator[Hit]:
    value = view.metadata.get("name")
    pattern, words = _NAMED_AS.get(view.kind, _ANY)
    if isinstance(value, str) and value and not pattern.fullmatch(value):
        yield "/metadata/name", f"`{value}` is not a name for a {view.kind} ({words})."


def namespace(view: View) -> Iterator[Hit]:
    value = view.metadata.get("namespace")
    if isinstance(value, str) and value and not _LABEL.fullmatch(value):
        yield "/metadata/namespace", f"`{value}` is not a namespace (a-z, 0-9 and `-`, at most 63)."


def labels(view: View) -> Iterator[Hit]:
    for place, found in _label_maps(view):
        for label, value in found.items():
            spot = f"{place}/{key(label)}"
            if not is_key(label):
                yield spot, f"`{label}` is not a label key."
            if isinstance(value, str) and not _LABEL_VALUE.fullmatch(value):
                yield spot, f"`{value}` is not a label value (letters, digits, `-`, `_`, `.`; at most 63)."


def _label_maps(view: View) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "/metadata/labels", table(view.metadata.get("labels"))
    if view.has_pod and view.template_place:
        yield f"{view.template_place}/metadata/labels", view.pod_labels
    selector = view.spec.get("selector")
    if view.kind in ("Service", "ReplicationController"):
        yield "/spec/selector", table(selector)
    else:
        yield "/spec/selector/matchLabels", table(at(selector, "matchLabels"))


def is_key(text: str) -> bool:
    """`name` or `prefix/name`, the prefix a DNS subdomain."""
    prefix, slash, rest = text.rpartition("/")
    return bool(_KEY_NAME.fullmatch(rest)) and (not slash or bool(_SUBDOMAIN.fullmatch(prefix)))


def notes(view: View) -> Iterator[Hit]:
    found = table(view.metadata.get("annotations"))
    for annotation in found:
        # The prefix may be in any case, the name may not be odd.
        if not is_key(annotation.lower()):
            yield f"/metadata/annotations/{key(annotation)}", f"`{annotation}` is not an annotation key."
    size = sum(len(k.encode()) + len(v.encode()) for k, v in found.items() if isinstance(v, str))
    if size > _ANNOTATIONS_BYTES:
        yield "/metadata/annotations", f"{size} bytes of annotations; 262144 are the most."


def owner_names(view: View) -> Iterator[Hit]:
    """A ServiceAccount, ConfigMap or Secret that a pod names must be nameable."""
    account = view.pod.get("serviceAccountName")
    if isinstance(account, str) and account and not _SUBDOMAIN.fullmatch(account):
        yield f"{view.pod_place}/serviceAccountName", f"`{account}` is not a name."
    for place, secret in mappings(view.pod.get("imagePullSecrets"), f"{view.pod_place}/imagePullSecrets"):
        value = secret.get("name")
        if isinstance(value, str) and not _SUBDOMAIN.fullmatch(value):
            yield f"{place}/name", f"`{value}` is not a name."


RULES = (
    Rule("AW434", "No name", no_name),
    Rule("AW435", "Bad name", name),
    Rule("AW435", "Bad name", owner_names),
    Rule("AW436", "Bad namespace", namespace),
    Rule("AW437", "Bad label", labels),
    Rule("AW437", "Bad annotation", notes),
)
