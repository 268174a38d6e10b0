"""The questions of the data checks: what is wrong in a span of stored data. Each answers with the offending rows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ticket_pipeline.market.hours import PricedListing, hourly_prices, zone_of
from ticket_pipeline.market.validated import PARKING_REASON

if TYPE_CHECKING:
    from datetime import datetime

    from ticket_pipeline.market.hours import HourlyPrice
    from ticket_pipeline.storage.database import Database, Row

_COMPARED = (
    "snapshots",
    "listings",
    "min_listings",
    "max_listings",
    "tickets",
    "min_tickets",
    "max_tickets",
    "observations",
    "open_price",
    "high_price",
    "low_price",
    "close_price",
    "min_price",
    "mean_price",
    "median_price",
    "max_price",
    "get_in_2_price",
    "get_in_4_price",
)


def find_unbalanced_captures(database: Database, start: datetime, end: datetime) -> list[Row]:
    """Captures whose stored and quarantined listings do not add up to what was received."""
    return database.fetch_all("snapshots/count_unbalanced", captured_from=start, captured_until=end)


def read_checksums(database: Database, marketplace: str, start: datetime, end: datetime) -> list[Row]:
    """Captures whose marketplace announced totals, with where these and the listings disagree."""
    return database.fetch_all(
        "snapshots/select_checksum_problems", marketplace=marketplace, captured_from=start, captured_until=end
    )


def find_mostly_rejected(database: Database, marketplace: str, start: datetime, end: datetime) -> list[Row]:
    """Captures of which more than half could not be used, parking passes aside, with the most frequent reasons."""
    return database.fetch_all(
        "snapshots/select_mostly_rejected",
        marketplace=marketplace,
        captured_from=start,
        captured_until=end,
        parking=PARKING_REASON,
    )


def find_bad_prices(database: Database, start: datetime, end: datetime) -> list[Row]:
    """Hourly aggregates with a price that cannot be."""
    return database.fetch_all("prices/count_bad_prices", starts_from=start, starts_until=end)


def find_mixed_currencies(database: Database, start: datetime, end: datetime) -> list[Row]:
    """Event-hours with more than one currency."""
    return database.fetch_all("prices/select_mixed_currencies", starts_from=start, starts_until=end)


def recompute_sampled_hours(
    database: Database, start: datetime, end: datetime, *, salt: str, sample_size: int
) -> tuple[int, list[str]]:
    """Recompute sampled event-hours from their listings by definition and compare them with what is stored.

    Returns:
        How many event-hours were compared, and a sentence for each difference.
    """
    sample = database.fetch_all(
        "prices/sample_hours", starts_from=start, starts_until=end, salt=salt, sample_size=sample_size
    )
    differences = [text for row in sample for text in _compare_hour(database, row)]
    return len(sample), differences


def _compare_hour(database: Database, row: Row) -> list[str]:
    hour_at: datetime = row["hour_at"]
    span = {"event_id": row["event_id"], "marketplace": row["marketplace"]}
    end = hour_at + timedelta(hours=1)
    manifests = database.fetch_all("snapshots/select_snapshots", **span, captured_from=hour_at, captured_until=end)
    listings = database.fetch_all("snapshots/select_listings", **span, captured_from=hour_at, captured_until=end)
    captures = [
        (
            manifest["captured_at"],
            [_priced(item) for item in listings if item["captured_at"] == manifest["captured_at"]],
        )
        for manifest in manifests
        if not manifest["is_suspect"]
    ]
    stored = {
        (item["zone"], item["currency"], item["fee_basis"]): item
        for item in database.fetch_all("prices/select_hourly", **span, starts_from=hour_at, starts_until=end)
        if item["observations"]
    }
    where = f"event {row['event_id']} on {row['marketplace']} at {hour_at:%Y-%m-%d %H:%M} UTC"
    return [f"{where}: {text}" for text in _differences(hourly_prices(captures), stored)]


def _differences(
    expected: dict[tuple[str, str, str], HourlyPrice], stored: dict[tuple[str, str, str], Row]
) -> list[str]:
    problems = [f"{key} is missing" for key in expected.keys() - stored.keys()]
    problems += [f"{key} should not be there" for key in stored.keys() - expected.keys()]
    for key in expected.keys() & stored.keys():
        problems += [
            f"{key} {name} is {stored[key][name]}, recomputed {getattr(expected[key], name)}"
            for name in _COMPARED
            if stored[key][name] != getattr(expected[key], name)
        ]
    return sorted(problems)


def _priced(row: Row) -> PricedListing:
    return PricedListing(
        zone=zone_of(row["zone"], row["section"]),
        currency=row["currency"],
        fee_basis=row["fee_basis"],
        quantity=row["quantity"],
        price=row["price"],
        splits=tuple(row["splits"]) if row["splits"] is not None else None,
    )
