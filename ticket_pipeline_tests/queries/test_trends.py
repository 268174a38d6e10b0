"""Series over time equal a twin that buckets captures one by one; gaps, breaks and coverage are as a reader expects."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from ticket_pipeline.market.hours import PricedListing, floor_price, get_in_price, quantile
from ticket_pipeline.market.trends import measure_trend
from ticket_pipeline.queries import (
    DAY,
    HOUR,
    Span,
    TicketPoint,
    TrendPoint,
    price_trend,
    ticket_count_trend,
)
from ticket_pipeline.storage.prices import hour_start
from ticket_pipeline_tests.queries.histories import Captured, History, Stored, histories, live_through, read_stored
from ticket_pipeline_tests.storage.stored import (
    EXAMPLES_SHARE_A_DATABASE,
    MINUTE,
)

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database

QUARTER = 15 * MINUTE
NEW_YORK = "America/New_York"
Key = tuple[str, str]


class Buckets:
    """The buckets of a history at one marketplace, by brute force over quarters of an hour."""

    def __init__(self, history: History, stored: Stored, by: timedelta) -> None:
        self._zone, self._by = ZoneInfo(history.timezone), by
        quarters = Span(history.span.start - 2 * DAY, history.span.end + 2 * DAY).steps(QUARTER)
        self.starts: dict[int, datetime] = {}
        for quarter in quarters:
            self.starts.setdefault(self.number(quarter), quarter)
        self.stored = stored
        attempted = {self.number(at) for at in (*stored.suspects, *stored.failures, *(c.at for c in stored.captures))}
        last = self.number(min(history.span.end, history.event_at) - timedelta(microseconds=1))
        self.numbers = sorted(attempted | set(range(min(attempted), last + 1)))

    def number(self, moment: datetime) -> int:
        """Which bucket a moment lies in: hours are those of UTC, all else is on the venue's clock."""
        if self._by == HOUR:
            return int(moment.timestamp()) // 3600
        return (moment.astimezone(self._zone).replace(tzinfo=None) - datetime(2000, 1, 3)) // self._by  # noqa: DTZ001

    def captures(self, number: int) -> list[Captured]:
        """Its trusted captures."""
        return [capture for capture in self.stored.captures if self.number(capture.at) == number]

    def coverage(self, number: int) -> tuple[int, int, int]:
        """Trusted captures, suspects and failures."""
        moments = ([c.at for c in self.stored.captures], self.stored.suspects, self.stored.failures)
        trusted, suspects, failures = ([self.number(at) for at in each].count(number) for each in moments)
        return trusted, suspects, failures

    def hours_covered(self, numbers: Sequence[int]) -> int:
        """UTC hours whose first trusted capture lies in one of these buckets."""
        firsts: dict[datetime, datetime] = {}
        for capture in self.stored.captures:
            firsts.setdefault(hour_start(capture.at), capture.at)
        return sum(self.number(first) in numbers for first in firsts.values())

    def hours(self, numbers: Sequence[int], span: Span) -> int:
        """Hours of the window between the first and the last of these buckets."""
        quarters = [quarter for quarter in span.steps(QUARTER) if min(numbers) <= self.number(quarter) <= max(numbers)]
        return len(quarters) // 4


def in_zone(listings: Sequence[PricedListing], zone: str) -> list[PricedListing]:
    return [one for one in listings if zone in {"*", one.zone}]


def expected_series(buckets: Buckets, zone: str) -> dict[Key, list[int]]:
    """The buckets of each series: those between its prices, and those that no other series has and follow it."""
    priced: dict[Key, list[int]] = {}
    for capture in buckets.stored.captures:
        for listing in in_zone(capture.listings, zone):
            priced.setdefault((listing.currency, listing.fee_basis), []).append(buckets.number(capture.at))
    found: dict[Key, list[int]] = {key: [] for key in priced}
    for number in buckets.numbers:
        owners = [key for key, own in priced.items() if min(own) <= number <= max(own)]
        if not owners:
            ended = {key: max(own) for key, own in priced.items() if max(own) < number}
            owners = [key for key, last in ended.items() if last == max(ended.values())]
        if not owners:
            first = min((min(own) for own in priced.values()), default=None)
            owners = [key for key, own in priced.items() if min(own) == first]
        for key in owners:
            found[key].append(number)
    return found


def expected_value(captures: list[Captured], zone: str, key: Key, measure: str, together: int) -> Decimal | None:
    """The price in the last capture; the median of all listings of its hour."""
    if not captures:
        return None
    hour = [one for one in captures if hour_start(one.at) == hour_start(captures[-1].at)]
    last, all_of_hour = (
        [x for c in chosen for x in in_zone(c.listings, zone) if (x.currency, x.fee_basis) == key]
        for chosen in (hour[-1:], hour)
    )
    if measure == "floor":
        return floor_price(one.price for one in last)
    if measure == "get_in":
        return get_in_price(last, together)
    return quantile(sorted(one.price for one in all_of_hour), Fraction(1, 2)) if all_of_hour else None


@settings(EXAMPLES_SHARE_A_DATABASE, max_examples=25)
@given(
    history=histories(),
    by=st.sampled_from([HOUR, 6 * HOUR, DAY]),
    zone=st.sampled_from(["*", "Lower"]),
    measure=st.sampled_from(["floor", "get_in", "median"]),
    together=st.integers(1, 8),
)
def test_every_series_is_what_brute_force_over_captures_says(
    database: Database, history: History, by: timedelta, zone: str, measure: str, together: int
) -> None:
    event_id = live_through(database, history)
    found = price_trend(
        database,
        event_id,
        span=history.span,
        timezone=history.timezone,
        zone=zone,
        by=by,
        measure=measure,  # type: ignore[arg-type]
        together=together,
    )
    expected = {}
    for marketplace, stored in read_stored(database, event_id).items():
        buckets = Buckets(history, stored, by)
        for key, numbers in expected_series(buckets, zone).items():
            points = [
                TrendPoint(
                    buckets.starts[number],
                    expected_value(buckets.captures(number), zone, key, measure, together),
                    *buckets.coverage(number),
                )
                for number in numbers
            ]
            hours = (buckets.hours_covered(numbers), buckets.hours(numbers, history.span))
            expected[marketplace, *key] = (points, hours)
    # A market that never had a price has one series of its coverage alone.
    with_prices = [one for one in found if (one.marketplace, one.currency, one.fee_basis) in expected]
    without = [one for one in found if one not in with_prices]
    assert {
        (one.marketplace, str(one.currency), str(one.fee_basis)): (one.points, (one.hours_covered, one.hours))
        for one in with_prices
    } == expected
    assert all(one.trend is None and zone == "*" for one in without)
    assert {one.marketplace for one in without}.isdisjoint(name for name, *_ in expected)
    for one in found:
        assert one.trend == measure_trend([(p.at, p.value) for p in one.points if p.value is not None])


@settings(EXAMPLES_SHARE_A_DATABASE, max_examples=15)
@given(history=histories(), by=st.sampled_from([HOUR, DAY]), zone=st.sampled_from(["*", "Lower"]))
def test_every_count_is_what_brute_force_over_captures_says(
    database: Database, history: History, by: timedelta, zone: str
) -> None:
    event_id = live_through(database, history)
    found = ticket_count_trend(database, event_id, span=history.span, timezone=history.timezone, zone=zone, by=by)
    for one in found:
        buckets = Buckets(history, read_stored(database, event_id)[one.marketplace], by)
        assert one.points == [
            expected_counts(
                buckets.captures(number), zone, history.capacity, buckets.starts[number], buckets.coverage(number)
            )
            for number in buckets.numbers
        ]
        counts = [(point.at, Decimal(point.tickets)) for point in one.points if point.tickets is not None]
        assert one.trend == measure_trend(counts)
        assert (one.capacity, one.hours_covered) == (history.capacity, buckets.hours_covered(buckets.numbers))


def expected_counts(
    captures: list[Captured], zone: str, capacity: int | None, at: datetime, coverage: tuple[int, int, int]
) -> TicketPoint:
    """What the last capture holds."""
    if not captures:
        return TicketPoint(at, None, None, None, *coverage)
    last = in_zone(captures[-1].listings, zone)
    tickets = sum(one.quantity for one in last)
    rate = round(Decimal(tickets) / capacity, 4) if capacity and zone == "*" else None
    return TicketPoint(at, tickets, len(last), rate, *coverage)
