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
    from ticket_pipeline.storage.database import Database


@dataclass(frozen=True, slots=True)
class Answer:
    """The names of the columns, and the rows."""

    columns: Sequence[str]
    rows: Sequence[tuple[object, ...]]


def ask(database: Database, place: ArchivePlace, question: str, *, only_files: bool = False) -> Answer:
    """The answer to one select about `listings`, `rejected_listings` and `listing_changes`.

    Each table is the rows of its archived files and, unless `only_files`, those of the database that count. The latter
    go through a temporary Parquet file, so that memory holds a part of them only.

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
            for table in TABLES:
                if table in named:
                    _create_view(database, place, connection, table, Path(folder), only_files=only_files)
            answer = connection.execute(question)
            return Answer([each[0] for each in answer.description or ()], answer.fetchall())
        except duckdb.Error as error:
            raise ConfigurationError(f"DuckDB could not answer: {str(error).splitlines()[0]}") from error


def _create_view(
    database: Database,
    place: ArchivePlace,
    connection: duckdb.DuckDBPyConnection,
    table: str,
    folder: Path,
    *,
    only_files: bool,
) -> None:
    files = [each for each in read_archive_files(database) if each.table_name == table and each.is_the_place]
    addresses = [place.address(each.file) for each in files]
    live = folder / f"{table}.parquet"
    columns = read_columns(database, EXPORTS[table])
    part = Part(EXPORTS[table], is_live=True)
    stream_parquet(
        connection,
        {each.name: each.kind for each in columns},
        live,
        lambda write: 0 if only_files else copy_part(database, part, columns, write, is_for_people=False),
    )
    listed = ", ".join(map(quoted, [str(live), *addresses]))
    connection.execute(
        f"create view {table} as select * from read_parquet([{listed}], union_by_name = true)"  # noqa: S608 - ours
    )
