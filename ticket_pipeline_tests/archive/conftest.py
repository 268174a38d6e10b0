"""A database with three months of captures, and a folder for the archive."""

from __future__ import annotations

from pathlib import Path

import pytest

from ticket_pipeline.archive.place import ArchivePlace
from ticket_pipeline.storage.database import Database
from ticket_pipeline_tests.archive.history import play
from ticket_pipeline_tests.storage.conftest import database, database_of_the_module

__all__ = ["database", "database_of_the_module"]


@pytest.fixture
def place(tmp_path: Path) -> ArchivePlace:
    """A folder that is not there yet."""
    return ArchivePlace(str(tmp_path / "archive"))


@pytest.fixture
def played(database: Database) -> Database:
    """Captures from January to March, with all that follows from them."""
    play(database)
    return database
