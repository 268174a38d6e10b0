"""The services of deploy/compose.yaml, and another code location beside ours: plain storage, Dagster's own launcher.

What belongs here: what Dagster's daemon, its web pages in a real browser and its command line do with our definitions.
What `ticket-pipeline run` starts is in `test_run_command`.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import orjson
import pytest
from dagster import AssetKey, DagsterRunStatus, RunsFilter
from playwright.sync_api import expect

from ticket_pipeline.simulator.faults import Fault, FaultKind
from ticket_pipeline.simulator.world import ReplayEvent
from ticket_pipeline_tests.end_to_end.browser import GROUPS, find_chromium, open_asset_graph, open_browser, open_visit
from ticket_pipeline_tests.end_to_end.compose import services_of
from ticket_pipeline_tests.end_to_end.system import LOCATION, MODULE, running_system
from ticket_pipeline_tests.servers import throwaway_database

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from dagster import DagsterRun
    from dagster._core.scheduler.instigation import InstigatorTick  # the type of a tick, which has no public name
    from playwright.sync_api import Browser, Page

    from ticket_pipeline.storage.embedded import EmbeddedServer
    from ticket_pipeline_tests.end_to_end.compose import Services
    from ticket_pipeline_tests.end_to_end.system import System

KEYS = ("157284301", "157310846", "157422590", "157563127")
CHOSEN = KEYS[1:4]
HOURS_OF_TWO_DAYS = 48
ASSETS = ("events", "stubhub_listings", "hourly_prices", "daily_prices")
LISTINGS, HOURS = AssetKey(["tickets", "stubhub_listings"]), AssetKey(["tickets", "hourly_prices"])
SENSOR = "poll_due_stubhub_events"

OTHER_LOCATION = """
import dagster as dg

@dg.asset
def events() -> None: ...

defs = dg.Definitions(assets=[events], jobs=[dg.define_asset_job("theirs")])
"""

_STATES = f"""
{{ sensorsOrError(repositorySelector: {{repositoryName: "__repository__", repositoryLocationName: "{LOCATION}"}}) {{
  ... on Sensors {{ results {{ name sensorState {{ status }} }} }}
}} }}
"""
_START = f"""
mutation($name: String!) {{ startSensor(sensorSelector: {{
  sensorName: $name, repositoryName: "__repository__", repositoryLocationName: "{LOCATION}"
}}) {{ __typename }} }}
"""
_LAUNCH = """
mutation { launchRun(executionParams: {mode: "default", selector: {
  jobName: "theirs", repositoryName: "__repository__", repositoryLocationName: "other"
}}) { __typename } }
"""
_BACKFILL = """
mutation($params: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $params) {
  __typename
  ... on LaunchBackfillSuccess { backfillId }
  ... on PythonError { message }
} }
"""


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory, database_server: EmbeddedServer) -> Iterator[Services]:
    """What deploy/compose.yaml says, for a new database, free ports and a folder."""
    with throwaway_database(database_server) as url, services_of(url, tmp_path_factory.mktemp("deploy")) as services:
        yield services


@pytest.fixture(scope="module")
def system(services: Services) -> Iterator[System]:
    """The services of deploy/compose.yaml, and another code location; nothing of ours runs by itself."""
    (services.folder / "other.py").write_text(OTHER_LOCATION, encoding="utf-8")
    events = [ReplayEvent(key, (_body(int(key)),)) for key in KEYS]
    settings = services.environment | {"DAGSTER_KEY_PREFIX": "tickets", "HTTPX_MAX_CONNECTIONS": "1"}
    with running_system(services.folder, services.url, events, services.dagster_yaml, **settings) as system:
        del system.env["DATABASE_URL"]  # DB_HOST and its neighbours, as in the file
        assert system.run(*services.commands["schema"]).returncode == 0
        system.serve_code("other", "-f", str(services.folder / "other.py"))
        others = ("-w", str(services.folder / "other.yaml"))
        for name, more in {"code": (), "daemon": others, "webserver": others, "dashboard": ()}.items():
            system.start(name, [*services.commands[name], *more])
            if name == "code":
                system.wait_for(lambda: _is_healthy(system, services, "code"), "the code server", seconds=60)
        yield system


def _is_healthy(system: System, services: Services, name: str) -> bool:
    return system.run(*services.health_checks[name]).returncode == 0


@pytest.fixture(scope="module")
def url(system: System, services: Services) -> str:
    """The web server."""
    system.wait_for(lambda: _is_healthy(system, services, "webserver"), "the web server", seconds=60)
    return f"http://127.0.0.1:{services.ports['3000']}"


@pytest.fixture(scope="module")
def states(url: str) -> list[str]:
    """The states of our sensors before a person starts one."""
    return [sensor["sensorState"]["status"] for sensor in _ask(url, _STATES)["sensorsOrError"]["results"]]


@pytest.fixture(scope="module")
def polled(system: System, url: str, states: list[str]) -> str:
    """The web server, after a sensor was started that polled every event once; the next poll is an hour away."""
    assert states
    assert _ask(url, _START, name=SENSOR)["startSensor"]["__typename"] == "Sensor"
    done = system.instance.get_materialized_partitions
    system.wait_for(lambda: done(LISTINGS) == set(KEYS), "a poll", seconds=90)
    return url


@pytest.fixture(scope="module")
def backfills(system: System, polled: str) -> dict[str, list[DagsterRun]]:
    """Asset → the runs of its backfill: some events, and two days of hours. Dagster starts backfills twice a minute."""
    launched = {
        "stubhub_listings": _launch_backfill(polled, LISTINGS, CHOSEN),
        "hourly_prices": _launch_backfill(polled, HOURS, _hours_of_two_days()),
    }
    system.wait_for(lambda: _are_over(system, launched.values()), "the backfills", seconds=150)
    return {
        asset: list(system.instance.get_runs(RunsFilter(tags={"dagster/backfill": backfill_id})))
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


def _ask(url: str, query: str, **variables: object) -> Any:  # noqa: ANN401 - whatever the query selects
    sent = {"query": query, "variables": variables}
    response = httpx.post(f"{url}/graphql", json=sent, timeout=300, trust_env=False).json()
    assert "errors" not in response, response
    return response["data"]


@pytest.mark.usefixtures("polled")
def test_every_service_is_healthy_and_the_dashboard_shows_the_events(system: System, services: Services) -> None:
    for name in services.health_checks:
        system.wait_for(lambda name=name: _is_healthy(system, services, name), f"{name} to be healthy", seconds=60)
    page = httpx.get(f"http://127.0.0.1:{services.ports['3001']}/", trust_env=False)
    assert page.is_success
    assert page.text.count("health ok") == len(KEYS)


def test_no_sensor_of_ours_runs_until_a_person_starts_it(states: list[str]) -> None:
    assert set(states) == {"STOPPED"}


@pytest.mark.usefixtures("polled")
def test_the_other_location_works_as_before_and_its_asset_of_the_same_name_is_its_own(system: System, url: str) -> None:
    assert _ask(url, _LAUNCH)["launchRun"]["__typename"] == "LaunchRunSuccess"
    theirs = RunsFilter(job_name="theirs", statuses=[DagsterRunStatus.SUCCESS])
    system.wait_for(lambda: system.instance.get_runs(theirs), "their run", seconds=60)
    assert system.instance.get_latest_materialization_event(AssetKey("events")) is not None
    assert system.instance.get_latest_materialization_event(AssetKey("stubhub_listings")) is None


@pytest.mark.browser
def test_the_asset_graph_shows_every_group_and_asset(page: Page, polled: str) -> None:
    open_asset_graph(page, polled)
    for name in (*GROUPS, *ASSETS):
        expect(page.locator("foreignObject").get_by_text(name, exact=True).first).to_be_visible()


@pytest.mark.browser
def test_the_asset_page_shows_every_event_as_materialized_with_its_prices(page: Page, polled: str) -> None:
    page.goto(f"{polled}/assets/tickets/stubhub_listings?view=partitions&partition={KEYS[0]}")
    expect(page.get_by_text(f"Materialized ({len(KEYS)})")).to_be_visible()
    for key in KEYS:
        expect(page.get_by_text(key, exact=True).first).to_be_visible()
    for name in ("tickets", "rejected", "get_in", "get_in_2", "get_in_4", "median", "fetched"):
        expect(page.get_by_role("cell", name=name, exact=True)).to_be_visible()


@pytest.mark.browser
def test_the_runs_page_shows_one_run_for_all_events_with_its_tags(page: Page, polled: str) -> None:
    page.goto(f"{polled}/runs")
    expect(page.get_by_text("poll_stubhub", exact=True).first).to_be_visible()
    expect(page.get_by_text(f"ticket_pipeline/events: {len(KEYS)}").first).to_be_visible()


def test_a_backfill_of_a_range_is_one_run(system: System, backfills: dict[str, list[DagsterRun]]) -> None:
    (run,) = backfills["stubhub_listings"]
    rows = system.rows("select external_id from fetch_attempts where run_id = %(id)s and outcome = 'ok'", id=run.run_id)
    assert sorted(row["external_id"] for row in rows) == sorted(CHOSEN)
    assert len(backfills["hourly_prices"]) == 1
    assert len(system.instance.get_materialized_partitions(HOURS)) >= HOURS_OF_TWO_DAYS


def _hours_of_two_days() -> list[str]:
    now = datetime.now(UTC)
    return [f"{now - timedelta(hours=back):%Y-%m-%d-%H:00}" for back in reversed(range(HOURS_OF_TWO_DAYS))]


def _launch_backfill(url: str, asset: AssetKey, partitions: Sequence[str]) -> str:
    """Launch a backfill as the asset's page does; returns its id."""
    params = {"assetSelection": [{"path": asset.path}], "partitionNames": list(partitions), "fromFailure": False}
    launched = _ask(url, _BACKFILL, params=params)["launchPartitionBackfill"]
    assert launched["__typename"] == "LaunchBackfillSuccess", launched
    backfill_id: str = launched["backfillId"]
    return backfill_id


def _are_over(system: System, backfill_ids: Iterable[str]) -> bool:
    found = [system.instance.get_backfill(backfill_id) for backfill_id in backfill_ids]
    states = {backfill.status.value for backfill in found if backfill is not None}
    assert not any("FAILED" in state for state in states), found
    return states == {"COMPLETED_SUCCESS"}


@pytest.mark.usefixtures("backfills")
def test_the_shell_materializes_a_range_of_events(system: System) -> None:
    before = {key: len(system.log.records(key)) for key in KEYS}
    chosen = ("--select", "key:tickets/stubhub_listings", "--partition-range", f"{KEYS[2]}...{KEYS[3]}")
    ended = system.run("dagster", "asset", "materialize", *chosen, *MODULE)
    assert ended.returncode == 0, ended.stderr
    assert [len(system.log.records(key)) - before[key] for key in KEYS] == [0, 0, 1, 1]


@pytest.mark.usefixtures("backfills")
def test_a_block_stops_all_requests_until_a_person_resumes(system: System) -> None:
    system.faults.add(Fault(FaultKind.FORBIDDEN, times=None))
    asked = len(system.log.records())
    since: datetime = system.value("update poll_schedule set next_due_at = now() returning now()")
    paused = system.wait_for(lambda: _paused_tick(system, after=since.timestamp()), "the pause", seconds=60)
    assert paused is not None
    assert "403" in (paused.skip_reason or "")
    assert "ticket-pipeline resume stubhub" in (paused.skip_reason or "")
    # The cause is gone, but nobody has resumed: the next ticks send nothing.
    system.faults.clear()
    system.wait_for(lambda: _paused_tick(system, after=paused.timestamp), "another tick", seconds=30)
    assert len(system.log.records()) == asked + 1, "the first response is enough to stop"
    system.rows("update poll_schedule set next_due_at = now()")  # the blocked event, too: one run for all
    resumed = system.run("ticket-pipeline", "resume", "stubhub")
    assert resumed.returncode == 0, resumed.stderr
    system.wait_for(lambda: _stored_since(system, since) == len(KEYS), "every event after the block", seconds=90)
    outcomes = system.rows(
        "select outcome from fetch_attempts where finished_at > %(since)s order by finished_at", since=since
    )
    assert [row["outcome"] for row in outcomes] == ["blocked", *["ok"] * len(KEYS)]


def _paused_tick(system: System, *, after: float) -> InstigatorTick | None:
    tick = system.last_tick(SENSOR)
    is_newer = tick is not None and tick.timestamp > after
    return tick if is_newer and tick and "stubhub is paused" in (tick.skip_reason or "") else None


def _stored_since(system: System, since: datetime) -> int:
    count: int = system.value("select count(distinct event_id) from snapshots where stored_at > %(since)s", since=since)
    return count
