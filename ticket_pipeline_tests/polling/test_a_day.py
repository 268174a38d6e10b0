"""A whole day of polling at every marketplace that can be polled, with an answer in ten going wrong.

The day passes by a clock that is set forward, tick by tick, for the simulator and the pipeline alike: between two ticks
it stands still, so that the truth about a capture is that of its very moment. Budgets count real seconds; a day that
takes half a minute is given the budget that it needs, and the server's own log shows that it was kept.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg.rows import dict_row

from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.polling.batch import Lease
from ticket_pipeline.polling.due import Skip, choose_batch
from ticket_pipeline.polling.poll import poll_events
from ticket_pipeline.polling.sources import SOURCES
from ticket_pipeline.settings import Settings
from ticket_pipeline.simulator.distortions import ID_SHIFT
from ticket_pipeline.simulator.faults import Fault, FaultKind, FaultPlan
from ticket_pipeline.simulator.market import SimulatedEvent
from ticket_pipeline.simulator.outlets import Outlet
from ticket_pipeline.simulator.recording import RequestLog
from ticket_pipeline.simulator.server import serve
from ticket_pipeline.simulator.stubhub import create_stubhub_app
from ticket_pipeline.simulator.ticketmaster import create_ticketmaster_app
from ticket_pipeline.simulator.venue import Venue, arena_zones
from ticket_pipeline.simulator.vivid_seats import create_vivid_seats_app
from ticket_pipeline.simulator.world import SimulatedWorld
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.watchlist import sync_watchlist
from ticket_pipeline_tests.polling.loopback import watched

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from ticket_pipeline.simulator.recording import RequestRecord

NOON = datetime(2036, 6, 1, 12, tzinfo=UTC)  # ahead of the real clock, by which a new event is due at once
DAY, TICK = timedelta(days=1), timedelta(minutes=15)
EVENTS, LISTINGS = 200, 8
MOST_PER_MINUTE, MOST_AT_ONCE = 3_000, 8
MOST_PER_SECOND, MOST_PER_DAY = 60, 60_000
VENUE = Venue("Day Arena", "Boston", "United States", "America/New_York", "USD", 18_000, arena_zones())

# (events, hours to the first of them, hours between two): every band of the default cadence, some starting today
BANDS = ((4, 9.0, 4.0), (26, 30.0, 5.0), (70, 8 * 24.0, 6.0), (100, 31 * 24.0, 6.0))

FAILURES = {
    FaultKind.RATE_LIMITED: "rate_limited",
    FaultKind.NOT_FOUND: "gone",
    FaultKind.SERVER_ERROR: "http_error",
    FaultKind.UNAVAILABLE: "http_error",
    FaultKind.HTML: "bad_payload",
    FaultKind.WRONG_SHAPE: "bad_payload",
    FaultKind.TRUNCATED: "bad_payload",
    FaultKind.EMPTY_BODY: "bad_payload",
    FaultKind.RESET: "http_error",
}
HARMLESS = (FaultKind.GZIP, FaultKind.SLOW, FaultKind.REKEYED_IDS, FaultKind.RETYPED_FIELD, FaultKind.CLOCK_SKEW)
FAULT_SHARE = 0.1


@dataclass(frozen=True)
class Played:
    """How a marketplace is played for a day.

    Attributes:
        settings: what leads to its server, given the server's URL, with the budgets that the day needs.
        windows: seconds → requests that the server may see in any window of that length.
        captures: the table that holds one row per capture.
    """

    outlet: Outlet
    create: Callable[..., Any]
    settings: Callable[[str], dict[str, object]]
    windows: dict[float, int]
    captures: str = "snapshots"


PLAYED = {
    Marketplace.STUBHUB: Played(
        Outlet.STUBHUB,
        create_stubhub_app,
        lambda url: {"stubhub_api_base_url": url, "stubhub_requests_per_minute": MOST_PER_MINUTE},
        {60: MOST_PER_MINUTE},
    ),
    Marketplace.VIVID_SEATS: Played(
        Outlet.VIVID_SEATS,
        create_vivid_seats_app,
        lambda url: {"vivid_seats_api_base_url": url, "vivid_seats_requests_per_minute": MOST_PER_MINUTE},
        {60: MOST_PER_MINUTE},
    ),
    Marketplace.TICKETMASTER: Played(
        Outlet.TICKETMASTER,
        create_ticketmaster_app,
        lambda url: {
            "ticketmaster_api_base_url": url,
            "ticketmaster_api_key": "k",
            "ticketmaster_requests_per_second": MOST_PER_SECOND,
            "ticketmaster_requests_per_day": MOST_PER_DAY,
            "ticketmaster_reserve_fraction": 0,
            "ticketmaster_cache_minutes": 0,  # every poll asks; kept answers have tests of their own
        },
        {1: MOST_PER_SECOND, 86_400: MOST_PER_DAY},
        "ticketmaster_events",
    ),
}


class _Clock:
    """Stands still until it is set forward."""

    now = NOON

    def __call__(self) -> datetime:
        return self.now


@dataclass(frozen=True)
class Day:
    """What a day left behind, at the server and in the database."""

    world: SimulatedWorld
    played: Played
    log: RequestLog
    attempts: list[dict[str, Any]]
    captures: list[dict[str, Any]]
    listings: list[dict[str, Any]]

    def records(self) -> dict[tuple[str, datetime], RequestRecord]:
        """The server's records by event and moment."""
        return {(str(record.external_id), record.received_at): record for record in self.log.records()}


def test_every_marketplace_that_is_polled_is_played_here() -> None:
    assert PLAYED.keys() == SOURCES.keys()


@pytest.mark.parametrize("marketplace", SOURCES)
def test_a_day_with_faults_keeps_every_limit_and_every_capture(marketplace: Marketplace, migrated_url: str) -> None:
    day = _live_through(marketplace, migrated_url)
    _check_that_the_day_was_one(day)
    _check_that_limits_were_kept(day)
    _check_that_every_request_is_one_attempt_with_its_cause(day)
    _check_that_no_snapshot_is_lost_or_doubled(day)
    if SOURCES[marketplace].has_listings:
        _check_that_the_stored_listings_are_the_truth(day)
    else:
        _check_that_the_stored_events_are_the_truth(day)


def _check_that_the_day_was_one(day: Day) -> None:
    """It had the events, the faults and the polls of a day: a test of nothing would pass all others."""
    records = day.log.records()
    asked = Counter(record.external_id for record in records)
    assert len(asked) == EVENTS
    assert len(records) > 1_000
    assert {record.fault for record in records} >= {*map(str, FAILURES), *map(str, HARMLESS)}
    assert sum(record.fault is not None for record in records) / len(records) == pytest.approx(FAULT_SHARE, abs=0.03)
    moments = [record.received_at for record in records]
    assert max(moments) - min(moments) > DAY - timedelta(hours=1)
    starts = {event.ids[day.played.outlet]: event.event_at for event in day.world.simulated_events}
    assert all(record.received_at < starts[str(record.external_id)] for record in records)


def _check_that_limits_were_kept(day: Day) -> None:
    for seconds, most in day.played.windows.items():
        assert day.log.busiest_window(seconds) <= most
    assert day.log.most_at_once() <= MOST_AT_ONCE
    assert len(day.records()) == len(day.log.records())  # no event twice at one moment


def _check_that_every_request_is_one_attempt_with_its_cause(day: Day) -> None:
    attempts = {(row["external_id"], row["started_at"]): row for row in day.attempts}
    records = day.records()
    assert len(attempts) == len(day.attempts)
    assert attempts.keys() == records.keys()
    for key, record in records.items():
        failed_as = FAILURES.get(FaultKind(record.fault)) if record.fault else None
        if failed_as is None:
            assert attempts[key]["outcome"] in {"ok", "empty"}, (record, attempts[key])
        else:
            assert attempts[key]["outcome"] == failed_as, (record, attempts[key])
            assert attempts[key]["error"]


def _check_that_no_snapshot_is_lost_or_doubled(day: Day) -> None:
    stored = Counter((row["external_id"], row["captured_at"]) for row in day.captures)
    answered = {key for key, record in day.records().items() if record.fault is None or record.fault in HARMLESS}
    assert stored.keys() == answered
    assert set(stored.values()) == {1}


def _check_that_the_stored_listings_are_the_truth(day: Day) -> None:
    stored: dict[tuple[int, datetime], set[tuple[str, int, Decimal]]] = {}
    for row in day.listings:
        kept = stored.setdefault((row["event_id"], row["captured_at"]), set())
        kept.add((row["listing_id"], row["quantity"], row["all_in_price"]))
    records = day.records()
    for row in day.captures:
        is_rekeyed = records[row["external_id"], row["captured_at"]].fault == FaultKind.REKEYED_IDS
        truth = _true_listings(day, row["external_id"], row["captured_at"], is_rekeyed=is_rekeyed)
        assert stored.get((row["event_id"], row["captured_at"]), set()) == truth, row
        assert row["accepted"] == len(truth)
        assert row["received"] == row["accepted"] + row["rejected"]


def _check_that_the_stored_events_are_the_truth(day: Day) -> None:
    truth = {event.ids[day.played.outlet]: event for event in day.world.simulated_events}
    for row in day.captures:
        event = truth[row["external_id"]]
        starts_at = event.event_at.astimezone(ZoneInfo(VENUE.timezone))
        assert (row["name"], row["event_at"], row["timezone"]) == (event.name, event.event_at, VENUE.timezone)
        assert (row["local_date"], row["local_time"]) == (starts_at.date(), starts_at.time())
        assert row["status"] == "onsale"


def _true_listings(day: Day, external_id: str, moment: datetime, *, is_rekeyed: bool) -> set[tuple[str, int, Decimal]]:
    """Id, tickets and price of what stood at that moment and has a market price."""
    market = day.world.market(external_id, day.played.outlet)
    assert market is not None
    shift = ID_SHIFT if is_rekeyed else 0
    return {
        (_shown_id(day.played.outlet, item.listing_id + shift, is_fan=item.is_fan), item.quantity, item.all_in_price)
        for item in market.listings_at(moment, day.played.outlet)
        if item.all_in_price is not None and not item.is_parking
    }


def _shown_id(outlet: Outlet, listing_id: int, *, is_fan: bool) -> str:
    prefix = {True: "VF", False: "VB"}[is_fan] if outlet is Outlet.VIVID_SEATS else ""
    return f"{prefix}{listing_id}"


# --- the day --------------------------------------------------------------------------------------------------------


def _live_through(marketplace: Marketplace, database_url: str) -> Day:
    played = PLAYED[marketplace]
    world, clock, log = _world(), _Clock(), RequestLog()
    app = played.create(world, clock=clock, faults=_faults(), log=log)
    with serve(app) as served, Database(database_url, "tickets") as database:
        settings = Settings.model_validate(
            {
                "database_url": database_url,
                **played.settings(served.url),
                "max_concurrent_requests": MOST_AT_ONCE,
                "min_request_delay": 0,
                "max_request_delay": 0,
                "http_max_tries": 1,
                "breaker_failures": 100,
                "random_seed": 1,
                "prices_start_date": NOON.date(),
            }
        )
        _watch(database, world)
        while clock.now < NOON + DAY:
            _tick(database, settings, marketplace, clock)
            clock.now += TICK
    return Day(
        world,
        played,
        log,
        *(_rows(database_url, table) for table in ("fetch_attempts", played.captures, "listings")),
    )


def _tick(database: Database, settings: Settings, marketplace: Marketplace, clock: _Clock) -> None:
    """What the sensor and its run do."""
    lease_id = uuid4()
    chosen = choose_batch(database, settings, marketplace, this_moment=clock.now, lease_id=lease_id)
    if isinstance(chosen, Skip):
        assert "Nothing is due" in chosen.reason, chosen.reason
        return
    lease = Lease(lease_id, timedelta(seconds=settings.lease_seconds))
    result = asyncio.run(poll_events(database, settings, marketplace, chosen.events, now=clock, lease=lease))
    assert result.skipped == [], result.stopped_by


def _world() -> SimulatedWorld:
    hours = [first + step * number for count, first, step in BANDS for number in range(count)]
    events = [
        SimulatedEvent(
            str(157_000_001 + number),
            f"Event {number}",
            VENUE,
            NOON + timedelta(hours=ahead),
            90.0,
            LISTINGS,
            other_ids={
                Outlet.VIVID_SEATS: str(5_000_001 + number),
                Outlet.TICKETMASTER: f"vvG1iZ9{number:06}",
            },
        )
        for number, ahead in enumerate(hours)
    ]
    return SimulatedWorld(events, seed=5, started_at=NOON)


def _faults() -> FaultPlan:
    plan = FaultPlan(seed=3)
    kinds = [*FAILURES, *HARMLESS]
    for kind in kinds:
        plan.add(Fault(kind, times=None, probability=FAULT_SHARE / len(kinds), delay_seconds=0.01))
    return plan


def _watch(database: Database, world: SimulatedWorld) -> None:
    rows = [
        watched(number, event.external_id, event.event_at, external_ids={str(k): v for k, v in event.ids.items()})
        for number, event in enumerate(world.simulated_events, 2)
    ]
    sync_watchlist(database, rows, [], source="a test", this_moment=NOON, max_untrack_fraction=1)


def _rows(database_url: str, table: str) -> list[dict[str, Any]]:
    with psycopg.connect(database_url, row_factory=dict_row) as connection:
        return connection.execute(f"select * from tickets.{table}").fetchall()  # noqa: S608 - a table of the test's own
