"""What is written beside each event of the user's watchlist."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from ticket_pipeline.market.vocabulary import FeeBasis, Health
from ticket_pipeline.queries.market import name_words
from ticket_pipeline.queries.overview import OverviewRow

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database

_OLD = frozenset({Health.STALE, Health.NEVER_SEEN, Health.PAUSED})


@dataclass(frozen=True, slots=True)
class EventResult(OverviewRow):
    """A row of the overview, with two numbers more.

    Attributes:
        percentile: percentage of the similar past events whose floor moved less since the reference day (see
            `queries.similar_events.Percentile`); None for fewer than five, or without a floor in the last 24 hours.
        similar_events: how many there are.
    """

    get_in_4_price: Decimal | None
    is_get_in_4_thin: bool
    percentile: int | None
    similar_events: int


def read_results(database: Database, *, this_moment: datetime) -> list[EventResult]:
    """Tracked events at their marketplaces with listings, one entry per currency and fee basis, as `overview`."""
    rows = database.fetch_all("queries/select_results", this_moment=this_moment)
    return [EventResult(**name_words(row)) for row in rows]


def choose_result(rows: list[EventResult]) -> EventResult | None:
    """The one entry that stands for an event that is at several marketplaces; None: it has no entry.

    One seat is listed at several of them, so that nothing can be summed. Prices with all fees in come before those
    without, since no buyer pays these; then the currency that most entries have; then what is neither stale nor
    paused; then the lowest floor, where there is none the lowest get-in price.
    """
    if not rows:
        return None
    currencies = [row.currency for row in rows]

    def rank(row: EventResult) -> tuple[object, ...]:
        return (
            row.currency is None,
            row.fee_basis != FeeBasis.ALL_IN,
            -currencies.count(row.currency),
            row.currency or "",
            row.health in _OLD,
            row.floor_price is None,
            row.floor_price or row.get_in_price or 0,
            row.marketplace,
        )

    return min(rows, key=rank)
