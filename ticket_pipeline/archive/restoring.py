"""Bring a month back from the archive, and verify its files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from psycopg import DataError, sql

from ticket_pipeline.archive.archiving import OnStep, one_archiver, read_back
from ticket_pipeline.archive.checksums import Content, sum_table
from ticket_pipeline.errors import StorageError
from ticket_pipeline.storage.archive import read_archive_files
from ticket_pipeline.storage.exports import EXPORTS, read_columns
from ticket_pipeline.storage.parquet import open_duckdb, quoted

if TYPE_CHECKING:
    import duckdb

    from ticket_pipeline.archive.place import ArchivePlace
    from ticket_pipeline.storage.archive import ArchiveFile, Month
    from ticket_pipeline.storage.database import Database, Transaction

_ROWS_AT_ONCE = 10_000
_STAGED = "restored_rows"


@dataclass(frozen=True, slots=True)
class Verified:
    """A file of the archive and what is wrong with it (None: nothing)."""

    file: ArchiveFile
    problem: str | None


def verify_files(
    place: ArchivePlace, files: Sequence[ArchiveFile], on_file: Callable[[int], None] = lambda _: None
) -> Iterator[Verified]:
    """Read files whole, and compare count and checksum with those of the rows that were archived."""
    with open_duckdb() as connection:
        place.attach(connection)
        for each in files:
            yield Verified(each, _find_problem(connection, place, each))
            on_file(1)


def _find_problem(connection: duckdb.DuckDBPyConnection, place: ArchivePlace, file: ArchiveFile) -> str | None:
    try:
        found = read_back(connection, place, file.file)
    except StorageError as error:
        return str(error)
    if found.rows != file.rows:
        return f"{found.rows:,} rows instead of {file.rows:,}"
    return None if found.checksum == file.checksum else "its rows are others than were archived"


def restore_month(
    database: Database, place: ArchivePlace, month: Month, on_step: OnStep = lambda _: None
) -> dict[str, int]:
    """Bring the rows of a month back, in one transaction: all of them, or none. Returns how many, by table.

    The files stay. Rows of events that were deleted since stay out.

    Raises:
        StorageError: the month is not archived, or a file is missing or damaged. Nothing has changed then.
    """
    with one_archiver(database):
        files = [each for each in read_archive_files(database, month) if each.is_the_place]
        if not files:
            raise StorageError(
                f"{month.name} is not in the archive, or is back already: see `ticket-pipeline archive list`."
            )
        with database.transaction(f"restore {month.name}") as transaction, open_duckdb() as connection:
            place.attach(connection)
            transaction.execute("archive/lock_month", month_on=month.first_on)
            bounds = {"starts_from": month.start, "starts_until": month.end}
            for table in dict.fromkeys(each.table_name for each in files):
                # What a run that was killed had not deleted yet.
                transaction.execute(f"archive/delete_{table}", **bounds)
            restored: dict[str, int] = {}
            for each in files:
                on_step(f"Restoring {each.file}")
                rows = _restore_file(database, transaction, connection, place, each)
                restored[each.table_name] = restored.get(each.table_name, 0) + rows
            transaction.execute("archive/mark_restored", month_on=month.first_on, restored_at=datetime.now(UTC))
    return restored


def _restore_file(
    database: Database,
    transaction: Transaction,
    connection: duckdb.DuckDBPyConnection,
    place: ArchivePlace,
    file: ArchiveFile,
) -> int:
    """Copy a file beside its table, compare, and insert what belongs to an event that is still there."""
    run = transaction.connection.execute
    table, staged = sql.Identifier(file.table_name), sql.Identifier(_STAGED)
    with place.reading(file.file):
        rows = connection.execute(f"select * from read_parquet({quoted(place.address(file.file))})")  # noqa: S608 - ours
    names = [each[0] for each in rows.description or ()]
    run(sql.SQL("create temp table {} (like {}) on commit drop").format(staged, table))
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    copied = sql.SQL("copy {} ({}) from stdin").format(staged, columns)
    damaged = f"{file.file} is not what was archived: it is damaged or was replaced. Nothing has changed."
    try:
        with transaction.connection.cursor() as cursor, cursor.copy(copied) as copy:
            for batch in _batches(place, file, rows):
                for row in batch:
                    copy.write_row(row)
    except DataError as error:
        raise StorageError(damaged) from error
    known = {each.name: each for each in read_columns(database, EXPORTS[file.table_name])}
    found = sum_table(transaction, _STAGED, [known[name] for name in names])
    expected = {file.marketplace: Content(file.rows, file.checksum)} if file.rows else {}
    if found != expected:
        raise StorageError(damaged)
    inserted = run(
        sql.SQL(
            "insert into {} ({}) select {} from {} as r where exists (select 1 from snapshots as s where "
            "s.event_id = r.event_id and s.marketplace = r.marketplace and s.captured_at = r.captured_at)"
        ).format(table, columns, columns, staged)
    ).rowcount
    run(sql.SQL("drop table {}").format(staged))
    return inserted


def _batches(
    place: ArchivePlace, file: ArchiveFile, rows: duckdb.DuckDBPyConnection
) -> Iterator[list[tuple[object, ...]]]:
    with place.reading(file.file):
        while batch := rows.fetchmany(_ROWS_AT_ONCE):
            yield batch
