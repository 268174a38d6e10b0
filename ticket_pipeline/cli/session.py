"""What commands start from: a database whose schema is up to date, and the event that the user named."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from ticket_pipeline.cli.formats import local_time, plain, utc_now
from ticket_pipeline.cli.tables import note, progress
from ticket_pipeline.errors import StorageError
from ticket_pipeline.market.waits import show_asked_wait, show_wait
from ticket_pipeline.queries.events import UnclearEventKeyError, WatchedEvent, find_event
from ticket_pipeline.queries.sources import Pause, read_pauses
from ticket_pipeline.storage.archive import describe_archived, find_archived_months
from ticket_pipeline.storage.connect import describe_database, open_database
from ticket_pipeline.storage.migrations import apply_migrations, missing_migrations
from ticket_pipeline.storage.statements import project_path

if TYPE_CHECKING:
    from ticket_pipeline.ingest.batch import BatchResult
    from ticket_pipeline.market.vocabulary import Marketplace
    from ticket_pipeline.settings.model import Settings
    from ticket_pipeline.storage.database import Database


@contextmanager
def open_migrated(settings: Settings) -> Iterator[Database]:
    """A database to work with, closed at the end.

    The embedded server is started on demand and its schema brought up to date: it is ours alone. A database of the
    user's own is changed by `init-db` only, and a StorageError where its schema is behind.
    """
    with progress("Starting the embedded PostgreSQL") if settings.is_embedded else nullcontext():
        database = open_database(settings)
    with database:
        if settings.is_embedded:
            apply_migrations(database.url, schema=settings.db_schema)
        elif missing := missing_migrations(database.url, schema=settings.db_schema):
            raise StorageError(
                f"The schema {settings.db_schema} of {describe_database(settings)} lacks {len(missing)} migrations "
                f"({missing[0]} first). Run `ticket-pipeline init-db`."
            )
        yield database


def write_dagster_home(settings: Settings) -> Path:
    """The Dagster home of `ticket-pipeline run`, with this version's `dagster.yaml`."""
    home = settings.state_dir.resolve() / "dagster"
    home.mkdir(parents=True, exist_ok=True)
    (home / "dagster.yaml").write_text(project_path("dagster.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    return home


def choose_event(
    database: Database, key: Sequence[str], marketplace: Marketplace | None, *, with_listings: bool = False
) -> list[WatchedEvent]:
    """The event that a key names, at each of its marketplaces; with listings only, if asked for.

    Prints a note for a replaced id and for each paused marketplace.

    Raises:
        UnclearEventKeyError: see `find_event`; or no marketplace of the event has listings.
    """
    named = find_event(database, " ".join(key), marketplace)
    event = named.sources[0]
    if named.typed is not None and not named.typed.is_current:
        replaced = named.typed.external_id
        note(f"The watchlist has replaced {replaced} by another id of {plain(event.name)}; both have their history.")
    chosen = [each for each in named.sources if each.marketplace.has_listings or not with_listings]
    if not chosen:
        raise UnclearEventKeyError(
            f"{event.marketplace} describes events and has no listings"
            f"{'' if marketplace else f', and the watchlist has no other id of {event.name}'}. "
            f"Status and price ranges: ticket-pipeline event-details {event.external_id}"
        )
    this_moment = utc_now()
    for line in describe_pauses(read_pauses(database, this_moment), [each.marketplace for each in chosen], this_moment):
        note(line)
    return chosen


def choose_zone(database: Database, event_id: int, zone: str) -> str:
    """The zone of an event by its name in any case; `*` is the whole event.

    Raises:
        UnclearEventKeyError: no zone of the event has this name; the message names those there are.
    """
    if zone == "*":
        return zone
    known = [
        row["zone"] for row in database.fetch_all("queries/select_zones", event_id=event_id, this_moment=utc_now())
    ]
    named = {name.casefold(): name for name in known}
    found = zone if zone in known else named.get(" ".join(zone.split()).casefold())
    if found is None:
        there_are = f"There are {', '.join(map(plain, known))}" if known else "None has been seen yet"
        raise UnclearEventKeyError(f"The event has no zone {plain(zone)!r}. {there_are}.")
    return found


def note_archived(database: Database, start: datetime, end: datetime) -> None:
    """Print a note where listings of a span [start, end) are in the archive: what is shown lacks them."""
    if months := find_archived_months(database, start, end):
        note(f"Listings and changes are missing here: {describe_archived(months)}")


def describe_event(event: WatchedEvent, *, at_marketplace: bool = True) -> str:
    """The title of a table about one event."""
    where = f" on {event.marketplace}" if at_marketplace else ""
    return f"{plain(event.name)}{where}, {start_of(event)}"


def start_of(event: WatchedEvent) -> str:
    """When an event starts, on the venue's clock; a date without a time of day is stored as the end of its day."""
    local = event.event_at.astimezone(ZoneInfo(event.timezone)).replace(tzinfo=None)
    is_unknown = event.event_date.time() == time() and local != event.event_date
    return f"{event.event_date:%Y-%m-%d}, no time yet" if is_unknown else local_time(event.event_at, event.timezone)


def identify(sources: Sequence[WatchedEvent]) -> dict[str, object]:
    """What a JSON document about one event has of it; `ids` by marketplace."""
    shared = {name: getattr(sources[0], name) for name in ("event_id", "name", "venue", "city", "event_at", "timezone")}
    return shared | {"ids": {each.marketplace: each.external_id for each in sources}}


def identify_source(event: WatchedEvent) -> dict[str, object]:
    """What each row of CSV or Parquet has of its event and marketplace."""
    return {name: getattr(event, name) for name in ("event_id", "marketplace", "external_id", "name")}


def describe_problems(batch: BatchResult) -> list[str]:
    """Each failed event of a batch, and how many were not tried, in sentences."""
    problems = [
        f"{failure.event.external_id} ({plain(failure.event.name)}), {failure.outcome}: {failure.error}"
        for failure in batch.failures
    ]
    if batch.skipped:
        problems.append(f"{len(batch.skipped)} events were not tried and stay due: {batch.stopped_by}")
    return problems


def describe_pauses(
    pauses: Mapping[Marketplace, Pause], marketplaces: Collection[Marketplace], this_moment: datetime
) -> list[str]:
    """Which of these marketplaces are paused: since when, why, until when, and how to end it; in sentences."""
    lines = []
    for pause in (pauses[name] for name in marketplaces if name in pauses):
        if pause.open_until is not None:
            since = f" since {pause.opened_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if pause.opened_at else ""
            lines.append(
                f"{pause.marketplace} is paused{since} until {pause.open_until.astimezone(UTC):%Y-%m-%d %H:%M} UTC, "
                f"another {show_wait(pause.open_until - this_moment)}: "
                f"{plain(pause.reason)} Fixed? ticket-pipeline resume {pause.marketplace}"
            )
        if pause.asked_until is not None:
            lines.append(f"{show_asked_wait(pause.marketplace, pause.asked_until, this_moment)}.")
    return lines
