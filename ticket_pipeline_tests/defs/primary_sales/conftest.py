"""The fixture of the tests of primary sales in Dagster."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from ticket_pipeline_tests.defs.primary_sales.vivenu_location import VivenuLocation
from ticket_pipeline_tests.primary_sales.organiser_location import open_organiser_location


@pytest.fixture
def vivenu(migrated_url: str, tmp_path: Path) -> Iterator[VivenuLocation]:
    """Five events and three hundred tickets of an organiser, nothing read yet."""
    with open_organiser_location(migrated_url, tickets=300) as place, dg.DagsterInstance.ephemeral() as instance:
        yield VivenuLocation(place, instance, tmp_path)
