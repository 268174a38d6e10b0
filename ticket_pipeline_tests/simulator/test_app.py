"""The whole simulator: all systems in one app, and as a process of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import httpx

from ticket_pipeline.simulator.app import create_app
from ticket_pipeline.simulator.marketplaces import Marketplace
from ticket_pipeline.simulator.sheets import SimulatedSheets
from ticket_pipeline.simulator.stubhub import LISTINGS_PATH
from ticket_pipeline.simulator.vivenu import SIMULATED_TOKEN
from ticket_pipeline.simulator.vivenu_world import organised_world
from ticket_pipeline.simulator.world import sample_world
from ticket_pipeline_tests.simulator_support.serving import open_client

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
EVENT = {"viagogoEventId": "157284301"}

_PROCESS = """
import sys
from pathlib import Path
from ticket_pipeline.simulator.app import run_simulator
run_simulator("127.0.0.1", 0, 3, 20.0, Path(sys.argv[1]), on_listening=lambda url: print(url, flush=True))
"""


def test_every_system_has_its_own_path() -> None:
    organiser = organised_world(NOW, events=3, tickets=10)
    app = create_app(sample_world(NOW), clock=lambda: NOW, sheets=SimulatedSheets(), organiser=organiser)
    with open_client(app) as client:
        assert client.get(f"/stubhub{LISTINGS_PATH}", params=EVENT).json()
        assert client.get("/vivid_seats/hermes/api/v1/listings", params={"productionId": "5284301"}).json()["tickets"]
        event = client.get("/ticketmaster/discovery/v2/events/vvG1IZ9pNeXaVj.json", params={"apikey": "k"})
        assert event.json()["name"].startswith("Vesper Lane")
        seen = client.get("/ticketmaster/_simulator/requests").json()["requests"]
        assert [record["external_id"] for record in seen] == ["vvG1IZ9pNeXaVj"]
        assert client.get("/sheets/v4/spreadsheets/s1").status_code == 401
        assert client.post("/sheets/token").status_code == 400
        token = {"Authorization": f"Bearer {SIMULATED_TOKEN}"}
        assert client.get("/vivenu/api/events", headers=token).json()["total"] == 3
        for marketplace in Marketplace:
            assert client.get(f"/{marketplace}/_simulator/events").status_code == 200


def test_only_the_requested_marketplaces_are_played() -> None:
    app = create_app(sample_world(NOW), clock=lambda: NOW, marketplaces=[Marketplace.VIVID_SEATS])
    with open_client(app) as client:
        assert client.get("/vivid_seats/_simulator/requests").status_code == 200
        assert client.get("/stubhub/_simulator/requests").status_code == 404


def test_the_process_serves_until_it_is_stopped_and_stores_its_world(tmp_path: Path) -> None:
    world_file = tmp_path / "world.json"
    command = [sys.executable, "-W", "error", "-c", _PROCESS, str(world_file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            url = process.stdout.readline().strip()
            with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
                assert client.get(f"/stubhub{LISTINGS_PATH}", params=EVENT).json()
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == -signal.SIGTERM
        finally:
            process.kill()
    assert world_file.is_file()
