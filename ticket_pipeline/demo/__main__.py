"""`python -m ticket_pipeline.demo PART PARTS`: play one part of the past, and end. `ticket-pipeline run` starts it."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime

from ticket_pipeline.demo.play import plan_past, play, share_out
from ticket_pipeline.demo.world import open_demo_world
from ticket_pipeline.settings.model import load_settings
from ticket_pipeline.storage.connect import open_database


def main(part: int, parts: int) -> None:
    """Play the events of one part, one after the other."""
    settings = load_settings()
    world = open_demo_world(settings, datetime.now(UTC), with_past=True)
    with open_database(settings) as database:
        events = share_out(plan_past(database, world), parts)[part]
        asyncio.run(play(database, settings, world, events))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
