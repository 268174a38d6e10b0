"""What `ticket-pipeline run` prints: where everything is, and what each minute brought."""

from __future__ import annotations

import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ticket_pipeline.cli.simulating import curl_a_fault
from ticket_pipeline.errors import StorageError
from ticket_pipeline.ingest.due import show_asked_wait, show_wait
from ticket_pipeline.ingest.marketplaces import SOURCES, why_not_polled
from ticket_pipeline.sheet.sync import sample_watchlist_path
from ticket_pipeline.simulator.app import PLAYED, path_of
from ticket_pipeline.storage.connect import describe_database
from ticket_pipeline.storage.requests import read_request_state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ticket_pipeline.settings.model import Settings
    from ticket_pipeline.storage.database import Database, Row


def facts_of_run(settings: Settings, *, wanted_port: int, is_demo_watchlist: bool) -> Iterator[tuple[str, str]]:
    """Name and fact of each part that runs now, for `show_facts`.

    Args:
        settings: of this run, as its children have them.
        wanted_port: of the web UI, which may be another where that one is taken.
        is_demo_watchlist: the events are those of the sample.
    """
    taken = "" if wanted_port in {0, settings.web_port} else f" (port {wanted_port} is taken)"
    yield "Web UI", f"http://{settings.web_host}:{settings.web_port}{taken}"
    if settings.is_simulated:
        yield "Marketplaces", "all simulated, until you configure one:"
        for marketplace in PLAYED:
            yield "", f"{settings.simulator_url}{path_of(marketplace)}"
        yield "Break one", curl_a_fault(settings.simulator_url, PLAYED[0])
    else:
        yield "Marketplaces", ", ".join(_polled(settings)) or "none is switched on"
    if is_demo_watchlist:
        yield "Watchlist", f"{sample_watchlist_path(settings)} (a sample; set WATCHLIST_CSV or GOOGLE_SHEET_ID)"
    yield "Database", describe_database(settings)
    yield "Data, logs", f"{settings.state_dir}, {settings.state_dir / 'logs'}"
    yield "Look", f"{_own_command()} show-events · show-listings KEY · price-history KEY"
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
    """What was stored since a moment, what is to come, and which marketplaces are paused.

    An unreachable database is reported, not raised.
    """
    now = datetime.now(UTC)
    try:
        row = database.fetch_one(
            "snapshots/summarise_since", since=since, this_moment=now, marketplaces=_polled(settings)
        )
        # One row for each budget of a marketplace: each pause is printed once.
        states = {state["marketplace"]: state for state in read_request_state(database)}
    except StorageError as error:
        yield f"{now:%H:%M} UTC  {error}"
        return
    if row is None:
        return
    failed = f", {row['failures']} failed attempts" if row["failures"] else ""
    stored = f"{row['snapshots']} snapshots, {row['listings']:,} listings{failed}"
    yield f"{now:%H:%M} UTC  {stored}; {_what_comes(row, now)}."
    for state in states.values():
        if state["state"] != "closed" and state["open_until"] > now:
            pause = show_wait(state["open_until"] - now)
            yield f"           {state['marketplace']} is paused for another {pause}: {state['reason']}"
        if state["asked_until"] is not None and state["asked_until"] > now:
            yield f"           {show_asked_wait(state['marketplace'], state['asked_until'], now)}."


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
