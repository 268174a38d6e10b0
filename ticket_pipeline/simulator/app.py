"""The whole simulator as one app, and running it until it is stopped."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from pathlib import Path

from starlette.applications import Starlette
from starlette.routing import Mount

from ticket_pipeline.simulator.marketplaces import Marketplace
from ticket_pipeline.simulator.server import run_forever
from ticket_pipeline.simulator.sheets import SimulatedSheets, create_sheets_app, generate_service_account
from ticket_pipeline.simulator.spreadsheet import Spreadsheet
from ticket_pipeline.simulator.stubhub import create_stubhub_app
from ticket_pipeline.simulator.ticketmaster import QuotaLimits, create_ticketmaster_app
from ticket_pipeline.simulator.vivenu import create_vivenu_app
from ticket_pipeline.simulator.vivenu_world import VivenuWorld, living_world
from ticket_pipeline.simulator.vivid_seats import create_vivid_seats_app
from ticket_pipeline.simulator.world import (
    WATCHED,
    SimulatedWorld,
    open_world,
    sample_watchlist_rows,
    sample_zone_rows,
)

SHEETS_PREFIX = "/sheets"
SHEET_ID = "simulated-watchlist"
PLAYED = (*WATCHED, Marketplace.VIVENU)


def create_app(
    world: SimulatedWorld,
    *,
    clock: Callable[[], datetime],
    sheets: SimulatedSheets | None = None,
    organiser: VivenuWorld | None = None,
    unknown_event_status: int = 200,
    marketplaces: Collection[Marketplace] = WATCHED,
    limits: QuotaLimits | None = None,
) -> Starlette:
    """Every system under its own path: `/stubhub`, `/vivid_seats`, `/ticketmaster`, `/sheets`, `/vivenu`.

    A marketplace's controls are at `_simulator` under its path. Played are those of `WATCHED` in `marketplaces`, and
    sheets and vivenu where they are given; `limits` are Ticketmaster's. `clock` gives aware UTC.
    """
    create: dict[Marketplace, Callable[[], Starlette]] = {
        Marketplace.STUBHUB: lambda: create_stubhub_app(world, clock=clock, unknown_event_status=unknown_event_status),
        Marketplace.VIVID_SEATS: lambda: create_vivid_seats_app(world, clock=clock),
        Marketplace.TICKETMASTER: lambda: create_ticketmaster_app(world, clock=clock, limits=limits),
    }
    routes = [Mount(path_of(marketplace), create[marketplace]()) for marketplace in marketplaces]
    if sheets is not None:
        routes.append(Mount(SHEETS_PREFIX, create_sheets_app(sheets, clock=clock)))
    if organiser is not None:
        routes.append(Mount(path_of(Marketplace.VIVENU), create_vivenu_app(organiser, clock=clock)))
    return Starlette(routes=routes)


def path_of(marketplace: Marketplace) -> str:
    """A marketplace's path below the server's root, such as `/vivid_seats`."""
    return f"/{marketplace}"


def run_simulator(
    host: str,
    port: int,
    seed: int,
    speed: float,
    world_file: Path,
    *,
    marketplaces: Collection[Marketplace] = PLAYED,
    sheet_credentials_file: Path | None = None,
    on_listening: Callable[[str], None] = lambda _: None,
) -> None:
    """Play the sample world on `host`:`port` until SIGINT or SIGTERM, with the limits of the real systems.

    Args:
        host: address to bind.
        port: port to bind; 0 takes any free one.
        seed: seed of a new world; a stored one has its own.
        speed: how many times faster than ordinary markets these move.
        world_file: where the world is stored, so that a restart resumes it.
        marketplaces: the marketplaces to play.
        sheet_credentials_file: where to write the key of a service account that may read the sample watchlist as the
            sheet `SHEET_ID`, tabs Events and Zones; None: no sheets.
        on_listening: called with the base URL once clients can connect.
    """

    def build(url: str) -> Starlette:
        world = open_world(world_file, _utc_now(), seed=seed, speed=speed)
        return create_app(
            world,
            clock=_utc_now,
            sheets=_share_watchlist(world, url, sheet_credentials_file) if sheet_credentials_file else None,
            organiser=living_world(world.started_at, seed=world.seed) if Marketplace.VIVENU in marketplaces else None,
            unknown_event_status=404,  # an empty list would make a real event's id look like an empty market
            marketplaces=[marketplace for marketplace in WATCHED if marketplace in marketplaces],
            limits=QuotaLimits(),
        )

    run_forever(build, host, port, on_listening=on_listening)


def _share_watchlist(world: SimulatedWorld, url: str, credentials_file: Path) -> SimulatedSheets:
    """A sheet with the world's events, and a service account that may read it."""
    tabs = {"Events": sample_watchlist_rows(world), "Zones": sample_zone_rows(world)}
    sheets = SimulatedSheets({SHEET_ID: Spreadsheet("Watchlist", tabs)})
    account = sheets.trust(generate_service_account(f"{url}{SHEETS_PREFIX}/token"))
    credentials_file.touch(mode=0o600)
    credentials_file.write_text(json.dumps(account), encoding="utf-8")
    return sheets


def _utc_now() -> datetime:
    return datetime.now(UTC)
