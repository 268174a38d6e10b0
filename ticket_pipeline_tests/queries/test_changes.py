"""Changes as a reader asks for them equal the definition, and their coverage names what was compared."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from statistics import median
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.queries import (
    ChangeCounts,
    ChangeCoverage,
    ChangeKind,
    ListingChange,
    Span,
    change_counts,
    change_coverage,
    listing_changes,
)
from ticket_pipeline.storage.database import Database
from ticket_pipeline_tests.storage.market_histories import EVENT_AT, MARKETPLACES, START, Shown, market_histories, show
from ticket_pipeline_tests.storage.stored import (
    EXAMPLES_SHARE_A_DATABASE,
    HOUR,
    NOON,
    Item,
    empty,
    items,
    query,
    store,
    watch_one,
)
from ticket_pipeline_tests.storage.test_changes import expected_changes

ALWAYS = Span(START, EVENT_AT + timedelta(hours=4))


def by_definition(database: Database) -> list[ListingChange]:
    """Every change, without the removals that are relists."""
    found = [
        (marketplace, change)
        for marketplace in MARKETPLACES
        for change in expected_changes(database, marketplace)
        if change.relisted_as is None
    ]
    shared: list[Any] = [name for name in ListingChange.__slots__ if name != "marketplace"]
    return [ListingChange(name, **{each: getattr(change, each) for each in shared}) for name, change in found]


def counted(marketplace: str, changes: list[ListingChange]) -> ChangeCounts:
    """The definition of the counts."""
    own = [one for one in changes if one.marketplace == marketplace]
    moves = [100 * (one.new_price / one.old_price - 1) for one in own if one.new_price and one.old_price]
    down, up = [one for one in moves if one < 0], [one for one in moves if one > 0]
    return ChangeCounts(
        Marketplace(marketplace),
        sum(one.change == ChangeKind.LISTED for one in own),
        sum(one.change == ChangeKind.REMOVED for one in own),
        len(down),
        len(up),
        rounded(median(down)) if down else None,
        rounded(median(up)) if up else None,
    )


def rounded(percent: Decimal) -> Decimal:
    """To a hundredth: the database takes the median of floats."""
    return round(round(percent, 6), 2)


def order(change: ListingChange) -> tuple[Any, ...]:
    price = change.old_price if change.new_price is None else change.new_price
    return -change.captured_at.timestamp(), change.marketplace, change.change, price, change.listing_id


@EXAMPLES_SHARE_A_DATABASE
@given(
    history=market_histories,
    hours=st.tuples(st.integers(0, 60), st.integers(1, 60)),
    marketplace=st.sampled_from([None, *MARKETPLACES]),
    kinds=st.none() | st.sets(st.sampled_from(ChangeKind)),
    zone=st.sampled_from(["*", "Lower", "101", "Grounds"]),
    limit=st.none() | st.integers(1, 5),
)
def test_the_changes_that_were_asked_for_newest_first(
    database: Database,
    history: list[Shown],
    hours: tuple[int, int],
    marketplace: str | None,
    kinds: set[ChangeKind] | None,
    zone: str,
    limit: int | None,
) -> None:
    empty(database)
    event_id = show(database, history)["stubhub"].event_id
    span = Span(START + timedelta(hours=hours[0]), START + timedelta(hours=sum(hours)))
    chosen = [
        change
        for change in by_definition(database)
        if span.start <= change.captured_at < span.end
        and marketplace in (None, change.marketplace)
        and (kinds is None or change.change in kinds)
        and (change.zone != "Grounds" if zone == "*" else change.zone == zone)
    ]
    found = listing_changes(
        database,
        event_id,
        span=span,
        marketplace=marketplace,
        kinds=None if kinds is None else sorted(kinds),
        zone=zone,
        limit=limit,
    )
    assert found == sorted(chosen, key=order)[:limit]
    if kinds is None:
        counts = [
            replace(
                one,
                cheaper_percent=None if one.cheaper_percent is None else rounded(one.cheaper_percent),
                dearer_percent=None if one.dearer_percent is None else rounded(one.dearer_percent),
            )
            for one in change_counts(database, event_id, span=span, marketplace=marketplace, zone=zone)
        ]
        assert counts == [counted(name, chosen) for name in MARKETPLACES if name in {one.marketplace for one in chosen}]


def test_seats_that_are_back_are_one_change_and_no_removal(database: Database) -> None:
    event = watch_one(database)
    seats = Item(section="101", row="4", price=100.0, listing_id="old")
    store(database, event, NOON, [*items(3), seats])
    store(database, event, NOON + HOUR, items(3))
    day = Span(NOON, NOON + 24 * HOUR)
    assert [one.change for one in listing_changes(database, event.event_id, span=day)] == ["removed"]
    store(database, event, NOON + 2 * HOUR, [*items(3), replace(seats, listing_id="new", price=109.0)])
    (back,) = listing_changes(database, event.event_id, span=day)
    assert (back.change, back.previous_listing_id, back.listing_id) == ("relisted", "old", "new")
    assert (back.old_price, back.new_price, back.new_quantity) == (100, 109, 2)


def test_coverage_names_suspects_and_what_waits_for_a_backfill(database: Database) -> None:
    event = watch_one(database)
    for hour, listings in enumerate((8, 8, 1, 9)):
        store(database, event, NOON + hour * HOUR, items(listings))
    span = Span(NOON, NOON + 24 * HOUR)
    known = ChangeCoverage("stubhub", 3, 1, 2, 0, NOON, NOON + 3 * HOUR)
    assert change_coverage(database, event.event_id, span=span) == [known]
    assert change_coverage(database, event.event_id, span=span, marketplace="vivid_seats") == []
    query(
        database,
        "update snapshots set previous_captured_at = null, censored_because = 'not compared' returning 1",
    )
    waiting = replace(known, comparisons=0, not_compared=3, since_at=None)
    assert change_coverage(database, event.event_id, span=span) == [waiting]
