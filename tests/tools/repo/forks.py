"""A process that forks one publisher per line it reads, so that a test can kill each at any moment.

Line: remote, cache, build number (tab-separated). Answer: the child's process id.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import git  # noqa: F401  # loaded once, so that a kill hits the publishing and not the importing

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from tests.tools.repo.conftest import publication
from tools import repo


def numbered(number: int) -> repo.Publication:
    """Build `number`: a module, a key and a tag of its own."""
    key = f"{number:08x}" * 8
    name = f"apps/m{number}"
    return publication(
        owned=(name,),
        writes={f"{name}/f{count}.yaml": b"x: %d\n" % (number * 100 + count) for count in range(12)},
        build_key=key,
        tag=f"bld/m{number}/20261120T120000Z-{key[:8]}/main",
    )


def publish(remote: str, cache: str, number: int) -> repo.Receipt:
    known = repo.Remote.parse(remote, roots=[Path(remote).parent])
    return repo.Repository(known, Path(cache)).publish(numbered(number))


def main() -> None:
    for line in sys.stdin:
        remote, cache, number = line.rstrip("\n").split("\t")
        child = os.fork()
        if child == 0:
            publish(remote, cache, int(number))
            os._exit(0)
        print(child, flush=True)
        os.waitpid(child, 0)
        print("ended", flush=True)


if __name__ == "__main__":
    main()
