"""Whether the pipeline works, looked at from outside Dagster: something else must notice that its daemon is silent."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ticket_pipeline.alerts.channels import find_channels, is_readable
from ticket_pipeline.alerts.conditions import Look, disk_of, least_free
from ticket_pipeline.alerts.operations import choose_channels
from ticket_pipeline.errors import ConfigurationError, StorageError
from ticket_pipeline.market.findings import Finding, State
from ticket_pipeline.market.waits import show_wait
from ticket_pipeline.queries.incidents import read_incidents
from ticket_pipeline.storage.connect import database_url, describe_database, embedded_server
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.migrations import missing_migrations
from ticket_pipeline.storage.probe import probe_writes

if TYPE_CHECKING:
    from ticket_pipeline.market.vocabulary import Marketplace
    from ticket_pipeline.settings.model import Settings

SILENT = timedelta(minutes=5)
"""The daemon looks once a minute; a machine that is busy with runs may take a few."""
_CONNECT_SECONDS = 5.0
_PING_SECONDS = 10.0


def check_health(settings: Settings, polled: Collection[Marketplace], this_moment: datetime) -> list[Finding]:
    """Every check, without starting or changing anything. What needs a database is left out where there is none.

    Args:
        settings: which database, which channels.
        polled: the marketplaces that are switched on.
        this_moment: aware UTC.
    """
    findings = [_check_disk(settings), _check_channels(settings)]
    if settings.is_embedded and not embedded_server(settings).status().running:
        name = describe_database(settings)
        stopped = f"{name[0].upper()}{name[1:]} is not running."
        return [Finding("database", State.FAILING, stopped, "Start ticket-pipeline run."), *findings]
    with Database(database_url(settings), settings.db_schema, connect_seconds=_CONNECT_SECONDS) as database:
        first = _check_database(settings, database)
        if first.state is State.FAILING:
            return [first, *findings]
        look = Look(database, settings, polled, (), this_moment, disk_of)
        return [first, _check_daemon(look), _check_polling(look), *findings, *_check_incidents(look)]


def ping(settings: Settings) -> str | None:
    """Request the dead man's switch; returns why that failed, without its address, or None."""
    if settings.health_ping_url is None:
        raise ConfigurationError("HEALTH_PING_URL is not set: write the address of your dead man's switch into it.")
    import httpx  # noqa: PLC0415 - 0.2 CPU-s, and only this needs it

    try:
        response = httpx.get(settings.health_ping_url.get_secret_value(), timeout=_PING_SECONDS, follow_redirects=True)
    except (httpx.UnsupportedProtocol, httpx.InvalidURL):
        return "its address is not a valid URL that begins with http:// or https://"
    except httpx.HTTPError as error:
        return f"the request failed ({type(error).__name__})"
    return None if response.is_success else f"it responded with status {response.status_code}"


def _check_database(settings: Settings, database: Database) -> Finding:
    name = describe_database(settings)
    try:
        missing = missing_migrations(database.url, schema=settings.db_schema)  # a refused connection ends it at once
        if missing:
            words = f"The schema {settings.db_schema} lacks {len(missing)} migrations ({missing[0]} first)."
            return Finding("database", State.FAILING, words, "Run ticket-pipeline init-db.")
        probe_writes(database)
    except StorageError as error:
        return Finding("database", State.FAILING, str(error), "See the message.")
    return Finding("database", State.OK, f"{name[0].upper()}{name[1:]} can be written; its schema is up to date.")


def _check_daemon(look: Look) -> Finding:
    row = look.database.fetch_one("incidents/select_watch")
    if row is None:
        advice = "Start the daemon, and switch the sensor watch_operations on."
        return Finding("daemon", State.WARNING, "No daemon has looked at this database yet.", advice)
    silence = look.this_moment - row["watched_at"]
    words = f"It looked for incidents {show_wait(silence)} ago."
    if silence <= SILENT:
        return Finding("daemon", State.OK, words)
    advice = "Start or restart Dagster's daemon and code server; see whether its sensor watch_operations is on."
    return Finding("daemon", State.FAILING, words, advice)


def _check_polling(look: Look) -> Finding:
    if not look.stopped:
        return Finding("polling", State.OK, "No marketplace lets due events wait for half an hour untried.")
    words = " ".join(
        f"{name}: {row['overdue']} events are due, for up to {show_wait(look.this_moment - row['due_since'])}."
        for name, row in look.stopped.items()
    )
    return Finding("polling", State.FAILING, words, "See why the poll sensors skip, in Dagster's UI under Automation.")


def _check_disk(settings: Settings) -> Finding:
    total, free = disk_of(settings.state_dir)
    words = f"{free / 1e9:,.1f} of {total / 1e9:,.0f} GB are free where STATE_DIR is."
    if free >= least_free(total):
        return Finding("disk", State.OK, words)
    return Finding("disk", State.FAILING, words, "Free space: a full disk stops the database and every run.")


def _check_channels(settings: Settings) -> Finding:
    channels, problems = find_channels(settings)
    wrong = [one for one in channels if not is_readable(one)]
    problems += [f"Apprise cannot read the address of {one.label}." for one in wrong]
    labels = ", ".join(one.label for one in choose_channels([one for one in channels if one not in wrong]))
    if problems:
        state = State.WARNING if labels else State.FAILING
        reached = f"Until then only {labels} gets messages" if labels else "Until then nothing can be sent"
        return Finding("channels", state, " ".join(problems), f"Correct ALERT_URLS. {reached}.")
    if not channels:
        return Finding("channels", State.OK, "ALERT_URLS is not set: incidents are stored, and nothing is sent.")
    return Finding("channels", State.OK, f"Incidents are sent to {labels}.")


def _check_incidents(look: Look) -> Iterator[Finding]:
    """A warning for each incident that is open: the daemon has told it already."""
    incidents = read_incidents(look.database)
    if not incidents:
        yield Finding("incidents", State.OK, "None is open.")
    for one in incidents:
        words = f"{one.summary}, for {show_wait(look.this_moment - one.first_seen_at)}."
        yield Finding("incidents", State.WARNING, words, f"docs/runbook.md#{one.kind}")
