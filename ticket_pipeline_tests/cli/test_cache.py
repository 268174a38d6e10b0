"""`cache show` and `cache clear`."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from ticket_pipeline.http.response_cache import CacheUse
from ticket_pipeline.market.vocabulary import Marketplace, RawResponse
from ticket_pipeline.storage.cache import PostgresCache
from ticket_pipeline_tests.cli.conftest import Cli, assert_fits

AGES = {"a": timedelta(minutes=5), "b": timedelta(hours=5), "c": timedelta(days=3)}


@pytest.fixture
def kept(cli: Cli) -> Cli:
    """A user with three cached responses, one hit and two misses."""

    async def fill() -> None:
        cache = PostgresCache(cli.loopback.database, Marketplace.TICKETMASTER)
        for key, age in AGES.items():
            at = datetime.now(UTC) - age
            await cache.store(key, RawResponse(Marketplace.TICKETMASTER, key, b"{}", at, 200, 1, 0.0))
        for use in (CacheUse.HIT, CacheUse.MISS, CacheUse.MISS):
            await cache.count(use)

    asyncio.run(fill())
    return cli


def left(cli: Cli) -> list[str]:
    """What is still kept."""
    return [row["cache_key"] for row in cli.loopback.rows("select cache_key from cached_responses order by 1")]


def test_it_shows_what_is_cached_and_how_many_requests_that_saved(kept: Cli) -> None:
    result = kept.run("cache", "show")
    assert result.exit_code == 0
    assert_fits(result.stdout)
    for part in ("ticketmaster", "3 d ago", "5 min ago", "1 of 1", "2 of 2", "0 of 0"):
        assert part in result.stdout
    (row,) = kept.ask("cache", "show")
    assert (row["responses"], row["hits"], row["misses_today"]) == (3, 1, 2)


def test_an_empty_cache_is_not_an_error(cli: Cli) -> None:
    assert "Nothing is cached" in cli.run("cache", "show").stdout


@pytest.mark.parametrize(
    ("arguments", "remaining"),
    [
        (["--event", "b"], ["a", "c"]),
        (["--older-than", "4h"], ["a"]),
        (["--older-than", "2d"], ["a", "b"]),
        (["--all"], []),
    ],
)
def test_it_deletes_the_chosen_responses(kept: Cli, arguments: list[str], remaining: list[str]) -> None:
    assert kept.ask("cache", "clear", *arguments) == {"cleared": len(AGES) - len(remaining)}
    assert left(kept) == remaining


def test_searches_that_may_name_the_event_stay_and_are_mentioned(kept: Cli) -> None:
    assert "Searches that name b stay cached; --all" in " ".join(
        kept.run("cache", "clear", "--event", "b").stdout.split()
    )
    assert "Searches" not in kept.run("cache", "clear", "--older-than", "4h").stdout


def test_without_exactly_one_choice_nothing_is_deleted(kept: Cli) -> None:
    for arguments in ([], ["--all", "--event", "a"], ["--older-than", "1h", "--all"]):
        result = kept.run("cache", "clear", *arguments)
        assert result.exit_code == 2, arguments
        assert "choose what to delete with one of" in result.stderr, arguments
        assert left(kept) == list(AGES), arguments
