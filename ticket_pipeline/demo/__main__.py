"""One process of the past, started by `ticket-pipeline run`; it ends when its work is done.

`python -m ticket_pipeline.demo polls PART PARTS` plays one part of the events, `python -m ticket_pipeline.demo sales
PLANNED` estimates the sales of that many polls meanwhile, `python -m ticket_pipeline.demo primary-sales` reads primary
sales from the simulator.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from datetime import UTC, datetime, timedelta

from ticket_pipeline.demo.primary_sales import read_primary_sales
from ticket_pipeline.demo.rebuild import estimate_past
from ticket_pipeline.demo.world import open_demo_world
from ticket_pipeline.logs import set_up_logs
from ticket_pipeline.settings.model import load_settings
from ticket_pipeline.storage.connect import open_database
from ticket_pipeline.storage.sales import build_sale_rules


def main(role: str, *which: str) -> None:
    """Play the events of one part, one after the other, or estimate sales, or read primary sales."""
    settings = load_settings()
    set_up_logs(settings)
    with open_database(settings) as database:
        if role == "primary-sales":
            asyncio.run(read_primary_sales(database, settings, datetime.now(UTC)))
            return
        world = open_demo_world(settings, datetime.now(UTC), with_past=True)
        if role == "sales":
            estimate_past(database, int(which[0]), world.started_at, build_sale_rules(settings))
            return
        # It validates with pandas, which takes half a second to load: only those who play need it.
        from ticket_pipeline.demo.play import plan_past, play, share_out  # noqa: PLC0415

        # Markets are many small objects that stay: scanning them for garbage took a sixth of the time.
        gc.disable()
        part, parts = map(int, which)
        planned = plan_past(database, world, past=timedelta(days=settings.tuning.past_days))
        asyncio.run(play(database, settings, world, share_out(planned, parts)[part]))


if __name__ == "__main__":
    main(*sys.argv[1:])
