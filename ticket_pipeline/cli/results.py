"""`write-results`: the numbers of now into the user's own table."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from ticket_pipeline.cli.formats import plain, utc_now
from ticket_pipeline.cli.session import open_migrated
from ticket_pipeline.cli.tables import JsonOption, progress, show, show_json
from ticket_pipeline.outputs.sheet_results import write_results
from ticket_pipeline.settings.model import load_settings
from ticket_pipeline.sheet.results import WriteReport, parse_columns


def write(
    *,
    columns: Annotated[
        str,
        typer.Option(
            "--columns",
            help="Make these columns, even if you deleted them, such as 'Floor, Get-in 2'; beside a CSV: only these.",
        ),
    ] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done first.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write floor, get-in prices, changes, tickets and status beside each row of your watchlist.

    Into columns of their own in the Google Sheet; they are made on first use, and your own cells are never written. A
    CSV watchlist is never touched: `shows.csv` gets `shows.results.csv` beside it.

        ticket-pipeline write-results --dry-run
    """
    asked = parse_columns(name for name in columns.split(",") if name.strip())
    settings = load_settings()
    with open_migrated(settings) as database, progress("Writing results"):
        report = write_results(database, settings, utc_now(), asked=asked, is_dry_run=dry_run)
    if as_json:
        show_json(asdict(report) | {"is_dry_run": dry_run})
    else:
        show(*_sentences(report, dry_run=dry_run))


def _sentences(report: WriteReport, *, dry_run: bool) -> list[str]:
    made = f" New columns: {', '.join(report.made)}." if report.made else ""
    cells = f"{report.cells} cells {'would change' if dry_run else 'changed'}"
    lines = [f"{report.rows} rows of {plain(report.target)}: {cells}.{made}"]
    if dry_run and report.made:
        lines.append("The cells of new columns are not counted.")
    if report.renamed:
        lines.append(f"Under another header, so left alone: {plain('; '.join(report.renamed))}.")
    if report.deleted:
        lines.append(
            f"Deleted by you: {', '.join(report.deleted)}. `ticket-pipeline write-results --columns` makes them again."
        )
    if not report.is_settled:
        lines.append("Somebody is editing; some values may be in another row until the next write.")
    return lines
