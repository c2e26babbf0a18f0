"""Amounts, closed lists of words, selectors, schedules: what the schemas leave as any string or number."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator
from typing import Any

from tools.validation import cron, quantities
from tools.validation.rules.model import Hit, Rule, View, at, key, listed, mappings, table

_MIB = 1024 * 1024
_CONFIG_KEY = re.compile(r"(?!\.{1,2}\Z)(?!\.\.)[-._a-zA-Z0-9]{1,253}")
_SELECTING = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"})
_POD_WORDS = {
    "restartPolicy": ("Always", "OnFailure", "Never"),
    "dnsPolicy": ("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"),
    "preemptionPolicy": ("Never", "PreemptLowerPriority"),
}
_CONTAINER_WORDS = {
    "imagePullPolicy": ("Always", "IfNotPresent", "Never"),
    "terminationMessagePolicy": ("File", "FallbackToLogsOnError"),
}
_SPEC_WORDS: dict[str, dict[tuple[str, ...], tuple[str, ...]]] = {
    "Service": {
        ("type",): ("ClusterIP", "NodePort", "LoadBalancer", "ExternalName"),
        ("sessionAffinity",): ("None", "ClientIP"),
        ("externalTrafficPolicy",): ("Cluster", "Local"),
        ("internalTrafficPolicy",): ("Cluster", "Local"),
        ("ipFamilyPolicy",): ("SingleStack", "PreferDualStack", "RequireDualStack"),
    },
    "Deployment": {("strategy", "type"): ("RollingUpdate", "Recreate")},
    "StatefulSet": {
        ("updateStrategy", "type"): ("RollingUpdate", "OnDelete"),
        ("podManagementPolicy",): ("OrderedReady", "Parallel"),
    },
    "DaemonSet": {("updateStrategy", "type"): ("RollingUpdate", "OnDelete")},
    "CronJob": {("concurrencyPolicy",): ("Allow", "Forbid", "Replace")},
    "Job": {("completionMode",): ("NonIndexed", "Indexed")},
    "PersistentVolumeClaim": {("volumeMode",): ("Filesystem", "Block")},
}
_COUNTS = (
    "replicas", "minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds", "backoffLimit",
    "parallelism", "completions", "activeDeadlineSeconds", "ttlSecondsAfterFinished",
    "successfulJobsHistoryLimit", "failedJobsHistoryLimit", "startingDeadlineSeconds",
)  # fmt: skip
_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")


def amounts(view: View) -> Iterator[Hit]:
    for place, container in view.containers:
        yield from _resources(table(container.get("resources")), f"{place}/resources")
    for place, volume in mappings(view.pod.get("volumes"), f"{view.pod_place}/volumes"):
        yield from _amount(at(volume, "emptyDir", "sizeLimit"), f"{place}/emptyDir/sizeLimit")
    if view.kind == "PersistentVolumeClaim":
        yield from _resources(table(view.spec.get("resources")), "/spec/resources")
    if view.kind == "ResourceQuota":
        for name, value in table(view.spec.get("hard")).items():
            yield from _amount(value, f"/spec/hard/{key(name)}")
    for place, claim in mappings(view.spec.get("volumeClaimTemplates"), "/spec/volumeClaimTemplates"):
        yield from _resources(table(at(claim, "spec", "resources")), f"{place}/spec/resources")


def _amount(value: Any, place: str) -> Iterator[Hit]:
    if value is None:
        return
    amount = quantities.parse(value)
    if amount is None:
        yield place, f"`{value}` is not a quantity (such as 100m, 0.5, 128Mi)."
    elif amount < 0:
        yield place, f"`{value}` is less than nothing."


def _resources(resources: dict[str, Any], place: str) -> Iterator[Hit]:
    for group in ("requests", "limits"):
        for name, value in table(resources.get(group)).items():
            yield from _amount(value, f"{place}/{group}/{key(name)}")
    limits = table(resources.get("limits"))
    for name, value in table(resources.get("requests")).items():
        request, limit = quantities.parse(value), quantities.parse(limits.get(name))
        if request is not None and limit is not None and request > limit:
            yield f"{place}/requests/{key(name)}", f"The request {value} is above the limit {limits[name]}."


def words(view: View) -> Iterator[Hit]:
    for path, allowed in _SPEC_WORDS.get(view.kind, {}).items():
        yield from _word(at(view.spec, *path), "/spec/" + "/".join(path), allowed)
    for field, allowed in _POD_WORDS.items():
        yield from _word(view.pod.get(field), f"{view.pod_place}/{field}", allowed)
    for place, container in view.containers:
        yield from _container_words(container, place)
    if view.kind == "Service":
        yield from _protocols(view.spec, "/spec")


def _container_words(container: dict[str, Any], place: str) -> Iterator[Hit]:
    for field, allowed in _CONTAINER_WORDS.items():
        yield from _word(container.get(field), f"{place}/{field}", allowed)
    yield from _protocols(container, place)
    for probe in _PROBES:
        spot = f"{place}/{probe}/httpGet/scheme"
        yield from _word(at(container, probe, "httpGet", "scheme"), spot, ("HTTP", "HTTPS"))


def _protocols(owner: dict[str, Any], place: str) -> Iterator[Hit]:
    for spot, port in mappings(owner.get("ports"), f"{place}/ports"):
        yield from _word(port.get("protocol"), f"{spot}/protocol", ("TCP", "UDP", "SCTP"))


def _word(value: Any, place: str, allowed: tuple[str, ...]) -> Iterator[Hit]:
    if isinstance(value, str) and value not in allowed:
        yield place, f"`{value}` is none of {', '.join(allowed)}."


def selector(view: View) -> Iterator[Hit]:
    if view.kind not in _SELECTING or not view.spec:
        return
    wanted = table(at(view.spec, "selector", "matchLabels"))
    if not wanted and not listed(at(view.spec, "selector", "matchExpressions")):
        yield "/spec/selector", f"The selector of a {view.kind} must not be empty."
    for label, value in wanted.items():
        if view.pod_labels.get(label) != value:
            spot = f"/spec/selector/matchLabels/{key(label)}"
            yield spot, f"The pod template has no label `{label}: {value}`, so the selector never matches."


def counts(view: View) -> Iterator[Hit]:
    for field in _COUNTS:
        value = view.spec.get(field)
        if isinstance(value, int) and value < 0:
            yield f"/spec/{field}", f"{value} is less than nothing."
    for place, container in view.containers:
        for probe in _PROBES:
            for field, value in table(container.get(probe)).items():
                if isinstance(value, int) and value < 0:
                    yield f"{place}/{probe}/{field}", f"{value} is less than nothing."


def strategy(view: View) -> Iterator[Hit]:
    plan = table(view.spec.get("strategy" if view.kind == "Deployment" else "updateStrategy"))
    rolling = table(plan.get("rollingUpdate"))
    if view.kind not in ("Deployment", "DaemonSet"):
        return
    if plan.get("type") in ("Recreate", "OnDelete") and rolling:
        yield "/spec/strategy", f"`rollingUpdate` has no meaning with the type {plan['type']}."
    none = (0, "0", "0%")
    if (
        rolling.get("maxUnavailable") in none
        and rolling.get("maxSurge", 1 if view.kind[1] == "e" else 0) in none
    ):
        yield (
            "/spec/strategy/rollingUpdate",
            "maxUnavailable and maxSurge are both 0: nothing could ever roll.",
        )


def schedule(view: View) -> Iterator[Hit]:
    value = view.spec.get("schedule")
    if view.kind == "CronJob" and isinstance(value, str) and (wrong := cron.problem(value)):
        yield "/spec/schedule", wrong


def stored(view: View) -> Iterator[Hit]:
    if view.kind not in ("ConfigMap", "Secret"):
        return
    size = 0
    for field in ("data", "binaryData", "stringData"):
        for name, value in table(view.value.get(field)).items():
            size += len(name) + len(value.encode()) if isinstance(value, str) else 0
            if not _CONFIG_KEY.fullmatch(name):
                yield f"/{field}/{key(name)}", f"`{name}` is not a key (letters, digits, `-`, `_`, `.`)."
            if (field == "binaryData" or (view.kind, field) == ("Secret", "data")) and not _is_base64(value):
                yield f"/{field}/{key(name)}", "The value is not base64."
    if size > _MIB:
        yield "/data", f"{size} bytes; a {view.kind} holds at most {_MIB}."


def _is_base64(value: Any) -> bool:
    try:
        b64decode(re.sub(r"[\r\n]", "", value) if isinstance(value, str) else "", validate=True)
    except (Base64Error, ValueError):
        return False
    return True


RULES = (
    Rule("AW450", "Bad quantity", amounts),
    Rule("AW451", "Unknown word", words),
    Rule("AW452", "Selector matches nothing", selector),
    Rule("AW453", "Negative count", counts),
    Rule("AW455", "Bad schedule", schedule),
    Rule("AW458", "Bad data", stored),
    Rule("AW459", "Rollout that cannot move", strategy),
)
