"""(k) Twenty rules of every measure over 500 events, by how many of them are captured within a minute.

All; as many as the default budgets of two marketplaces let through, which the goal is about; and as few as usual.

Nothing is sent: what costs is looking. The baseline reads the listings of the same captures once, for lowest prices.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from benchmarks.ground import SCHEMA, Spent, one_core, spend
from benchmarks.query_data import TINY, Size, add_captures, fill
from benchmarks.report import Goal, Report, percentile
from ticket_pipeline.alerts.evaluation import evaluate
from ticket_pipeline.storage.alerts import replace_alert_rules
from ticket_pipeline.storage.database import Database, as_query

if TYPE_CHECKING:
    from collections.abc import Sequence

    from benchmarks.ground import Ground

_MOST_SECONDS = 1.0
_QUARTER = timedelta(minutes=15)
"""Between two captures on the last day; so one minute in fifteen is an event's."""
_BUDGET = 120 / 500
"""The default budgets allow 60 requests a minute to each of the two marketplaces with listings."""
_SIZE = Size(days=45, listing_days=1)
_ROUNDS = 5

RULES = (
    ("floor", "below 60"),
    ("floor", "falls 10% in 24h"),
    ("floor", "new low"),
    ("floor", "unusual 3"),
    ("get-in 1", "below 60"),
    ("get-in 2", "falls 15% in 24h"),
    ("get-in 2", "new low"),
    ("get-in 4", "below 60"),
    ("median", "above 900"),
    ("median", "rises 20% in 24h"),
    ("tickets", "falls 30% in 6h"),
    ("listings", "below 50"),
    ("listings", "unusual 3"),
    ("sales 6h", "above 40"),
    ("sales 24h", "above 90"),
    ("percentile", "below 5"),
    ("spread 2", "above 60"),
    ("floor", "below 50", "each"),
    ("get-in 2", "falls 20% in 24h", "each"),
    ("tickets", "falls 50% in 6h", "each"),
)
"""Measure, condition and zone."""

_LOWEST = """
    select event_id, min(price)
    from listings
    where captured_at = (select max(captured_at) from snapshots)
    group by event_id
"""


def measure_alerts(ground: Ground, *, quick: bool) -> Report:
    """Measure on one server; the first evaluation begins all states and is not counted."""
    size, rounds = (replace(TINY, days=16), 1) if quick else (_SIZE, _ROUNDS)
    report = Report(f"(k) {len(RULES)} rules over {size.events} events of {size.listings} listings; {ground.name}")
    with ground.database() as url:
        fill(url, size)
        with Database(url, SCHEMA) as database, one_core(ground) as bound:
            replace_alert_rules(database, [_cells(*rule) for rule in RULES])
            _capture(ground, database, size, 0)
            every = [_capture(ground, database, size, 1 + number) for number in range(rounds)]
            most, few = (
                [_capture(ground, database, size, 1 + rounds * part + number, share=share) for number in range(rounds)]
                for part, share in ((1, _BUDGET), (2, 1 / 15))
            )
    for name, found in (("all captured", every), ("as the budgets allow", most), ("a fifteenth captured", few)):
        spent, raw = ([one[at] for one in found] for at in (0, 1))
        report.add(name, f"{_middle(spent):.2f} s CPU", f"{_parts(spent)}; {bound}")
        report.add("  the lowest price of each", f"{_middle(raw):.2f} s CPU", _parts(raw))
    report.goals.append(
        Goal("a minute, captured as the budgets allow", _middle([spent for spent, _ in most]), _MOST_SECONDS, unit=" s")
    )
    return report


def _cells(measure: str, condition: str, zone: str = "") -> dict[str, str]:
    return {"Alert": f"{measure} {condition} {zone}", "Measure": measure, "Condition": condition, "Zone": zone}


def _capture(ground: Ground, database: Database, size: Size, number: int, share: float = 1) -> tuple[Spent, Spent]:
    """Capture events and try the rules on them: what that took, and the baseline."""
    at = size.now + number * _QUARTER
    with database.connection() as connection:
        captured = add_captures(connection, size, at, share=share)
        connection.execute("analyze listings, snapshots")
        done, spent = spend(ground, lambda: evaluate(database, (), at + timedelta(minutes=1), dashboard=""))
        if done.captures != captured:
            raise AssertionError(f"{done.captures} of {captured} captures were tried")
        return spent, spend(ground, lambda: connection.execute(as_query(_LOWEST)).fetchall())[1]


def _middle(found: Sequence[Spent]) -> float:
    return percentile([one.cpu for one in found], 0.5)


def _parts(found: Sequence[Spent]) -> str:
    client, server = (percentile([getattr(one, side) for one in found], 0.5) for side in ("client", "server"))
    return f"client {client:.2f}, server {server:.2f}"
