"""What tests of more than one part need: a clock they move. No test sleeps."""

from __future__ import annotations


class Clock:
    """Seconds that pass only when told. Use it where `time.time` or `time.monotonic` would go."""

    def __init__(self, at: float = 1_800_000_000.0) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at

    def move(self, seconds: float) -> None:
        """Forward, or back when negative: clocks are set back too."""
        self.at += seconds
