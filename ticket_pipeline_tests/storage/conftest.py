"""A migrated and empty database for each test of storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ticket_pipeline.storage.database import Database
from ticket_pipeline_tests.servers import throwaway_database
from ticket_pipeline_tests.storage.stored import empty

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ticket_pipeline.storage.embedded import EmbeddedServer


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
