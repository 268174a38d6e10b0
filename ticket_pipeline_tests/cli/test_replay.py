"""`replay`: what it would change, what it changed, and that a second one changes nothing."""

from __future__ import annotations

from ticket_pipeline_tests.cli.conftest import Cli, assert_fits


def test_a_replay_says_what_it_changes_and_rebuilds_the_prices(synced: Cli) -> None:
    synced.run("fetch-listings")
    loopback = synced.loopback
    loopback.rows("update listings set price = price + 1, all_in_price = all_in_price + 1")
    planned = synced.ask("replay", "--since", "1d", "--dry-run")
    assert (planned["captures"], planned["changed"], planned["dry_run"]) == (4, 4, True)
    listings = loopback.value("select count(*) from listings")
    assert planned["fields"] == {"price": listings, "all_in_price": listings}
    done = synced.run("replay", "--since", "1d")
    assert_fits(done.stdout)
    assert "4 captures: 4 changed, 0 are as they were." in done.stdout
    again = synced.ask("replay", "--since", "1d", "--event", loopback.keys[0])
    assert (again["captures"], again["changed"], again["unchanged"]) == (1, 0, 1)
    assert loopback.value("select count(*) from stale_prices") == 0
    assert loopback.value("select count(distinct event_id) from hourly_prices") == 4
    assert "No capture" in synced.run("replay", "--since", "3d", "--until", "2d").stdout
    assert synced.run("replay", "--since", "1d", "--until", "2d").exit_code == 2
