"""The command line as a user has it: settings in the environment, a watchlist file, a marketplace, a database."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from ticket_pipeline.cli.app import app
from ticket_pipeline.simulator.faults import FaultPlan
from ticket_pipeline.simulator.market import SimulatedEvent
from ticket_pipeline.simulator.marketplaces import Marketplace
from ticket_pipeline.simulator.recording import RequestLog
from ticket_pipeline.simulator.ticketmaster import create_ticketmaster_app
from ticket_pipeline.simulator.world import SimulatedWorld, sample_world
from ticket_pipeline.storage.embedded import EmbeddedServer
from ticket_pipeline_tests.ingest.loopback import Loopback, open_loopback
from ticket_pipeline_tests.marketplaces.ticketmaster.discovery import CANARY
from ticket_pipeline_tests.overrides import as_environment
from ticket_pipeline_tests.servers import throwaway_database
from ticket_pipeline_tests.simulator_support.serving import serve
from ticket_pipeline_tests.storage.stored import empty

HEADER = ("Event Name", "Venue", "City", "Country", "Event Date (Local)", "viagId", "is_tracked")
SOON = timedelta(days=40)


@dataclass
class Cli:
    """Runs commands with the settings (`env`) and the CSV file of one user."""

    loopback: Loopback
    watchlist: Path
    env: dict[str, str]

    def run(self, *arguments: str, answer: str | None = None, **env: str) -> Result:
        """Run a command in this process; a failure of our own code fails the test."""
        result = CliRunner().invoke(app, list(arguments), input=answer, env=as_environment(self.env | env))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def ask(self, *arguments: str) -> Any:  # noqa: ANN401 - whatever JSON holds
        """The JSON document of a command that must succeed."""
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def market(self, *arguments: str) -> Any:  # noqa: ANN401 - as above
        """What `show-listings` has of the only marketplace of an event."""
        (market,) = self.ask("show-listings", *arguments)["markets"]
        return market

    def start(self, *arguments: str, **env: str) -> subprocess.Popen[str]:
        """Start a command as a program of its own; the caller ends it."""
        return subprocess.Popen(
            [sys.executable, "-m", "ticket_pipeline.cli", *arguments],
            env=os.environ | as_environment(self.env | env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def read_watchlist(self) -> list[list[str]]:
        """The rows of the watchlist, without its header."""
        with self.watchlist.open(newline="", encoding="utf-8") as file:
            return list(csv.reader(file))[1:]

    def write_watchlist(self, rows: Sequence[Sequence[str]] | None = None) -> None:
        """Write the watchlist: by default every event of the marketplace, forty days ahead."""
        when = f"{datetime.now(UTC) + SOON:%Y-%m-%d} 19:30"
        default = [
            [f"Event {number}", "Crowd Arena", "Boston", "United States", when, key, "TRUE"]
            for number, key in enumerate(self.loopback.keys)
        ]
        with self.watchlist.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([HEADER, *(default if rows is None else rows)])


@pytest.fixture(scope="module")
def loopback_of_the_module(database_server: EmbeddedServer, migrated_template: str) -> Iterator[Loopback]:
    """A marketplace and a database for all tests of a module: starting them takes longer than most tests."""
    with throwaway_database(database_server, template=migrated_template) as url, open_loopback(url) as loopback:
        yield loopback


@pytest.fixture
def cli(loopback_of_the_module: Loopback, tmp_path: Path) -> Cli:
    """A user with four events on the watchlist, none of them synced yet, and an empty database."""
    loopback = loopback_of_the_module
    empty(loopback.database)
    loopback.faults.clear()
    loopback.log.clear()
    loopback.clock.offset = timedelta()
    env = {
        "DATABASE_URL": loopback.database_url,
        "STUBHUB_API_BASE_URL": loopback.url,
        "STUBHUB_REQUESTS_PER_MINUTE": "600",
        "MIN_REQUEST_DELAY": "0",
        "MAX_REQUEST_DELAY": "0",
        "HTTPX_RETRIES": "0",
        "STATE_DIR": str(tmp_path / "state"),
        "WATCHLIST_CSV": str(tmp_path / "watchlist.csv"),
        "TICKET_PIPELINE_ENV_FILE": str(tmp_path / "absent.env"),
        "COLUMNS": "80",
    }
    made = Cli(loopback, tmp_path / "watchlist.csv", env)
    made.write_watchlist()
    return made


@pytest.fixture
def synced(cli: Cli) -> Cli:
    """The same user after `sync-events`."""
    assert cli.run("sync-events").exit_code == 0
    return cli


def assert_fits(text: str, columns: int = 80) -> None:
    """No line is longer than a terminal is wide."""
    assert [line for line in text.splitlines() if len(line) > columns] == []


@dataclass
class Searching:
    """A user with a Ticketmaster key, and the events of the marketplace."""

    cli: Cli
    events: list[SimulatedEvent]
    log: RequestLog
    faults: FaultPlan

    def ids(self) -> list[str]:
        """The Ticketmaster ids, in order of the events."""
        return [event.ids[Marketplace.TICKETMASTER] for event in self.events]


@pytest.fixture(scope="module")
def ticketmaster_of_the_module() -> Iterator[tuple[str, SimulatedWorld, RequestLog, FaultPlan]]:
    """The sample world's Ticketmaster: its URL, its world, what it is asked, and what goes wrong there."""
    world, log, faults = sample_world(datetime.now(UTC)), RequestLog(), FaultPlan()
    app = create_ticketmaster_app(world, clock=lambda: datetime.now(UTC), log=log, faults=faults, keys={CANARY})
    with serve(app) as served:
        yield served.url, world, log, faults


@pytest.fixture
def searching(cli: Cli, ticketmaster_of_the_module: tuple[str, SimulatedWorld, RequestLog, FaultPlan]) -> Searching:
    """Ticketmaster beside the user's other marketplace."""
    url, world, log, faults = ticketmaster_of_the_module
    log.clear()
    faults.clear()
    cli.env |= {"TICKETMASTER_API_KEY": CANARY, "TICKETMASTER_API_BASE_URL": url}
    events = [event for event in world.simulated_events if Marketplace.TICKETMASTER in event.ids]
    return Searching(cli, events, log, faults)
