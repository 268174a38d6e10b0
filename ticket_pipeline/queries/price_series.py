"""The rows of a price history put in order for a reader: one series per currency and fee basis, gaps made visible.

What belongs here: pure arrangement. What does not: reading the rows (`storage.prices`) and showing them (`prices`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ticket_pipeline.storage.database import Row

_NO_CURRENCY = "XXX"
"""Stands where nothing but failures was ever seen, so no currency is known."""

_COUNTS = ("snapshots", "suspect_snapshots", "failed_attempts", "hours_covered")
_PRICES = (
    "open_price",
    "high_price",
    "low_price",
    "close_price",
    "min_price",
    "mean_price",
    "max_price",
    "get_in_2_price",
    "get_in_4_price",
)


@dataclass(frozen=True, slots=True)
class PriceSeries:
    """Prices over time that can be compared with each other, in order of time.

    Attributes:
        currency: ISO 4217, or None where no listing was ever seen.
        fee_basis: which price it is.
        rows: one per bucket without exception; a bucket nobody looked at has `snapshots` 0 and no price.
    """

    currency: str | None
    fee_basis: str | None
    rows: list[dict[str, Any]]

    @property
    def hours_covered(self) -> int:
        """Hours with at least one trusted capture."""
        return sum(row["hours_covered"] for row in self.rows)


def arrange(rows: Sequence[Row], *, bucket: timedelta, timezone: str, until: datetime) -> list[PriceSeries]:
    """Part a history by currency and fee basis, and fill its gaps up to `until`.

    Args:
        rows: as `read_price_history` gives them.
        bucket: their length.
        timezone: the venue's, in which buckets are aligned.
        until: aware UTC; no bucket that begins then or later is added.
    """
    keys = sorted({(row["currency"], row["fee_basis"]) for row in rows if row["currency"] != _NO_CURRENCY})
    nameless = [row for row in rows if row["currency"] == _NO_CURRENCY]
    if not keys:
        return [PriceSeries(None, None, _fill(nameless, bucket, timezone, until))] if nameless else []
    series = []
    for number, (currency, fee_basis) in enumerate(keys):
        own = [row for row in rows if (row["currency"], row["fee_basis"]) == (currency, fee_basis)]
        # Failures from before the first listing belong to the history too: to its first series.
        merged = _merge(own, nameless) if number == 0 else own
        series.append(PriceSeries(currency, fee_basis, _fill(merged, bucket, timezone, until)))
    return series


def _merge(rows: Sequence[Row], nameless: Sequence[Row]) -> list[Row]:
    by_bucket = {row["bucket_at"]: dict(row) for row in rows}
    for row in nameless:
        known = by_bucket.setdefault(row["bucket_at"], dict(row))
        if known["currency"] != _NO_CURRENCY:
            known |= {name: known[name] + row[name] for name in _COUNTS}
    return [by_bucket[moment] for moment in sorted(by_bucket)]


def _fill(rows: Sequence[Row], bucket: timedelta, timezone: str, until: datetime) -> list[dict[str, Any]]:
    by_bucket = {row["bucket_at"]: row for row in rows}
    moments = set(by_bucket) | set(_buckets(min(by_bucket), bucket, timezone, until))
    empty = dict.fromkeys((*_PRICES, "listings", "tickets")) | dict.fromkeys(_COUNTS, 0)
    kept = ("listings", "tickets", *_COUNTS, *_PRICES)
    return [
        {"bucket_at": moment} | {name: by_bucket.get(moment, empty)[name] for name in kept}
        for moment in sorted(moments)
    ]


def _buckets(first: datetime, bucket: timedelta, timezone: str, until: datetime) -> Iterator[datetime]:
    """The starts of all buckets from `first` on: even steps on the venue's clock, as the database bins them."""
    zone = ZoneInfo(timezone)
    local = first.astimezone(zone).replace(tzinfo=None)
    moment = first
    while moment < until:
        yield moment
        local += bucket
        # The database reads an hour that the clock shows twice as the later one, and one that it skips by the offset
        # before: of Python's two readings that is the later one, both times.
        moment = max(local.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
