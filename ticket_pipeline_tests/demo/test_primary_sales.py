"""The demo's primary sales are read by the pipeline's own code, and are whole when the dashboard starts."""

from __future__ import annotations

import asyncio

from ticket_pipeline.demo.primary_sales import read_primary_sales
from ticket_pipeline_tests.primary_sales.organiser import NOW
from ticket_pipeline_tests.primary_sales.organiser_location import open_organiser_location
from ticket_pipeline_tests.primary_sales.truth import assert_every_number_is_true


def test_every_table_of_primary_sales_is_filled_and_a_second_read_changes_nothing(migrated_url: str) -> None:
    with open_organiser_location(migrated_url) as place:
        for _ in range(2):
            asyncio.run(read_primary_sales(place.database, place.settings(), NOW))
            assert_every_number_is_true(place, NOW)
