"""The way to an event by days before its start, and where it stands among past events of its kind.

What belongs here: questions whose clock is the time to the event. What does not: prices by date (`prices`, `trends`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from ticket_pipeline.queries.bounds import check_bounds

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database

FEWEST_EVENTS = 5
"""Of fewer past events nothing is said: the functions of the schema have the same number."""

_SERIES = itemgetter("marketplace", "currency", "fee_basis")


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One day before an event, prices per ticket; a day without a capture has `snapshots` 0 and no values.

    Attributes:
        days_to_event: whole days: 0 is the last 24 hours, n the 24 hours that end n times 24 hours before the start.
        floor_price: as of the last hour of the day with a trusted capture; so all values, and `get_in_prices` (for 1 to
            8 together).
        get_ins_are_thin: which of the get-in prices stand alone: below the floor, or where there is none.
        snapshots: trusted captures; so suspects (left out) and failed attempts.
    """

    days_to_event: int
    floor_price: Decimal | None
    get_in_prices: Sequence[Decimal | None]
    get_ins_are_thin: Sequence[bool]
    median_price: Decimal | None
    tickets: int | None
    listings: int | None
    snapshots: int
    suspect_snapshots: int
    failed_attempts: int


@dataclass(frozen=True, slots=True)
class CurveSeries:
    """The way to the event at one marketplace, in one currency and fee basis.

    Attributes:
        currency: ISO 4217; None where no listing was ever seen; so `fee_basis`.
        points: from the farthest day to the nearest, without gaps.
    """

    marketplace: str
    zone: str
    currency: str | None
    fee_basis: str | None
    points: Sequence[CurvePoint]


@dataclass(frozen=True, slots=True)
class BandPoint:
    """How past events of the kind stood one day before their start: their floor by that of their reference day.

    Attributes:
        events: how many; at least FEWEST_EVENTS.
        p10: a tenth of them had at most this ratio; so the others.
    """

    days_to_event: int
    events: int
    p10: Decimal
    p25: Decimal
    p50: Decimal
    p75: Decimal
    p90: Decimal


@dataclass(frozen=True, slots=True)
class Percentile:
    """Where an event stands among past events of its kind, at one marketplace, in one currency and fee basis.

    The reference day is the first day, from 30 days before the start on, on which the event has a floor. An event whose
    floor was 100 then, and is 120 five days before its start, has a ratio of 1.2. So has each past event: its floor
    five days before its start by that of the same reference day.

    Attributes:
        days_to_event: of its newest floor, which is at most a day old.
        floor_price: the newest; per ticket.
        reference_day: in days to the event; None: there is no floor before that of now; so `reference_floor_price`.
        ratio: floor_price / reference_floor_price.
        events: past events of the kind that have a floor on both days.
        percentile: percentage of them with a smaller ratio, equal ones counting half; None for fewer than five.
        band: how they moved, from the reference day to the start; times `reference_floor_price` it is a band of prices.
            A day with fewer than five events is left out.
    """

    marketplace: str
    currency: str
    fee_basis: str
    days_to_event: int
    floor_price: Decimal
    reference_day: int | None
    reference_floor_price: Decimal | None
    ratio: Decimal | None
    events: int
    percentile: int | None
    band: Sequence[BandPoint]

    @property
    def price_band(self) -> dict[int, tuple[Decimal, Decimal, Decimal]]:
        """Days to the event → the floor at the quartiles of past events; empty without a reference day."""
        floor = self.reference_floor_price
        if floor is None:
            return {}
        return {one.days_to_event: (floor * one.p25, floor * one.p50, floor * one.p75) for one in self.band}


def get_in_curve(
    database: Database,
    event_id: int,
    *,
    this_moment: datetime,
    days: int = 365,
    marketplace: str | None = None,
    zone: str = "*",
) -> list[CurveSeries]:
    """Floor, get-in prices, median and inventory by whole days to the event, up to `this_moment`.

    Args:
        database: where; prices must be up to date.
        event_id: whose.
        this_moment: aware; gaps are filled up to here or to the start.
        days: at most so many before the event.
        marketplace: one of them; None: all.
        zone: `*` is the whole event.
    """
    check_bounds("days", days, at_least=1)
    rows = database.fetch_all(
        "queries/select_get_in_curve",
        event_id=event_id,
        days=days,
        zone=zone,
        marketplace=marketplace,
        this_moment=this_moment,
    )
    return [
        CurveSeries(
            marketplace=name,
            zone=zone,
            currency=currency,
            fee_basis=fee_basis,
            points=[CurvePoint(*map(row.__getitem__, CurvePoint.__slots__)) for row in group],
        )
        for (name, currency, fee_basis), group in groupby(rows, key=_SERIES)
    ]


def percentile_of_now(
    database: Database,
    event_id: int,
    *,
    this_moment: datetime,
    reference_days: int = 30,
    marketplace: str | None = None,
) -> list[Percentile]:
    """Where an event stands among past events of its kind: those of its group, else those of its venue.

    Of past events the 100 newest count, at the same marketplace and in the same fee basis; their currency may be
    another one, since ratios have none.

    Args:
        database: where; prices must be up to date.
        event_id: whose.
        this_moment: aware.
        reference_days: the reference day is at most so many before the start.
        marketplace: one of them; None: all.

    Returns:
        One for each series with a floor in the last 24 hours; empty: there is none.
    """
    check_bounds("reference_days", reference_days, at_least=1)
    asked = {
        "event_id": event_id,
        "this_moment": this_moment,
        "reference_days": reference_days,
        "marketplace": marketplace,
    }
    bands = {
        key: [BandPoint(*map(row.__getitem__, BandPoint.__slots__)) for row in group]
        for key, group in groupby(database.fetch_all("queries/select_floor_band", **asked), key=_SERIES)
    }
    rows = database.fetch_all("queries/select_percentile_of_now", **asked)
    return [Percentile(**row, band=bands.get(_SERIES(row), [])) for row in rows]
