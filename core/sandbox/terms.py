"""The words a caller of the sandbox uses: how confined, how much, and what came back."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

from core.sandbox.failures import CallRefused


class Level(IntEnum):
    """How strongly a child is confined. A higher level includes the lower ones."""

    PROCESS = 0
    CONFINED = 1
    ISOLATED = 2

    @property
    def text(self) -> str:
        return _TEXTS[self]

    @property
    def flag(self) -> str:
        """The word for the command line: `--sandbox process`."""
        return self.name.lower()


_TEXTS = {
    Level.PROCESS: "own process, clean environment, limits; no walls",
    Level.CONFINED: "Landlock and seccomp: no network, no other files, no programs",
    Level.ISOLATED: "as confined, inside bubblewrap's own namespaces",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may use.

    `memory_mb` is resident memory, the preloaded modules included. `output_mb` bounds the
    answer, and separately what the child prints. `file_mb` bounds each file and the whole
    private folder, `files` the number of its entries. `processes` is how many processes the
    child may start: none by default, then it may not run programs either. CPU seconds count
    in whole seconds, rounded up.
    """

    cpu_s: float = 10.0
    wall_s: float = 30.0
    memory_mb: int = 1024
    output_mb: int = 64
    file_mb: int = 64
    files: int = 1000
    processes: int = 0
    open_files: int = 256

    def __post_init__(self) -> None:
        for name, (least, most) in _RANGES.items():
            value = getattr(self, name)
            # Written so that NaN fails too.
            if not least <= value <= most:
                raise CallRefused(f"The limit {name} is {value!r}, not within {least:g} and {most:g}.")

    def with_(self, **changes: Any) -> Limits:
        return replace(self, **changes)


# A limit beyond these is no limit; fewer descriptors than 16 and Python cannot import.
_RANGES: dict[str, tuple[float, float]] = {
    "cpu_s": (0.001, 86_400),
    "wall_s": (0.001, 86_400),
    "memory_mb": (16, 1 << 20),
    "output_mb": (1, 4096),
    "file_mb": (1, 1 << 20),
    "files": (1, 1_000_000),
    "processes": (0, 10_000),
    "open_files": (16, 65_536),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """A call's value and what it cost. `printed` is the tail of what the child wrote."""

    value: Any
    level: Level
    cpu_s: float
    wall_s: float
    peak_mb: float
    printed: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """The best level this machine gives, and what keeps it from more (empty at the best)."""

    level: Level
    reasons: tuple[str, ...] = ()
    landlock_abi: int = 0
    system: str = ""
