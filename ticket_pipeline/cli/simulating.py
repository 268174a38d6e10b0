"""`simulate`: the simulated marketplaces alone, without the pipeline."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from ticket_pipeline.cli.tables import show_facts
from ticket_pipeline.demo.world import DEMO_SEED, DEMO_SPEED, world_file
from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.settings.model import Settings, load_settings
from ticket_pipeline.simulator.app import PLAYED, SHEET_ID, SHEETS_PREFIX, path_of, run_simulator
from ticket_pipeline.simulator.app_factory import CONTROLS_PATH
from ticket_pipeline.simulator.marketplaces import Marketplace

_LOOPBACK = ("127.0.0.1", "::1")


def simulate(
    port: Annotated[
        int | None, typer.Option(min=0, max=65_535, help="Port; 0: any free one; default SIMULATOR_PORT.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address of loopback to listen on.")] = "127.0.0.1",
    seed: Annotated[int, typer.Option(help="Random seed of a new world; an existing one keeps its own.")] = DEMO_SEED,
    speed: Annotated[
        float, typer.Option(min=0.01, max=100_000, help="How many times faster than real markets it moves.")
    ] = DEMO_SPEED,
    only: Annotated[
        list[Marketplace] | None, typer.Option("--only", help="Play this marketplace; repeat for more; default all.")
    ] = None,
) -> None:
    """Serve the simulated marketplaces, and their events as a Google Sheet, on loopback until Ctrl-C.

    Their world is kept in STATE_DIR and resumes. The same seed plays the same markets; for another seed choose another
    STATE_DIR, or delete the world's file.

        ticket-pipeline simulate --port 0 --only stubhub
    """
    settings = load_settings()
    if host not in _LOOPBACK:
        raise ConfigurationError(
            f"The simulator cannot listen on {host}: it serves loopback only, because anybody who reaches it controls "
            "it. Use 127.0.0.1 or ::1."
        )
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    marketplaces = tuple(dict.fromkeys(only or PLAYED))
    run_simulator(
        host,
        settings.simulator_port if port is None else port,
        seed,
        speed,
        world_file(settings),
        marketplaces=marketplaces,
        sheet_credentials_file=_sheet_credentials_file(settings),
        on_listening=lambda url: show_facts(_facts_of_simulator(url, marketplaces, settings)),
    )


def _sheet_credentials_file(settings: Settings) -> Path:
    return settings.state_dir / "simulated_sheet_credentials.json"


def _facts_of_simulator(url: str, marketplaces: Sequence[Marketplace], settings: Settings) -> Iterator[tuple[str, str]]:
    """Where each marketplace is, and how to make it go wrong."""
    for marketplace in marketplaces:
        yield marketplace, f"{url}{path_of(marketplace)}"
    first = f"{url}{path_of(marketplaces[0])}{CONTROLS_PATH}"
    yield "Inspect", f"curl {first}/events (/requests, /sales, /faults)"
    yield "Break", curl_a_fault(url, marketplaces[0])
    yield "Repair", f"curl -X DELETE {first}/faults"
    tuning = json.dumps({"google_sheets_api_base_url": f"{url}{SHEETS_PREFIX}"})
    address = f"TICKET_PIPELINE_TUNING='{tuning}' GOOGLE_SHEET_ID={SHEET_ID}"
    key = f"GOOGLE_SHEETS_CREDENTIALS_FILE={_sheet_credentials_file(settings)}"
    yield "Sheet", f"{address} {key} ticket-pipeline sync-events"
    yield "World", f"{world_file(settings)} (delete it for a new one)"
    yield "Stop", "Ctrl-C"


def curl_a_fault(url: str, marketplace: Marketplace) -> str:
    """A command that makes a marketplace go wrong, given the simulator's base URL."""
    return f"""curl -d '{{"kind": "rate_limited", "times": 3}}' {url}{path_of(marketplace)}{CONTROLS_PATH}/faults"""
