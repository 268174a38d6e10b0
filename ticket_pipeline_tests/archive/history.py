"""Three months of captures for the tests of the archive, and what must not change about them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from psycopg import sql

from ticket_pipeline.archive.archiving import TABLES
from ticket_pipeline.market.sale_rates import SaleRules
from ticket_pipeline.storage.archive import Month
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.prices import HOUR, contiguous_spans, read_stale_windows, rebuild_daily, rebuild_hourly
from ticket_pipeline.storage.sales import update_sales
from ticket_pipeline_tests.storage.stored import Item, event_record, items, rejects, store, watch

JANUARY, FEBRUARY, MARCH = (Month(date(2026, number, 1)) for number in (1, 2, 3))
TODAY = datetime(2026, 11, 29, 12, tzinfo=UTC)
STEP = timedelta(days=3, hours=7)
AGGREGATES = ("hourly_prices", "daily_prices", "estimated_sales", "snapshots")
ODD = Item(
    listing_id="odd",
    section='Upper, "left"\nbox \\ é',
    row="",
    zone="*",
    splits=(),
    notes="",
    ask_price=0.1,
    price=9.99,
)


def play(database: Database) -> None:
    """Two events with a capture every three days around February, some listings odd and some rejected."""
    for number, event in enumerate(watch(database, event_record(1), event_record(2))):
        moment, step = FEBRUARY.start - 2 * STEP + timedelta(hours=number, microseconds=1), 0
        while moment < FEBRUARY.end + 2 * STEP:
            stock = items(6 + step % 4) + [ODD] * (step % 2)
            store(database, event, moment, stock, rejects(step % 3))
            moment, step = moment + STEP, step + 1
    for span in contiguous_spans(read_stale_windows(database, "hour"), HOUR, most=24):
        rebuild_hourly(database, span)
    rebuild_daily(database, JANUARY.first_on, date(2026, 4, 1))
    update_sales(database, SaleRules())


def contents(database: Database, *tables: str, month: Month | None = None) -> dict[str, list[bytes]]:
    """The rows of tables as PostgreSQL writes them, in order; of one month, or all."""
    found = {}
    for table in tables or tuple(TABLES):
        span = sql.SQL("true")
        if month is not None:
            span = sql.SQL("captured_at >= {} and captured_at < {}").format(month.start, month.end)
        query = sql.SQL("copy (select * from {} where {}) to stdout").format(sql.Identifier(table), span)
        with database.connection() as connection, connection.cursor() as cursor, cursor.copy(query) as copy:
            found[table] = sorted(b"".join(copy).splitlines())
    return found
