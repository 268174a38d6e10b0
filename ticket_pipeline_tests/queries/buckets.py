"""A history in buckets, by brute force from its captures: the twin of questions over time.

What belongs here: which captures, attempts and hours lie in a bucket, which series there are, and a price in one. What
does not: any query.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from ticket_pipeline.market.hours import PricedListing, floor_price, get_in_price, quantile
from ticket_pipeline.storage.prices import DAY, HOUR, Span, hour_start
from ticket_pipeline_tests.queries.histories import Captured, Stored
from ticket_pipeline_tests.storage.stored import MINUTE

QUARTER = 15 * MINUTE
Key = tuple[str, str]
"""Currency and fee basis."""

Numbering = Callable[[datetime], int]
"""The bucket of a moment; later buckets have larger numbers."""


def on_the_clock(timezone: str, by: timedelta) -> Numbering:
    """Buckets on the venue's clock; hours are those of UTC."""
    zone = ZoneInfo(timezone)

    def number(moment: datetime) -> int:
        if by == HOUR:
            return int(moment.timestamp()) // 3600
        return (moment.astimezone(zone).replace(tzinfo=None) - datetime(2000, 1, 3)) // by  # noqa: DTZ001

    return number


def before_the_event(event_at: datetime) -> Numbering:
    """Minus the whole days from the hour of a moment to the start."""
    return lambda moment: (hour_start(moment) - event_at) // DAY + 1


class Buckets:
    """What is stored of an event at one marketplace, in buckets.

    Attributes:
        numbers: from the first bucket with an attempt on: those with one, and all that begin before `until`.
    """

    def __init__(self, stored: Stored, number: Numbering, until: datetime) -> None:
        self.stored, self.number = stored, number
        attempted = {number(at) for at in (*stored.suspects, *stored.failures, *(c.at for c in stored.captures))}
        last = number(until - timedelta(microseconds=1))
        self.numbers = sorted(attempted | set(range(min(attempted), last + 1)))

    def starts(self, span: Span) -> dict[int, datetime]:
        """When each bucket begins, of those around a span."""
        quarters = Span(span.start - 2 * DAY, span.end + 2 * DAY).steps(QUARTER)
        found: dict[int, datetime] = {}
        for quarter in quarters:
            found.setdefault(self.number(quarter), quarter)
        return found

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
        """Hours of the span between the first and the last of these buckets."""
        return sum(min(numbers) <= self.number(quarter) <= max(numbers) for quarter in span.steps(QUARTER)) // 4


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


def in_zone(listings: Sequence[PricedListing], zone: str) -> list[PricedListing]:
    return [one for one in listings if zone in {"*", one.zone}]
