"""`export`: tables and answers into files, one per day, in constant memory; interrupted, it goes on where it ended."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ticket_pipeline.cli.formats import counted, plain
from ticket_pipeline.cli.rebuilding import rebuild_stale_days, rebuild_stale_hours
from ticket_pipeline.cli.session import note_archived, open_migrated
from ticket_pipeline.cli.tables import note, progress, show, table_of
from ticket_pipeline.queries.events import find_event
from ticket_pipeline.settings.model import load_settings
from ticket_pipeline.storage.archive import ARCHIVED
from ticket_pipeline.storage.exports import (
    EXPORTS,
    Column,
    Export,
    Part,
    copy_part,
    read_bounds,
    read_columns,
    split_parts,
)
from ticket_pipeline.storage.parquet import open_duckdb, stream_parquet, whole_file
from ticket_pipeline.storage.prices import Span

if TYPE_CHECKING:
    import duckdb

    from ticket_pipeline.storage.database import Database

_DAY = timedelta(days=1)


class Format(StrEnum):
    """How a file is written."""

    PARQUET = "parquet"
    CSV = "csv"


@dataclass(frozen=True, slots=True)
class Task:
    """One file to write."""

    part: Part
    columns: Sequence[Column]
    path: Path

    def is_complete(self) -> bool:
        """Whether the file was written after its last day was over."""
        if self.part.until_on is None or not self.path.exists():
            return False
        over = datetime.combine(self.part.until_on, datetime.min.time(), UTC)
        return self.path.stat().st_mtime >= over.timestamp()


def export(
    tables: Annotated[list[str] | None, typer.Argument(metavar="TABLE", help="Which; `--list` shows them.")] = None,
    *,
    to: Annotated[Path | None, typer.Option(metavar="FOLDER", file_okay=False, help="Where to; it is created.")] = None,
    event: Annotated[
        list[str] | None, typer.Option(metavar="EVENT", help="Its id or words of its name; repeat it; unset: all.")
    ] = None,
    first_on: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First UTC day; unset: as far as data goes.")
    ] = None,
    last_on: Annotated[
        datetime | None, typer.Option("--until", formats=["%Y-%m-%d"], help="Last UTC day, included; unset: today.")
    ] = None,
    kind: Annotated[Format, typer.Option("--format", help="CSV is for people, Parquet (zstd) for programs.")] = (
        Format.PARQUET
    ),
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write complete files again, too.")] = False,
    list_tables: Annotated[bool, typer.Option("--list", help="Show which tables there are, and end.")] = False,
) -> None:
    """Write tables, or answers to questions, into files, one per day: exact decimals, UTC timestamps; constant memory.

    A file is FOLDER/TABLE/DAY.parquet, and of chosen events FOLDER/TABLE/EVENT/DAY.parquet; tables with few rows have
    one per month. It appears when it is whole. One that was written after its day was over is skipped the next time, so
    an export that was interrupted goes on where it ended; what changed about the past since needs `--overwrite`.

        ticket-pipeline export listings hourly_prices --event "glass orchard" --from 2026-11-01 --to exported
        ticket-pipeline export price_history market_now --format csv --to exported
        ticket-pipeline export --list
    """
    if list_tables:
        show(
            table_of(
                EXPORTS.values(),
                {"Table": lambda one: one.table, "One row per": lambda one: one.holds, "Files": _files},
            )
        )
        return
    chosen = _chosen_tables(tables)
    if first_on and last_on and first_on > last_on:
        raise typer.BadParameter("--from is after --until")
    if to is None:
        raise typer.BadParameter("name a folder with --to")
    with open_migrated(load_settings()) as database:
        events = [find_event(database, key).sources[0] for key in event or ()]
        scopes: dict[str, list[int] | None] = {f"{_slug(one.name)}-{one.event_id}": [one.event_id] for one in events}
        if not events:
            scopes[""] = None
        for name, ids in scopes.items():
            span = _find_span(database, ids, first_on, last_on)
            if span is None:
                note(f"Nothing was captured{f' of {name}' if name else ''} yet, or not on these days.")
                continue
            _bring_up_to_date(database, chosen, span)
            if any(each.table in ARCHIVED for each in chosen):
                note_archived(database, _midnight(span[0]), _midnight(span[1] + _DAY))
            for table in chosen:
                columns = read_columns(database, table)
                folder = to / table.table / name
                parts = split_parts(table, *span, ids)
                tasks = [Task(part, columns, folder / f"{_part_name(part)}.{kind}") for part in parts]
                _export(database, tasks, folder, overwrite=overwrite)


def _files(export: Export) -> str:
    if export.time_column is None:
        return "one"
    return f"per {'month' if export.by_month else 'day'} of {export.time_column}"


def _chosen_tables(tables: Sequence[str] | None) -> list[Export]:
    if not tables:
        raise typer.BadParameter("name a table; --list shows them")
    if unknown := [name for name in tables if name not in EXPORTS]:
        raise typer.BadParameter(f"no table {', '.join(unknown)}; there are {', '.join(EXPORTS)}")
    return [EXPORTS[name] for name in dict.fromkeys(tables)]


def _find_span(
    database: Database, ids: Sequence[int] | None, first_on: datetime | None, last_on: datetime | None
) -> tuple[date, date] | None:
    bounds = read_bounds(database, ids)
    if bounds is None:
        return None
    first, last = max(first_on.date() if first_on else bounds[0], bounds[0]), bounds[1]
    last = min(last_on.date() if last_on else last, last)
    return (first, last) if first <= last else None


def _bring_up_to_date(database: Database, chosen: Sequence[Export], span: tuple[date, date]) -> None:
    names = {each.table for each in chosen}
    start, end = _midnight(span[0]), _midnight(span[1] + _DAY)
    if names & {"hourly_prices", "daily_prices"} or any(each.asked for each in chosen):
        rebuild_stale_hours(database, Span(start, end))
    if "daily_prices" in names:
        rebuild_stale_days(database)


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _slug(name: str) -> str:
    bare = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", bare).strip("-")[:60] or "event"


def _part_name(part: Part) -> str:
    if part.first_on is None:
        return "all"
    return f"{part.first_on:%Y-%m}" if part.export.by_month else f"{part.first_on:%Y-%m-%d}"


def _export(database: Database, tasks: Sequence[Task], folder: Path, *, overwrite: bool) -> None:
    """Write the files of one table, and say what there is now."""
    due = [task for task in tasks if overwrite or not task.is_complete()]
    rows = files = 0
    with progress(f"Exporting {tasks[0].part.export.table}", len(due)) as advance, open_duckdb() as connection:
        for task in due:
            written = _write(database, connection, task)
            rows, files = rows + written, files + (written > 0)
            advance(1)
    skipped = len(tasks) - len(due)
    done = f"; {counted(skipped, 'complete file')} skipped, --overwrite writes again" if skipped else ""
    show(f"{tasks[0].part.export.table}: {counted(rows, 'row')} in {counted(files, 'file')} in {plain(folder)}{done}.")


def _write(database: Database, connection: duckdb.DuckDBPyConnection, task: Task) -> int:
    """Write one file; where there is no row there is none."""
    with whole_file(task.path) as part:
        if task.path.suffix == ".csv":
            with part.open("wb") as stream:
                rows = copy_part(database, task.part, task.columns, stream.write, is_for_people=True)
        else:
            kinds = {each.exported_name: each.kind for each in task.columns}
            rows = stream_parquet(
                connection,
                kinds,
                part,
                lambda write: copy_part(database, task.part, task.columns, write, is_for_people=False),
            )
        if not rows:
            part.unlink()
    return rows
