"""`sources`: its numbers are those that the server saw, and a marketplace that is off or paused has a reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ticket_pipeline.cli.run_status import describe_minute
from ticket_pipeline.ingest.marketplaces import SOURCES
from ticket_pipeline.simulator.faults import Fault, FaultKind
from ticket_pipeline_tests.cli.conftest import Cli, Searching, assert_fits


def about(cli: Cli, marketplace: str = "stubhub") -> dict[str, Any]:
    """The status of one marketplace."""
    (found,) = [each for each in cli.ask("sources")["sources"] if each["marketplace"] == marketplace]
    assert isinstance(found, dict)
    return found


def shown(cli: Cli, command: str = "sources", **env: str) -> str:
    """What a command prints, on one line."""
    result = cli.run(command, **env)
    assert_fits(result.stdout)
    return " ".join(result.stdout.split())


def row(cli: Cli, name: str, **env: str) -> list[str]:
    """The words of one row of the table."""
    (line,) = [line for line in cli.run("sources", **env).stdout.splitlines() if line.strip().startswith(name)]
    return line.split()


def test_every_marketplace_is_shown_before_anything_was_sent(synced: Cli) -> None:
    assert shown(synced)
    assert [each["marketplace"] for each in synced.ask("sources")["sources"]] == list(SOURCES)
    untouched = about(synced)
    (budget,) = untouched["budgets"]
    limit = {"applies_to": "everybody", "window_seconds": 60, "max_requests": 600}
    assert budget == limit | {"used": 0, "left": 600, "resets_at": None}
    assert (untouched["requests"], untouched["errors"], untouched["error_rate"]) == (0, 0, None)
    assert (untouched["breaker"], untouched["last_success_at"]) == ("closed", None)
    assert (untouched["cache_hits"], untouched["last_error"]) == (None, None)
    assert set(row(synced, "Cache hits")[2:]) == {"\N{EN DASH}"}


def test_requests_errors_and_budget_are_those_that_the_server_saw(synced: Cli) -> None:
    synced.loopback.faults.add(Fault(FaultKind.NOT_FOUND, external_id=synced.loopback.keys[1]))
    synced.run("fetch-listings")
    status = about(synced)
    sent = len(synced.loopback.log.records())
    assert (status["requests"], status["errors"], status["error_rate"]) == (sent, 1, 1 / sent) == (4, 1, 0.25)
    (budget,) = status["budgets"]
    assert (budget["used"], budget["left"]) == (4, 596)
    resets_in = datetime.fromisoformat(budget["resets_at"]) - datetime.now(UTC)
    assert timedelta() < resets_in <= timedelta(seconds=60)
    assert 0 < status["latency_p50_seconds"] <= status["latency_p95_seconds"]
    assert datetime.now(UTC) - datetime.fromisoformat(status["last_success_at"]) < timedelta(minutes=5)
    assert row(synced, "errors")[:3] == ["errors", "1", "(25.0%)"]
    assert row(synced, "used")[:4] == ["used", "4", "of", "600"]
    synced.loopback.rows("update request_budget set max_requests = 2 where budget_window > interval '0'")
    assert about(synced)["budgets"][0]["left"] == 0  # lowered meanwhile: nothing left, not less than nothing


def test_only_the_last_24_hours_count_and_each_retry_does(synced: Cli) -> None:
    synced.run("fetch-listings")
    synced.loopback.rows("update fetch_attempts set finished_at = finished_at - interval '25 hours'")
    status = about(synced)
    assert (status["requests"], status["latency_p95_seconds"]) == (0, None)
    assert status["last_success_at"] is not None
    synced.loopback.rows(
        "insert into fetch_attempts (event_id, marketplace, external_id, started_at, finished_at, outcome, tries)"
        " select event_id, 'stubhub', external_id, now(), now(), 'ok', 3 from event_sources limit 1"
    )
    assert (about(synced)["requests"], about(synced)["errors"]) == (3, 2)


def test_a_marketplace_is_on_or_simulated_or_off_with_a_reason(synced: Cli) -> None:
    assert "stubhub: it is disabled" in shown(synced, DISABLED_MARKETPLACES="stubhub")
    not_configured = "vivid_seats: it is not configured, and another marketplace is. Set VIVID_SEATS_API_BASE_URL."
    assert not_configured in shown(synced)
    assert {"on", "off"} <= set(row(synced, "Polled"))
    del synced.env["STUBHUB_API_BASE_URL"]
    assert row(synced, "Polled") == ["Polled", *["simulated"] * len(SOURCES)]


@pytest.mark.parametrize(
    ("fault", "pause"),
    [
        (Fault(FaultKind.FORBIDDEN, times=None), "stubhub is paused since "),
        (Fault(FaultKind.RATE_LIMITED, retry_after="600"), "stubhub asked to wait until "),
    ],
)
def test_every_command_about_a_market_or_a_next_poll_shows_a_pause_until_it_is_over(
    synced: Cli, fault: Fault, pause: str
) -> None:
    commands = [["sources"], ["show-events"], ["plan", "--days", "1"]]
    commands += [[name, synced.loopback.keys[0]] for name in ("show-listings", "price-history", "section-prices")]

    def naming() -> list[list[str]]:
        return [command for command in commands if pause in " ".join(synced.run(*command).output.split())]

    assert naming() == []
    synced.loopback.faults.add(fault)
    refused = synced.run("fetch-listings", HTTPX_MAX_CONNECTIONS="1", BREAKER_FAILURES="1")
    assert (refused.exit_code, "were not tried" in refused.stderr) == (1, True)
    assert naming() == commands
    *_, last = describe_minute(synced.loopback.database, synced.loopback.settings(), datetime.now(UTC))
    assert pause in last
    assert "paused" in synced.run("show-events").stdout.splitlines()[2]
    synced.loopback.faults.clear()
    synced.run("resume", "stubhub", "--force")
    assert naming() == []


def test_the_state_of_a_pause_is_in_the_document(synced: Cli) -> None:
    synced.loopback.faults.add(Fault(FaultKind.FORBIDDEN, times=None))
    synced.run("fetch-listings", HTTPX_MAX_CONNECTIONS="1")
    status = about(synced)
    assert (status["breaker"], "403" in status["breaker_reason"], "403" in status["last_error"]) == ("open", True, True)
    assert datetime.fromisoformat(status["open_until"]) > datetime.now(UTC) + timedelta(hours=23)
    assert "ticket-pipeline resume stubhub" in shown(synced)
    synced.loopback.rows("update breaker_state set open_until = now(), asked_until = now()")
    assert (about(synced)["open_until"], about(synced)["asked_until"]) == (None, None)


def test_the_share_of_polling_is_beside_the_whole_budget(searching: Searching) -> None:
    def budgets() -> list[tuple[str, int, int, int]]:
        found = about(searching.cli, "ticketmaster")["budgets"]
        return [(one["applies_to"], one["window_seconds"], one["max_requests"], one["used"]) for one in found]

    assert budgets() == [
        ("everybody", 1, 5, 0),
        ("everybody", 86400, 5000, 0),
        ("polling", 3600, 188, 0),
        ("polling", 86400, 4500, 0),
    ]
    searching.cli.run("search", searching.events[0].name)
    assert [used for _, window, _, used in budgets() if window > 1] == [1, 0, 0]
    assert "polling, 1 h" in shown(searching.cli)


def test_requests_of_searches_are_counted_with_the_others_and_by_themselves(searching: Searching) -> None:
    searching.faults.add(Fault(FaultKind.SERVER_ERROR))
    searching.cli.run("search", searching.events[0].name, HTTPX_RETRIES="1")
    searching.cli.run("search", searching.events[0].name)  # from the cache: not a request
    status = about(searching.cli, "ticketmaster")
    sent = len(searching.log.records())
    assert (status["requests"], status["requests_for_searches"], sent) == (2, 2, 2)
    assert (status["errors"], status["latency_p50_seconds"]) == (1, None)
    assert "2" in row(searching.cli, "for searches")


def test_what_fails_is_named_in_short_and_in_full(synced: Cli) -> None:
    missing, faults = synced.loopback.keys[1], synced.loopback.faults
    faults.add(Fault(FaultKind.NOT_FOUND, external_id=missing))
    synced.run("fetch-listings")
    synced.loopback.rows(
        "insert into payload_changes (detected_at, marketplace, path, change, before, captured_at)"
        " values (now(), 'stubhub', '[].section', 'missing', 'string', now())"
    )
    text = shown(synced)
    assert "stubhub, failed: 1 gone 404. Last: Fetching event" in text
    assert "stubhub, fields changed: [].section (missing, was string)" in text
    found = about(synced)
    assert [(one["outcome"], one["attempts"]) for one in found["failures"]] == [("gone", 1)]
    assert [one["path"] for one in found["payload_changes"]] == ["[].section"]
    full = synced.run("sources", "stubhub", "--since", "1h")
    assert_fits(full.stdout)
    assert "Field changed" in full.stdout
    assert "vivid_seats" not in full.stdout
    assert synced.run("sources", "vivenu").exit_code == 2
