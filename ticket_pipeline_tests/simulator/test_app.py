"""The whole simulator: all systems in one app."""

from __future__ import annotations

from datetime import UTC, datetime

from ticket_pipeline.simulator.app import create_app
from ticket_pipeline.simulator.marketplaces import Marketplace
from ticket_pipeline.simulator.sheets import SimulatedSheets
from ticket_pipeline.simulator.stubhub import LISTINGS_PATH
from ticket_pipeline.simulator.vivenu import SIMULATED_TOKEN
from ticket_pipeline.simulator.vivenu_world import organised_world
from ticket_pipeline.simulator.world import sample_world
from ticket_pipeline_tests.simulator_support.serving import open_client

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
EVENT = {"viagogoEventId": "157284301"}


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
