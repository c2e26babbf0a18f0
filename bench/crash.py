"""kill -9 at every boundary of the graph and at random moments; then the same command once more.

    python -m bench.crash [RANDOM=200] [SEED=1]

Counts runs that were lost (not done after the second command) and effects that were doubled.
"""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.graphs.integrate import trials


def main(moments: int, seed: int) -> None:
    rng = random.Random(seed)
    with trials.nursery() as nursery, tempfile.TemporaryDirectory() as place:
        whole = nursery.integrate(Path(place) / "first")
        start = time.monotonic()
        nursery.integrate(Path(place) / "second")
        length_ms = int((time.monotonic() - start) * 1000)
        points = [(point, count) for point, calls in whole["calls"].items() for count in range(1, calls + 1)]
        orders = [*points, *(("after", rng.randrange(1, length_ms)) for _ in range(moments))]
        print(
            f"{len(points)} boundaries and {moments} random moments of {length_ms} ms (seed {seed})",
            flush=True,
        )
        faults, killed, slowest = [], 0, 0.0
        for number, (point, count) in enumerate(orders):
            home = Path(place) / str(number)
            killed += nursery.integrate(home, point, count)["killed"]
            start = time.monotonic()
            again = nursery.integrate(home)
            slowest = max(slowest, time.monotonic() - start)
            if fault := trials.verdict(home, again):
                faults.append(f"{point} {count}: {fault}")
                print(f"FAULT {faults[-1]}", flush=True)
            shutil.rmtree(home)
    print(f"{killed} of {len(orders)} were killed before their end; slowest second command {slowest:.1f} s")
    print(f"{len(faults)} lost or doubled (goal 0)")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main(*(int(each) for each in [*sys.argv[1:], *("200", "1")[len(sys.argv) - 1 :]]))
