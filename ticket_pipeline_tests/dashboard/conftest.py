"""A dashboard over a migrated and empty database, on loopback."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from ticket_pipeline.dashboard.app import create_app
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.storage.database import Database
from ticket_pipeline_tests.simulator_support.serving import open_client
from ticket_pipeline_tests.storage.conftest import database, database_of_the_module
from ticket_pipeline_tests.storage.stored import NOON

__all__ = ["dashboard", "database", "database_of_the_module"]


@pytest.fixture
def dashboard(database: Database) -> Iterator[httpx.Client]:
    """A client of the dashboard; it is noon on its clock, and its connections can only read."""
    with (
        Database(database.url, "tickets", read_only=True) as reading,
        open_client(create_app(reading, Settings(), lambda: NOON)) as client,
    ):
        yield client
