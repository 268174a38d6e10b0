"""Cached responses on the real database: one request for several commands, old ones where there is no new one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from ticket_pipeline.errors import (
    EventGone,
    QuotaExhausted,
    RateLimited,
    RequestNotPermitted,
    TemporarilyUnavailable,
    UnexpectedPayload,
)
from ticket_pipeline.http.gate import OpenGate
from ticket_pipeline.market.vocabulary import Marketplace, RawResponse
from ticket_pipeline.marketplaces.ticketmaster.client import TicketmasterClient, open_ticketmaster_client
from ticket_pipeline.marketplaces.ticketmaster.parser import EventDetails
from ticket_pipeline.storage.cache import PostgresCache, clear_cache, read_cache_summary
from ticket_pipeline.storage.database import Database
from ticket_pipeline_tests.http.wire import TEST_SECONDS, Wire, response, serve_wire
from ticket_pipeline_tests.marketplaces.ticketmaster.discovery import (
    CANARY,
    EVENT,
    INVALID_KEY,
    QUOTA,
    SPIKE,
    UNKNOWN_ID,
    event,
    page,
    sends,
    settings_for,
)
from ticket_pipeline_tests.storage.stored import count, query

TICKETMASTER = Marketplace.TICKETMASTER
KEY = "GET x"


def cache_of(database: Database) -> PostgresCache:
    """The cache as one more process opens it."""
    return PostgresCache(database, TICKETMASTER)


def ask(
    database: Database,
    *questions: Callable[[TicketmasterClient], Awaitable[Any]],
    responses: tuple[Wire, ...],
    minutes: float = 30,
) -> tuple[list[Any], list[str]]:
    """Ask one after the other, each by a client of its own; the results (or errors), and the requests received."""

    async def run() -> tuple[list[Any], list[str]]:
        results: list[Any] = []
        async with asyncio.timeout(TEST_SECONDS), serve_wire(*responses) as server:
            # The same address each time, since it is a part of the key.
            settings = settings_for(server.url, ticketmaster_cache_minutes=minutes)
            for question in questions:
                async with open_ticketmaster_client(settings, cache=cache_of(database)) as client:
                    try:
                        results.append(await question(client))
                    except Exception as error:  # noqa: BLE001 - a test looks at it
                        results.append(error)
            return results, server.heads

    return asyncio.run(run())


async def keep(database: Database, key: str, body: bytes, at: datetime, external_id: str = "") -> None:
    """Cache a response that nobody fetched."""
    await cache_of(database).store(key, RawResponse(TICKETMASTER, external_id, body, at, 200, 1, 0.0))


async def details(client: TicketmasterClient) -> EventDetails:
    return await client.get_event_details(EVENT["id"])


async def poll(client: TicketmasterClient) -> Any:  # noqa: ANN401 - a response
    """The made-up event, as polling asks for it."""
    return await client.fetch_event(EVENT["id"])


async def search(client: TicketmasterClient) -> tuple[int, bool]:
    """A search: how much it found, and whether that is old."""
    found = client.search_events("lanterns")
    return len(await found.first(5)), found.is_stale


def age_everything(database: Database, by: timedelta) -> Callable[[TicketmasterClient], Awaitable[None]]:
    """A step that sends nothing: it lets time pass for what is cached."""

    async def pass_time(_: TicketmasterClient) -> None:
        query(database, "update cached_responses set stored_at = stored_at - %(by)s returning 1", by=by)

    return pass_time


def cached_keys(database: Database) -> list[str]:
    return [row["cache_key"] for row in query(database, "select cache_key from cached_responses")]


def uses(database: Database) -> dict[str, int]:
    (row,) = read_cache_summary(database)
    return {name: row[name] for name in ("hits", "misses", "stale")}


def test_a_cached_response_needs_no_request(database: Database) -> None:
    (first, second, prices), heads = ask(
        database,
        details,
        details,
        lambda client: client.get_ticket_prices(EVENT["id"]),
        responses=(sends(EVENT),),
    )
    assert first == second
    assert prices.captured_at == first.captured_at
    assert len(heads) == 1
    assert uses(database) == {"hits": 2, "misses": 1, "stale": 0}


def test_pages_of_a_search_are_cached_too(database: Database) -> None:
    results, heads = ask(database, search, search, responses=(sends(page([EVENT])),))
    assert results == [(1, False), (1, False)]
    assert len(heads) == 1


@pytest.mark.parametrize(
    ("age", "requests"),
    [
        (timedelta(minutes=29), 1),
        (timedelta(minutes=31), 2),
        (timedelta(seconds=-30), 1),  # clocks differ a little
        (timedelta(hours=-3), 2),
    ],
)
def test_a_response_past_its_time_or_from_the_future_is_fetched_again(
    database: Database, age: timedelta, requests: int
) -> None:
    (_, _, found), heads = ask(
        database,
        details,
        age_everything(database, age),
        details,
        responses=(sends(EVENT), sends(event(name="New"))),
    )
    assert (found.name == "New", found.is_stale, len(heads)) == (requests == 2, False, requests)
    assert count(database, "cached_responses") == 1


def test_with_zero_minutes_nothing_is_cached(database: Database) -> None:
    _, heads = ask(database, details, details, responses=(sends(EVENT),), minutes=0)
    assert len(heads) == 2
    assert read_cache_summary(database) == []


class ClosedGate(OpenGate):
    """A gate that rejects: the budget is spent, or the breaker open."""

    async def acquire(self) -> Any:  # noqa: ANN401 - never returns
        """Reject."""
        raise RequestNotPermitted("the budget is spent")


OLD = timedelta(days=2)


@pytest.mark.parametrize(
    "trouble",
    [
        response(503),
        sends(QUOTA, 429),
        sends(SPIKE, 429),
        sends(INVALID_KEY, 401),
        response(200, b"{"),
        response(200, b"<html>"),
    ],
    ids=["down", "quota", "spike", "blocked", "cut", "html"],
)
def test_without_a_usable_response_an_old_one_is_used_and_marked(
    database: Database, trouble: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    (first, _, stale), _ = ask(
        database, details, age_everything(database, OLD), details, responses=(sends(EVENT), trouble)
    )
    assert stale.name == "The Lanterns"
    assert stale.is_stale
    assert first.captured_at - stale.captured_at == OLD
    assert uses(database) == {"hits": 0, "misses": 1, "stale": 1}
    assert "is used instead" in caplog.text
    assert logging.getLevelName(logging.WARNING) in caplog.text


def test_with_a_spent_budget_old_responses_are_used(database: Database) -> None:
    async def run() -> list[tuple[int, bool]]:
        async with serve_wire(sends(page([EVENT]))) as server:
            found = []
            for gate in (OpenGate(), ClosedGate()):
                async with open_ticketmaster_client(
                    settings_for(server.url), gate=gate, cache=cache_of(database)
                ) as client:
                    found.append(await search(client))
                    await age_everything(database, OLD)(client)
            return found

    assert asyncio.run(run()) == [(1, False), (1, True)]


@pytest.mark.parametrize(
    ("trouble", "expected"),
    [
        (response(503), TemporarilyUnavailable),
        (sends(QUOTA, 429), QuotaExhausted),
        (sends(SPIKE, 429), RateLimited),
    ],
)
def test_polling_never_uses_an_old_response(database: Database, trouble: bytes, expected: type[Exception]) -> None:
    (_, _, failed), _ = ask(database, poll, age_everything(database, OLD), poll, responses=(sends(EVENT), trouble))
    assert type(failed) is expected


def test_an_event_that_is_gone_is_gone_whatever_is_cached(database: Database) -> None:
    (_, _, gone), _ = ask(
        database,
        details,
        age_everything(database, OLD),
        details,
        responses=(sends(EVENT), sends(UNKNOWN_ID, 404)),
    )
    assert isinstance(gone, EventGone)


def test_an_unreadable_body_is_not_cached(database: Database) -> None:
    (broken, good), heads = ask(database, details, details, responses=(response(200, b'{"id": 1}'), sends(EVENT)))
    assert isinstance(broken, UnexpectedPayload)
    assert good.name == "The Lanterns"
    assert len(heads) == 2


def test_a_cached_body_that_this_version_cannot_read_is_fetched_again(database: Database) -> None:
    async def spoil(_: TicketmasterClient) -> None:
        (key,) = cached_keys(database)
        await keep(database, key, b"[]", datetime.now(UTC))

    (_, _, good), heads = ask(database, details, spoil, details, responses=(sends(EVENT),))
    assert good.name == "The Lanterns"
    assert len(heads) == 2


def test_an_older_response_does_not_replace_a_newer_one(database: Database) -> None:
    now = datetime.now(UTC)

    async def run() -> bytes:
        for age, body in ((0, b"new"), (1, b"late")):
            await keep(database, KEY, body, now - timedelta(minutes=age))
        found = await cache_of(database).find(KEY)
        assert found is not None
        return found[0]

    assert asyncio.run(run()) == b"new"


def test_responses_are_deleted_by_event_by_age_and_all(database: Database) -> None:
    now = datetime.now(UTC)

    async def fill() -> None:
        for number, key in enumerate(("a", "b", "c")):
            about = key if key != "c" else ""
            await keep(database, key, orjson.dumps(key), now - timedelta(hours=number), about)

    asyncio.run(fill())
    assert clear_cache(database, external_id="a") == 1
    assert clear_cache(database, stored_before=now - timedelta(minutes=90)) == 1
    assert clear_cache(database, marketplace=Marketplace.STUBHUB) == 0
    assert cached_keys(database) == ["b"]
    assert clear_cache(database) == 1
    asyncio.run(fill())
    (row,) = query(database, "select external_id from cached_responses where cache_key = 'c'")
    assert row["external_id"] is None


def test_nothing_cached_contains_the_key(database: Database) -> None:
    ask(database, details, search, responses=(sends(EVENT), sends(page([EVENT]))))
    rows = query(database, "select * from cached_responses")
    assert len(rows) == 2
    assert CANARY not in str(rows)
    assert all("apikey" not in row["cache_key"] for row in rows)


def test_housekeeping_deletes_responses_past_the_keeping_time_of_bodies(database: Database) -> None:
    now = datetime.now(UTC)

    async def fill() -> None:
        for key, days in (("old", 40), ("young", 1)):
            await keep(database, key, b"{}", now - timedelta(days=days))

    asyncio.run(fill())
    database.execute("maintenance/delete_old_payloads", cut=now - timedelta(days=30))
    assert cached_keys(database) == ["young"]
