"""The fixtures of the Dagster wiring: the code location over an ephemeral instance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg
import pytest

from ticket_pipeline_tests.defs.location import Location
from ticket_pipeline_tests.defs.primary_sales.pipeline_runs import PipelineRuns
from ticket_pipeline_tests.ingest.loopback import open_loopback
from ticket_pipeline_tests.primary_sales.organiser_location import open_organiser_location

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def location(migrated_url: str) -> Iterator[Location]:
    """Four events at a marketplace, all on the watchlist and due; their keys are not registered yet."""
    with open_loopback(migrated_url) as loopback, dg.DagsterInstance.ephemeral() as instance:
        loopback.watch()
        yield Location(loopback, instance, loopback.settings())


@pytest.fixture
def runs(migrated_url: str, tmp_path: Path) -> Iterator[PipelineRuns]:
    """Five events and three hundred tickets of an organiser, nothing read yet."""
    with open_organiser_location(migrated_url, tickets=300) as place, dg.DagsterInstance.ephemeral() as instance:
        yield PipelineRuns(place, instance, tmp_path)
