"""A marketplace in a process of its own: `python -m benchmarks.marketplace EVENTS LISTINGS SECONDS`.

It prints its URL, answers every request after that many seconds, and ends when its standard input closes.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from benchmarks.bodies import STARTS_AT, event_body, external_id
from benchmarks.ground import PROJECT
from ticket_pipeline.simulator.stubhub import create_stubhub_app
from ticket_pipeline.simulator.wire import Latency
from ticket_pipeline.simulator.world import ReplayEvent, SimulatedWorld
from ticket_pipeline_tests.simulator_support.serving import serve

if TYPE_CHECKING:
    from collections.abc import Iterator


def main(events: int, listings: int, seconds: float) -> None:
    """Serve until standard input closes."""
    replays = [ReplayEvent(external_id(number), (event_body(number, listings),)) for number in range(events)]
    world = SimulatedWorld(replays, started_at=STARTS_AT)
    app = create_stubhub_app(world, clock=lambda: datetime.now(UTC), latency=Latency(seconds))
    with serve(app) as served:
        print(served.url, flush=True)
        sys.stdin.read()


@contextmanager
def open_marketplace(events: int, listings: int, seconds: float) -> Iterator[str]:
    """Start it as a process; its URL."""
    command = [sys.executable, "-m", "benchmarks.marketplace", str(events), str(listings), str(seconds)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT
    ) as process:  # leaving the block closes its input, which ends it
        assert process.stdout is not None  # noqa: S101 - it is a pipe
        url = process.stdout.readline().strip()
        if not url:
            raise RuntimeError("Started the benchmark's marketplace: it ended at once; its error is above.")
        yield url


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))
