"""What a sentence asks for: one intent with its slots, or none. English and French, with no model.

A slot is filled only by what stands in the sentence; nothing is guessed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal[
    "integrate", "apply", "check", "search", "devices", "explain", "status",
    "yes", "no", "help", "hello", "thanks", "handle", "refused", "path", "unknown",
]  # fmt: skip
Language = Literal["en", "fr"]


@dataclass(frozen=True)
class Intent:
    """`args` are a tool's arguments by their names; `tenant` is one that was named, if any."""

    kind: Kind
    args: Mapping[str, Any] = field(default_factory=dict)
    tenant: str = ""
    language: Language = "en"


def read(said: str) -> Intent:
    text = _shown(said)
    plain = _plain(text)
    tongue = language(text)
    for kind, find in _READERS:
        args = find(plain, text)
        if args is not None:
            return Intent(kind, args, _tenant(plain), tongue)
    return Intent("unknown", language=tongue)


def language(text: str) -> Language:
    """By the words that only one of the two has; English where it is even."""
    words = set(re.findall(r"[a-z']+", _plain(text)))
    french = len(words & _FRENCH) + 2 * bool(re.search(r"[éèêàçùîôœ]|\b[ldnscj]'[a-zé]", text.lower()))
    return "fr" if french > len(words & _ENGLISH) else "en"


_FRENCH = frozenset(
    "le la les un une des du de et est sont dans avec pour sous que quoi quel quelle quels quelles qui ce cette"
    " branche branches catalogue cherche trouve montre liste bonjour salut merci oui non ou sur moi au aux"
    " integre integrer planifie planifier applique appliquer explique expliquer disponible existe nomme"
    " combien comment peux tu vous peripheriques module repliques aide statut etat en".split()
)
_ENGLISH = frozenset(
    "the a an and is are in with for under what which who this that catalog search find show list hello hi"
    " thanks yes no or on me to integrate plan apply explain available exist exists named how can you"
    " devices plugged connected replicas help status of it as".split()
)
_FENCED = re.compile(r"(`{3,}|~{3,}).*?(?:\1|\Z)", re.DOTALL)
_QUOTE_LINE = re.compile(r"^\s*>.*$", re.MULTILINE)


def _shown(said: str) -> str:
    """Without what the person only quotes: a fenced block or a quoted line asks for nothing."""
    return _QUOTE_LINE.sub(" ", _FENCED.sub(" ", said)).replace("’", "'").strip()[:4000]


def _plain(text: str) -> str:
    """Lower case without accents, of the same length as the text, so that places in it agree."""
    return "".join(unicodedata.normalize("NFD", each)[0] for each in text).lower()


_NUMBERS = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "un": 1, "une": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "sept": 7, "huit": 8,
    "neuf": 9, "dix": 10,
}  # fmt: skip
_NOT = re.compile(r"\b(?:do not|don't|dont|never|ne|n')\s*(?:\w+\s+){0,2}?(?:pas|plus|jamais)?\b")
_NEGATED = re.compile(
    r"\b(?:do not|don't|dont|never)\s+(?:\w+\s+)?(?:integrate|plan|apply|commit|publish|deploy)"
    r"|\b(?:n'|ne\s)\s*\w+\s+(?:pas|rien|jamais|plus)\b"
)
_SPEC = re.compile(r"\bspec-\d+\b")
_RUN = re.compile(r"\b(?:run|plan)-\d+\b")
_INTEGRATE = re.compile(
    r"\b(?:integrat\w*|onboard\w*|integr(?:e|er|ez|ons)|planifi\w*|deplo\w*"
    r"|(?:make|create|prepare|show|fais|faire|prepare|cree|genere|generate)\s+(?:me\s+|moi\s+)?(?:a|an|un|le|the)\s+plan"
    r"|plan\s+(?:the|an|a|spec|for|this|it|l'|pour)|generate|genere[rz]?|ajoute[rz]?\s+l'api|add\s+(?:the|this|an)\s+api)\b"
)
_NAME = re.compile(
    r"\b(?:as|named|called|name(?:\s+it)?|under\s+the\s+name(?:\s+of)?|sous\s+le\s+nom(?:\s+de)?|en\s+tant\s+que"
    r"|nommee?|appelee?|appelle-la|comme|nom)\s*[:=]?\s*[\"'`«]?\s*([a-z][a-z0-9-]{0,62})\b(?!\s*=)"
)
_NO_NAME = frozenset("a an the un une le la module service api it this helm kustomize soon".split())
_REPLICAS = re.compile(
    r"\b(\d{1,6}|" + "|".join(_NUMBERS) + r")\s+(?:replicas?|repliques?|pods?|instances?|copies)\b"
    r"|\b(?:replicas?|repliques?)\s*[:=]\s*(\d{1,6})\b"
)
_IMAGE = re.compile(r"\b(?:image|l'image)\s*[:=]?\s*[\"'`]?([a-z0-9][\w./:@-]*[\w])")
_REFERENCE = re.compile(
    r"(?<![\w/])([a-z0-9][\w.-]*(?::\d+)?(?:/[\w.-]+)+(?::[\w][\w.-]*|@sha256:[0-9a-f]{64}))"
)
_VERSION = re.compile(r"\b(?:version|v)\s*[:=]?\s*(\d+(?:\.\d+){1,2}(?:[-+][\w.]+)?)\b")
_OWNER = re.compile(r"\b(?:owner|owned\s+by|proprietaire)\s*[:=]?\s*[\"'`]?([\w./@-]+)")
_PORT = re.compile(r"\bport\s+(?:([a-z][a-z0-9-]*)\s*=\s*)?(\d{2,5})\b")
_TENANT = re.compile(r"\btenant\s*[:=/]?\s*[\"'`]?([a-z0-9][a-z0-9-]*)")
_MODULE = re.compile(r"(?<![\w/.:-])[\w-]+(?:/[\w.-]*\w)+(?![\w/:])")
_BARE_VERSION = re.compile(r"(?:@|\bv|\s)(\d+(?:\.\d+){1,2}(?:[-+][\w.]+)?)\b")
_FILE = re.compile(r"(?:^|\s)(?:\.{0,2}/)?[\w./-]+\.(?:ya?ml|json)\b")
_CODE = re.compile(r"\baw\s?-?(\d{3})\b")
_CATALOG = re.compile(r"\b(?:catalog(?:ue)?|modules?|factory|usine)\b")
_SEEK = re.compile(
    r"\b(?:search|find|look|list|show|cherche[rz]?|recherche[rz]?|trouve[rz]?|liste[rz]?|montre[rz]?|which|what|quels?|quelles?|any|are there|y a-t-il|have)\b"
)
_EXISTS = re.compile(
    r"\b(?:catalog(?:ue)?|exists?|existe|available|dispo\w*|check|verifie[rz]?|published|publiee?|is there|module|y a-t-il)\b"
)
_ABOUT = re.compile(
    r"\b(?:for|about|on|pour|sur|concernant|matching|named|called|contenant|with|avec)\s+(?:the\s+|les?\s+|la\s+|des?\s+|un\s+|an?\s+)?([\w /-]+)"
    r"|\b(?:find|search|cherche[rz]?|trouve[rz]?|any|list|show|montre[rz]?|liste[rz]?)\s+(?:me\s+|moi\s+)?(?:the\s+|les?\s+|des?\s+|un\s+|une\s+|an?\s+)?([\w/-]+)\s+modules?"
    r"|\bmodules?\s+([a-z][\w-]+)\s*[?.!]*$"
)
_DEVICES = re.compile(
    r"\b(?:plugged|usb|devices?|peripheriques?|branchee?s?|connectee?s?|what is connected|what's connected|appareils?)\b"
)
_STATUS = re.compile(
    r"\b(?:status|state|how\s+(?:is|does|far)|statut|etat|ou\s+en\s+est|progress|avancement|done|fini|termine)\b"
)
_APPLY = re.compile(
    r"\b(?:apply|commit|publish|appliqu\w*|publie[rz]?|commite[rz]?|go\s+ahead|vas-y|allez-y)\b"
)
_YES = re.compile(
    r"(?:yes|yep|yeah|ok(?:ay)?|sure|approved?|i approve|do it|oui|d'accord|approuve[r]?|j'approuve|valide[r]?)(?:[ ,.!]+(?:please|go|s'il te plait|s'il vous plait|merci|thanks))*[ .!]*"
)
_NO = re.compile(
    r"(?:no|nope|reject(?:ed)?|i reject|cancel|stop|non|rejette[r]?|refuse[r]?|je refuse|annule[r]?)(?:[ ,.!]+(?:thanks|thank you|please|merci))*[ .!]*"
)
_HELP = re.compile(
    r"\b(?:help|what can you|what do you do|who are you|aide|que peux-tu|que pouvez-vous|que sais-tu|qui es-tu|qui etes-vous|capabilit\w+)\b"
)
_HELLO = re.compile(r"(?:hello|hi|hey|good (?:morning|day|evening)|bonjour|salut|bonsoir|coucou)\b.{0,20}")
_THANKS = re.compile(r"(?:thanks?|thank you|thx|merci)\b.{0,30}")
_BEYOND = re.compile(
    r"\b(?:delete|remove|drop|destroy|supprime[rz]?|efface[rz]?|detrui\w+|rollback|token|secret|password|mot de passe"
    r"|credentials?|kubectl|compile[rz]?|merge|force|send|envoie[rz]?|weather|meteo)\b|\$[a-z_]+"
)


def _integrate(plain: str, text: str) -> dict[str, Any] | None:
    if not _INTEGRATE.search(plain):
        return None
    return slots(plain, text)


def slots(plain: str, text: str) -> dict[str, Any]:
    """The arguments of an integration, as far as the words say them."""
    made: dict[str, Any] = {}
    if spec := _SPEC.search(plain):
        made["spec"] = spec[0]
    if name := next((hit[1] for hit in _NAME.finditer(plain) if hit[1] not in _NO_NAME), None):
        made["name"] = name
    if image := _IMAGE.search(plain) or _REFERENCE.search(plain):
        made["image"] = text[image.start(1) : image.end(1)]
    if count := _REPLICAS.search(plain):
        word = count[1] or count[2]
        made["replicas"] = _NUMBERS[word] if word in _NUMBERS else int(word)
    made |= _rest(plain, text)
    return made


def _rest(plain: str, text: str) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if version := _VERSION.search(plain):
        made["version"] = text[version.start(1) : version.end(1)]
    if owner := _OWNER.search(plain):
        made["owner"] = text[owner.start(1) : owner.end(1)].rstrip(".,")
    if ports := [{"name": hit[1] or "http", "port": int(hit[2])} for hit in _PORT.finditer(plain)]:
        made["ports"] = ports
    for layout in ("helm", "kustomize"):
        if re.search(rf"\b{layout}\b", plain):
            made["layout"] = layout
    if "applicationset" in plain:
        made["argocd"] = "applicationset"
    elif re.search(r"\b(?:without|no|sans)\s+argo\s?-?cd\b", plain):
        made["argocd"] = "none"
    return made


def _apply(plain: str, _: str) -> dict[str, Any] | None:
    hit = _RUN.search(plain)
    is_plan = "plan" in plain or re.search(r"\bit\b|-le\b|-la\b|vas-y|allez-y|go ahead", plain)
    if not _APPLY.search(plain) or not is_plan or _SPEC.search(plain):
        return None
    return {"plan": hit[0]} if hit and hit[0].startswith("plan") else {}


def _check(plain: str, text: str) -> dict[str, Any] | None:
    found = next((hit for hit in _MODULE.finditer(plain) if not _FILE.search(f" {hit[0]}")), None)
    if found is None or _SPEC.search(plain) or not _EXISTS.search(plain):
        return None
    version = _BARE_VERSION.search(plain, found.end()) or _VERSION.search(plain)
    path = text[found.start() : found.end()]
    return {"path": path, **({"version": text[version.start(1) : version.end(1)]} if version else {})}


def _search(plain: str, _: str) -> dict[str, Any] | None:
    if not _CATALOG.search(plain) or not _SEEK.search(plain):
        return None
    if hit := _ABOUT.search(plain):
        words = [each for each in re.findall(r"[\w/-]+", hit[1] or hit[2] or hit[3]) if each not in _STOP]
        if words:
            return {"query": " ".join(words)}
    return {}


_STOP = (
    _FRENCH | _ENGLISH | frozenset("catalog catalogue module modules all tous toutes there published".split())
)


def _status(plain: str, _: str) -> dict[str, Any] | None:
    hit = _RUN.search(plain)
    return {"run": hit[0]} if hit and _STATUS.search(plain) else None


def _code(plain: str, _: str) -> dict[str, Any] | None:
    hit = _CODE.search(plain)
    return {"code": f"AW{hit[1]}"} if hit else None


def _only(pattern: re.Pattern[str]) -> Callable[[str, str], dict[str, Any] | None]:
    return lambda plain, _: {} if pattern.fullmatch(plain.strip()) else None


def _has(pattern: re.Pattern[str]) -> Callable[[str, str], dict[str, Any] | None]:
    return lambda plain, _: {} if pattern.search(plain) else None


def _handle(plain: str, text: str) -> dict[str, Any] | None:
    """A document and nothing that says what to do with it: an answer to "which document?"."""
    return slots(plain, text) if _SPEC.search(plain) else None


def _tenant(plain: str) -> str:
    hit = _TENANT.search(plain)
    return hit[1] if hit else ""


_READERS: tuple[tuple[Kind, Callable[[str, str], dict[str, Any] | None]], ...] = (
    ("yes", _only(_YES)),
    ("no", _only(_NO)),
    ("hello", _only(_HELLO)),
    ("thanks", _only(_THANKS)),
    ("refused", _has(_NEGATED)),
    ("explain", _code),
    ("status", _status),
    ("apply", _apply),
    ("check", _check),
    ("integrate", _integrate),
    ("search", _search),
    ("devices", _has(_DEVICES)),
    ("handle", _handle),
    ("refused", _has(_BEYOND)),
    ("help", _has(_HELP)),
    ("path", _has(_FILE)),
)


def names_file(said: str) -> bool:
    """Whether a file is named that nobody turned into a handle."""
    return bool(_FILE.search(_plain(_shown(said))))
