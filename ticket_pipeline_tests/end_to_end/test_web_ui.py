"""Dagster's web pages in a real browser, and what its buttons and its command line start."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import orjson
import pytest
from dagster import AssetKey, RunsFilter
from playwright.sync_api import expect

from ticket_pipeline.simulator.world import ReplayEvent
from ticket_pipeline_tests.end_to_end.browser import GROUPS, find_chromium, open_asset_graph, open_browser, open_visit
from ticket_pipeline_tests.end_to_end.system import MODULE, running_system
from ticket_pipeline_tests.servers import throwaway_database

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dagster import DagsterRun
    from playwright.sync_api import Browser, Page

    from ticket_pipeline.storage.embedded import EmbeddedServer
    from ticket_pipeline_tests.end_to_end.system import System

KEYS = ("157284301", "157310846", "157422590", "157563127")
CHOSEN = KEYS[1:4]
HOURS_OF_A_MONTH = 30 * 24
ASSETS = ("events", "stubhub_listings", "hourly_prices", "daily_prices")

_LAUNCH = """
mutation launch($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
  }
}
"""


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory, database_server: EmbeddedServer) -> Iterator[System]:
    """A system whose sensor has polled every event once; the next poll is an hour away."""
    events = [ReplayEvent(key, (_body(int(key)),)) for key in KEYS]
    with (
        throwaway_database(database_server) as url,
        running_system(tmp_path_factory.mktemp("web_ui"), url, events) as system,
    ):
        system.start_daemon()
        yield system


@pytest.fixture(scope="module")
def url(system: System) -> str:
    """The web server, after the first poll."""
    url = system.start_webserver()
    system.wait_for(lambda: _has_polled(system), "the first poll", seconds=90)
    return url


@pytest.fixture(scope="module")
def backfills(system: System, url: str) -> dict[str, list[DagsterRun]]:
    """Asset → the runs of its backfill: some events, and a month of hours. Dagster starts backfills twice a minute."""
    launched = {
        "stubhub_listings": _launch_backfill(url, "stubhub_listings", CHOSEN),
        "hourly_prices": _launch_backfill(url, "hourly_prices", _hours_of_a_month()),
    }
    system.wait_for(lambda: _are_over(system, launched.values()), "the backfills", seconds=150)
    with system.dagster() as instance:
        return {
            asset: list(instance.get_runs(RunsFilter(tags={"dagster/backfill": backfill_id})))
            for asset, backfill_id in launched.items()
        }


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium; without it the tests fail on CI and are skipped elsewhere."""
    chromium = find_chromium()
    if chromium is None:
        missing = "There is no program chromium. Install the package chromium."
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(missing)
    with open_browser(chromium) as browser:
        yield browser


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page without cookies or storage of earlier tests."""
    with open_visit(browser) as page:
        yield page


def _body(seed: int) -> bytes:
    listings = [
        {
            "listingId": seed * 100 + number,
            "section": f"Section {number % 5}",
            "row": str(number % 12),
            "availableTickets": 1 + number % 4,
            "sellerAllInPrice": {"amt": 40 + (seed + number * 7) % 90, "currency": "USD"},
            "currencyCode": "USD",
        }
        for number in range(30)
    ]
    return orjson.dumps(listings)


def _has_polled(system: System) -> bool:
    with system.dagster() as instance:
        done = instance.get_materialized_partitions(AssetKey("stubhub_listings"))
    return done == set(KEYS)


@pytest.mark.browser
def test_the_asset_graph_shows_every_group_and_asset(page: Page, url: str) -> None:
    open_asset_graph(page, url)
    for name in (*GROUPS, *ASSETS):
        expect(page.locator("foreignObject").get_by_text(name, exact=True).first).to_be_visible()


@pytest.mark.browser
def test_the_partitions_page_shows_every_event_as_materialized(page: Page, url: str) -> None:
    page.goto(f"{url}/assets/stubhub_listings?view=partitions")
    expect(page.get_by_text(f"Materialized ({len(KEYS)})")).to_be_visible()
    for key in KEYS:
        expect(page.get_by_text(key, exact=True).first).to_be_visible()


@pytest.mark.browser
def test_an_events_page_shows_its_prices(page: Page, url: str) -> None:
    page.goto(f"{url}/assets/stubhub_listings?view=partitions&partition={KEYS[0]}")
    for name in ("tickets", "rejected", "get_in", "get_in_2", "get_in_4", "median", "fetched"):
        expect(page.get_by_role("cell", name=name, exact=True)).to_be_visible()


@pytest.mark.browser
def test_the_runs_page_shows_one_run_for_all_events_with_its_tags(page: Page, url: str) -> None:
    page.goto(f"{url}/runs")
    expect(page.get_by_text("poll_stubhub", exact=True).first).to_be_visible()
    expect(page.get_by_text(f"ticket_pipeline/events: {len(KEYS)}").first).to_be_visible()


def test_a_backfill_of_a_range_of_events_is_one_run(system: System, backfills: dict[str, list[DagsterRun]]) -> None:
    (run,) = backfills["stubhub_listings"]
    rows = system.rows("select external_id from fetch_attempts where run_id = %(id)s and outcome = 'ok'", id=run.run_id)
    assert sorted(row["external_id"] for row in rows) == sorted(CHOSEN)


def test_a_backfill_of_thirty_days_of_hours_is_one_run(system: System, backfills: dict[str, list[DagsterRun]]) -> None:
    assert len(backfills["hourly_prices"]) == 1
    with system.dagster() as instance:
        assert len(instance.get_materialized_partitions(AssetKey("hourly_prices"))) >= HOURS_OF_A_MONTH


def _hours_of_a_month() -> list[str]:
    now = datetime.now(UTC)
    return [f"{now - timedelta(hours=back):%Y-%m-%d-%H:00}" for back in reversed(range(HOURS_OF_A_MONTH))]


def _launch_backfill(url: str, asset: str, partitions: Sequence[str]) -> str:
    """Launch a backfill as the asset's page does; returns its id."""
    params = {"assetSelection": [{"path": [asset]}], "partitionNames": list(partitions), "fromFailure": False}
    response: dict[str, Any] = httpx.post(
        f"{url}/graphql", json={"query": _LAUNCH, "variables": {"params": params}}, timeout=300, trust_env=False
    ).json()
    launched = response["data"]["launchPartitionBackfill"]
    assert launched["__typename"] == "LaunchBackfillSuccess", launched
    backfill_id: str = launched["backfillId"]
    return backfill_id


def _are_over(system: System, backfill_ids: Iterable[str]) -> bool:
    with system.dagster() as instance:
        found = [instance.get_backfill(backfill_id) for backfill_id in backfill_ids]
    states = {backfill.status.value for backfill in found if backfill is not None}
    assert not any("FAILED" in state for state in states), found
    return states == {"COMPLETED_SUCCESS"}


@pytest.mark.usefixtures("backfills")
def test_the_shell_materializes_a_range_of_events_and_explains_an_unknown_key(system: System) -> None:
    materialize = ("dagster", "asset", "materialize", "--select", "stubhub_listings", *MODULE)
    before = {key: system.marketplace.count_requests(key) for key in KEYS}
    several = system.run(*materialize, "--partition-range", f"{KEYS[2]}...{KEYS[3]}")
    assert several.returncode == 0, several.stderr
    requests = [system.marketplace.count_requests(key) - before[key] for key in KEYS]
    assert requests == [0, 0, 1, 1]
    unknown = system.run(*materialize, "--partition", "157284302")
    assert unknown.returncode != 0
    assert re.search(r"4 are known \(nearest 157284301", unknown.stderr)
    assert "add the event there and sync it" in unknown.stderr
    assert "Traceback" not in unknown.stderr
