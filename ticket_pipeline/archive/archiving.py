"""Move a month into the archive: write, read back, compare, and only then delete.

A month's listings are in one place at every moment: `archive_files` says in which, and one transaction changes it.
Every step can be repeated, so that after a kill the next run goes on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from psycopg import sql

from ticket_pipeline.archive.checksums import Content, sum_file, sum_table
from ticket_pipeline.errors import StorageError
from ticket_pipeline.storage.archive import Month, days_of, last_due_month, read_archive_files
from ticket_pipeline.storage.database import Transaction
from ticket_pipeline.storage.exports import EXPORTS, Column, Part, copy_part, read_columns
from ticket_pipeline.storage.parquet import open_duckdb, stream_parquet

if TYPE_CHECKING:
    import duckdb

    from ticket_pipeline.archive.place import ArchivePlace
    from ticket_pipeline.storage.archive import ArchiveFile
    from ticket_pipeline.storage.database import Database

TABLES = {
    "listings": ("event_id", "listing_id", "captured_at"),
    "rejected_listings": ("event_id", "captured_at", "position"),
    "listing_changes": ("event_id", "captured_at", "listing_id"),
}
"""What is archived, and in what order the rows of a day stand in a file: what is alike stands together."""

YOUNGEST = 4
"""Months that a month must be over: a capture is compared with one of up to 90 days before, by their listings."""

OnStep = Callable[[str], None]


def archive_month(
    database: Database, place: ArchivePlace, month: Month, this_moment: datetime, on_step: OnStep = lambda _: None
) -> list[ArchiveFile]:
    """Move a month into the archive; goes on where an earlier run ended. Returns its files: none without captures.

    Raises:
        StorageError: the month is too young, another archiver is at work, or a file could not be written or is not
            equal to its table. Nothing was deleted then.
    """
    if month > last_due_month(this_moment, YOUNGEST):
        raise StorageError(
            f"{month.name} is too young to be archived: captures are compared with those of the 90 days before. "
            f"The newest month that can be archived now is {last_due_month(this_moment, YOUNGEST)}."
        )
    sources = database.fetch_all("archive/select_sources", starts_from=month.start, starts_until=month.end)
    if not sources:
        return []
    with one_archiver(database):
        if not any(each.is_the_place for each in read_archive_files(database, month)):
            _write(database, place, month, {each["marketplace"]: each["days"] for each in sources}, on_step)
            _switch(database, month, on_step)
        if any(each.state == "dropping" for each in read_archive_files(database, month)):
            _delete(database, month, on_step)
            database.execute("archive/mark_dropped", month_on=month.first_on, dropped_at=datetime.now(UTC))
    return read_archive_files(database, month)


@contextmanager
def one_archiver(database: Database) -> Iterator[None]:
    """No other process archives or restores meanwhile; a killed one lets go with its connection."""
    with database.connection("lock the archive") as connection:
        session = Transaction(connection)
        lock = session.fetch_one("archive/lock_archiver")
        if lock is None or not lock["is_free"]:
            raise StorageError("Another process archives or restores right now. Try again when it is done.")
        try:
            yield
        finally:
            session.fetch_one("archive/unlock_archiver")


def _write(
    database: Database, place: ArchivePlace, month: Month, sources: Mapping[str, Sequence[date]], on_step: OnStep
) -> None:
    """Write every file of a month anew, and read each back; `sources`: marketplace → days with captures."""
    database.execute("archive/forget_written", month_on=month.first_on)
    with open_duckdb() as connection:
        place.attach(connection)
        for table, order in TABLES.items():
            columns = read_columns(database, EXPORTS[table])
            for marketplace, days in sources.items():
                on_step(f"Writing {table} of {marketplace}")
                parts = [
                    Part(EXPORTS[table], day, day + timedelta(1), marketplace=marketplace, order=order) for day in days
                ]
                _write_file(database, place, connection, month, parts, columns)


def _write_file(
    database: Database,
    place: ArchivePlace,
    connection: duckdb.DuckDBPyConnection,
    month: Month,
    parts: Sequence[Part],
    columns: list[Column],
) -> None:
    table, marketplace = parts[0].export.table, parts[0].marketplace
    file = f"{marketplace}/{month}/{table}.parquet"
    kinds = {each.name: each.kind for each in columns}
    with place.write(file) as path:
        written = stream_parquet(
            connection,
            kinds,
            path,
            lambda write: sum(copy_part(database, part, columns, write, is_for_people=False) for part in parts),
        )
        size = path.stat().st_size
    content = read_back(connection, place, file)
    if content.rows != written:
        raise StorageError(f"{file} has {content.rows} rows instead of {written}. Nothing was deleted; run it again.")
    database.execute(
        "archive/record_written",
        month_on=month.first_on,
        marketplace=marketplace,
        table_name=table,
        file=file,
        rows=content.rows,
        checksum=content.checksum,
        bytes=size,
        written_at=datetime.now(UTC),
    )


def read_back(connection: duckdb.DuckDBPyConnection, place: ArchivePlace, file: str) -> Content:
    """What a file holds, read whole from where it is."""
    with place.reading(file):
        return sum_file(connection, place.address(file))


def _switch(database: Database, month: Month, on_step: OnStep) -> None:
    """Compare files and tables while nobody can rebuild from the month; where they are equal, the files count."""
    on_step("Comparing the files with the database")
    files = {(each.table_name, each.marketplace): each for each in read_archive_files(database, month)}
    with database.transaction(f"compare {month.name} with its files") as transaction:
        transaction.execute("archive/lock_month", month_on=month.first_on)
        transaction.execute("sales/lock_sales")
        for table in TABLES:
            stored = sum_table(transaction, table, read_columns(database, EXPORTS[table]), month)
            written = {
                marketplace: Content(each.rows, each.checksum)
                for (name, marketplace), each in files.items()
                if name == table and each.rows
            }
            if stored != written:
                raise StorageError(
                    f"The {table} of {month.name} are not equal to their files: {_totals(stored)} in the database, "
                    f"{_totals(written)} in the files. They changed meanwhile, or the archive is damaged. Nothing was "
                    "deleted; run it again."
                )
        transaction.execute("archive/mark_dropping", month_on=month.first_on)


def _totals(contents: dict[str, Content]) -> str:
    return f"{sum(each.rows for each in contents.values()):,} rows"


def _delete(database: Database, month: Month, on_step: OnStep) -> None:
    """Delete the rows of a month, a day at a time; on TimescaleDB whole chunks first."""
    on_step("Deleting what the files hold")
    database.fetch_all("archive/drop_chunks", starts_from=month.start, starts_until=month.end)
    for start, end in days_of(month):
        for table in TABLES:
            database.execute(f"archive/delete_{table}", starts_from=start, starts_until=end)
    on_step("Freeing their space for new rows")
    for table in TABLES:
        with database.connection(f"vacuum {table}") as connection:
            connection.execute(sql.SQL("vacuum (analyze) {}").format(sql.Identifier(table)))
