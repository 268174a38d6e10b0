"""A migrated and empty database for each test of storage, and one with a budget of requests."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.embedded import EmbeddedServer
from ticket_pipeline.storage.requests import set_up_budget
from ticket_pipeline_tests.servers import throwaway_database
from ticket_pipeline_tests.storage.gates import Since
from ticket_pipeline_tests.storage.stored import MINUTE, STUBHUB, empty


@pytest.fixture(scope="module")
def database_of_the_module(database_server: EmbeddedServer, migrated_template: str) -> Iterator[Database]:
    """A handle to a migrated database, with room for a test's threads; cloning one takes longer than most tests."""
    with (
        throwaway_database(database_server, template=migrated_template) as url,
        Database(url, "tickets", max_connections=8) as opened,
    ):
        yield opened


@pytest.fixture
def database(database_of_the_module: Database) -> Database:
    """A handle to a migrated database with nothing in it."""
    empty(database_of_the_module)
    return database_of_the_module


@pytest.fixture
def budget(database: Database) -> Database:
    """A database where StubHub may be sent 4 requests in any minute, 3 at once."""
    Since.began = time.monotonic()
    set_up_budget(database, STUBHUB, {MINUTE: 4}, max_concurrent=3)
    return database
