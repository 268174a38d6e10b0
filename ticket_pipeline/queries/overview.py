"""All tracked events at once: what each costs now, how that changed, and how far to trust it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from ticket_pipeline.market.vocabulary import FeeBasis, Health, Marketplace
from ticket_pipeline.queries.market import name_words

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database

_NEW_INTERVAL = timedelta(hours=12)
"""Of an event that nobody polls yet, as in the schema's functions."""


@dataclass(frozen=True, slots=True)
class OverviewRow:
    """One event at one marketplace, in one currency and fee basis; moments are aware UTC, prices per ticket.

    Attributes:
        days_to_event: negative once it has begun.
        health: how far to trust it; `reason` why not fully.
        captured_at: of the last trusted capture, which the prices and counts are of; None: there is none.
        newest_at: of the newest capture, trusted or not: when the market was last seen.
        failed_attempts: since `captured_at`.
        currency: None: nothing is for sale (`listings` 0), or no capture is trusted (`listings` None).
        is_get_in_thin: whether it stands alone: below the floor, or where there is none; so for two.
        day_ago_floor_price: the floor of the last hour with one that ended at least 24 hours before `captured_at`, and
            at most 48: as of `day_ago_at`. So a week: at least 7 days, at most 8. None: no such hour.
        sold_tickets: estimated sales of the last 24 hours, with the bounds of their 80 % interval; None: not estimated.
        sold_hours: of the 24, between captures over which sales can be estimated.
        poll_interval: None: nobody polls it yet.
    """

    event_id: int
    name: str
    venue: str | None
    timezone: str
    event_at: datetime
    days_to_event: Decimal
    marketplace: Marketplace
    health: Health
    reason: str | None
    captured_at: datetime | None
    newest_at: datetime | None
    failed_attempts: int
    currency: str | None
    fee_basis: str | None
    listings: int | None
    tickets: int | None
    floor_price: Decimal | None
    get_in_price: Decimal | None
    get_in_2_price: Decimal | None
    is_get_in_thin: bool
    is_get_in_2_thin: bool
    day_ago_at: datetime | None
    day_ago_floor_price: Decimal | None
    week_ago_at: datetime | None
    week_ago_floor_price: Decimal | None
    sold_tickets: Decimal | None
    sold_low_tickets: Decimal | None
    sold_high_tickets: Decimal | None
    sold_hours: Decimal | None
    poll_interval: timedelta | None

    @property
    def change_24_hours(self) -> Decimal | None:
        """Of the floor, in money."""
        return _difference(self.floor_price, self.day_ago_floor_price)

    @property
    def change_7_days(self) -> Decimal | None:
        """Of the floor, in money."""
        return _difference(self.floor_price, self.week_ago_floor_price)

    @property
    def percent_24_hours(self) -> Decimal | None:
        """Of the floor then."""
        return _percent(self.change_24_hours, self.day_ago_floor_price)

    @property
    def percent_7_days(self) -> Decimal | None:
        """Of the floor then."""
        return _percent(self.change_7_days, self.week_ago_floor_price)


def overview(database: Database, *, this_moment: datetime, event_id: int | None = None) -> list[OverviewRow]:
    """Tracked events (or one) at their marketplaces with listings: soonest first, those that are over last.

    Captures after `this_moment` are left out. The prices are of the last trusted capture: of `hourly_prices` where
    its hour is built, else of its listings.
    """
    rows = database.fetch_all("queries/select_overview", this_moment=this_moment, event_id=event_id)
    return [OverviewRow(**name_words(row)) for row in rows]


def spread_of(rows: Sequence[OverviewRow]) -> Decimal | None:
    """The get-in price for two at the dearest marketplace of one event less that at the cheapest, all fees in.

    None where fewer than two marketplaces have one that can be compared, or where they are of several currencies. As
    in `spread`, a price cannot that was seen farther from the cheapest than the longer of their poll intervals.
    """
    priced = [
        (row.get_in_2_price, row.marketplace, row.captured_at, row.poll_interval or _NEW_INTERVAL)
        for row in rows
        if row.fee_basis == FeeBasis.ALL_IN and row.get_in_2_price is not None and row.captured_at is not None
    ]
    if not priced or len({row.currency for row in rows if row.currency}) != 1:
        return None
    cheapest, _, seen_at, interval = min(priced)
    prices = [price for price, _, at, own in priced if abs(at - seen_at) <= max(own, interval)]
    return max(prices) - cheapest if len(prices) > 1 else None


def _percent(change: Decimal | None, before: Decimal | None) -> Decimal | None:
    return 100 * change / before if change is not None and before else None


def _difference(now: Decimal | None, before: Decimal | None) -> Decimal | None:
    return None if now is None or before is None else now - before


@dataclass(frozen=True, slots=True)
class FloorChanges:
    """The floor of one zone and what it was before: the numbers of `overview`, for any zone; prices per ticket.

    Attributes:
        captured_at: the last trusted capture; the floor is of its hour.
        day_ago_floor_price: as of `OverviewRow`.
    """

    marketplace: Marketplace
    zone: str
    currency: str
    fee_basis: str
    captured_at: datetime
    floor_price: Decimal | None
    day_ago_at: datetime | None
    day_ago_floor_price: Decimal | None
    week_ago_at: datetime | None
    week_ago_floor_price: Decimal | None


def floor_changes(
    database: Database, event_id: int, *, this_moment: datetime, zone: str = "*", marketplace: str | None = None
) -> list[FloorChanges]:
    """The floor now, a day and a week before, one entry per marketplace, currency and fee basis with listings now.

    Args:
        database: where; prices must be up to date.
        event_id: whose.
        this_moment: captures after it are left out.
        zone: `*` is the whole event.
        marketplace: one of them; None: all.
    """
    rows = database.fetch_all(
        "queries/select_floor_changes", event_id=event_id, zone=zone, marketplace=marketplace, this_moment=this_moment
    )
    return [FloorChanges(**row | {"marketplace": Marketplace(row["marketplace"])}) for row in rows]


@dataclass(frozen=True, slots=True)
class WatchlistProblem:
    """One thing that is wrong.

    Attributes:
        state: a word of `Health` for an event at a marketplace (`stale`, `failing`, `suspect`, `unreadable`, `never
            seen`), `unmapped` (sections that the map of its venue lacks), `rejected row` of the sheet, `paused` or
            `budget spent` of a marketplace.
        event_id: None where it is about a whole marketplace or a row; so `name` and `marketplace`.
        since_at: the newest capture; of a pause when it began, of a row when it was first rejected.
        items: how many sections, paused events or requests it is about; else 1.
    """

    state: str
    event_id: int | None
    name: str | None
    marketplace: Marketplace | None
    sheet_row: int | None
    since_at: datetime | None
    detail: str | None
    items: int


@dataclass(frozen=True, slots=True)
class WatchlistHealth:
    """All problems, and how often each state holds: `ok` and `over` count events at marketplaces."""

    counts: Mapping[str, int]
    problems: Sequence[WatchlistProblem]


def watchlist_health(database: Database, *, this_moment: datetime) -> WatchlistHealth:
    """What is wrong where: events at marketplaces, sections without a zone, rows of the sheet, marketplaces."""
    rows = database.fetch_all("queries/select_watchlist_health", this_moment=this_moment)
    counts: Counter[str] = Counter()
    problems = []
    for row in rows:
        is_well = row["state"] in (Health.OK, Health.OVER)
        counts[row["state"]] += row["items"] if is_well else 1
        if not is_well:
            where = row["marketplace"]
            problems.append(WatchlistProblem(**row | {"marketplace": where and Marketplace(where)}))
    return WatchlistHealth(counts, problems)
