"""Our code location in another Dagster: plain storage, default launcher and coordinator, other locations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from dagster import AssetKey, DagsterRunStatus

from ticket_pipeline.defs.instance_storage import _as_sqlalchemy_url
from ticket_pipeline.simulator.world import ReplayEvent
from ticket_pipeline_tests.end_to_end.system import running_system
from ticket_pipeline_tests.servers import throwaway_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ticket_pipeline.storage.embedded import EmbeddedServer
    from ticket_pipeline_tests.end_to_end.system import System

KEYS = {"157284301", "157310846"}
LISTINGS = AssetKey(["tickets", "stubhub_listings"])
BODY = (
    b'[{"listingId": 1, "section": "A", "row": "1", "availableTickets": 2, "currencyCode": "USD",'
    b' "sellerAllInPrice": {"amt": 80, "currency": "USD"}}]'
)
OTHER_LOCATION = """
import dagster as dg

@dg.asset
def events() -> None: ...

defs = dg.Definitions(assets=[events], jobs=[dg.define_asset_job("theirs")])
"""
WORKSPACE = """
load_from:
  - python_module: {module_name: ticket_pipeline.definitions, location_name: tickets}
  - python_file: {relative_path: other.py, location_name: other}
"""
STATES = '{ sensorsOrError(repositorySelector: {repositoryName: "__repository__", repositoryLocationName: "tickets"}) {'
STATES += "... on Sensors { results { name sensorState { status } } } } }"
START = 'mutation($name: String!) { startSensor(sensorSelector: {sensorName: $name, repositoryName: "__repository__",'
START += 'repositoryLocationName: "tickets"}) { __typename } }'
LAUNCH = 'mutation { launchRun(executionParams: {mode: "default", selector: {jobName: "theirs", '
LAUNCH += 'repositoryName: "__repository__", repositoryLocationName: "other"}}) { __typename } }'


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory, database_server: EmbeddedServer) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("guest")
    (folder / "other.py").write_text(OTHER_LOCATION, encoding="utf-8")
    (folder / "workspace.yaml").write_text(WORKSPACE, encoding="utf-8")
    with throwaway_database(database_server) as url:
        storage = f"storage: {{postgres: {{postgres_url: {_as_sqlalchemy_url(url, 'public')!r}}}}}\n"
        with running_system(
            folder,
            url,
            [ReplayEvent(key, (BODY,)) for key in KEYS],
            dagster_yaml=storage,
            DAGSTER_KEY_PREFIX="tickets",
            DAGSTER_START_RUNNING="false",
        ) as system:
            system.workspace = ("-w", str(folder / "workspace.yaml"))
            yield system


def _ask(url: str, query: str, **variables: object) -> Any:  # noqa: ANN401 - whatever the query selects
    sent = {"query": query, "variables": variables}
    response = httpx.post(f"{url}/graphql", json=sent, timeout=300, trust_env=False).json()
    assert "errors" not in response, response
    return response["data"]


def test_beside_another_location_nothing_starts_running_and_everything_works_under_its_prefix(system: System) -> None:
    url = system.start_webserver()
    system.start_daemon()
    sensors = _ask(url, STATES)["sensorsOrError"]["results"]
    assert {sensor["sensorState"]["status"] for sensor in sensors} == {"STOPPED"}

    assert _ask(url, LAUNCH)["launchRun"]["__typename"] == "LaunchRunSuccess"
    assert _ask(url, START, name="poll_due_stubhub_events")["startSensor"]["__typename"] == "Sensor"
    with system.dagster() as instance:
        system.wait_for(lambda: instance.get_materialized_partitions(LISTINGS) == KEYS, "a poll", seconds=90)
        system.wait_for(lambda: all(run.is_finished for run in instance.get_runs()), "the runs' end", seconds=60)
        assert {run.status for run in instance.get_runs()} == {DagsterRunStatus.SUCCESS}
        assert instance.get_latest_materialization_event(AssetKey("events")) is not None
        assert instance.get_latest_materialization_event(AssetKey("stubhub_listings")) is None
