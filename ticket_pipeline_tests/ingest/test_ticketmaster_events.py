"""Polling Ticketmaster: the history that is kept, what is told of a change, its budget, and no key anywhere."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from psycopg import sql

from ticket_pipeline.ingest.batch import Lease
from ticket_pipeline.ingest.marketplaces import SOURCES, share_of_polling
from ticket_pipeline.ingest.poll import poll_events
from ticket_pipeline.ingest.ticketmaster_events import TicketmasterResult
from ticket_pipeline.market.vocabulary import Marketplace, Outcome
from ticket_pipeline.queries.events import read_events
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.prices import HOUR, Span, rebuild_hourly
from ticket_pipeline.storage.ticketmaster import read_troubled_events
from ticket_pipeline.storage.watchlist import sync_watchlist
from ticket_pipeline_tests.http.wire import TEST_SECONDS, response, serve_wire
from ticket_pipeline_tests.ingest.loopback import watched
from ticket_pipeline_tests.marketplaces.ticketmaster.discovery import (
    CANARY,
    EVENT,
    INVALID_KEY,
    QUOTA,
    event,
    sends,
    settings_for,
)
from ticket_pipeline_tests.storage.stored import query

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from ticket_pipeline.ingest.batch import BatchResult
    from ticket_pipeline.market.events import Event
    from ticket_pipeline.storage.database import Row
    from ticket_pipeline_tests.http.wire import Answer, WireServer

TICKETMASTER = Marketplace.TICKETMASTER
SHOW_AT = datetime(2027, 1, 20, 1, tzinfo=UTC)
BEFORE_IT = SHOW_AT - timedelta(days=1)  # whatever the real date is
AT_THE_VENUE = datetime(2027, 1, 19, 20)  # noqa: DTZ001 - local at the venue, as in the sheet


def now() -> datetime:
    """The clock."""
    return datetime.now(UTC)


@dataclass
class Watch:
    """One event on the watchlist, by its Ticketmaster id."""

    database: Database
    event: Event

    async def poll(self, server: WireServer, *, events: int = 1, lease: Lease | None = None, **changes: Any) -> Any:  # noqa: ANN401 - settings; a batch's result
        """Poll it, so many times at once."""
        fixed = {"min_request_delay": 0, "max_request_delay": 0, "ticketmaster_cache_minutes": 0}
        settings = settings_for(server.url, **(fixed | changes))
        return await poll_events(
            self.database, settings, TICKETMASTER, [self.event] * events, now=now, lease=lease, run_id="run 1"
        )

    def poll_all(self, *answers: Answer, **changes: Any) -> tuple[list[BatchResult], int]:  # noqa: ANN401 - settings
        """Poll it once per answer; the results, and how many requests were heard."""

        async def run() -> tuple[list[BatchResult], int]:
            async with self.serve(*answers) as server:
                return [await self.poll(server, **changes) for _ in answers], len(server.heads)

        return asyncio.run(run())

    @asynccontextmanager
    async def serve(self, *answers: Answer) -> AsyncIterator[WireServer]:
        """A server with these answers, for a limited time."""
        async with asyncio.timeout(TEST_SECONDS), serve_wire(*answers) as server:
            yield server

    def rows(self, text: Any, **parameters: object) -> list[Row]:  # noqa: ANN401 - a literal
        """A question that only a test asks."""
        return query(self.database, text, **parameters)


@pytest.fixture
def watch(migrated_url: str) -> Iterator[Watch]:
    """The made-up event on the watchlist."""
    with Database(migrated_url, "tickets", max_connections=8) as database:
        record = watched(
            2,
            EVENT["id"],
            SHOW_AT,
            event_date=AT_THE_VENUE,
            timezone="America/Toronto",
            external_ids={"ticketmaster": EVENT["id"]},
        )
        sync_watchlist(database, [record], [], source="a test", this_moment=now(), max_untrack_fraction=1)
        (event,) = read_events(database, external_ids=[EVENT["id"]], marketplace=TICKETMASTER)
        yield Watch(database, event)


def only(batch: BatchResult) -> TicketmasterResult:
    """The result of a batch of one."""
    (result,) = batch.results
    assert isinstance(result, TicketmasterResult)
    return result


def test_a_capture_is_kept_whole_and_settled(watch: Watch) -> None:
    ((batch,), requests) = watch.poll_all(sends(EVENT))
    result = only(batch)
    assert (result.outcome, result.is_new, result.changes, requests) == (Outcome.OK, True, (), 1)
    (row,) = watch.rows("select * from ticketmaster_events")
    assert (row["status"], row["local_date"], row["event_at"]) == ("onsale", date(2027, 1, 19), SHOW_AT)
    assert (row["venue"], row["city"], row["country"], row["problems"]) == ("Lakeside Hall", "Toronto", "CA", [])
    ranges = watch.rows("select * from ticketmaster_price_ranges order by position")
    assert [(one["price_type"], one["currency"], one["min_price"], one["max_price"]) for one in ranges] == [
        ("standard", "CAD", Decimal("54.00"), Decimal("315.50")),
        ("resale", "CAD", Decimal("80.00"), Decimal("900.00")),
    ]
    assert len(watch.rows("select 1 from ticketmaster_payloads")) == 1
    (attempt,) = watch.rows("select * from fetch_attempts")
    assert (attempt["outcome"], attempt["run_id"], attempt["tries"]) == ("ok", "run 1", 1)
    (schedule,) = watch.rows("select * from poll_schedule")
    assert schedule["last_success_at"] is not None
    assert schedule["next_due_at"] > now()


def test_old_bodies_go_and_the_history_stays(watch: Watch) -> None:
    watch.poll_all(sends(EVENT))
    watch.database.execute("maintenance/delete_old_payloads", cut=now() + HOUR)
    assert watch.rows("select 1 from ticketmaster_payloads") == []
    assert len(watch.rows("select 1 from ticketmaster_events")) == 1


def test_an_answer_that_is_used_again_is_no_second_capture_and_as_old_as_it_is(watch: Watch) -> None:
    async def run() -> list[BatchResult]:
        async with watch.serve(sends(EVENT)) as server:
            first = [await watch.poll(server, ticketmaster_cache_minutes=30) for _ in range(2)]
            assert len(watch.rows("select 1 from ticketmaster_events")) == 1
            watch.rows("update cached_responses set stored_at = stored_at - interval '14 minutes' returning 1")
            watch.rows("update poll_schedule set last_success_at = last_success_at - interval '14 minutes' returning 1")
            return [*first, await watch.poll(server, ticketmaster_cache_minutes=30)]

    asked, same, again = (only(batch) for batch in asyncio.run(run()))
    assert (asked.is_new, asked.is_cached, asked.age) == (True, False, timedelta())
    assert (same.is_new, same.is_cached, again.is_cached) == (False, True, True)
    assert [row["tries"] for row in watch.rows("select tries from fetch_attempts order by finished_at")] == [1, 0, 0]
    assert timedelta(minutes=14) < again.age < timedelta(minutes=15)
    (schedule,) = watch.rows("select * from poll_schedule")
    assert schedule["last_success_at"] == again.captured_at
    assert schedule["last_attempt_at"] > schedule["last_success_at"] + timedelta(minutes=14)
    assert schedule["next_due_at"] > schedule["last_attempt_at"]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"dates__status__code": "canceled"}, "status: onsale -> cancelled"),
        ({"dates__status__code": "postponed"}, "status: onsale -> postponed"),
        ({"dates__start__localDate": "2027-02-01"}, "local_date: 2027-01-19 -> 2027-02-01"),
        ({"dates__start__dateTime": "2027-01-20T02:00:00Z"}, "event_at: "),
    ],
)
def test_a_change_is_told_and_looked_for(watch: Watch, changed: dict[str, str], told: str) -> None:
    batches, _ = watch.poll_all(sends(EVENT), sends(EVENT))
    assert [only(batch).changes for batch in batches] == [(), ()]
    assert read_troubled_events(watch.database, BEFORE_IT, now() - timedelta(days=2)) == []
    ((batch,), _) = watch.poll_all(sends(event(**changed)))
    assert any(change.startswith(told) for change in only(batch).changes)
    (row,) = read_troubled_events(watch.database, BEFORE_IT, now() - timedelta(days=2))
    assert row["external_id"] == EVENT["id"]


def test_trouble_of_an_event_that_is_over_or_not_followed_is_none(watch: Watch) -> None:
    watch.poll_all(sends(event(dates__status__code="cancelled")))
    since = now() - timedelta(days=2)
    assert read_troubled_events(watch.database, SHOW_AT + HOUR, since) == []
    watch.rows("update events set is_tracked = false returning 1")
    assert read_troubled_events(watch.database, BEFORE_IT, since) == []


FAILURES: dict[str, tuple[bytes, str]] = {
    "down": (response(503), "http_error"),
    "quota": (sends(QUOTA, 429), "rate_limited"),
    "key": (sends(INVALID_KEY, 401), "blocked"),
    "cut": (response(200, b'{"id":'), "bad_payload"),
    "gone": (sends({"errors": [{"code": "DIS1004", "detail": "x"}]}, 404), "gone"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_is_booked_with_its_cause_and_makes_no_prices(watch: Watch, name: str) -> None:
    given, outcome = FAILURES[name]
    ((batch,), _) = watch.poll_all(given)
    assert only(batch).is_failure
    (attempt,) = watch.rows("select * from fetch_attempts")
    assert (attempt["outcome"], attempt["error"]) == (outcome, only(batch).error)
    assert watch.rows("select * from ticketmaster_events") == []
    # Without listings there is no hour to rebuild, and rebuilding one all the same makes no row of it.
    assert watch.rows("select * from stale_prices") == []
    this_hour = now().replace(minute=0, second=0, microsecond=0)
    rebuild_hourly(watch.database, Span(this_hour - HOUR, this_hour + HOUR))
    assert watch.rows("select * from hourly_prices") == []


def test_the_key_is_nowhere_in_the_database(watch: Watch) -> None:
    for given, _ in FAILURES.values():
        watch.poll_all(given, ticketmaster_cache_minutes=30, breaker_failures=100)
        watch.rows(
            "update breaker_state set state = 'closed', open_until = null, next_request_at = 'epoch' returning 1"
        )
    watch.poll_all(sends(EVENT), ticketmaster_cache_minutes=30)
    tables = [
        row["table_name"]
        for row in watch.rows("select table_name from information_schema.tables where table_schema = 'tickets'")
    ]
    assert "cached_responses" in tables
    for table in tables:
        with watch.database.connection() as connection:
            rows = connection.execute(sql.SQL("select * from {}").format(sql.Identifier(table))).fetchall()
        assert CANARY not in str(rows)


# --- the budget -----------------------------------------------------------------------------------------------------


def test_polling_has_its_share_of_the_day_spread_over_its_hours() -> None:
    assert share_of_polling(5000, 0.1) == {timedelta(days=1): 4500, timedelta(hours=1): 188}
    assert share_of_polling(10, 0.99) == {timedelta(days=1): 1, timedelta(hours=1): 1}
    assert share_of_polling(5000, 0)[timedelta(days=1)] == 5000


def test_the_limits_are_those_of_the_settings() -> None:
    settings = settings_for("https://x", ticketmaster_requests_per_day=100)
    source = SOURCES[TICKETMASTER]
    assert source.limits(settings) == {timedelta(seconds=1): 5, timedelta(days=1): 100}
    assert source.polling_limits(settings) == {timedelta(days=1): 90, timedelta(hours=1): 4}
    assert (source.has_listings, source.asset_name) == (False, "ticketmaster_events")


def test_when_the_share_of_polling_is_spent_a_person_may_still_ask(
    watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ticket_pipeline.ingest.poll._MAX_BUDGET_WAIT", timedelta(seconds=3))
    few = {"ticketmaster_requests_per_day": 10, "ticketmaster_reserve_fraction": 0.5, "httpx_max_connections": 1}
    lease = Lease(uuid4(), timedelta(minutes=5))

    async def run() -> tuple[BatchResult, BatchResult, BatchResult]:
        async with watch.serve(sends(EVENT)) as server:
            polled = await watch.poll(server, events=3, lease=lease, **few)
            by_hand = await watch.poll(server, **few)
            again = await watch.poll(server, lease=lease, **few)
            return polled, by_hand, again

    polled, by_hand, again = asyncio.run(run())
    # Five a day for polling are one an hour.
    assert (len(polled.results), len(polled.skipped)) == (1, 2)
    assert "room again in 59 min" in (polled.stopped_by or "") or "room again in 1 h" in (polled.stopped_by or "")
    assert not only(by_hand).is_failure
    assert (again.results, len(again.skipped)) == ([], 1)
