"""The asset of Ticketmaster: one run for many events, what each partition shows, and the check for trouble."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg
import pytest

from ticket_pipeline.defs.checks import Scope
from ticket_pipeline.defs.snapshots.checks import checks_of
from ticket_pipeline.ingest.marketplaces import SOURCES
from ticket_pipeline.market import vocabulary
from ticket_pipeline.simulator.marketplaces import Marketplace
from ticket_pipeline.simulator.recording import RequestLog
from ticket_pipeline.simulator.ticketmaster import create_ticketmaster_app
from ticket_pipeline.simulator.world import sample_world
from ticket_pipeline.storage.watchlist import sync_watchlist
from ticket_pipeline_tests.defs.location import Location, materializations
from ticket_pipeline_tests.defs.offenders import moment, named
from ticket_pipeline_tests.ingest.loopback import open_loopback, watched
from ticket_pipeline_tests.marketplaces.ticketmaster.discovery import CANARY, settings_for
from ticket_pipeline_tests.simulator_support.serving import serve

JOB, ASSET = "poll_ticketmaster", dg.AssetKey("ticketmaster_events")
CHECK = "no_followed_event_was_cancelled_or_moved"


@pytest.fixture
def ticketmaster(migrated_url: str) -> Iterator[tuple[Location, list[str], RequestLog]]:
    """The sample world's Ticketmaster, its events on the watchlist and their keys registered."""
    world, log = sample_world(datetime.now(UTC)), RequestLog()
    app = create_ticketmaster_app(world, clock=lambda: datetime.now(UTC), log=log, keys={CANARY})
    events = [event for event in world.simulated_events if Marketplace.TICKETMASTER in event.ids]
    records = [
        watched(
            row,
            "unused",
            event.event_at,
            name=event.name,
            timezone=event.venue.timezone,
            event_date=event.event_at.astimezone(ZoneInfo(event.venue.timezone)).replace(tzinfo=None),
            external_ids={"ticketmaster": event.ids[Marketplace.TICKETMASTER]},
        )
        for row, event in enumerate(events, 2)
    ]
    keys = [record.external_ids["ticketmaster"] for record in records]
    with (
        serve(app) as served,
        open_loopback(migrated_url) as loopback,
        dg.DagsterInstance.ephemeral() as instance,
    ):
        settings = settings_for(
            served.url,
            database_url=migrated_url,
            min_request_delay=0,
            max_request_delay=0,
            prices_start_date=(datetime.now(UTC) - timedelta(days=60)).date(),
        )
        sync_watchlist(
            loopback.database, records, [], source="a test", this_moment=datetime.now(UTC), max_untrack_fraction=1
        )
        instance.add_dynamic_partitions("ticketmaster_events", keys)
        yield Location(loopback, instance, settings), keys, log


def test_every_event_marks_its_partition_with_what_is_known(
    ticketmaster: tuple[Location, list[str], RequestLog],
) -> None:
    location, keys, log = ticketmaster
    result = location.run(JOB)
    assert result.success
    shown = materializations(result, location.instance)
    assert set(shown) == set(keys)
    assert location.instance.get_materialized_partitions(ASSET) == set(keys)
    assert len(log.records()) == len(keys)
    for metadata in shown.values():
        assert metadata["response"] == "new, try 1"
        assert metadata["dagster/row_count"] == 1
        assert metadata["status"] != "unknown"
        assert metadata["changes"] == "none"
        assert {"event", "captured_at", "local_date", "local_time", "price_ranges"} <= metadata.keys()
    assert len(location.loopback.rows("select 1 from ticketmaster_events")) == len(keys)
    assert CANARY not in "".join(str(entry) for entry in location.instance.all_logs(result.run_id))


def test_a_cached_response_is_named_in_its_partition(
    ticketmaster: tuple[Location, list[str], RequestLog],
) -> None:
    location, keys, log = ticketmaster
    assert location.run(JOB, partition=keys[0]).success
    location.loopback.rows("update cached_responses set stored_at = stored_at - interval '14 minutes'")
    metadata = materializations(location.run(JOB, partition=keys[0]), location.instance)[keys[0]]
    at = location.loopback.value("select stored_at from cached_responses").astimezone(UTC)
    assert metadata["response"] == f"cached response of {at:%H:%M} UTC, 14 min old; no request was sent"
    assert len(log.records()) == 1


def look(location: Location) -> dg.AssetCheckResult:
    """The check for cancelled and moved events, looked at now."""
    (check,) = [each for each in checks_of(SOURCES[vocabulary.Marketplace.TICKETMASTER]) if each.name == CHECK]
    return check.evaluate(location.loopback.database, Scope.full(location.now, "a test"))


def test_a_cancelled_and_a_moved_event_turn_their_check_yellow(
    ticketmaster: tuple[Location, list[str], RequestLog],
) -> None:
    location, keys, _ = ticketmaster
    assert location.run(JOB).success
    good = look(location)
    assert good.passed, good.metadata
    location.loopback.rows("update ticketmaster_events set status = 'cancelled' where external_id = %s", keys[0])
    troubled = look(location)
    assert not troubled.passed
    assert troubled.severity is dg.AssetCheckSeverity.WARN
    (known,) = location.loopback.rows(
        "select e.name, e.event_date::date as day, t.local_date, t.captured_at"
        " from events e join ticketmaster_events t using (event_id) where t.external_id = %s",
        keys[0],
    )
    assert named(troubled) == [
        {
            "event": known["name"],
            "key": keys[0],
            "status": "cancelled",
            "day": str(known["local_date"]),
            "day in the watchlist": str(known["day"]),
            "start before": "\N{EN DASH}",
            "captured": moment(known["captured_at"]),
        }
    ]
    location.loopback.rows(
        "insert into ticketmaster_events (event_id, captured_at, external_id, name, event_at, is_date_open,"
        " is_time_open, payload_hash) select event_id, captured_at - interval '1 hour', external_id, name,"
        " event_at - interval '1 hour', false, false, payload_hash from ticketmaster_events where external_id = %s",
        keys[0],
    )
    location.loopback.rows("update ticketmaster_events set status = null, local_date = null")
    (before,) = location.loopback.rows(
        "select min(event_at) as at from ticketmaster_events where external_id = %s", keys[0]
    )
    (moved,) = [offender for offender in named(look(location)) if offender["key"] == keys[0]]
    assert (moved["status"], moved["day"], moved["start before"]) == ("unknown", "unknown", moment(before["at"]))
