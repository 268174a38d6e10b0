"""`init-db`, `db …` and `settings`: the database and the settings of all other commands."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import SecretStr

from ticket_pipeline.cli.formats import NOTHING, local_time
from ticket_pipeline.cli.session import open_migrated
from ticket_pipeline.cli.tables import JsonOption, progress, show, show_facts, show_findings, show_json, table_of
from ticket_pipeline.errors import ConfigurationError, StorageError
from ticket_pipeline.market.findings import State
from ticket_pipeline.settings.model import Settings, load_settings, user_settings
from ticket_pipeline.settings.values import show_address
from ticket_pipeline.storage.connect import describe_database, embedded_server, open_database
from ticket_pipeline.storage.doctor import examine
from ticket_pipeline.storage.migrations import apply_migrations, migration_files, missing_migrations
from ticket_pipeline.storage.readers import grant_read
from ticket_pipeline.storage.retention import describe_tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from ticket_pipeline.storage.database import Row
    from ticket_pipeline.storage.embedded import EmbeddedServer

commands = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    help="Start, stop or look at the embedded PostgreSQL server; examine any server.",
)

_EDITIONS = {
    "none": "without TimescaleDB: plain tables",
    "apache": "TimescaleDB {timescaledb}, Apache edition: hypertables, no compression",
    "timescale": "TimescaleDB {timescaledb}: hypertables and compression",
}


def init_db(*, as_json: JsonOption = False) -> None:
    """Bring the database schema up to date. Safe to repeat; needed once for a database of your own.

    The embedded server, which is used where neither DATABASE_URL nor DB_HOST is set, is started and kept up to date
    by every command.

        ticket-pipeline init-db
    """
    settings = load_settings()
    with progress("Bringing the schema up to date"), open_database(settings) as database:
        applied = apply_migrations(database.url, schema=settings.db_schema)
        server = database.fetch_one("maintenance/describe_server") or {}
    if as_json:
        show_json({"schema": settings.db_schema, "applied": applied, "server": server})
        return
    edition = _EDITIONS[server["edition"]].format_map(server)
    show(f"Database: {describe_database(settings)}; PostgreSQL {server['version']}, {edition}.")
    show(*(f"Applied {name}" for name in applied), f"The schema {settings.db_schema} is up to date.")


@commands.command("start")
def start() -> None:
    """Start the embedded server, if it is not running. It then runs until `db stop`; every command starts it on demand.

    ticket-pipeline db start
    """
    server = _embedded()
    with progress("Starting the embedded PostgreSQL"):
        url = server.start()
    show("The embedded PostgreSQL runs. For psql:")
    typer.echo(url)  # unwrapped: a URL in two pieces leads nowhere


@commands.command("stop")
def stop() -> None:
    """Stop the embedded server. Nothing stored is lost.

    ticket-pipeline db stop
    """
    server = _embedded()
    with progress("Stopping the embedded PostgreSQL"):
        was_running = server.stop()
    show("The embedded PostgreSQL is stopped." if was_running else "The embedded PostgreSQL was not running.")


@commands.command("status")
def status(*, as_json: JsonOption = False) -> None:
    """Show whether the embedded server runs, where its data is, and how much; or what your own database is.

    ticket-pipeline db status
    """
    settings = load_settings()
    if not settings.is_embedded:
        _show_own(settings, as_json=as_json)
        return
    found = _embedded().status()
    if as_json:
        show_json(found)
        return
    show_facts(
        [
            ("State", "running" if found.running else "stopped; any command starts it"),
            ("Version", str(found.major or NOTHING)),
            ("Process", str(found.pid or NOTHING)),
            ("Started", local_time(found.started_at, "UTC")),
            ("Size", f"{found.size_bytes / 1e6:,.0f} MB"),
            ("Data", str(found.data_dir)),
            ("Log", str(found.log_file)),
        ]
    )


@commands.command("doctor")
def doctor(*, as_json: JsonOption = False) -> None:
    """Examine the database server: version, TimescaleDB, chunks, dead rows, connections, clock, and what to do.

    Exit code 1 where a check is failing; warnings are no failure.

        ticket-pipeline db doctor
    """
    settings = load_settings()
    with progress("Examining the database"), open_database(settings) as database:
        missing = missing_migrations(database.url, schema=settings.db_schema)
        if missing and len(missing) == len(migration_files()):
            raise StorageError("This database has no schema yet. Run `ticket-pipeline init-db`.")
        findings = examine(database, missing, datetime.now(UTC))
    if as_json:
        show_json(findings)
    else:
        show_findings(findings)
    if any(one.state is State.FAILING for one in findings):
        raise typer.Exit(1)


@commands.command("use-timescaledb")
def use_timescaledb() -> None:
    """Take up TimescaleDB that was installed, or changed its edition, after the tables were made.

    Moves all listings into chunks in one transaction, and compresses old ones where the edition can. Polls wait
    meanwhile. Safe to repeat.

        ticket-pipeline db use-timescaledb
    """
    settings = load_settings()
    with open_migrated(settings) as database:
        server = database.fetch_one("maintenance/examine_server") or {}
        if not server["is_preloaded"]:
            raise StorageError(
                "This server has not loaded TimescaleDB. Install its package for PostgreSQL "
                f"{server['version'].split()[0]}, add timescaledb to shared_preload_libraries, and restart the server."
            )
        with progress("Moving listings into chunks"):
            database.execute("maintenance/use_timescaledb")
        server = database.fetch_one("maintenance/describe_server") or {}
    show(f"Listings are in chunks. {_EDITIONS[server['edition']].format_map(server)}.")


@commands.command("grant-read")
def grant_read_to(role: Annotated[str, typer.Argument(help="An existing role of the server.")]) -> None:
    """Let a role read every table and function, also those of later versions, and change nothing.

    For BI tools, Grafana and notebooks. Safe to repeat.

        ticket-pipeline db grant-read grafana
    """
    settings = load_settings()
    with open_database(settings) as database:
        grant_read(database, role)
    show(f"{role} may read the schema {settings.db_schema}, and writes nothing there.")


@commands.command("retention")
def retention(*, as_json: JsonOption = False) -> None:
    """Show how large each table is and how long its rows are kept; the job `maintain` deletes older ones each day.

    ticket-pipeline db retention
    """
    settings = load_settings()
    with open_migrated(settings) as database:
        tables = describe_tables(database, settings)
    if as_json:
        show_json(tables)
        return
    columns: dict[str, Callable[[Row], str]] = {
        "Table": lambda row: row["table"],
        ">Rows (about)": lambda row: f"{row['rows']:,}",
        ">MB": lambda row: f"{row['bytes'] / 1e6:,.1f}",
        "Kept": lambda row: row["kept"],
    }
    show(table_of(tables, columns))


def _show_own(settings: Settings, *, as_json: bool) -> None:
    """A database that is not embedded, after a look at what could be wrong with it."""
    with open_database(settings) as database:
        missing = missing_migrations(database.url, schema=settings.db_schema)
        found = database.fetch_one("maintenance/describe_database") or {}
    if as_json:
        show_json(found | {"schema": settings.db_schema, "missing_migrations": missing})
        return
    state = f"lacks {len(missing)} migrations; run ticket-pipeline init-db" if missing else "up to date"
    show_facts(
        [
            ("Database", describe_database(settings)),
            ("Version", str(found["version"])),
            ("Encoding", str(found["encoding"])),
            ("Size", f"{found['size_bytes'] / 1e6:,.0f} MB"),
            (f"Schema {settings.db_schema}", state),
        ]
    )


def _embedded() -> EmbeddedServer:
    settings = load_settings()
    if not settings.is_embedded:
        raise ConfigurationError(
            f"These settings use {describe_database(settings)}, which is yours to start and stop. Unset DATABASE_URL "
            "and DB_HOST to use the embedded server."
        )
    return embedded_server(settings)


def show_settings(
    *,
    changed: Annotated[bool, typer.Option("--changed", help="Only those that are set.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the settings in effect, from the environment, the env file and the defaults. Secrets are not shown.

    ticket-pipeline settings --changed
    """
    settings = load_settings()
    shown = {
        name: _plain_value(name, getattr(settings, name))
        for name in user_settings()
        if not changed or name in settings.model_fields_set
    }
    if as_json:
        show_json({name.upper(): value for name, value in shown.items()})
        return
    columns = {
        "Setting": str.upper,
        "Value": lambda name: NOTHING if shown[name] is None else str(shown[name]),
        "": lambda name: "set" if name in settings.model_fields_set else "",
    }
    show(table_of(shown, columns))


def _plain_value(name: str, value: object) -> object:
    """A setting as it may be shown: whether a secret is set, never what it is, nor what a URL contains besides."""
    if isinstance(value, SecretStr):
        return "(secret)"
    if isinstance(value, str) and (name.endswith("_url") or "://" in value):
        return show_address(value)
    return value
