"""Fixtures that every folder of the tests shares: database servers, the samples folder, a clean environment."""

from __future__ import annotations

import logging
import os
import signal
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import hypothesis
import pytest

from ticket_pipeline.logs import set_up_logs
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.settings.renamed import ADVICE
from ticket_pipeline.storage.embedded import EmbeddedServer
from ticket_pipeline_tests.servers import choose, environment_without, throwaway_database, throwaway_server

# No deadlines, since machines stall. Half the usual examples; HYPOTHESIS_PROFILE=thorough runs more.
_TIMELESS = hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.register_profile("house", _TIMELESS, max_examples=50)
hypothesis.settings.register_profile("thorough", _TIMELESS, max_examples=1000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))

_CHECKOUT = Path(__file__).resolve().parent.parent


def pytest_configure() -> None:
    """Accept SIGINT, which shells ignore in background jobs; children inherit that and could not be stopped."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> str:
    """Name the database server."""
    return f"database server: {choose(os.environ).describe()}"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the modules that take minutes first, so that the quick ones fill their pauses; `trylast` keeps random order.

    Tests that wait for daemons have a longer limit, for busy machines.
    """
    for item in items:
        if "end_to_end" in item.path.parts:
            item.add_marker(pytest.mark.timeout(1800))
    items.sort(key=lambda item: {"end_to_end", "benchmarks", "test_three_hours.py"}.isdisjoint(item.path.parts))


@pytest.fixture(autouse=True)
def _no_settings_from_outside() -> Iterator[None]:
    """No test sees a developer's own DATABASE_URL or credentials."""
    with environment_without({name.upper() for name in Settings.model_fields} | {"VIVENU_API_TOKEN", *ADVICE}):
        yield


@cache
def _plain_settings() -> Settings:
    """Settings without anything from outside; making them takes 8 ms, which 6,000 tests would pay."""
    return Settings()


@pytest.fixture(autouse=True)
def _no_log_level_from_before() -> Iterator[None]:
    """Undo what a command or a code location set up for the log."""
    yield
    set_up_logs(_plain_settings())
    logging.getLogger("ticket_pipeline").setLevel(logging.NOTSET)
    logging.setLogRecordFactory(logging.LogRecord)


@pytest.fixture(scope="session")
def database_server() -> Iterator[EmbeddedServer]:
    """A running server for this test process; TimescaleDB where the environment asks for it (see `servers`)."""
    choice = choose(os.environ)
    if choice.missing:
        (pytest.fail if choice.must_exist else pytest.skip)(choice.missing)
    with throwaway_server(choice) as server:
        yield server


@pytest.fixture
def database_url(database_server: EmbeddedServer) -> Iterator[str]:
    """The URL of an empty database of the test's own."""
    with throwaway_database(database_server) as url:
        yield url


@pytest.fixture(scope="session")
def migrated_template(database_server: EmbeddedServer) -> Iterator[str]:
    """The name of a database with all migrations applied to schema `tickets`, to clone from; do not connect to it."""
    from ticket_pipeline.storage.migrations import apply_migrations  # noqa: PLC0415 - only tests of the schema pay for it

    with throwaway_database(database_server) as url:
        apply_migrations(url, schema="tickets")
        yield url.partition("?")[0].rpartition("/")[2]


@pytest.fixture
def migrated_url(database_server: EmbeddedServer, migrated_template: str) -> Iterator[str]:
    """The URL of a database of the test's own with all migrations applied to schema `tickets`."""
    with throwaway_database(database_server, template=migrated_template) as url:
        yield url


@pytest.fixture(scope="session")
def samples_dir() -> Path:
    """The folder of recorded payloads, outside the project."""
    folder = Path(os.environ.get("TICKET_PIPELINE_SAMPLES") or _CHECKOUT.parent / "shared" / "samples")
    if not folder.is_dir():
        pytest.skip(f"no samples in {folder}: set TICKET_PIPELINE_SAMPLES to their folder")
    return folder
