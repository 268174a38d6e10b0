"""A migrated and empty database for each test of storage, and one with a budget of requests."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import pytest
from psycopg.conninfo import conninfo_to_dict

from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.embedded import EmbeddedServer
from ticket_pipeline.storage.requests import set_up_budget
from ticket_pipeline_tests.servers import throwaway_database
from ticket_pipeline_tests.storage.gates import Since
from ticket_pipeline_tests.storage.stored import MINUTE, STUBHUB, empty

_T = TypeVar("_T")


@contextmanager
def open_clone(server: EmbeddedServer, template: str) -> Iterator[Database]:
    """A handle to a clone of a migrated database, with room for a test's threads."""
    with throwaway_database(server, template=template) as url, Database(url, "tickets", max_connections=8) as opened:
        yield opened


@contextmanager
def filled_template(server: EmbeddedServer, template: str, fill: Callable[[Database], _T]) -> Iterator[tuple[str, _T]]:
    """The name of a clone that `fill` wrote into, to clone from in turn, and what `fill` returned.

    For tests that begin with the same captures: writing them takes longer than a clone.
    """
    with throwaway_database(server, template=template) as url:
        with Database(url, "tickets") as database:
            made = fill(database)
        yield str(conninfo_to_dict(url)["dbname"]), made


@pytest.fixture(scope="module")
def database_of_the_module(database_server: EmbeddedServer, migrated_template: str) -> Iterator[Database]:
    """A handle to a migrated database; cloning one takes longer than most tests."""
    with open_clone(database_server, migrated_template) as opened:
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
