"""Module descriptor in; manifests, Argo CD objects and Backstage entry out. Writes no file."""

from tools.manifests.argo_check import check_application
from tools.manifests.bundle import render
from tools.manifests.descriptor import default, read, schema, slug, tag
from tools.manifests.module import Module
from tools.manifests.skeletons import templates

__all__ = ["Module", "check_application", "default", "read", "render", "schema", "slug", "tag", "templates"]
