"""`archive`: months of listings in Parquet files: list, verify, restore and query them, and move more there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from ticket_pipeline.archive.archiving import archive_month
from ticket_pipeline.archive.place import open_place
from ticket_pipeline.archive.querying import Answer, ask
from ticket_pipeline.archive.restoring import restore_month, verify_files
from ticket_pipeline.cli.formats import NOTHING, counted, plain, utc_now
from ticket_pipeline.cli.session import open_migrated
from ticket_pipeline.cli.tables import JsonOption, new_table, note, progress, show, show_json, table_of
from ticket_pipeline.errors import StorageError
from ticket_pipeline.settings.model import load_settings
from ticket_pipeline.storage.archive import Month, find_due_months, read_archive_files

if TYPE_CHECKING:
    from rich.table import Table

    from ticket_pipeline.storage.archive import ArchiveFile

commands = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    help="Months of listings in Parquet files: list, verify, restore and query them.",
)


def _month(text: str) -> Month:
    try:
        return Month.parse(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not a month: write it like 2026-01") from None


MonthArgument = Annotated[Month, typer.Argument(metavar="MONTH", parser=_month, help="Such as 2026-01.")]
MonthOption = Annotated[
    Month | None, typer.Option("--month", metavar="MONTH", parser=_month, help="Only this one, such as 2026-01.")
]


@commands.command("list")
def list_files(*, as_json: JsonOption = False) -> None:
    """List the files, and whether they or the database count: `written` and `restored` are copies.

    ticket-pipeline archive list
    """
    settings = load_settings()
    place = open_place(settings)
    with open_migrated(settings) as database:
        files = read_archive_files(database)
    if as_json:
        # A checksum has more digits than many readers of JSON keep of a number.
        shown = [asdict(one) | {"checksum": str(one.checksum)} for one in files]
        show_json({"archive": place.shown, "files": shown})
        return
    if not files:
        note(_nothing(settings.archive_after_months))
        return
    show(_table(files), f"In {plain(place.shown)}.")


def _nothing(after_months: int) -> str:
    if after_months == 0:
        return "Nothing is archived: ARCHIVE_AFTER_MONTHS is 0."
    return f"Nothing is archived yet: listings stay in the database for {after_months} months (ARCHIVE_AFTER_MONTHS)."


def _table(files: Iterable[ArchiveFile]) -> Table:
    columns: dict[str, Callable[[ArchiveFile], str]] = {
        "Month": lambda one: f"{one.month_on:%Y-%m}",
        "Marketplace": lambda one: one.marketplace,
        "Table": lambda one: one.table_name,
        ">Rows": lambda one: f"{one.rows:,}",
        ">MB": lambda one: f"{one.bytes / 1e6:,.1f}",
        "State": lambda one: one.state,
    }
    return table_of(files, columns)


@commands.command("run")
def run(*, month: MonthOption = None, as_json: JsonOption = False) -> None:
    """Move months that are due into the archive: write, read back, compare, and only then delete.

    The asset `listing_archive` does it each day. A run that was interrupted goes on where it ended.

        ticket-pipeline archive run --month 2026-01
    """
    settings = load_settings()
    place, done = open_place(settings), []
    with open_migrated(settings) as database:
        due = [month] if month else find_due_months(database, utc_now(), settings.archive_after_months)
        for each in due:
            with progress(f"Archiving {each.name}"):
                done += archive_month(database, place, each, utc_now(), lambda step: note(f"{step} …"))
    if as_json:
        show_json({"archive": place.shown, "files": done})
    elif done:
        show(_table(done), f"In {plain(place.shown)}.")
    else:
        note(f"{month.name} has no captures." if month else "No month is due.")


@commands.command("verify")
def verify(*, month: MonthOption = None, as_json: JsonOption = False) -> None:
    """Read the files whole, and compare count and checksum with those of the rows that were archived.

    Exits with 1 where a file is missing or damaged.

        ticket-pipeline archive verify
    """
    settings = load_settings()
    with open_migrated(settings) as database:
        files = [each for each in read_archive_files(database, month) if each.is_the_place]
    with progress("Reading the archive", len(files)) as advance:
        found = list(verify_files(open_place(settings), files, advance))
    wrong = [each for each in found if each.problem]
    if as_json:
        show_json([{"file": each.file.file, "rows": each.file.rows, "problem": each.problem} for each in found])
    elif not found:
        note("No month is in the archive." if month is None else f"{month.name} is not in the archive.")
    else:
        show(f"{counted(len(found) - len(wrong), 'file')} of {len(found)} hold what was archived.")
    if wrong:
        raise StorageError("\n".join(f"{each.file.file}: {each.problem}" for each in wrong))


@commands.command("restore")
def restore(month: MonthArgument, *, as_json: JsonOption = False) -> None:
    """Bring the rows of a month back into the database, all or none; the files stay.

    The month then stays in the database until `archive run --month` moves it again.

        ticket-pipeline archive restore 2026-01
    """
    settings = load_settings()
    with open_migrated(settings) as database, progress(f"Restoring {month.name}"):
        restored = restore_month(database, open_place(settings), month, lambda step: note(f"{step} …"))
    if as_json:
        show_json({"month": str(month), "rows": restored})
        return
    show(f"{month.name} is back: {', '.join(f'{rows:,} {name}' for name, rows in restored.items())}.")


@commands.command("query")
def query(
    question: Annotated[str, typer.Argument(metavar="SQL", help="One select, as DuckDB has it.")],
    *,
    month: MonthOption = None,
    only_files: Annotated[bool, typer.Option("--only-files", help="Leave out what is in the database.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Ask the archive and the database in one: tables `listings`, `rejected_listings` and `listing_changes`.

    What the database has of the tables that the question names is first copied to a temporary file; all of a large
    database takes minutes. `--month` copies one month, `--only-files` nothing.

        ticket-pipeline archive query "select marketplace, count(*) from listings group by all"
    """
    settings = load_settings()
    with open_migrated(settings) as database, progress("Asking"):
        answer = ask(database, open_place(settings), question, month=month, only_files=only_files)
    if as_json:
        show_json([dict(zip(answer.columns, row, strict=True)) for row in answer.rows])
        return
    show(_answer(answer))


def _answer(answer: Answer) -> Table:
    table = new_table(*answer.columns)
    for row in answer.rows:
        table.add_row(*(NOTHING if cell is None else plain(str(cell)) for cell in row))
    return table
