"""The planner's sentences, in English and French."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graphs.assistant.planner.reading import Language

_WORDS: Mapping[str, Mapping[Language, str]] = {
    "ask_spec": {
        "en": "Which API? Paste the OpenAPI document, or give its https address.",
        "fr": "Quelle API ? Collez le document OpenAPI, ou donnez son adresse https.",
    },
    "ask_plan": {
        "en": "Which plan? There is none in this conversation yet. Say what to integrate first.",
        "fr": "Quel plan ? Cette conversation n'en a pas encore. Dites d'abord quoi intégrer.",
    },
    "no_question": {
        "en": "No question is open, so there is nothing to approve or reject.",
        "fr": "Aucune question n'est ouverte : il n'y a rien à approuver ni à rejeter.",
    },
    "no_file": {
        "en": "I cannot read files by their name here. Paste the document, or give its https address.",
        "fr": "Je ne peux pas lire de fichier par son nom ici. Collez le document, ou donnez son adresse"
        " https.",
    },
    "tenant": {
        "en": "This conversation belongs to the tenant {own}; I do nothing for {other}."
        " Ask with a key of that tenant.",
        "fr": "Cette conversation est celle du tenant {own} ; je ne fais rien pour {other}."
        " Demandez avec une clé de ce tenant.",
    },
    "refused": {"en": "I leave that alone. {can}", "fr": "Je n'y touche pas. {can}"},
    "unknown": {"en": "I did not understand that. {can}", "fr": "Je n'ai pas compris. {can}"},
    "hello": {"en": "Hello. {can}", "fr": "Bonjour. {can}"},
    "help": {"en": "{can}", "fr": "{can}"},
    "thanks": {"en": "You are welcome.", "fr": "Avec plaisir."},
    "can": {
        "en": "I can integrate an API from its OpenAPI document, say whether a module is in the catalog or"
        " search it, list USB devices, explain a code such as AW101, and tell how a run stands. I cannot"
        " write code, delete anything, or act for another tenant.",
        "fr": "Je peux intégrer une API à partir de son document OpenAPI, dire si un module est au catalogue"
        " ou le chercher, lister les périphériques USB, expliquer un code comme AW101 et dire où en est une"
        " exécution. Je ne peux ni écrire du code, ni supprimer, ni agir pour un autre tenant.",
    },
    "planned": {
        "en": "{plan} for {module}: {summary} Risk: {risk}. Checks: {checks}. Nothing is written yet;"
        " the plan asks for your answer.",
        "fr": "{plan} pour {module} : {summary} Risque : {risk}. Contrôles : {checks}. Rien n'est encore"
        " écrit ; le plan attend votre réponse.",
    },
    "empty": {
        "en": "{module} is already as asked: nothing would change.",
        "fr": "{module} est déjà ainsi : rien ne changerait.",
    },
    "checks": {
        "en": "{passed} passed, {failed} failed",
        "fr": "{passed} réussis, {failed} en échec",
    },
    "failed": {
        "en": "That did not work: {message}{code}{fix}",
        "fr": "Cela n'a pas marché : {message}{code}{fix}",
    },
    "applied": {
        "en": "Done: {plan} is committed as {commit} on {branch}.",
        "fr": "C'est fait : {plan} est commité ({commit}) sur {branch}.",
    },
    "rejected": {
        "en": "Nothing was written. Say what should be different, and I plan it anew.",
        "fr": "Rien n'a été écrit. Dites ce qui doit changer, et je refais le plan.",
    },
    "exists": {
        "en": "Yes: {path} {version} is in the catalog.",
        "fr": "Oui : {path} {version} est au catalogue.",
    },
    "none": {"en": "The catalog has no such module.", "fr": "Le catalogue n'a pas de tel module."},
    "modules": {"en": "{total} modules:\n{listed}", "fr": "{total} modules :\n{listed}"},
    "no_devices": {"en": "No USB device is plugged in.", "fr": "Aucun périphérique USB n'est branché."},
    "devices": {"en": "Plugged in:\n{listed}", "fr": "Branchés :\n{listed}"},
    "stands": {"en": "{run} is {state}.{why}", "fr": "{run} : {state}.{why}"},
}  # fmt: skip
_STATES = {
    "admitted": "en attente d'un exécutant", "running": "en cours", "waiting": "attend une réponse",
    "done": "terminé", "failed": "en échec", "cancelled": "annulé",
}  # fmt: skip


def say(what: str, tongue: Language, **facts: Any) -> str:
    can = _WORDS["can"][tongue]
    return _WORDS[what][tongue].format(can=can, **facts)


def is_asking(text: str) -> bool:
    """Whether these words ask which document is meant."""
    return text in _WORDS["ask_spec"].values()


def tell(tool: str, facts: Mapping[str, Any], tongue: Language) -> str:
    """What a tool's result means, in words."""
    if "failure" in facts and "state" not in facts:
        return _failure(facts["failure"], tongue)
    teller = _TELLERS.get(tool)
    return teller(facts, tongue) if teller else ""


def _failure(failure: Mapping[str, Any], tongue: Language) -> str:
    message = str(failure.get("message") or failure.get("detail") or failure.get("title") or "")[:600]
    code = f" ({failure['code']})" if failure.get("code") else ""
    fix = f"\n{failure['fix']}" if failure.get("fix") else ""
    return say("failed", tongue, message=message, code=code, fix=fix)


def _planned(facts: Mapping[str, Any], tongue: Language) -> str:
    if facts.get("failure"):
        rules = ", ".join(f"{each['rule']}" for each in facts["findings"] if each["severity"] == "error")
        return _failure(facts["failure"], tongue) + (f"\n{rules}" if rules else "")
    module = facts["module"] or facts["plan"]
    if facts["is_empty"]:
        return say("empty", tongue, module=module)
    totals = facts["ledger"]
    checks = say("checks", tongue, passed=totals.get("pass", 0), failed=totals.get("fail", 0))
    return say(
        "planned", tongue, plan=facts["plan"], module=module, summary=facts["summary"], risk=facts["risk"],
        checks=checks,
    )  # fmt: skip


def _applied(facts: Mapping[str, Any], tongue: Language) -> str:
    receipt = facts["receipt"]
    if facts["state"] != "done" or not receipt:
        return _stood({**facts, "run": facts["plan"]}, tongue)
    commit = str(receipt.get("commit", ""))[:12]
    return say("applied", tongue, plan=facts["plan"], commit=commit, branch=receipt.get("branch", ""))


def _stood(facts: Mapping[str, Any], tongue: Language) -> str:
    state = _STATES[facts["state"]] if tongue == "fr" else facts["state"]
    why = f" {_failure(facts['failure'], tongue)}" if facts.get("failure") else ""
    return say("stands", tongue, run=facts["run"], state=state, why=why)


def _checked(facts: Mapping[str, Any], tongue: Language) -> str:
    module = facts["module"]
    return say("exists", tongue, path=module["path"], version=module.get("version", ""))


def _searched(facts: Mapping[str, Any], tongue: Language) -> str:
    if not facts["modules"]:
        return say("none", tongue)
    listed = [
        f"- {each['path']} {', '.join(map(str, each['versions']))}".rstrip() for each in facts["modules"]
    ]
    return say("modules", tongue, total=facts["total"], listed="\n".join(listed))


def _connected(facts: Mapping[str, Any], tongue: Language) -> str:
    if not facts["devices"]:
        return say("no_devices", tongue)
    return say("devices", tongue, listed="\n".join(f"- {_device(each)}" for each in facts["devices"]))


def _device(device: Mapping[str, Any]) -> str:
    name = " ".join(str(device.get(key) or "") for key in ("manufacturer", "product")).strip()
    return f"{name or 'USB'} ({device.get('vendor_id', '')}:{device.get('product_id', '')})"


def _explained(facts: Mapping[str, Any], _: Language) -> str:
    return f"{facts['code']}: {facts['title']}\n\n{facts['text']}"


_TELLERS: Mapping[str, Any] = {
    "plan_integration": _planned,
    "apply_plan": _applied,
    "run_status": _stood,
    "catalog_check": _checked,
    "catalog_search": _searched,
    "list_devices": _connected,
    "explain": _explained,
}
TOOLS: Sequence[str] = tuple(_TELLERS)
