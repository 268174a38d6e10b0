"""A migrated and empty database for each test."""

from __future__ import annotations

from ticket_pipeline_tests.storage.conftest import database, database_of_the_module

__all__ = ["database", "database_of_the_module"]
