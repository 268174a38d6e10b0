"""`sources`: what stands there is what was sent, and a marketplace that is off or paused says why."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ticket_pipeline.cli.run_status import describe_minute
from ticket_pipeline.ingest.marketplaces import SOURCES
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.simulator.faults import Fault, FaultKind
from ticket_pipeline.storage.cache import PostgresCache
from ticket_pipeline_tests.cli.conftest import assert_fits

if TYPE_CHECKING:
    from ticket_pipeline_tests.cli.conftest import Cli, Searching


def about(cli: Cli, marketplace: str = "stubhub") -> dict[str, Any]:
    """What is told of one marketplace."""
    (found,) = [each for each in cli.ask("sources")["sources"] if each["marketplace"] == marketplace]
    assert isinstance(found, dict)
    return found


def shown_by_run(cli: Cli) -> str:
    """The last line of what `run` says each minute."""
    return list(describe_minute(cli.loopback.database, cli.loopback.settings(), datetime.now(UTC)))[-1]


def row(cli: Cli, name: str, **env: str) -> list[str]:
    """The words of one row of the table."""
    (line,) = [line for line in cli.run("sources", **env).stdout.splitlines() if line.strip().startswith(name)]
    return line.split()


def test_every_marketplace_that_can_be_polled_is_shown_before_anything_was_sent(synced: Cli) -> None:
    result = synced.run("sources")
    assert (result.exit_code, result.stderr) == (0, "")
    assert_fits(result.stdout)
    assert [each["marketplace"] for each in synced.ask("sources")["sources"]] == list(SOURCES)
    untouched = about(synced)
    assert untouched["budgets"] == [
        {
            "applies_to": "everybody",
            "window_seconds": 60,
            "max_requests": 600,
            "used": 0,
            "left": 600,
            "resets_at": None,
        }
    ]
    assert (untouched["requests"], untouched["errors"], untouched["error_rate"]) == (0, 0, None)
    assert (untouched["breaker"], untouched["last_success_at"], untouched["latency_p50_seconds"]) == (
        "closed",
        None,
        None,
    )


def test_requests_errors_and_budget_are_those_that_the_server_saw(synced: Cli) -> None:
    synced.loopback.faults.add(Fault(FaultKind.NOT_FOUND, external_id=synced.loopback.keys[1]))
    synced.run("fetch-listings")
    told = about(synced)
    sent = len(synced.loopback.log.records())
    assert (told["requests"], told["errors"], told["error_rate"]) == (sent, 1, 1 / sent) == (4, 1, 0.25)
    (budget,) = told["budgets"]
    assert (budget["used"], budget["left"]) == (4, 596)
    resets_in = datetime.fromisoformat(budget["resets_at"]) - datetime.now(UTC)
    assert timedelta(seconds=30) < resets_in <= timedelta(seconds=60)
    assert 0 < told["latency_p50_seconds"] <= told["latency_p95_seconds"] < 10
    assert datetime.now(UTC) - datetime.fromisoformat(told["last_success_at"]) < timedelta(minutes=1)
    assert row(synced, "errors")[:3] == ["errors", "1", "(25.0%)"]
    assert row(synced, "used")[:4] == ["used", "4", "of", "600"]


def test_a_retry_counts_as_a_request_and_its_reason_as_an_error(synced: Cli) -> None:
    synced.loopback.rows(
        "insert into fetch_attempts (event_id, marketplace, external_id, started_at, finished_at, outcome, tries)"
        " select event_id, 'stubhub', external_id, now(), now(), 'ok', 3 from event_sources limit 1"
    )
    assert (about(synced)["requests"], about(synced)["errors"]) == (3, 2)


def test_only_the_last_24_hours_count(synced: Cli) -> None:
    synced.run("fetch-listings")
    synced.loopback.rows("update fetch_attempts set finished_at = finished_at - interval '25 hours'")
    told = about(synced)
    assert (told["requests"], told["latency_p95_seconds"]) == (0, None)
    assert told["last_success_at"] is not None


@pytest.mark.parametrize(
    ("env", "why"),
    [
        ({"DISABLED_MARKETPLACES": "stubhub"}, "stubhub: it is disabled"),
        ({}, "vivid_seats: it is not configured, and another marketplace is. Set VIVID_SEATS_API_BASE_URL."),
    ],
)
def test_a_marketplace_that_is_off_says_why(synced: Cli, env: dict[str, str], why: str) -> None:
    result = synced.run("sources", **env)
    assert_fits(result.stdout)
    assert why in " ".join(result.stdout.split())
    assert "off" in row(synced, "Polled", **env)


def test_with_nothing_configured_all_are_simulated(synced: Cli) -> None:
    del synced.env["STUBHUB_API_BASE_URL"]
    assert row(synced, "Polled") == ["Polled", *["simulated"] * len(SOURCES)]


def test_an_open_breaker_says_why_until_when_and_how_to_resume(synced: Cli) -> None:
    synced.loopback.faults.add(Fault(FaultKind.FORBIDDEN, times=None))
    synced.run("fetch-listings", HTTPX_MAX_CONNECTIONS="1")
    told = about(synced)
    assert told["breaker"] == "open"
    assert "403" in told["breaker_reason"]
    assert datetime.fromisoformat(told["open_until"]) > datetime.now(UTC) + timedelta(hours=23)
    shown = synced.run("sources").stdout
    assert_fits(shown)
    assert "ticket-pipeline resume stubhub" in " ".join(shown.split())
    synced.run("resume", "stubhub")
    assert (about(synced)["breaker"], about(synced)["open_until"]) == ("closed", None)


def test_a_wait_that_a_marketplace_asked_for_is_shown_until_it_is_over(synced: Cli) -> None:
    synced.loopback.faults.add(Fault(FaultKind.RATE_LIMITED, retry_after="600"))
    refused = synced.run("fetch-listings", HTTPX_MAX_CONNECTIONS="1")
    assert (refused.exit_code, "3 events were not tried" in refused.stderr) == (1, True)
    assert "stubhub: it asked to wait until " in " ".join(refused.stderr.split())
    asked_until = datetime.fromisoformat(about(synced)["asked_until"])
    assert timedelta(minutes=9) < asked_until - datetime.now(UTC) <= timedelta(minutes=10)
    assert " ".join(row(synced, "Asked to wait")[3:6]) in {"in 10 min", "in 9 min"}
    shown = synced.run("sources").stdout
    assert_fits(shown)
    assert f"stubhub asked to wait until {asked_until:%Y-%m-%d %H:%M} UTC" in " ".join(shown.split())
    assert shown_by_run(synced).startswith("           stubhub asked to wait until ")
    synced.loopback.rows("update breaker_state set asked_until = now() returning 1")
    assert "asked" not in shown_by_run(synced)
    assert about(synced)["asked_until"] is None


def test_a_budget_that_was_lowered_has_nothing_left_rather_than_less(synced: Cli) -> None:
    synced.run("fetch-listings")
    synced.loopback.rows("update request_budget set max_requests = 2 where budget_window > interval '0'")
    (budget,) = about(synced)["budgets"]
    assert (budget["used"], budget["left"]) == (4, 0)


def test_what_polling_may_use_of_a_budget_stands_beside_it(searching: Searching) -> None:
    def budgets() -> list[tuple[str, int, int, int]]:
        budgets = about(searching.cli, "ticketmaster")["budgets"]
        return [(one["applies_to"], one["window_seconds"], one["max_requests"], one["used"]) for one in budgets]

    unused = [
        ("everybody", 1, 5, 0),
        ("everybody", 86400, 5000, 0),
        ("polling", 3600, 188, 0),
        ("polling", 86400, 4500, 0),
    ]
    assert budgets() == unused
    searching.cli.run("search", searching.events[0].name)
    asked = [one for one in budgets() if one[1] > 1]
    assert [used for *_, used in asked] == [1, 0, 0]
    assert "polling, 1 h" in searching.cli.run("sources").stdout


def test_requests_of_searches_are_counted_with_the_others_and_by_themselves(searching: Searching) -> None:
    searching.faults.add(Fault(FaultKind.SERVER_ERROR))
    searching.cli.run("search", searching.events[0].name, HTTPX_RETRIES="1")
    searching.cli.run("search", searching.events[0].name)  # the kept answer is used again, and that is no request
    told = about(searching.cli, "ticketmaster")
    (of_the_day,) = [
        one for one in told["budgets"] if (one["applies_to"], one["window_seconds"]) == ("everybody", 86400)
    ]
    sent = len(searching.log.records())
    assert (told["requests"], told["requests_for_searches"], of_the_day["used"]) == (sent, sent, sent) == (2, 2, 2)
    assert (told["errors"], told["latency_p50_seconds"]) == (1, None)
    assert "2" in row(searching.cli, "for searches")


def test_a_marketplace_without_a_cache_shows_none(synced: Cli) -> None:
    assert (about(synced)["cache_hits"], about(synced)["cache_misses"]) == (None, None)
    assert set(row(synced, "Cache hits")[2:]) == {"\N{EN DASH}"}


def test_what_a_cache_saved_today_is_counted(synced: Cli) -> None:
    cache = PostgresCache(synced.loopback.database, Marketplace.TICKETMASTER)
    for use in ("hit", "hit", "miss"):
        asyncio.run(cache.count(use))
    (one,) = [each for each in synced.ask("sources")["sources"] if each["marketplace"] == "ticketmaster"]
    assert (one["cache_hits"], one["cache_misses"], one["cache_stale"]) == (2, 1, 0)
