"""The words by which the planner knows what is meant, in lower case and without accents."""

from __future__ import annotations

import re
from collections.abc import Mapping


def _set(words: str) -> frozenset[str]:
    return frozenset(re.findall(r"\S+", words))


def _any(*words: str) -> re.Pattern[str]:
    """Any of these as whole words; a space in them is any space."""
    joined = "|".join(words).replace(" ", r"\s+")
    return re.compile(rf"(?<!\w)(?:{joined})(?!\w)")


def _whole(words: tuple[str, ...], after: tuple[str, ...]) -> re.Pattern[str]:
    """A message that is one of these, and perhaps one of those after it."""
    return re.compile(rf"(?:{'|'.join(words)})(?:[ ,.!]+(?:{'|'.join(after)}))*[ .!]*")


FRENCH = _set("""
    le la les un une des du de et est sont dans avec pour sous que quoi quel quelle quels quelles qui ce cette
    branche branches catalogue cherche trouve montre liste bonjour salut merci oui non ou sur moi au aux
    integre integrer planifie planifier applique appliquer explique expliquer disponible existe nomme
    combien comment peux tu vous peripheriques module repliques aide statut etat en rejette approuve
    supprime supprimer efface effacer tout voici document
""")
ENGLISH = _set("""
    the a an and is are in with for under what which who this that catalog search find show list hello hi
    thanks yes no or on me to integrate plan apply explain available exist exists named how can you
    devices plugged connected replicas help status of it as approve reject
""")
STOP = FRENCH | ENGLISH | _set("catalog catalogue module modules all tous toutes there published y have")
NO_NAME = _set("a an the un une le la module service api it this helm kustomize soon with avec and et")
NUMBERS: Mapping[str, int] = {
    "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "un": 1, "une": 1, "deux": 2, "trois": 3, "quatre": 4, "cinq": 5, "sept": 7, "huit": 8,
    "neuf": 9, "dix": 10,
}  # fmt: skip

NEGATED = re.compile(
    r"\b(?:do not|don't|dont|never)\s+(?:\w+\s+)?"
    r"(?:integrat|plan|apply|commit|publish|deploy|onboard|generat|touch)\w*"
    r"|\b(?:n'|ne\s)\s*\w+\s+(?:pas|rien|jamais|plus)\b"
)
INTEGRATE = _any(
    r"integrat\w*", r"onboard\w*", r"integr(?:e|er|ez|ons)", r"planifi\w*", r"deplo[iy]\w*", r"generate",
    r"genere[rz]?",
    r"(?:make|create|prepare|show|fais|faire|cree|generate)(?: me| moi)? (?:a|an|un|le|the) plan",
    r"plan (?:the|an|a|spec-\d+|for|this|it|pour)", r"plan l'\w+",
    r"(?:ajoute[rz]?|add) (?:the|this|an|l'|cette )\s*api",
)  # fmt: skip
APPLY = _any(
    "apply",
    "commit",
    "publish",
    r"appliqu\w*",
    r"publie[rz]?",
    r"commite[rz]?",
    "go ahead",
    "vas-y",
    "allez-y",
)
THAT_PLAN = re.compile(r"plan|\bit\b|-l[ea]\b|vas-y|allez-y|go ahead")
CATALOG = _any("catalog(?:ue)?", "modules?", "factory", "usine")
SEEK = _any(
    "search", "find", "look", "list", "show", r"(?:re)?cherche[rz]?", r"trouve[rz]?", r"liste[rz]?",
    r"montre[rz]?", "which", "what", "what's", "qu'est-ce", "quels?", "quelles?", "any", "are there",
    "y a-t-il", "have",
)  # fmt: skip
EXISTS = _any(
    "catalog(?:ue)?", "exists?", "existe", "available", r"dispo\w*", "check", r"verifie[rz]?", "published",
    "publiee?", "is there", "modules?", "y a-t-il", "have",
)  # fmt: skip
DEVICES = _any(
    "plugged", "usb", "devices?", "peripheriques?", r"(?:est|sont) branchee?s?",
    r"connectee?s?", "what is connected", "what's connected", "appareils?",
)  # fmt: skip
STATUS = _any(
    "status", "state", r"how (?:is|does|far)", "statut", "etat", "ou en est", "progress", "avancement",
    "done", "fini", "termine", "finished",
)  # fmt: skip
HELP = _any(
    "help", "what can you", "what do you do", "who are you", "aide", "aide-moi", "que peux-tu",
    "que pouvez-vous", "que sais-tu", "qui es-tu", "qui etes-vous", r"capabilit\w+",
)  # fmt: skip
BEYOND = _any(
    "delete", "remove", "drop", "destroy", r"supprime[rz]?", r"efface[rz]?", r"detrui\w+", "rollback",
    "tokens?", "secrets?", "passwords?", "mots? de passe", "credentials?", "kubectl", r"compile[rz]?",
    "merge", "force", "send", r"envoie[rz]?", "weather", "meteo", r"\$\w+",
)  # fmt: skip
YES = _whole(
    (
        "yes", "yep", "yeah", "ok(?:ay)?", "sure", "approved?", "i approve", "do it", "oui", "d'accord",
        "approuve[rz]?", "j'approuve", "valide[rz]?",
    ),
    ("please", "go", "do it", "s'il te plait", "s'il vous plait", "merci", "thanks"),
)  # fmt: skip
NO = _whole(
    (
        "no", "nope", "reject(?:ed)?", "i reject", "cancel", "stop", "non", "rejette[rz]?", "refuse[rz]?",
        "je refuse", "annule[rz]?",
    ),
    ("thanks", "thank you", "please", "merci"),
)  # fmt: skip
HELLO = re.compile(r"(?:hello|hi|hey|good (?:morning|day|evening)|bonjour|salut|bonsoir|coucou)\b.{0,20}")
THANKS = re.compile(r"(?:thanks?|thank you|thx|merci)\b.{0,30}")

SPEC = re.compile(r"\bspec-\d+\b")
RUN = re.compile(r"\b(?:run|plan)-\d+\b")
CODE = re.compile(r"\baw\s?-?(\d{3})\b")
FILE = re.compile(r"(?:^|\s)(?:\.{0,2}/)?[\w./-]+\.(?:ya?ml|json)\b")
TENANT = re.compile(r"\btenant\s*[:=/]?\s*[\"'`]?([a-z0-9][a-z0-9-]*)")
NAME = re.compile(
    r"\b(?:as|named|called|name(?:\s+it)?|under\s+the\s+name(?:\s+of)?|sous\s+le\s+nom(?:\s+de)?|nommee?"
    r"|en\s+tant\s+que|appelee?|appelle-la|comme|nom)\s*[:=]?\s*[\"'`«]?\s*([a-z][a-z0-9-]{0,62})\b(?!\s*=)"
)
REPLICAS = re.compile(
    rf"\b(\d{{1,6}}|{'|'.join(NUMBERS)})\s+(?:replicas?|repliques?|pods?|instances?|copies)\b"
    r"|\b(?:replicas?|repliques?)\s*[:=]\s*(\d{1,6})\b"
)
IMAGE = re.compile(r"\bimage\s*[:=]?\s*[\"'`]?([a-z0-9][\w./:@-]*\w)")
REFERENCE = re.compile(
    r"(?<![\w/])([a-z0-9][\w.-]*(?::\d+)?(?:/[\w.-]+)+(?::\w[\w.-]*|@sha256:[0-9a-f]{64}))"
)
VERSION = re.compile(r"\b(?:version|v)\s*[:=]?\s*(\d+(?:\.\d+){1,2}(?:[-+][\w.]+)?)\b")
BARE_VERSION = re.compile(r"(?:@|\bv|\s)(\d+(?:\.\d+){1,2}(?:[-+][\w.]+)?)\b")
OWNER = re.compile(r"\b(?:owner|owned\s+by|proprietaire)\s*[:=]?\s*[\"'`]?([\w./@-]+)")
PORT = re.compile(r"\bport\s+(?:([a-z][a-z0-9-]*)\s*=\s*)?(\d{2,5})\b")
NO_ARGO = re.compile(r"\b(?:without|no|sans)\s+argo\s?-?cd\b")
MODULE = re.compile(r"(?<![\w/.:-])[\w-]+(?:/[\w.-]*\w)+(?![\w/:])")
_ARTICLE = r"(?:the\s+|les?\s+|la\s+|l'|des?\s+|un\s+|une\s+|an?\s+)?"
ABOUT = re.compile(
    rf"\b(?:for|about|on|pour|sur|concernant|matching|contenant|with|avec)\s+{_ARTICLE}([\w /-]+)"
    rf"|\b(?:find|search|(?:re)?cherche[rz]?|trouve[rz]?|any|list|show|montre[rz]?|liste[rz]?)\s+(?:me\s+|moi\s+)?"
    rf"{_ARTICLE}([\w/-]+)\s+modules?"
    rf"|\b(?:search|find|(?:re)?cherche[rz]?|trouve[rz]?)\s+{_ARTICLE}([\w/-]+)\s+(?:in|dans)\b"
    r"|\bmodules?\s+([a-z][\w-]+)\s*[?.!]*$"
)
