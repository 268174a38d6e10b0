"""What is wrong with stored primary sales: questions whose good answer is no row.

What belongs here: asking. What does not: what counts as too much, and telling it (`defs.primary_sales.checks`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database, Row


def find_unreconciled_events(database: Database) -> list[Row]:
    """Events of which another number of tickets is known than vivenu announced."""
    return database.fetch_all("primary_sales/find_unreconciled_events")


def find_oversold(database: Database) -> list[Row]:
    """Events and ticket types that sold more than their capacity."""
    return database.fetch_all("primary_sales/find_oversold")


def find_daily_sales_that_disagree(database: Database) -> list[Row]:
    """Events whose daily sales are not those of their tickets."""
    return database.fetch_all("primary_sales/find_daily_sales_that_disagree")


def find_negative_prices(database: Database) -> list[Row]:
    """Events with tickets that were paid with less than nothing."""
    return database.fetch_all("primary_sales/find_negative_prices")


def count_unread_answers(database: Database) -> list[Row]:
    """Of the answers given about `gender` and `age`, how many say nothing to us, by event."""
    return database.fetch_all("primary_sales/count_unread_answers")
