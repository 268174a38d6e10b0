"""The fixtures of the Dagster wiring: definitions, the code location over an ephemeral instance, our own storage."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

# Private: what an instance in memory stores its runs and events in, for which Dagster has no public name.
from dagster._core.storage.event_log import in_memory as events_in_memory
from dagster._core.storage.runs import in_memory as runs_in_memory

from ticket_pipeline.definitions import build_defs
from ticket_pipeline.settings.model import Settings
from ticket_pipeline_tests.defs.location import Location
from ticket_pipeline_tests.ingest.loopback import open_loopback


@pytest.fixture(scope="session", autouse=True)
def _no_revisions_in_memory() -> Iterator[None]:
    """Dagster stamps every database with its newest revision, after loading all 89: most of the cost of an instance."""
    with pytest.MonkeyPatch.context() as patch:
        for storage in (runs_in_memory, events_in_memory):
            patch.setattr(storage, "stamp_alembic_rev", lambda *_: None)
        yield


@pytest.fixture(scope="session")
def defs() -> dg.Definitions:
    """The definitions of the default settings."""
    return build_defs(Settings())


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, database_url: str) -> Path:
    """A Dagster home with the project's own configuration, no `.env` beside it, and an empty database."""
    shutil.copy(Path(__file__).resolve().parents[2] / "dagster.yaml", tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def instance(home: Path) -> Iterator[dg.DagsterInstance]:
    """The instance that `dagster` commands get there."""
    with dg.DagsterInstance.from_config(str(home)) as opened:
        yield opened


@pytest.fixture
def location(migrated_url: str) -> Iterator[Location]:
    """Four events at a marketplace, all on the watchlist and due; their keys are not registered yet."""
    with open_loopback(migrated_url) as loopback, dg.DagsterInstance.ephemeral() as instance:
        loopback.watch()
        yield Location(loopback, instance, loopback.settings())


@pytest.fixture
def polled(location: Location) -> Location:
    """Every event captured twice in the last hours, and every price built."""
    for key in location.loopback.keys:
        for hours in (3, 1):
            location.capture(key, location.now - timedelta(hours=hours), 50, 60, 70 + hours)
    location.build_prices()
    return location
