"""Parquet files, by DuckDB: zstd, exact decimals, UTC timestamps; whole under their name, or absent."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from ticket_pipeline.cli.rows import Rows
from ticket_pipeline.cli.tables import as_json
from ticket_pipeline.errors import ConfigurationError

_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    # A wheel has all that is needed: nothing is loaded from the network.
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    # A second thread saves a third of the time for half as much memory again: see docs/decisions/0019.
    "threads": "1",
    "memory_limit": "256MB",
}


@contextmanager
def open_duckdb(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB in memory that spills into `folder`, if it must; its time zone is UTC."""
    with duckdb.connect(config=_CONFIG | {"temp_directory": str(folder)}) as connection:
        connection.execute("set timezone = 'UTC'")
        yield connection


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A name to write to beside `path`, renamed to it at the end, and removed after a failure."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        part.replace(path)
    except OSError as error:
        raise ConfigurationError(f"Could not write {path}: {error.strerror or error}. Choose another place.") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def write_parquet(rows: Rows, path: Path) -> None:
    """Write a table of a command; an existing file is replaced."""
    columns = ", ".join(f"{_quoted(name)}: {_quoted(kind)}" for name, kind in rows.columns.items())
    with TemporaryDirectory() as folder, open_duckdb(Path(folder)) as connection, whole_file(path) as part:
        source = Path(folder) / "rows.json"
        with source.open("w", encoding="utf-8") as stream:
            for cells in rows.cells:
                row = dict(zip(rows.columns, cells, strict=True))
                stream.write(json.dumps(row, default=as_json, ensure_ascii=False) + "\n")
        connection.execute(
            f"copy (select * from read_json({_quoted(str(source))}, format = 'newline_delimited', "  # noqa: S608 - ours
            f"columns = {{{columns}}})) to {_quoted(str(part))} (format parquet, compression zstd)"
        )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
