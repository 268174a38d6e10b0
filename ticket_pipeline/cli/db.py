"""`init-db`, `db start|stop|status` and `settings`: the ground that the other commands stand on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import SecretStr

from ticket_pipeline.cli.formats import NOTHING, local_time
from ticket_pipeline.cli.tables import JsonOption, new_table, progress, show, show_json
from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.settings.model import load_settings
from ticket_pipeline.settings.values import show_address
from ticket_pipeline.storage.connect import describe_database, embedded_server, open_database
from ticket_pipeline.storage.migrations import apply_migrations

if TYPE_CHECKING:
    from ticket_pipeline.settings.model import Settings
    from ticket_pipeline.storage.embedded import EmbeddedServer, ServerStatus

db_commands = typer.Typer(
    no_args_is_help=True, rich_markup_mode="markdown", help="Start, stop or look at the embedded PostgreSQL server."
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
    """
    settings = load_settings()
    with progress("Bringing the schema up to date"), open_database(settings) as database:
        applied = apply_migrations(database.url, schema=settings.db_schema)
        server = database.fetch_one("maintenance/describe_server") or {}
    if as_json:
        show_json({"schema": settings.db_schema, "applied": applied, "server": server})
        return
    show(f"Database: {describe_database(settings)}; PostgreSQL {server['version']}, {_edition(server)}.")
    for name in applied:
        show(f"Applied {name}")
    show(f"The schema {settings.db_schema} is up to date.")


def _edition(server: dict[str, Any]) -> str:
    return _EDITIONS[server["edition"]].format_map(server)


@db_commands.command("start")
def start() -> None:
    """Start the embedded server, if it does not run. It then runs until `db stop`; every command starts it by need."""
    server = _embedded(load_settings())
    with progress("Starting the embedded PostgreSQL"):
        url = server.start()
    show("The embedded PostgreSQL runs. For psql:")
    typer.echo(url)  # unwrapped: a URL in two pieces leads nowhere


@db_commands.command("stop")
def stop() -> None:
    """Stop the embedded server. Nothing stored is lost."""
    server = _embedded(load_settings())
    with progress("Stopping the embedded PostgreSQL"):
        was_running = server.stop()
    show("The embedded PostgreSQL is stopped." if was_running else "The embedded PostgreSQL did not run.")


@db_commands.command("status")
def status(*, as_json: JsonOption = False) -> None:
    """Say whether the embedded server runs, where its data is, and how much."""
    found = _embedded(load_settings()).status()
    rows = _describe(found)
    if as_json:
        show_json(rows)
        return
    table = new_table("Embedded PostgreSQL", "")
    table.add_row("State", "running" if found.running else "stopped; any command starts it")
    table.add_row("Version", str(found.major) if found.major else NOTHING)
    table.add_row("Process", str(found.pid) if found.pid else NOTHING)
    table.add_row("Started", local_time(found.started_at, "UTC"))
    table.add_row("Data", f"{found.data_dir} ({found.size_bytes / 1e6:,.0f} MB)")
    table.add_row("Log", str(found.log_file))
    show(table)


def _describe(found: ServerStatus) -> dict[str, Any]:
    return {
        "running": found.running,
        "pid": found.pid,
        "major": found.major,
        "data_dir": str(found.data_dir),
        "log_file": str(found.log_file),
        "size_bytes": found.size_bytes,
        "started_at": found.started_at,
    }


def _embedded(settings: Settings) -> EmbeddedServer:
    """The embedded server.

    Raises:
        ConfigurationError: the settings name another database; we neither start nor stop what is not ours.
    """
    if not settings.is_embedded:
        raise ConfigurationError(
            f"Asked for the embedded server; these settings use {describe_database(settings)} instead, which is yours "
            "to start and stop. Unset DATABASE_URL and DB_HOST to use the embedded server."
        )
    return embedded_server(settings)


def show_settings(
    *,
    changed: Annotated[bool, typer.Option("--changed", help="Only those that are set.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show the settings in effect, from the environment, the env file and the defaults. Secrets are not shown."""
    settings = load_settings()
    names = [name for name in type(settings).model_fields if not changed or name in settings.model_fields_set]
    if as_json:
        show_json({name.upper(): _plain_value(name, getattr(settings, name)) for name in names})
        return
    table = new_table("Setting", "Value", "")
    for name in names:
        value = _plain_value(name, getattr(settings, name))
        origin = "set" if name in settings.model_fields_set else ""
        table.add_row(name.upper(), NOTHING if value is None else str(value), origin)
    show(table)


def _plain_value(name: str, value: object) -> object:
    """A setting as it may be shown: that a secret is set, never what it is, nor what a URL carries along."""
    if isinstance(value, SecretStr):
        return "(secret)"
    if isinstance(value, str) and (name.endswith(("_url", "_path")) or "://" in value):
        return show_address(value)
    return str(value) if isinstance(value, Path) else value
