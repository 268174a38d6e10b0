"""Watch live events on ticket marketplaces: listing snapshots, hourly and daily prices.

The packages, from the top: `definitions` and `defs` (all that knows Dagster), `cli`, `polling` (what is due, and the
fetch-validate-write of a snapshot), `marketplaces` and `sheet` (the outside world), `storage` (PostgreSQL and
TimescaleDB), `market` (the trade's vocabulary and arithmetic), `settings`. Imports run downwards only.
"""

__version__ = "0.1.0"
