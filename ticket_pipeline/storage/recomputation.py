"""Whether stored prices are what they should be: sampled hours and days, recomputed and compared in every column.

What belongs here: drawing a sample, recomputing it and naming each difference. What does not: the arithmetic of an hour
(`market.hours`), and questions about single rows (`quality`).
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ticket_pipeline.storage.prices import REBUILD_SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from ticket_pipeline.storage.database import Database, Row, Transaction


def recompute_sampled_days(
    database: Database, first: date, until: date, *, always_from: date, salt: str, sample_size: int
) -> tuple[int, list[Row]]:
    """Recompute sampled event-days of [first, until) from their hours and compare them with what is stored.

    Args:
        database: where.
        first: first day, UTC.
        until: the day after the last one.
        always_from: days from there on are compared before older ones are drawn.
        salt: another one, another sample.
        sample_size: most event-days.

    Returns:
        How many event-days were compared, and a row for each column that differs: event_id, marketplace, day_on, zone,
        currency, fee_basis, name (of the column; `row` where the whole row is missing or too much), expected, found.
    """
    days = {"day_from": first, "day_until": until}
    with _one_view(database) as view:
        sample = view.fetch_all(
            "prices/sample_days", **days, always_from=always_from, salt=salt, sample_size=sample_size
        )
        differences = view.fetch_all(
            "prices/select_days_that_disagree",
            **days,
            event_ids=[row["event_id"] for row in sample],
            marketplaces=[row["marketplace"] for row in sample],
            days=[row["day_on"] for row in sample],
        )
    return len(sample), differences


@contextmanager
def _one_view(database: Database) -> Iterator[Transaction]:
    """The database as it is at one moment: what is written between two statements would look like a difference."""
    with database.transaction("compare prices with their recomputation") as transaction:
        transaction.connection.execute("set transaction isolation level repeatable read read only")
        # The planner's guesses about spans are as wrong here as in a rebuild.
        for name, value in REBUILD_SETTINGS.items():
            transaction.connection.execute("select set_config(%s, %s, true)", [name, value])
        yield transaction
