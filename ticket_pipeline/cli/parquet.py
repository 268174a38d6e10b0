"""Write the answer of a command as a Parquet file."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from ticket_pipeline.cli.rows import Rows
from ticket_pipeline.cli.tables import as_json
from ticket_pipeline.storage.parquet import open_duckdb, quoted, whole_file


def write_parquet(rows: Rows, path: Path) -> None:
    """Write a table of a command; an existing file is replaced."""
    columns = ", ".join(f"{quoted(name)}: {quoted(kind)}" for name, kind in rows.columns.items())
    with TemporaryDirectory() as folder, open_duckdb() as connection, whole_file(path) as part:
        source = Path(folder) / "rows.json"
        with source.open("w", encoding="utf-8") as stream:
            for cells in rows.cells:
                row = dict(zip(rows.columns, cells, strict=True))
                stream.write(json.dumps(row, default=as_json, ensure_ascii=False) + "\n")
        connection.execute(
            f"copy (select * from read_json({quoted(str(source))}, format = 'newline_delimited', "  # noqa: S608 - ours
            f"columns = {{{columns}}})) to {quoted(str(part))} (format parquet, compression zstd)"
        )
