"""`plan`: what the watchlist will cost, beside what is allowed."""

from __future__ import annotations

from ticket_pipeline_tests.cli.conftest import Cli, assert_fits


def test_four_far_events_are_polled_twice_a_day_each(synced: Cli) -> None:
    stubhub, *_ = synced.ask("plan", "--days", "3")["marketplaces"]
    assert (stubhub["marketplace"], stubhub["events"], stubhub["warnings"]) == ("stubhub", 4, [])
    assert stubhub["requests_by_day"] == [8, 8, 8]
    assert (stubhub["budget_per_day"], stubhub["budget_per_hour"], stubhub["budget_per_minute"]) == (
        864_000,
        36_000,
        600,
    )


def test_another_interval_can_be_tried(synced: Cli) -> None:
    stubhub, *_ = synced.ask("plan", "--days", "1", "--interval-hours", "1")["marketplaces"]
    assert stubhub["requests_by_day"] == [96]


def test_a_plan_beyond_the_budget_warns(synced: Cli) -> None:
    limits = {"STUBHUB_REQUESTS_PER_MINUTE": "1"}
    result = synced.run("plan", "--days", "2", "--interval-hours", "0.01", **limits)
    assert result.exit_code == 0
    assert_fits(result.stdout)
    assert "9,600 requests in the busiest day, and the budget allows 1,440" in result.stderr
    assert "BASE_SCRAPE_INTERVAL_HOURS" in result.stderr
    assert synced.run("plan").stderr == ""


def test_a_marketplace_that_is_switched_off_is_named(synced: Cli) -> None:
    warning = synced.run("plan", DISABLED_MARKETPLACES="stubhub").stderr
    assert "stubhub: none of these requests will be sent, it is disabled" in warning
