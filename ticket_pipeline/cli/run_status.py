"""What `ticket-pipeline run` prints: where everything is, and what each minute brought."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ticket_pipeline.cli.session import describe_pauses
from ticket_pipeline.cli.simulating import curl_a_fault
from ticket_pipeline.ingest.marketplaces import SOURCES, why_not_polled
from ticket_pipeline.market.waits import show_wait
from ticket_pipeline.queries.sources import read_pauses
from ticket_pipeline.sheet.sync import sample_watchlist_path
from ticket_pipeline.simulator.app import PLAYED, path_of
from ticket_pipeline.storage.connect import describe_database

if TYPE_CHECKING:
    from ticket_pipeline.errors import StorageError
    from ticket_pipeline.settings.model import Settings
    from ticket_pipeline.storage.database import Database, Row


def uses_sample(settings: Settings) -> bool:
    """Whether the watchlist is the sample, because none is configured."""
    return settings.google_sheet_id is None and settings.watchlist_csv is None


def facts_of_run(settings: Settings) -> Iterator[tuple[str, str]]:
    """Name and fact of each part that runs under these settings, for `show_facts`."""
    yield "Dashboard", settings.dashboard_address
    yield "Web UI", f"http://{settings.web_host}:{settings.web_port}"
    if settings.is_simulated:
        yield "Marketplaces", "all simulated, until you configure one:"
        for marketplace in PLAYED:
            yield "", f"{settings.simulator_url}{path_of(marketplace)}"
        yield "Break one", curl_a_fault(settings.simulator_url, PLAYED[0])
    else:
        yield "Marketplaces", ", ".join(_polled(settings)) or "none is switched on"
    if uses_sample(settings):
        yield "Watchlist", f"{sample_watchlist_path(settings)} (a sample; set WATCHLIST_CSV or GOOGLE_SHEET_ID)"
    yield "Database", describe_database(settings)
    yield "Data, logs", f"{settings.state_dir}, {settings.state_dir / 'logs'}"
    yield "Look", f"{_own_command()} overview · get-in EVENT · trend EVENT"
    yield "Stop", "Ctrl-C; the next run goes on with all data"


def _own_command() -> str:
    """How to type this program in another terminal of this folder."""
    if shutil.which("ticket-pipeline"):
        return "ticket-pipeline"
    program = Path(sys.executable).parent / "ticket-pipeline"
    return str(program.relative_to(Path.cwd()) if program.is_relative_to(Path.cwd()) else program)


def describe_snapshot(row: Row) -> str:
    """One stored snapshot in a sentence."""
    return f"{row['name']}, {row['accepted']} listings, {row['tickets']} tickets."


def describe_minute(database: Database, settings: Settings, since: datetime) -> Iterator[str]:
    """What was stored since a moment, what comes next, and which marketplaces are paused."""
    now = datetime.now(UTC)
    (row,) = database.fetch_all(
        "snapshots/summarise_since", since=since, this_moment=now, marketplaces=_polled(settings)
    )
    failed = f", {row['failures']} failed attempts" if row["failures"] else ""
    stored = f"{row['snapshots']} snapshots, {row['listings']:,} listings{failed}"
    yield f"{now:%H:%M} UTC  {stored}; {_what_comes(row, now)}."
    yield from (f"           {pause}" for pause in describe_pauses(read_pauses(database, now), SOURCES, now))


class StorageTrouble:
    """Whether the database can be written, shown where that changes; nothing else can: a full disk takes no attempt."""

    def __init__(self, show: Callable[[str], object]) -> None:
        self._show = show
        self._shown: set[tuple[type, type]] = set()

    @property
    def is_over(self) -> bool:
        """Whether none is known."""
        return not self._shown

    def begin(self, error: StorageError) -> None:
        """Show an error, once for each kind until the end."""
        kind = type(error), type(error.__cause__)
        if kind not in self._shown:
            self._show(f"{datetime.now(UTC):%H:%M} UTC  {error}")
        self._shown.add(kind)

    def end(self) -> None:
        """Show that the database works, unless it did all the time."""
        if self._shown:
            self._show(f"{datetime.now(UTC):%H:%M} UTC  The database can be written again.")
        self._shown.clear()


def _what_comes(row: Row, now: datetime) -> str:
    """Events that runs hold, and events that are due or when the next one is; a standstill shows here."""
    held = f"{row['leased']} with runs, " if row["leased"] else ""
    if row["next_due_at"] is None:
        return f"{held}nothing else due" if held else "nothing due"
    if not row["due"]:
        return f"{held}next due in {show_wait(row['next_due_at'] - now)}"
    return f"{held}{row['due']} due, the first for {show_wait(now - row['next_due_at'])}"


def _polled(settings: Settings) -> list[str]:
    return [str(name) for name, source in SOURCES.items() if why_not_polled(source, settings) is None]
