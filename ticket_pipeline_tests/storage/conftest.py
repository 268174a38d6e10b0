"""A migrated database for each test of storage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ticket_pipeline.storage.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def database(migrated_url: str) -> Iterator[Database]:
    """A handle to a migrated database of the test's own, with room for its threads."""
    with Database(migrated_url, "tickets", max_connections=8) as opened:
        yield opened
