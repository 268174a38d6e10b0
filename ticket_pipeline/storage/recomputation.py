"""Whether stored prices are what they should be: sampled hours and days, recomputed and compared in every column.

What belongs here: drawing a sample, recomputing it and naming each difference. What does not: the arithmetic of an hour
(`market.hours`), and questions about single rows (`quality`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING

from ticket_pipeline.market.hours import GET_IN_COLUMNS, WHOLE_EVENT, HourlyPrice, PricedListing, hourly_prices, zone_of
from ticket_pipeline.storage.prices import HOUR, Span

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database, Row, Transaction

_Key = tuple[str, str, str]
"""Zone, currency and fee basis."""

_COUNTS = {name for name in HourlyPrice.__slots__ if not name.endswith(("_price", "_prices"))} | {"sum_price"}
_PRICES = [name for name in HourlyPrice.__slots__ if name.endswith("_price") and name != "sum_price"]
_NOTHING = dict.fromkeys(_COUNTS, 0) | dict.fromkeys([*_PRICES, *GET_IN_COLUMNS])
"""The row of an hour in which no listing was seen."""

_NO_CURRENCY = {"currency": "XXX", "fee_basis": "all_in"}
_CURRENCY_IS_KNOWN_FOR = timedelta(days=90)
_MEANS = ("mean_listings", "mean_tickets")
_MEAN_STEP = Decimal("0.0001")


def recompute_sampled_hours(
    database: Database, start: datetime, end: datetime, *, salt: str, sample_size: int
) -> tuple[int, list[Row]]:
    """Recompute sampled event-hours from their captures by definition and compare them with what is stored.

    Hours with captures or failures but no prices are drawn first, as are those with prices that nothing explains.

    Args:
        database: where.
        start: first hour.
        end: the hour after the last one.
        salt: another one draws another sample.
        sample_size: most event-hours.

    Returns:
        How many event-hours were compared, and a row for each column that differs: event_id, marketplace, hour_at,
        zone, currency, fee_basis, name (of the column; `row` where a whole row is missing or surplus), expected, found.
    """
    with one_view(database) as view:
        sample = view.fetch_all(
            "prices/sample_hours", starts_from=start, starts_until=end, salt=salt, sample_size=sample_size
        )
        differences = [
            row | {"zone": zone, "currency": currency, "fee_basis": fee_basis} | difference
            for row in sample
            for (zone, currency, fee_basis), difference in _compare_hour(view, **row)
        ]
    return len(sample), differences


def recompute_parts(database: Database, event_id: int, marketplace: str, parts: Sequence[Span]) -> list[Row]:
    """Rows as in hourly_prices for parts of hours of one event; `hour_at` is where a part begins."""
    source = {"event_id": event_id, "marketplace": marketplace}
    with one_view(database) as view:
        return [
            row | source | {"hour_at": part.start, "zone": zone, "currency": currency, "fee_basis": fee_basis}
            for part in parts
            for (zone, currency, fee_basis), row in _expected_prices(view, source, part).items()
        ]


@dataclass(frozen=True, slots=True)
class DaySample:
    """Which event-days to recompute: at most `new_size` of [new_from, until), and `old_size` of [first, new_from)."""

    first: date
    new_from: date
    until: date
    new_size: int
    old_size: int


def recompute_sampled_days(database: Database, of: DaySample, *, salt: str) -> tuple[int, list[Row]]:
    """As `recompute_sampled_hours`, for event-days and their hours; the rows have `day_on` instead of `hour_at`."""
    with one_view(database) as view:
        sample = view.fetch_all(
            "prices/sample_days",
            day_from=of.first,
            day_until=of.until,
            new_from=of.new_from,
            new_size=of.new_size,
            old_size=of.old_size,
            salt=salt,
        )
        differences = view.fetch_all(
            "prices/select_days_that_disagree",
            event_ids=[row["event_id"] for row in sample],
            marketplaces=[row["marketplace"] for row in sample],
            days=[row["day_on"] for row in sample],
        )
    return len(sample), differences


@contextmanager
def one_view(database: Database) -> Iterator[Transaction]:
    """The database as it is at one moment: what is written between two statements would look like a difference."""
    with database.transaction("compare stored numbers with their recomputation") as transaction:
        transaction.connection.execute("set transaction isolation level repeatable read read only")
        # The planner's guesses about spans are as wrong here as in a rebuild.
        transaction.expect_many_rows()
        yield transaction


def _compare_hour(
    view: Transaction, event_id: int, marketplace: str, hour_at: datetime
) -> Iterator[tuple[_Key, dict[str, str]]]:
    source = {"event_id": event_id, "marketplace": marketplace}
    expected = _expected_prices(view, source, Span(hour_at, hour_at + HOUR))
    rows = view.fetch_all("prices/select_hourly", **source, starts_from=hour_at, starts_until=hour_at + HOUR)
    stored = {(row["zone"], row["currency"], row["fee_basis"]): row for row in rows}
    for key in sorted(expected.keys() | stored.keys()):
        if key not in stored:
            yield key, {"name": "row", "expected": "a row", "found": "none"}
        elif key not in expected:
            yield key, {"name": "row", "expected": "none", "found": "a row"}
        else:
            for name, value in expected[key].items():
                if stored[key][name] != value:
                    yield key, {"name": name, "expected": _as_text(value), "found": _as_text(stored[key][name])}


def _expected_prices(view: Transaction, source: Row, span: Span) -> dict[_Key, Row]:
    """The rows of one event's hour, or of a part of it, by definition."""
    captured = {"captured_from": span.start, "captured_until": span.end}
    manifests = view.fetch_all("snapshots/select_snapshots", **source, **captured)
    (failures,) = view.fetch_all("polling/count_failures", **source, finished_from=span.start, finished_until=span.end)
    suspects = [one for one in manifests if one["is_suspect"]]
    # A response of which nothing could be read counts once, as a failed attempt.
    unread = [one for one in suspects if not one["accepted"] and one["captured_at"] in failures["unread_at"]]
    trusted = [manifest["captured_at"] for manifest in manifests if not manifest["is_suspect"]]
    shared = {
        "snapshots": len(trusted),
        "suspect_snapshots": len(suspects) - len(unread),
        "failed_attempts": failures["failed_attempts"],
        "first_captured_at": min(trusted, default=None),
        "last_captured_at": max(trusted, default=None),
    }
    listings: dict[datetime, list[PricedListing]] = {captured_at: [] for captured_at in trusted}
    for row in view.fetch_all("snapshots/select_listings", **source, **captured):
        if row["captured_at"] in listings:
            listings[row["captured_at"]].append(_priced(row))
    rows = {key: _rounded(price.columns()) | shared for key, price in hourly_prices(list(listings.items())).items()}
    if rows or not (manifests or shared["failed_attempts"]):
        return rows
    recently = {"captured_from": span.start - _CURRENCY_IS_KNOWN_FOR, "captured_until": span.end}
    known = view.fetch_one("snapshots/select_last_currency", **source, **recently) or _NO_CURRENCY
    return {(WHOLE_EVENT, known["currency"], known["fee_basis"]): _NOTHING | shared}


def _rounded(row: Row) -> Row:
    """As the database rounds: prices are in cents already, other means have four digits."""
    return row | {name: row[name].quantize(_MEAN_STEP, ROUND_HALF_UP) for name in _MEANS}


def _priced(row: Row) -> PricedListing:
    return PricedListing(
        zone=zone_of(row["zone"], row["section"], row["admission"]),
        currency=row["currency"],
        fee_basis=row["fee_basis"],
        quantity=row["quantity"],
        price=row["price"],
        splits=tuple(row["splits"]) if row["splits"] is not None else None,
    )


def _as_text(value: object) -> str:
    if value is None:
        return "none"
    return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f} UTC" if isinstance(value, datetime) else str(value)
