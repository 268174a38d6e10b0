"""The fixtures of the Dagster wiring: the code location over an ephemeral instance."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from ticket_pipeline_tests.defs.location import Location
from ticket_pipeline_tests.ingest.loopback import open_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def location(migrated_url: str) -> Iterator[Location]:
    """Four events at a marketplace, all on the watchlist and due; their keys are not registered yet."""
    with open_loopback(migrated_url) as loopback, dg.DagsterInstance.ephemeral() as instance:
        loopback.watch()
        yield Location(loopback, instance, loopback.settings())


@pytest.fixture
def polled(location: Location) -> Location:
    """Every event captured twice in the last hours, and every price built."""
    for key in location.loopback.keys:
        for hours in (3, 1):
            location.capture(key, location.now - timedelta(hours=hours), 50, 60, 70 + hours)
    location.build_prices()
    return location
