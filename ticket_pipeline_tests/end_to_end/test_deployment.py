"""The services of deploy/compose.yaml, and another code location beside ours: plain storage, Dagster's own launcher.

What belongs here: what Dagster's daemon and its web pages in a real browser do with our definitions.
What `ticket-pipeline run` starts is in `test_run_command`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import httpx
import orjson
import pytest
from dagster import AssetKey, DagsterRunStatus, RunsFilter
from playwright.sync_api import Browser, Page, expect

from ticket_pipeline.simulator.world import ReplayEvent
from ticket_pipeline.storage.embedded import EmbeddedServer
from ticket_pipeline_tests.end_to_end.browser import find_chromium, open_browser, open_visit
from ticket_pipeline_tests.end_to_end.compose import Services, services_of
from ticket_pipeline_tests.end_to_end.system import LOCATION, System, listens, running_system
from ticket_pipeline_tests.servers import throwaway_database

KEYS = ("157284301", "157310846", "157422590", "157563127")
LISTINGS = AssetKey(["tickets", "stubhub_listings"])
SENSOR = "poll_due_stubhub_events"
PORTS = {"code": "4000", "webserver": "3000", "dashboard": "3001"}

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
    settings = services.environment | {"DAGSTER_KEY_PREFIX": "tickets"}
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
    """What the file's own check finds; each try is a new interpreter, so it waits for the port."""
    port = PORTS.get(name)
    is_up = port is None or listens(("127.0.0.1", int(services.ports[port])))
    return is_up and system.run(*services.health_checks[name]).returncode == 0


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
def test_the_asset_page_shows_every_event_as_materialized_with_its_prices(page: Page, polled: str) -> None:
    page.goto(f"{polled}/assets/tickets/stubhub_listings?view=partitions&partition={KEYS[0]}")
    expect(page.get_by_text(f"Materialized ({len(KEYS)})")).to_be_visible()
    for key in KEYS:
        expect(page.get_by_text(key, exact=True).first).to_be_visible()
    for name in ("tickets", "rejected", "get_in", "get_in_2", "get_in_4", "median", "fetched"):
        expect(page.get_by_role("cell", name=name, exact=True)).to_be_visible()
