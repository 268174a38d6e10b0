"""The way to an event and its place among past events equal twins; few events, other fee bases and gaps say nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.market.hours import is_thin
from ticket_pipeline.queries import DAY, HOUR, BandPoint, CurvePoint, Percentile, get_in_curve, percentile_of_now
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.prices import Span, rebuild_hourly
from ticket_pipeline_tests.queries.buckets import Buckets, before_the_event, expected_series, expected_value, in_zone
from ticket_pipeline_tests.queries.histories import History, Stored, histories, live_through, read_stored
from ticket_pipeline_tests.storage.stored import (
    EXAMPLES_SHARE_A_DATABASE,
    SHOW_AT,
    Item,
    empty,
    event_record,
    store,
    watch,
)


@EXAMPLES_SHARE_A_DATABASE
@given(history=histories(), zone=st.sampled_from(["*", "Lower"]), hours_before_end=st.sampled_from([0, 25]))
def test_every_day_of_the_way_is_what_brute_force_over_captures_says(
    database: Database, history: History, zone: str, hours_before_end: int
) -> None:
    event_id = live_through(database, history)
    this_moment = history.span.end - hours_before_end * HOUR
    until = min(history.event_at, this_moment)
    found = get_in_curve(database, event_id, this_moment=this_moment, zone=zone)
    expected = {}
    for marketplace, stored in read_stored(database, event_id).items():
        known = before(stored, until)
        if not (known.captures or known.suspects or known.failures):
            continue
        buckets = Buckets(known, before_the_event(history.event_at), until)
        for key, numbers in expected_series(buckets, zone).items():
            expected[marketplace, *key] = [expected_day(buckets, number, zone, key) for number in numbers]
    assert {
        (one.marketplace, one.currency, one.fee_basis): one.points
        for one in found
        if any(point.median_price is not None for point in one.points)
    } == {key: points for key, points in expected.items() if any(point.median_price is not None for point in points)}
    for one in found:
        assert [later.days_to_event - point.days_to_event for point, later in pairwise(one.points)] == [-1] * (
            len(one.points) - 1
        )


def before(stored: Stored, until: datetime) -> Stored:
    """What lies in hours that begin before a moment."""

    def early(moment: datetime) -> bool:
        return moment.replace(minute=0, second=0, microsecond=0) < until

    return Stored(
        [capture for capture in stored.captures if early(capture.at)],
        [at for at in stored.suspects if early(at)],
        [at for at in stored.failures if early(at)],
    )


def expected_day(buckets: Buckets, number: int, zone: str, key: tuple[str, str]) -> CurvePoint:
    """One day, as of its last capture."""
    captures = buckets.captures(number)
    last = in_zone(captures[-1].listings, zone) if captures else []
    own = [one for one in last if (one.currency, one.fee_basis) == key]
    floor = expected_value(captures, zone, key, "floor", 1)
    get_ins = [expected_value(captures, zone, key, "get_in", n) for n in range(1, 9)]
    return CurvePoint(
        days_to_event=-number,
        floor_price=floor,
        get_in_prices=get_ins,
        get_ins_are_thin=[is_thin(price, floor) for price in get_ins],
        median_price=expected_value(captures, zone, key, "median", 1),
        tickets=sum(one.quantity for one in own) if captures else None,
        listings=len(own) if captures else None,
        **dict(zip(("snapshots", "suspect_snapshots", "failed_attempts"), buckets.coverage(number), strict=True)),
    )


def test_days_end_at_the_start_of_the_event_not_at_midnight(database: Database) -> None:
    (event,) = watch(database, event_record(1))  # at 23:30 UTC
    moments = {SHOW_AT - 24 * HOUR - timedelta(minutes=31): 1, SHOW_AT - 24 * HOUR: 1, SHOW_AT - 23 * HOUR: 0}
    for n, moment in enumerate(moments):
        store(database, event, moment, [Item(price=10.0 + n)])
        rebuild_hourly(database, Span(hour := moment.replace(minute=0), hour + HOUR))
    (series,) = get_in_curve(database, event.event_id, this_moment=SHOW_AT)
    # An hour counts by its beginning: 23:00 on the day before lies 24.5 hours before the start.
    assert [(point.days_to_event, point.get_in_prices[0]) for point in series.points] == [(1, 11), (0, 12)]
    assert get_in_curve(database, event.event_id, this_moment=SHOW_AT, days=1)[0].points == series.points[1:]


@dataclass(frozen=True, slots=True)
class Past:
    """An event with one capture a day: the price of its three listings by days to the event, and what it is."""

    prices: dict[int, float]
    group: str | None = None
    venue: str | None = "Harbor Garden"
    currency: str = "USD"
    fee_basis: str = "all_in"


def add(database: Database, number: int, past: Past, *, event_at: datetime) -> int:
    """Watch one more event, and write its captures, each in the middle of its day."""
    changes = {"event_group": past.group, "venue": past.venue, "event_at": event_at, "name": f"Event {number}"}
    (event,) = watch(database, event_record(number, **changes, event_date=event_at.replace(tzinfo=None)))
    for days, price in past.prices.items():
        moment = event_at - days * DAY - 12 * HOUR
        stock = [
            Item(listing_id=str(n), price=price, currency=past.currency, fee_basis=past.fee_basis) for n in (1, 2, 3)
        ]
        store(database, event, moment, stock)
        hour = moment.replace(minute=0)
        rebuild_hourly(database, Span(hour, hour + HOUR))
    return event.event_id


def ask(
    database: Database, own: Past, pasts: Sequence[Past], *, days: int, reference_days: int = 30
) -> list[Percentile]:
    """Where an event stands so many days before its start, after these."""
    empty(database)
    for number, past in enumerate(pasts, 2):
        add(database, number, past, event_at=SHOW_AT - 60 * DAY - number * DAY)
    event_id = add(database, 1, own, event_at=SHOW_AT)
    this_moment = SHOW_AT - days * DAY - 6 * HOUR
    return percentile_of_now(database, event_id, this_moment=this_moment, reference_days=reference_days)


_prices = st.dictionaries(st.integers(1, 5), st.sampled_from([50.0, 80.0, 100.0, 120.0]), max_size=5)
_pasts = st.builds(
    Past,
    prices=_prices | st.just({5: 100.0, 2: 80.0, 1: 120.0}),
    group=st.sampled_from([None] * 3 + ["NBA", "nba"]),
    venue=st.sampled_from(["Harbor Garden"] * 3 + ["harbor garden", "Elsewhere", None]),
    currency=st.sampled_from(["USD", "USD", "CAD"]),
    fee_basis=st.sampled_from(["all_in"] * 5 + ["ask"]),
)


@EXAMPLES_SHARE_A_DATABASE
@given(
    pasts=st.lists(_pasts, min_size=4, max_size=9),
    own=st.builds(Past, prices=_prices, group=st.sampled_from([None, None, "NBA"])),
    days=st.integers(1, 4),
)
def test_the_percentile_and_the_band_are_what_brute_force_says(
    database: Database, pasts: list[Past], own: Past, days: int
) -> None:
    found = ask(database, own, pasts, days=days)
    if days not in own.prices:
        assert found == []
        return
    (one,) = found
    reference = max((day for day in own.prices if day > days), default=None)
    assert (one.days_to_event, one.floor_price, one.reference_day) == (days, Decimal(str(own.prices[days])), reference)
    similar = [
        past
        for past in pasts
        if kind(past) == kind(own) and past.fee_basis == own.fee_basis and reference in past.prices
    ]
    assert one.band == (list(expected_band(similar, reference)) if reference is not None else [])
    at_now = [ratio(past, days, reference) for past in similar if reference and days in past.prices]
    assert one.events == len(at_now)
    if reference is None:
        assert (one.ratio, one.reference_floor_price, one.percentile) == (None, None, None)
        return
    assert one.ratio == ratio(own, days, reference)
    score = sum(100 if other < one.ratio else 50 if other == one.ratio else 0 for other in at_now)
    expected = (Decimal(score) / len(at_now)).quantize(Decimal(1), ROUND_HALF_UP) if len(at_now) >= 5 else None
    assert one.percentile == expected


def kind(past: Past) -> str:
    """What it is compared by: its group, else its venue; an event with neither is of no kind."""
    named = past.group or past.venue
    return named.casefold() if named else f"none, {id(past)}"


def ratio(past: Past, day: int, reference: int) -> Decimal:
    return round(Decimal(str(past.prices[day])) / Decimal(str(past.prices[reference])), 4)


def expected_band(similar: list[Past], reference: int) -> Iterator[BandPoint]:
    """Percentiles by linear interpolation, for days with at least five events."""
    for day in range(reference, -1, -1):
        ratios = sorted(ratio(past, day, reference) for past in similar if day in past.prices)
        if len(ratios) >= 5:
            yield BandPoint(day, len(ratios), *(percentile(ratios, part) for part in (10, 25, 50, 75, 90)))


def percentile(ordered: list[Decimal], part: int) -> Decimal:
    place = Decimal(part * (len(ordered) - 1)) / 100
    below = int(place)
    above = ordered[min(below + 1, len(ordered) - 1)]
    interpolated = ordered[below] + (above - ordered[below]) * (place - below)
    return interpolated.quantize(Decimal("0.0001"), ROUND_HALF_UP)


def test_the_example_of_the_documentation(database: Database) -> None:
    """Five games of a league: 100 and 120 are a ratio of 1.2, which four of five were below."""
    pasts = [Past({20: 100.0, 5: price}, group="NBA") for price in (80.0, 90.0, 110.0, 119.0, 150.0)]
    (found,) = ask(database, Past({40: 90.0, 20: 100.0, 12: 115.0, 5: 120.0}, group="NBA"), pasts, days=5)
    assert (found.reference_day, found.reference_floor_price, found.ratio) == (20, 100, Decimal("1.2"))
    assert (found.events, found.percentile) == (5, 80)
    assert [point.days_to_event for point in found.band] == [20, 5]
    assert found.band[0].p90 == 1


def test_fewer_than_five_events_say_nothing(database: Database) -> None:
    pasts = [Past({20: 100.0, 5: 80.0})] * 4
    (found,) = ask(database, Past({20: 100.0, 5: 120.0}), pasts, days=5)
    assert (found.events, found.percentile, found.band) == (4, None, [])


def test_before_the_reference_day_there_is_none(database: Database) -> None:
    (found,) = ask(database, Past({40: 100.0, 35: 120.0}), [], days=35)
    assert (found.floor_price, found.reference_day, found.percentile) == (120, None, None)
    (farther,) = ask(database, Past({40: 100.0, 35: 120.0}), [], days=35, reference_days=60)
    assert (farther.reference_day, farther.ratio) == (40, Decimal("1.2"))


def test_the_first_floor_has_nothing_to_be_compared_with(database: Database) -> None:
    (found,) = ask(database, Past({5: 120.0}), [Past({20: 100.0, 5: 80.0})] * 5, days=5)
    assert (found.reference_day, found.ratio, found.events) == (None, None, 0)


def test_a_past_event_whose_fee_basis_changed_in_between_is_not_compared(database: Database) -> None:
    """Fees became part of its prices: the ratio would be theirs."""
    own = Past({20: 100.0, 5: 120.0})
    pasts = [Past({20: 100.0}, fee_basis="ask")] * 5
    assert ask(database, own, pasts, days=5)[0].events == 0
    for number in range(2, 7):
        event_at = SHOW_AT - 60 * DAY - number * DAY
        add(database, number, Past({5: 130.0}), event_at=event_at)
    event_id = add(database, 1, own, event_at=SHOW_AT)
    (found,) = percentile_of_now(database, event_id, this_moment=SHOW_AT - 5 * DAY - 6 * HOUR)
    assert (found.events, found.band) == (0, [])


def test_a_floor_older_than_a_day_is_not_now(database: Database) -> None:
    assert ask(database, Past({20: 100.0, 6: 120.0}), [], days=4) == []
