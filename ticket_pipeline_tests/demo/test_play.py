"""The past is what polling would have stored; it is played once, and goes on where it was interrupted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import LiteralString

import pytest

from ticket_pipeline.demo import play as playing
from ticket_pipeline.demo.play import Source, plan_past, play, share_out
from ticket_pipeline.demo.rebuild import estimate_past, rebuild_past
from ticket_pipeline.ingest.poll import poll_events
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.queries.events import read_events
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.sheet.rows import parse_watchlist
from ticket_pipeline.sheet.source import SheetRows
from ticket_pipeline.simulator.app import create_app
from ticket_pipeline.simulator.market import SimulatedEvent
from ticket_pipeline.simulator.marketplaces import Marketplace as Place
from ticket_pipeline.simulator.venue import Venue, arena_zones
from ticket_pipeline.simulator.world import SimulatedWorld, sample_watchlist_rows
from ticket_pipeline.storage.database import Database, Row
from ticket_pipeline.storage.embedded import EmbeddedServer
from ticket_pipeline.storage.sales import build_sale_rules
from ticket_pipeline.storage.watchlist import sync_watchlist
from ticket_pipeline_tests.overrides import settings_from
from ticket_pipeline_tests.servers import throwaway_database
from ticket_pipeline_tests.simulator_support.serving import serve
from ticket_pipeline_tests.storage.stored import query

BEGAN = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAYS = timedelta(days=3)
ARENA = Venue("Arena", "Boston", "United States", "America/New_York", "USD", 18_000, arena_zones())

CONTENTS: tuple[LiteralString, ...] = (
    """select s.event_id, s.marketplace, s.captured_at, s.received, s.accepted, s.rejected, s.tickets, s.payload_hash,
    s.is_suspect, s.admission_rules from snapshots as s order by 1, 2, 3""",
    "select * from listings order by event_id, marketplace, captured_at, listing_id",
    "select * from rejected_listings order by event_id, marketplace, captured_at, position",
    "select * from raw_payloads order by event_id, marketplace, captured_at",
    """select event_id, marketplace, finished_at, outcome, status, bytes, listings, rejected from fetch_attempts
    order by 1, 2, 3""",
    "select grain, starts_at, event_id, marketplace from stale_prices order by 1, 2, 3, 4",
    "select * from listing_changes order by event_id, marketplace, captured_at, change, listing_id",
    """select event_id, marketplace, captured_at, previous_captured_at, censored_because from snapshots
    order by 1, 2, 3""",
)

MADE: tuple[LiteralString, ...] = (
    "select to_jsonb(p) - 'built_at' as row from hourly_prices as p order by event_id, marketplace, zone, hour_at",
    "select to_jsonb(p) - 'built_at' as row from daily_prices as p order by event_id, marketplace, zone, day_on",
    "select * from estimated_sales order by event_id, marketplace, zone, hour_at",
)


def small_world() -> SimulatedWorld:
    """One event to come, at two marketplaces, and one that is over."""

    def event(number: int, ahead: timedelta) -> SimulatedEvent:
        ids = {Place.VIVID_SEATS: f"515{number:04}"}
        return SimulatedEvent(f"15728{number:04}", f"Event {number}", ARENA, BEGAN + ahead, 120.0, 25, ids)

    return SimulatedWorld(
        [event(1, timedelta(days=6)), event(2, timedelta(days=-20))], started_at=BEGAN, seed=1, speed=10
    )


@dataclass
class Demo:
    """A database with the watchlist of the small world."""

    database: Database
    world: SimulatedWorld
    settings: Settings

    def plan(self) -> list[list[Source]]:
        """Three days of polls."""
        return plan_past(self.database, self.world, past=DAYS)

    def play_all(self) -> None:
        """Play what is left."""
        asyncio.run(play(self.database, self.settings, self.world, self.plan()))

    def contents(self) -> list[list[Row]]:
        """All rows of the tables that a poll writes."""
        return [query(self.database, text) for text in CONTENTS]

    def made(self) -> list[list[Row]]:
        """All rows that are made of what polls wrote."""
        rebuild_past(self.database)
        polls = sum(len(source.polls) for sources in self.plan() for source in sources)
        estimate_past(self.database, polls, BEGAN, build_sale_rules(self.settings))
        return [query(self.database, text) for text in MADE]


def opened(url: str) -> Demo:
    database, world = Database(url, "tickets"), small_world()
    rows = parse_watchlist(SheetRows(sample_watchlist_rows(world), "a test"), default_timezone="UTC", date_order=None)
    sync_watchlist(database, rows.events, [], source="a test", this_moment=BEGAN, max_untrack_fraction=1)
    return Demo(database, world, settings_from({"database_url": url, "raw_payload_days": 20}))


@pytest.fixture
def demo(migrated_url: str) -> Iterator[Demo]:
    demo = opened(migrated_url)
    with demo.database:
        yield demo


def test_the_past_is_what_polling_at_those_moments_would_have_stored(
    demo: Demo, database_server: EmbeddedServer, migrated_template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playing, "_GROUP", 9)
    demo.play_all()
    moment = [BEGAN]
    app = create_app(demo.world, clock=lambda: moment[0])
    with throwaway_database(database_server, template=migrated_template) as url, serve(app) as served:
        polled = opened(url)
        settings = settings_from(
            {
                "database_url": url,
                "stubhub_api_base_url": f"{served.url}/stubhub",
                "vivid_seats_api_base_url": f"{served.url}/vivid_seats",
                "min_request_delay": 0,
                "max_request_delay": 0,
            }
        )
        with polled.database:
            for source, poll in sorted(_all(polled.plan()), key=lambda item: item[1].at):
                moment[0] = poll.at
                assert poll.error is None, "choose another seed"
                polling = poll_events(
                    polled.database, settings, source.event.marketplace, [source.event], now=lambda: moment[0]
                )
                assert not asyncio.run(polling).failures
            theirs = polled.contents()
            made_of_theirs = polled.made()
    ours = demo.contents()
    for name, mine, made in zip(MADE, demo.made(), made_of_theirs, strict=True):
        assert mine
        assert mine == made, name
    captures, *others = zip(ours, theirs, strict=True)
    assert captures[0] == captures[1]
    assert len(captures[0]) > 40
    bodies_from = BEGAN - timedelta(days=20)
    for name, (mine, all_of_it) in zip(CONTENTS[1:], others, strict=True):
        kept = [row for row in all_of_it if "raw_payloads" not in name or row["captured_at"] >= bodies_from]
        assert mine == kept, name


def _all(plan: list[list[Source]]) -> Iterator[tuple[Source, playing.PlannedPoll]]:
    return ((source, poll) for sources in plan for source in sources for poll in source.polls)


def test_an_interrupted_past_goes_on_and_a_complete_one_adds_nothing(
    demo: Demo, database_server: EmbeddedServer, migrated_template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playing, "_GROUP", 4)
    with throwaway_database(database_server, template=migrated_template) as url:
        whole = opened(url)
        with whole.database:
            whole.play_all()
            expected = whole.contents()
    body_at = playing.body_at
    bodies = iter(range(22))

    def interrupted(*asked: object) -> bytes:
        if next(bodies, None) is None:
            raise KeyboardInterrupt
        return body_at(*asked)  # type: ignore[arg-type]

    monkeypatch.setattr(playing, "body_at", interrupted)
    with pytest.raises(KeyboardInterrupt):
        demo.play_all()
    monkeypatch.setattr(playing, "body_at", body_at)
    stored = len(demo.contents()[0])
    assert 0 < stored < 22
    demo.play_all()
    assert demo.contents() == expected
    rebuild_past(demo.database)
    demo.play_all()
    assert demo.contents()[:5] == expected[:5]
    assert query(demo.database, "select count(*) as marks from stale_prices")[0]["marks"] == 0


def test_all_hours_and_days_are_rebuilt(demo: Demo) -> None:
    demo.play_all()
    days: list[int] = []
    rebuild_past(demo.database, lambda: days.append(1))
    assert len(days) == 8
    assert query(demo.database, "select count(*) as marks from stale_prices")[0]["marks"] == 0
    hours = query(demo.database, "select count(distinct (event_id, marketplace, hour_at)) as hours from hourly_prices")
    polled = {
        (source.event.event_id, source.event.marketplace, poll.at.replace(minute=0, second=0, microsecond=0))
        for source, poll in _all(demo.plan())
    }
    assert hours[0]["hours"] == len(polled)
    assert query(demo.database, "select count(*) as days from daily_prices")[0]["days"] > 0


def test_parts_share_all_events_and_keep_the_marketplaces_of_one_together(demo: Demo) -> None:
    plan = demo.plan()
    assert [len(sources) for sources in plan] == [2, 2]
    for parts in (1, 2, 3):
        shares = share_out(plan, parts)
        assert sorted(id(sources) for share in shares for sources in share) == sorted(map(id, plan))
        assert len(shares) == parts


def test_events_without_a_market_or_listings_have_no_past(demo: Demo) -> None:
    assert {source.event.marketplace for source in islice(demo.plan()[0], 9)} == {
        Marketplace.STUBHUB,
        Marketplace.VIVID_SEATS,
    }
    assert len(read_events(demo.database)) == 4


@dataclass(frozen=True)
class Keeping:
    """A context, of which playing sets whether bodies are kept."""

    keep_body: bool = True


@dataclass(frozen=True)
class Recorder:
    """Notes what it is given to store, in order."""

    context: Keeping
    stored: list[tuple[datetime, bool]]

    def store(self, moments: list[datetime]) -> None:
        """As an ingest."""
        self.stored.extend((at, self.context.keep_body) for at in moments)


def test_polls_whose_bodies_are_not_kept_are_stored_before_later_ones(
    demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(playing, "_GROUP", 3)
    monkeypatch.setattr(playing, "_fetched", lambda _, poll: poll.at)
    source = demo.plan()[0][0]
    ats = [poll.at for poll in source.polls[:7]]
    monkeypatch.setattr(playing, "_left", lambda *_: ((source, poll) for poll in source.polls[:7]))
    recorder = Recorder(Keeping(), [])

    playing._play_event(demo.database, {source.event.marketplace: recorder}, [source], ats[4])  # type: ignore[dict-item]

    assert recorder.stored == [(at, at >= ats[4]) for at in ats]
