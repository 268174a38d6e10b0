"""What is wrong in a span of stored data, for the data checks. Each function returns the offending rows.

What belongs here: what the rows show by themselves. What does not: recomputing them (`recomputation`).
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from ticket_pipeline.market.validated import EXTRA_REASON, PARKING_REASON

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database, Row


MOST_FOUND = 1000
"""Most rows that a function returns, so that a table full of wrong rows is reported quickly, too."""


def read_names(database: Database, event_ids: list[int]) -> dict[tuple[int, str], tuple[str, str]]:
    """Event id and marketplace → the event's name and the marketplace's key of it."""
    rows = database.fetch_all("watchlist/select_names", event_ids=event_ids)
    return {(row["event_id"], row["marketplace"]): (row["name"], row["external_id"]) for row in rows}


def find_in_captures(database: Database, name: str, marketplace: str, start: datetime, end: datetime) -> list[Row]:
    """The rows of a statement `snapshots/…` about a marketplace's captures in [start, end); its header says which."""
    return database.fetch_all(
        f"snapshots/{name}",
        marketplace=marketplace,
        captured_from=start,
        captured_until=end,
        set_aside=[PARKING_REASON, EXTRA_REASON],
    )


def find_bad_hours(database: Database, start: datetime, end: datetime) -> list[Row]:
    """Hourly prices that cannot be, at most 1,000: one row per price, with the bounds that it should lie within."""
    span = {"starts_from": start, "starts_until": end, "day_from": None, "day_until": None}
    return database.fetch_all("prices/select_bad_prices", **span)


def find_bad_days(database: Database, first: date, until: date) -> list[Row]:
    """As `find_bad_hours`, for the daily prices of the UTC days in [first, until)."""
    span = {"starts_from": None, "starts_until": None, "day_from": first, "day_until": until}
    return database.fetch_all("prices/select_bad_prices", **span)


def find_mixed_currencies(database: Database, start: datetime, end: datetime) -> list[Row]:
    """Event-hours with more than one currency."""
    return database.fetch_all("prices/select_mixed_currencies", starts_from=start, starts_until=end)
