"""The fixtures of polling: a marketplace with four events, all of them on the watchlist's database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ticket_pipeline_tests.ingest.loopback import Loopback, open_loopback


@pytest.fixture
def loopback(migrated_url: str) -> Iterator[Loopback]:
    """A marketplace with four events, and a database that knows none of them yet (`watch`)."""
    with open_loopback(migrated_url) as opened:
        yield opened


@pytest.fixture
def watching(loopback: Loopback) -> Loopback:
    """Four events on the watchlist, all due at once."""
    loopback.watch()
    return loopback
