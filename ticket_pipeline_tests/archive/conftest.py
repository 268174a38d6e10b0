"""A database with three months of captures, and a folder for the archive."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ticket_pipeline.archive.place import ArchivePlace
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.embedded import EmbeddedServer
from ticket_pipeline_tests.archive.history import play
from ticket_pipeline_tests.storage.conftest import database, database_of_the_module, filled_template, open_clone

__all__ = ["database", "database_of_the_module"]


@pytest.fixture
def place(tmp_path: Path) -> ArchivePlace:
    """A folder that is not there yet."""
    return ArchivePlace(str(tmp_path / "archive"))


@pytest.fixture(scope="module")
def played_template(database_server: EmbeddedServer, migrated_template: str) -> Iterator[str]:
    """The name of a database with captures from January to March, and all that follows from them."""
    with filled_template(database_server, migrated_template, play) as (name, _):
        yield name


@pytest.fixture
def played(database_server: EmbeddedServer, played_template: str) -> Iterator[Database]:
    """A clone of it."""
    with open_clone(database_server, played_template) as opened:
        yield opened
