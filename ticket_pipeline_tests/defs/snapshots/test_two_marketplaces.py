"""One event on two marketplaces in Dagster: each its own partition, sensor, run and checks; prices side by side."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg
import pytest

from ticket_pipeline.storage.watchlist import sync_watchlist
from ticket_pipeline_tests.defs.location import Location, evaluations, materializations
from ticket_pipeline_tests.ingest.loopback import watched
from ticket_pipeline_tests.marketplaces.ticketmaster.productions import PRODUCTION, WHAT_IS_WRONG, serve_production

VIVID_SEATS = dg.AssetKey("vivid_seats_listings")


@pytest.fixture
def both(location: Location) -> Iterator[Location]:
    """One event, followed on StubHub and on a Vivid Seats whose totals disagree with its listings."""
    loopback = location.loopback
    ids = {"stubhub": loopback.keys[0], "vivid_seats": PRODUCTION}
    event = watched(2, loopback.keys[0], loopback.clock() + timedelta(days=40), external_ids=ids)
    sync_watchlist(
        loopback.database,
        [event],
        [],
        source="a test",
        this_moment=loopback.clock(),
        max_untrack_fraction=1,
        force=True,
    )
    location.now = loopback.clock()  # due from now on, not from before the sync
    with serve_production() as url:
        location.settings = loopback.settings(vivid_seats_api_base_url=url)
        yield location


def poll(location: Location, marketplace: str) -> dg.ExecuteInProcessResult:
    """Run what the marketplace's sensor requests."""
    request, _ = location.request(f"poll_due_{marketplace}_events")
    (asset,) = request.run_config["ops"].values()
    return location.run(f"poll_{marketplace}", config=asset["config"])


def test_each_sensor_starts_the_run_of_its_own_marketplace(both: Location) -> None:
    for marketplace, key in (("stubhub", both.loopback.keys[0]), ("vivid_seats", PRODUCTION)):
        result = poll(both, marketplace)
        assert result.success
        assert list(materializations(result, both.instance)) == [key]
    assert both.instance.get_materialized_partitions(VIVID_SEATS) == {PRODUCTION}
    assert both.loopback.rows("select marketplace from snapshots order by 1") == [
        {"marketplace": "stubhub"},
        {"marketplace": "vivid_seats"},
    ]


def test_the_metadata_holds_the_get_in_price_with_its_unit_and_totals_that_disagree(both: Location) -> None:
    metadata = materializations(poll(both, "vivid_seats"), both.instance)[PRODUCTION]
    assert (metadata["dagster/row_count"], metadata["tickets"]) == (2, "3")
    thin = "thin: fewer than three listings are near it"
    assert metadata["get_in"] == f"2.00 USD (all_in), {thin}"
    assert metadata["get_in_2"] == f"1.00 USD (all_in), {thin}"
    assert metadata["checksum_problems"] == [WHAT_IS_WRONG]


def test_totals_that_disagree_turn_the_check_of_their_own_marketplace_yellow(both: Location) -> None:
    check = "announced_totals_agree"
    assert evaluations(poll(both, "stubhub"))[check] is True
    (yellow,) = [each for each in poll(both, "vivid_seats").get_asset_check_evaluations() if each.check_name == check]
    assert (yellow.passed, yellow.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert yellow.metadata["compared"].value == 1
    assert f"| vivid_seats | {PRODUCTION} |" in str(yellow.metadata["shown"].value)
    assert WHAT_IS_WRONG in str(yellow.metadata["shown"].value)


def test_prices_are_built_for_each_and_never_added_up(both: Location) -> None:
    poll(both, "stubhub")
    poll(both, "vivid_seats")
    both.loopback.rows("update snapshots set is_suspect = false")  # as the next capture would confirm it
    both.rebuild_everything()
    hours = both.loopback.rows(
        "select p.marketplace, min_price, listings, accepted from hourly_prices p"
        " join snapshots s using (event_id, marketplace) where zone = '*' order by 1"
    )
    days = both.loopback.rows("select marketplace, min_price from daily_prices where zone = '*' order by 1")
    for stubhub, vivid_seats in (hours, days):
        assert (stubhub["marketplace"], vivid_seats["marketplace"]) == ("stubhub", "vivid_seats")
        assert stubhub["min_price"] > 3
        assert vivid_seats["min_price"] == 1
    assert [hour["listings"] for hour in hours] == [hour["accepted"] for hour in hours]
