"""Parquet files, by DuckDB: zstd, exact decimals, UTC timestamps; whole under their name, or absent."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from ticket_pipeline.errors import ConfigurationError

_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    # A wheel has all that is needed: nothing is loaded from the network.
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    # A second thread saves a third of the time for half as much memory again: see docs/decisions/0019.
    "threads": "1",
    "memory_limit": "256MB",
}

_PIPE_BYTES = 1 << 16


@contextmanager
def open_duckdb() -> Iterator[duckdb.DuckDBPyConnection]:
    """A DuckDB in memory for any number of files, which spills into a folder of its own; its time zone is UTC."""
    with (
        TemporaryDirectory() as folder,
        duckdb.connect(config=_CONFIG | {"temp_directory": folder}) as connection,
    ):
        connection.execute("set timezone = 'UTC'")
        yield connection


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A name to write to beside `path`, renamed to it at the end; after a failure nothing is left."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        if part.exists():
            part.replace(path)
    except OSError as error:
        raise ConfigurationError(f"Could not write {path}: {error.strerror or error}. Choose another place.") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def stream_parquet(
    connection: duckdb.DuckDBPyConnection,
    columns: Mapping[str, str],
    part: Path,
    produce: Callable[[Callable[[Any], object]], int],
) -> int:
    """Write the CSV that `produce` hands to its argument into a Parquet file; returns how many rows it says it was.

    The rows go through a pipe, so that memory holds a part of them only, and no disk any of them twice.

    Args:
        connection: of `open_duckdb`.
        columns: name → type, in order.
        part: the file to write.
        produce: runs in a thread of its own. Nulls are unquoted, empty texts quoted, lists as in JSON.
    """
    typed = ", ".join(f"{quoted(name)}: {quoted(_read_as(kind))}" for name, kind in columns.items())
    with TemporaryDirectory() as folder, ThreadPoolExecutor(1) as pool:
        pipe = Path(folder) / "rows"
        os.mkfifo(pipe)
        produced = pool.submit(_produce, pipe, produce)
        try:
            connection.execute(
                f"copy (select {', '.join(map(_converted, columns, columns.values()))} from read_csv("  # noqa: S608 - ours
                f"{quoted(str(pipe))}, auto_detect = false, header = false, delim = ',', quote = '\"', escape = '\"', "
                f"nullstr = '', allow_quoted_nulls = false, parallel = false, columns = {{{typed}}})) "
                f"to {quoted(str(part))} (format parquet, compression zstd)"
            )
        finally:
            # Where DuckDB gave up first, the other side may still wait for a reader.
            os.close(os.open(pipe, os.O_RDONLY | os.O_NONBLOCK))
        return produced.result()


def _produce(pipe: Path, produce: Callable[[Callable[[Any], object]], int]) -> int:
    with pipe.open("wb", buffering=_PIPE_BYTES) as stream:
        return produce(stream.write)


def _read_as(kind: str) -> str:
    """A list is read as text: what CSV has of it is JSON."""
    return "VARCHAR" if kind.endswith("[]") or kind == "JSON" else kind


def _converted(name: str, kind: str) -> str:
    column = '"' + name.replace('"', '""') + '"'
    if kind.endswith("[]"):
        return f"from_json({column}, '[\"{kind.removesuffix('[]')}\"]') as {column}"
    return f"{column}::json as {column}" if kind == "JSON" else column


def quoted(text: str) -> str:
    """A text as SQL has it."""
    return "'" + text.replace("'", "''") + "'"
