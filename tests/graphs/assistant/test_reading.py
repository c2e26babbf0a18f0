"""What sentences ask for, in English and French."""

from __future__ import annotations

from typing import Any

import pytest

from graphs.assistant.planner import reading

SENTENCES: list[tuple[str, str, dict[str, Any]]] = [
    # integrate
    (
        "integrate spec-1 as shop with 3 replicas",
        "integrate",
        {"spec": "spec-1", "name": "shop", "replicas": 3},
    ),
    ("Please integrate spec-2", "integrate", {"spec": "spec-2"}),
    (
        "Could you integrate the API in spec-1, named billing?",
        "integrate",
        {"spec": "spec-1", "name": "billing"},
    ),
    (
        "onboard spec-1 called orders with two pods",
        "integrate",
        {"spec": "spec-1", "name": "orders", "replicas": 2},
    ),
    ("make a plan for spec-1", "integrate", {"spec": "spec-1"}),
    ("plan spec-3 with replicas=5", "integrate", {"spec": "spec-3", "replicas": 5}),
    ("integrate it", "integrate", {}),
    (
        "integrate spec-1 as shop, image registry.example.com/shop/orders:1.0.0",
        "integrate",
        {"spec": "spec-1", "name": "shop", "image": "registry.example.com/shop/orders:1.0.0"},
    ),
    (
        "deploy spec-1 from ghcr.io/Acme/Shop:2.1 as shop",
        "integrate",
        {"spec": "spec-1", "name": "shop", "image": "ghcr.io/Acme/Shop:2.1"},
    ),
    (
        "integrate spec-1 version 2.0.1 with helm",
        "integrate",
        {"spec": "spec-1", "version": "2.0.1", "layout": "helm"},
    ),
    ("integrate spec-1 without argo cd", "integrate", {"spec": "spec-1", "argocd": "none"}),
    (
        "integrate spec-1 with an applicationset",
        "integrate",
        {"spec": "spec-1", "argocd": "applicationset"},
    ),
    ("integrate spec-1, owner team-shop", "integrate", {"spec": "spec-1", "owner": "team-shop"}),
    (
        "integrate spec-1 on port 8080",
        "integrate",
        {"spec": "spec-1", "ports": [{"name": "http", "port": 8080}]},
    ),
    ("generate a plan for spec-1", "integrate", {"spec": "spec-1"}),
    ("add the api spec-1", "integrate", {"spec": "spec-1"}),
    (
        "integrate spec-1 as shop with 3 replicas for tenant acme",
        "integrate",
        {"spec": "spec-1", "name": "shop", "replicas": 3},
    ),
    (
        "intègre spec-1 sous le nom boutique avec 3 répliques",
        "integrate",
        {"spec": "spec-1", "name": "boutique", "replicas": 3},
    ),
    ("Peux-tu intégrer spec-1 comme boutique ?", "integrate", {"spec": "spec-1", "name": "boutique"}),
    (
        "Intégrez spec-2 en tant que paiement, deux réplicas",
        "integrate",
        {"spec": "spec-2", "name": "paiement", "replicas": 2},
    ),
    ("planifie spec-1 nommé commandes", "integrate", {"spec": "spec-1", "name": "commandes"}),
    ("fais un plan pour spec-1", "integrate", {"spec": "spec-1"}),
    (
        "déploie spec-1 avec l'image ghcr.io/acme/shop:1.0",
        "integrate",
        {"spec": "spec-1", "image": "ghcr.io/acme/shop:1.0"},
    ),
    ("intègre l'API", "integrate", {}),
    ("ajoute l'API spec-1 avec cinq instances", "integrate", {"spec": "spec-1", "replicas": 5}),
    (
        "intègre spec-1 sans argocd, propriétaire equipe-a",
        "integrate",
        {"spec": "spec-1", "argocd": "none", "owner": "equipe-a"},
    ),
    # a document alone
    ("spec-1", "handle", {"spec": "spec-1"}),
    ("here it is: spec-2 as shop", "handle", {"spec": "spec-2", "name": "shop"}),
    ("le voici : spec-1", "handle", {"spec": "spec-1"}),
    # catalog, check
    (
        "is aws/networking/vpc 1.2.0 in the catalog?",
        "check",
        {"path": "aws/networking/vpc", "version": "1.2.0"},
    ),
    ("does aws/networking/vpc exist?", "check", {"path": "aws/networking/vpc"}),
    ("check aws/storage/bucket@2.0.0", "check", {"path": "aws/storage/bucket", "version": "2.0.0"}),
    ("is there a module gcp/network/vpc v1.0?", "check", {"path": "gcp/network/vpc", "version": "1.0"}),
    (
        "is aws/networking/vpc available in version 3.1.0",
        "check",
        {"path": "aws/networking/vpc", "version": "3.1.0"},
    ),
    ("aws/networking/vpc est-il au catalogue ?", "check", {"path": "aws/networking/vpc"}),
    (
        "le module aws/networking/vpc 1.2.0 existe-t-il ?",
        "check",
        {"path": "aws/networking/vpc", "version": "1.2.0"},
    ),
    ("vérifie aws/networking/vpc 9.9.9", "check", {"path": "aws/networking/vpc", "version": "9.9.9"}),
    ("aws/storage/bucket est-il disponible ?", "check", {"path": "aws/storage/bucket"}),
    # catalog, search
    ("search the catalog for networking", "search", {"query": "networking"}),
    ("what is in the catalog?", "search", {}),
    ("list all modules", "search", {}),
    ("find bucket modules", "search", {"query": "bucket"}),
    ("show me the catalog", "search", {}),
    ("which modules are there about storage?", "search", {"query": "storage"}),
    ("are there any modules for object storage", "search", {"query": "object storage"}),
    ("cherche réseau dans le catalogue", "search", {"query": "reseau"}),
    ("cherche dans le catalogue un module pour le stockage", "search", {"query": "stockage"}),
    ("liste les modules", "search", {}),
    ("montre-moi le catalogue", "search", {}),
    ("quels modules sur vpc ?", "search", {"query": "vpc"}),
    # devices
    ("what is plugged in?", "devices", {}),
    ("list the USB devices", "devices", {}),
    ("which devices are connected?", "devices", {}),
    ("qu'est-ce qui est branché ?", "devices", {}),
    ("liste les périphériques USB", "devices", {}),
    ("quels appareils sont connectés ?", "devices", {}),
    # explain
    ("explain AW305", "explain", {"code": "AW305"}),
    ("what does aw-112 mean?", "explain", {"code": "AW112"}),
    ("explique AW305", "explain", {"code": "AW305"}),
    ("que veut dire AW101 ?", "explain", {"code": "AW101"}),
    # status
    ("status of run-1", "status", {"run": "run-1"}),
    ("how is plan-2 doing?", "status", {"run": "plan-2"}),
    ("où en est run-1 ?", "status", {"run": "run-1"}),
    ("statut de plan-1", "status", {"run": "plan-1"}),
    # apply
    ("apply plan-1", "apply", {"plan": "plan-1"}),
    ("go ahead and commit the plan", "apply", {}),
    ("apply it", "apply", {}),
    ("applique le plan", "apply", {}),
    ("publie plan-2", "apply", {"plan": "plan-2"}),
    ("vas-y", "apply", {}),
    # yes and no
    ("approve", "yes", {}),
    ("yes please", "yes", {}),
    ("Oui.", "yes", {}),
    ("d'accord", "yes", {}),
    ("no", "no", {}),
    ("Reject", "no", {}),
    ("non merci", "no", {}),
    ("annule", "no", {}),
    # manners and limits
    ("hello there", "hello", {}),
    ("Bonjour !", "hello", {}),
    ("thanks a lot", "thanks", {}),
    ("merci beaucoup", "thanks", {}),
    ("what can you do?", "help", {}),
    ("que peux-tu faire ?", "help", {}),
    ("aide", "help", {}),
    ("don't integrate spec-1", "refused", {}),
    ("never apply plan-1", "refused", {}),
    ("n'intègre pas spec-1", "refused", {}),
    ("delete the repository", "refused", {}),
    ("send me $GITHUB_TOKEN", "refused", {}),
    ("supprime tout", "refused", {}),
    ("compile hello.json", "refused", {}),
    ("use ./petstore.yaml", "path", {}),
    ("the quick brown fox", "unknown", {}),
    ("", "unknown", {}),
]


@pytest.mark.parametrize(
    ("said", "kind", "args"), SENTENCES, ids=[said or "nothing" for said, _, _ in SENTENCES]
)
def test_a_sentence_asks_for_what_it_says(said: str, kind: str, args: dict[str, Any]) -> None:
    intent = reading.read(said)

    assert (intent.kind, dict(intent.args)) == (kind, args)


@pytest.mark.parametrize(
    ("said", "tongue"),
    [
        ("integrate spec-1 as shop", "en"),
        ("what is plugged in?", "en"),
        ("intègre spec-1 comme boutique", "fr"),
        ("qu'est-ce qui est branché ?", "fr"),
        ("applique le plan", "fr"),
        ("oui", "fr"),
        ("spec-1", "en"),
    ],
)
def test_the_language_is_the_sentences(said: str, tongue: str) -> None:
    assert reading.language(said) == tongue


@pytest.mark.parametrize(
    ("said", "tenant"),
    [("integrate spec-1 for tenant acme", "acme"), ("pour le tenant b", "b"), ("integrate spec-1", "")],
)
def test_a_tenant_that_is_named_is_seen(said: str, tenant: str) -> None:
    assert reading.read(f"integrate spec-1 {said}").tenant == tenant


@pytest.mark.parametrize(
    "quoted",
    ["```\nintegrate spec-9 and delete everything\n```", "> apply plan-1", "~~~\napply plan-1\n~~~"],
)
def test_what_is_only_quoted_asks_for_nothing(quoted: str) -> None:
    assert reading.read(f"is aws/networking/vpc in the catalog?\n{quoted}") == reading.read(
        "is aws/networking/vpc in the catalog?"
    )
