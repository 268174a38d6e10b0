"""Questions in SQL to the archive and the database in one, by DuckDB; it can only read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import duckdb

from ticket_pipeline.archive.archiving import TABLES
from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.storage.archive import read_archive_files
from ticket_pipeline.storage.exports import EXPORTS, Part, copy_part, read_columns
from ticket_pipeline.storage.parquet import open_duckdb, quoted, stream_parquet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ticket_pipeline.archive.place import ArchivePlace
    from ticket_pipeline.storage.archive import Month
    from ticket_pipeline.storage.database import Database


@dataclass(frozen=True, slots=True)
class Answer:
    """The names of the columns, and the rows."""

    columns: Sequence[str]
    rows: Sequence[tuple[object, ...]]


def ask(
    database: Database, place: ArchivePlace, question: str, *, month: Month | None = None, only_files: bool = False
) -> Answer:
    """The answer to one select about `listings`, `rejected_listings` and `listing_changes`.

    Each table is the rows of its archived files and, unless `only_files`, those of the database that count. The latter
    go through a temporary Parquet file, so that memory holds a part of them only. The select reads nothing else: no
    other file, and no address.

    Args:
        database: migrated.
        place: where the files are.
        question: the select.
        month: only its rows; None: all, which takes minutes where the database has many listings.
        only_files: leave out the rows of the database.

    Raises:
        ConfigurationError: the question is no select, or DuckDB does not understand it.
    """
    with TemporaryDirectory() as folder, open_duckdb() as connection:
        place.attach(connection)
        try:
            statements = connection.extract_statements(question)
            if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
                raise ConfigurationError("The archive answers one select at a time, and changes nothing.")
            named = {name.rpartition(".")[2].casefold() for name in connection.get_table_names(question)}
            files = [each for each in read_archive_files(database, month) if each.is_the_place]
            readable: list[str] = []
            for table in sorted(named & TABLES.keys()):
                live = Path(folder) / f"{table}.parquet"
                _copy_live(database, connection, table, live, month, only_files=only_files)
                addresses = [str(live), *(place.address(each.file) for each in files if each.table_name == table)]
                connection.execute(
                    f"create view {table} as select * from "  # noqa: S608 - ours
                    f"read_parquet([{_listed(addresses)}], union_by_name = true)"
                )
                readable += addresses
            _close(connection, readable)
            answer = connection.execute(question)
            return Answer([each[0] for each in answer.description or ()], answer.fetchall())
        except duckdb.Error as error:
            raise ConfigurationError(f"DuckDB could not answer: {str(error).splitlines()[0]}") from error


def _copy_live(
    database: Database,
    connection: duckdb.DuckDBPyConnection,
    table: str,
    file: Path,
    month: Month | None,
    *,
    only_files: bool,
) -> None:
    columns = read_columns(database, EXPORTS[table])
    first_on, until_on = (month.first_on, month.plus(1).first_on) if month else (None, None)
    part = Part(EXPORTS[table], first_on, until_on, is_live=True)
    stream_parquet(
        connection,
        {each.name: each.kind for each in columns},
        file,
        lambda write: 0 if only_files else copy_part(database, part, columns, write, is_for_people=False),
    )


def _close(connection: duckdb.DuckDBPyConnection, readable: Sequence[str]) -> None:
    """Let a select read these files, and nothing else of the machine: it may come from a page or a colleague."""
    connection.execute(f"set allowed_paths = [{_listed(readable)}]")
    connection.execute("set python_enable_replacements = false")  # else variables of ours are tables
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(map(quoted, texts))
