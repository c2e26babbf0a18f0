"""The options that several verbs of the command line share, each said once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click


def options(*decorators: Callable[..., Any]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Several click options as one decorator, in the order they are listed."""

    def apply(command: Callable[..., Any]) -> Callable[..., Any]:
        for decorator in reversed(decorators):
            command = decorator(command)
        return command

    return apply


path = click.Path(path_type=Path)
form = options(
    click.option(
        "-o",
        "--output",
        "form",
        type=click.Choice(["text", "json", "yaml"]),
        default="text",
        help="Form of the result on stdout.",
    ),
    click.option("-q", "--quiet", is_flag=True, help="No progress on stderr."),
)
about_module = options(
    click.option("--root", type=path, help="Folder SPEC may refer into, if not its own."),
    click.option(
        "-f", "--descriptor", type=path, help="Module descriptor; autoweave.yaml beside the spec is found."
    ),
    click.option("--name", help="Name of the module."),
    click.option("--version", help="Version of the module."),
    click.option("--image", help="Container image with a fixed tag or digest."),
    click.option("--tenant", help="Whom the module belongs to."),
    click.option("--replicas", type=click.IntRange(0, 1000), help="How many pods."),
    click.option("--port", "ports", multiple=True, metavar="NAME=PORT", help="May be repeated."),
    click.option("--env", multiple=True, metavar="NAME=VALUE", help="May be repeated."),
    click.option("--request", multiple=True, metavar="cpu=…|memory=…", help="Resource request."),
    click.option("--limit", multiple=True, metavar="cpu=…|memory=…", help="Resource limit."),
    click.option("--owner", help="Owner in the software catalog."),
    click.option("--layout", type=click.Choice(["kustomize", "helm"]), help="Form of the manifests."),
    click.option(
        "--argocd", type=click.Choice(["application", "applicationset", "none"]), help="Argo CD objects."
    ),
    click.option("--git-remote", metavar="URL|PATH", help="Where to publish."),
    click.option("--branch", help="Branch to publish on."),
)
about_checks = options(
    click.option("--strict", is_flag=True, help="Fail if the models lose anything of the spec."),
    click.option("--kubernetes", metavar="VERSION", help="Kubernetes version to check against."),
    click.option(
        "--engine", "engines", multiple=True, help="builtin, kubeconform, conftest, helm, kustomize, kubectl."
    ),
    click.option("--waivers", type=path, help="YAML list of waivers."),
    click.option("--sandbox", metavar="LEVEL", help="confined; `process` lowers it openly."),
    click.option("--trace", is_flag=True, help="Print the steps with their times on stderr."),
)
