"""Fixtures that every room of the tests shares: database servers, the samples folder, a clean environment.

What belongs here: what starts and removes servers for a test. What does not: data, clients and anything of one room.
"""

from __future__ import annotations

import logging
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

from ticket_pipeline.settings.model import Settings
from ticket_pipeline.settings.renamed import ADVICE
from ticket_pipeline_tests.servers import choose, environment_without, throwaway_database, throwaway_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ticket_pipeline.storage.embedded import EmbeddedServer

# A shared machine stalls now and then: an example's time says nothing. Half the usual examples keep the suite short;
# HYPOTHESIS_PROFILE=thorough looks longer.
_TIMELESS = hypothesis.settings(deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.register_profile("house", _TIMELESS, max_examples=50)
hypothesis.settings.register_profile("thorough", _TIMELESS, max_examples=1000)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "house"))

_CHECKOUT = Path(__file__).resolve().parent.parent


def pytest_configure() -> None:
    """Take Ctrl-C back where a shell had us ignore it, as it does with what it starts in the background.

    Children inherit that, and Dagster makes SIGTERM what SIGINT is: no program under test could be stopped.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_report_header() -> str:
    """Say which database server the results were got on."""
    return f"database server: {choose(os.environ).describe()}"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the modules that take minutes first, so that the quick ones fill their pauses and none is left for last.

    Last, so that the order within and between the other modules stays the random one. What waits for daemons may wait
    longer than other tests: on a busy machine they take several times what they take on a quiet one.
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


@pytest.fixture(autouse=True)
def _no_log_level_from_before() -> Iterator[None]:
    """A command or a code location of one test leaves the next with everything logged."""
    yield
    logging.getLogger("ticket_pipeline").setLevel(logging.NOTSET)


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
    """The folder of recorded payloads, which is no part of the project."""
    folder = Path(os.environ.get("TICKET_PIPELINE_SAMPLES") or _CHECKOUT.parent / "shared" / "samples")
    if not folder.is_dir():
        pytest.skip(f"no samples in {folder}: set TICKET_PIPELINE_SAMPLES to their folder")
    return folder
