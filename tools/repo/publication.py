"""What is to be published, who says so and when; and the receipt of what was."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from core import paths
from tools.repo import refs
from tools.repo.message import FieldRefused, compose

_NAME = re.compile(r"[^\x00-\x1f\x7f<>,:;\"\\]{1,100}")
_MAIL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}@[A-Za-z0-9][A-Za-z0-9.-]{0,252}")
_LATEST = 253402300799  # 9999-12-31: git reads no later date


@dataclass(frozen=True, slots=True)
class Identity:
    name: str
    email: str


@dataclass(frozen=True)
class Publication:
    """`base` is the SHA-256 of each file at or below `owned` as the plan saw it; `at_s` is Unix time."""

    branch: str
    base_commit: str | None
    owned: tuple[str, ...]
    base: Mapping[str, str]
    writes: Mapping[str, bytes]
    deletes: tuple[str, ...]
    message: str
    build_key: str
    plan_digest: str
    spec_digest: str
    author: Identity
    committer: Identity
    at_s: int
    trace_id: str = ""
    tag: str = ""

    @property
    def text(self) -> str:
        """The whole commit message."""
        return compose(
            self.message,
            {
                "Build-Key": self.build_key,
                "Plan-Digest": self.plan_digest,
                "Spec-Digest": self.spec_digest,
                "Trace-Id": self.trace_id,
            },
        )


@dataclass(frozen=True, slots=True)
class Receipt:
    """Written only after the remote itself showed the commit. `adopted`: an earlier try had published it."""

    remote: str
    branch: str
    commit: str
    build_key: str
    plan_digest: str
    tag: str = ""
    adopted: bool = False
    attempts: int = 0


def check(publication: Publication) -> None:
    """Refuse whatever could become an option, a forged line or a file outside the owned paths."""
    refs.branch(publication.branch)
    if publication.base_commit is not None:
        refs.commit(publication.base_commit)
    if publication.tag:
        refs.tag(publication.tag, publication.build_key)
    for required in ("build_key", "plan_digest", "spec_digest"):
        if not getattr(publication, required):
            raise FieldRefused(f"A publication needs its {required}.", place=required)
    assert publication.text
    _check_people(publication)
    paths.check_all(publication.writes, publication.owned)
    # Names to delete come from the repository and may be odd; being in the verified base keeps them safe.
    if strays := [path for path in publication.deletes if path not in publication.base]:
        raise FieldRefused("A file to delete is not in the base.", place=ascii(strays[0][:80]))
    if not publication.writes and not publication.deletes:
        raise FieldRefused("There is nothing to publish.", fix="An empty plan needs no apply.")


def _check_people(publication: Publication) -> None:
    for person in (publication.author, publication.committer):
        if not _NAME.fullmatch(person.name) or person.name != person.name.strip():
            raise FieldRefused("The author's name is not one plain line.", place="name")
        if not _MAIL.fullmatch(person.email):
            raise FieldRefused("The author's e-mail address is not plain.", place="email")
    if not 0 <= publication.at_s <= _LATEST:
        raise FieldRefused("The commit's time is out of range.", place="at_s")
