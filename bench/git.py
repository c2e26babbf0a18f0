"""Six writers, eight builds each, one branch: what arrives, what is left behind, what it costs.

Ours against the obvious way (clone, commit, push branch and tag, no retry), in one run.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path = [str(ROOT), *(place for place in sys.path if Path(place or ".").resolve() != ROOT / "bench")]

from tools import repo  # noqa: E402  # after this folder left the path: `git.py` here would hide GitPython

ME = repo.Identity("AutoWeave", "autoweave@example.com")
ENV = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    **{
        f"GIT_{who}_{what}": "bench@example.com"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    },
}


def git(*args: str, at: Path, check: bool = True) -> str:
    return subprocess.run(
        ["git", "-C", str(at), *args], env=ENV, capture_output=True, text=True, check=check
    ).stdout


def ours(bare: Path, folder: Path, writer: int, builds: int) -> int:
    """Attempts needed for all builds of one writer."""
    remote = repo.Remote.parse(str(bare), roots=[bare.parent])
    repository = repo.Repository(remote, folder / f"clone{writer}")
    return sum(repository.publish(publication(writer, build)).attempts for build in range(builds))


def publication(writer: int, build: int) -> repo.Publication:
    name, key = f"apps/m{writer}-{build}", f"{writer:04x}{build:04x}" * 8
    return repo.Publication(
        branch="main",
        base_commit=None,
        owned=(name,),
        base={},
        writes={f"{name}/f{number}.yaml": b"x: %d\n" % number for number in range(20)},
        deletes=(),
        message=f"Integrate m{writer}-{build}",
        build_key=key,
        plan_digest="0" * 64,
        spec_digest="0" * 64,
        author=ME,
        committer=ME,
        at_s=1_700_000_000,
        tag=f"bld/m{writer}-{build}/20260101T000000Z-{key[:8]}/main",
    )


def naive(bare: Path, folder: Path, writer: int, builds: int) -> int:
    work = folder / f"work{writer}"
    git("clone", "-q", str(bare), str(work), at=folder)
    for build in range(builds):
        for number in range(20):
            place = work / "apps" / f"m{writer}-{build}" / f"f{number}.yaml"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(f"x: {number}\n")
        git("add", "-A", at=work)
        git("commit", "-q", "-m", "build", at=work)
        git("tag", f"bld/{writer}-{build}", at=work)
        git("push", "-q", "origin", "HEAD:main", f"bld/{writer}-{build}", at=work, check=False)
    return builds


def measure(name: str, work: object, writers: int, builds: int) -> bool:
    """Print one line; True when every build arrived with its tag and few were tried twice."""
    with tempfile.TemporaryDirectory(prefix="autoweave-bench-") as folder:
        place = Path(folder)
        bare = repo.create(place / "remote.git")
        started = time.monotonic()
        with multiprocessing.get_context("spawn").Pool(writers) as pool:
            jobs = [(bare, place, writer, builds) for writer in range(writers)]
            attempts = sum(pool.starmap(work, jobs))  # type: ignore[arg-type]  # one of the two above
        elapsed_s = time.monotonic() - started
        reachable = set(git("rev-list", "main", at=bare).split())
        arrived = git("ls-tree", "-d", "--name-only", "main:apps", at=bare).split()
        tags = git("for-each-ref", "--format=%(objectname)", "refs/tags", at=bare).split()
        orphans = [tag for tag in tags if tag not in reachable]
        git("fsck", "--strict", at=bare)
    wanted = writers * builds
    print(
        f"{name:<6} builds on branch {len(arrived)}/{wanted}  tags {len(tags)}  orphan tags {len(orphans)}"
        f"  attempts per build {attempts / wanted:.2f}  {elapsed_s:.1f} s"
    )
    return len(arrived) == wanted == len(tags) and not orphans and attempts <= 1.2 * wanted


def main() -> int:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    given.add_argument("--writers", type=int, default=6)
    given.add_argument("--builds", type=int, default=8)
    asked = given.parse_args()
    is_met = measure("ours", ours, asked.writers, asked.builds)
    measure("naive", naive, asked.writers, asked.builds)
    print(f"goal: every build, 0 orphan tags, at most 1.2 attempts: {'met' if is_met else 'MISSED'}")
    return 0 if is_met else 1


if __name__ == "__main__":
    sys.exit(main())
