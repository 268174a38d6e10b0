"""`ticket-pipeline run`: everything on one machine, started, watched and stopped together.

Database, simulator (where no marketplace is configured), Dagster's code server, web server and daemon. With nothing
configured it is the demo: a sample watchlist, a simulated market, and a pace at which something happens every minute.
"""

from __future__ import annotations

import csv
import fcntl
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from ticket_pipeline.cli import web_ui
from ticket_pipeline.cli.interrupts import one_signal_stops
from ticket_pipeline.cli.past import begin_past, first_day, play_past
from ticket_pipeline.cli.ports import LAST_PORT, free_port, listens, simulator_port
from ticket_pipeline.cli.process_group import ProcessGroup
from ticket_pipeline.cli.run_status import (
    StorageTrouble,
    describe_minute,
    describe_snapshot,
    facts_of_run,
    uses_sample,
)
from ticket_pipeline.cli.sample_alerts import sample_alerts_path, write_sample_alerts
from ticket_pipeline.cli.session import write_dagster_home
from ticket_pipeline.cli.simulator_process import await_simulator, start_simulator
from ticket_pipeline.cli.tables import show_facts
from ticket_pipeline.demo.world import open_demo_world
from ticket_pipeline.errors import ConfigurationError, StorageError
from ticket_pipeline.settings.model import Settings, load_settings
from ticket_pipeline.sheet.sync import open_watchlist, sample_watchlist_path, sync_events
from ticket_pipeline.simulator.world import sample_watchlist_rows, sample_zone_rows
from ticket_pipeline.storage.connect import describe_database, embedded_server, open_database
from ticket_pipeline.storage.migrations import apply_migrations
from ticket_pipeline.storage.probe import probe_writes

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database
    from ticket_pipeline.storage.embedded import EmbeddedServer

_DEMO = {
    # Last day: every 30 s; a week away: every 2 min; further: every 8 and 24 min.
    "base_scrape_interval_hours": "0.4",
}
_DEMO_TUNING = {
    "poll_tick_seconds": 10,
    "prices_refresh_minutes": 1,
    "lease_seconds": 60,
    # Cached responses bring nothing new to see.
    "ticketmaster_cache_minutes": 0.5,
}
"""The demo's pace, for settings that nobody set: a newcomer should see something happen within a minute."""

_START_SECONDS = 90.0
_STATUS_SECONDS = 60.0


def run(
    port: Annotated[
        int | None,
        typer.Option(min=0, max=LAST_PORT, help="Port of the web UI; default WEB_PORT, or a free one if taken."),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Start the demo without the past that the simulator plays at first.")
    ] = False,
    until_first_snapshot: Annotated[
        bool,
        typer.Option("--until-first-snapshot", help="Stop again once a snapshot is stored: a trial of the set-up."),
    ] = False,
) -> None:
    """Run everything: database, Dagster's web UI and daemon, and the simulator if no marketplace is set.

    Ctrl-C stops all of it; the next run goes on with all data. Settings come from the environment and .env; with none
    set it is a demo with a simulated market that needs no account.

        ticket-pipeline run
    """
    console = Console(highlight=False, soft_wrap=True)
    began = time.monotonic()
    state_dir = load_settings().state_dir.resolve()
    with one_signal_stops() as ignore_signals, ExitStack() as stack:
        stack.enter_context(_only_one(state_dir))
        group = ProcessGroup(str(state_dir), state_dir / "logs")
        if left := group.kill_remaining():
            console.print(f"Ended {len(left)} processes of a run that was killed.")
        try:
            settings, env = _prepare(load_settings(), port, console)
            stack.enter_context(_database(settings, console))
            stack.enter_context(group)
            database = stack.enter_context(open_database(settings))
            origin = begin_past(database, settings, fresh=fresh)
            env |= first_day(settings, origin)
            start_simulator(group, settings, env, console)
            with_past = origin["past_from"] is not None
            if not with_past:
                await_simulator(group, settings)  # the watchlist may be one of its sheets
            _sync(database, settings, console, with_past=with_past)
            if with_past and origin["past_played_at"] is None:
                play_past(group, database, settings, env, console)
            await_simulator(group, settings)
            group.start("dashboard", [sys.executable, "-m", "ticket_pipeline.cli", "dashboard"], env)
            _start_dagster(group, settings, env, stack, console)
            _await_dashboard(group, settings)
            console.print(f"\nUp after {time.monotonic() - began:.0f} s.\n")
            show_facts(facts_of_run(settings))
            console.print()
            _watch(group, database, settings, console, began=began, until_first_snapshot=until_first_snapshot)
        except KeyboardInterrupt:
            console.print("\nStopping …")
            if until_first_snapshot:
                raise  # the trial did not get to its end
        finally:
            ignore_signals()


@contextmanager
def _only_one(state_dir: Path) -> Iterator[None]:
    """Keep other runs away from the same data."""
    try:
        state_dir.mkdir(parents=True, exist_ok=True)
        lock = (state_dir / "run.lock").open("w")
    except OSError as error:
        raise ConfigurationError(
            f"Could not write to STATE_DIR={state_dir}, {error.strerror}: {error.filename}. "
            "Set STATE_DIR to a folder that you may write to."
        ) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigurationError(
                f"Another `ticket-pipeline run` uses the data in {state_dir}. "
                "Stop that one with Ctrl-C, or set STATE_DIR to another folder."
            ) from None
        yield


def _prepare(settings: Settings, port: int | None, console: Console) -> tuple[Settings, dict[str, str]]:
    """Settings with the demo's pace and free ports filled in, and the environment that gives them to the children."""
    changes: dict[str, Any] = {}
    if settings.is_simulated:
        changes = {name: value for name, value in _DEMO.items() if name not in settings.model_fields_set}
        changes["ticket_pipeline_tuning"] = _DEMO_TUNING | settings.tuning.model_dump(exclude_unset=True)
        if uses_sample(settings) and settings.venue_map is None:
            changes["venue_map"] = str(_sample_zones_path(settings))
        if uses_sample(settings) and settings.alerts is None:
            changes["alerts"] = str(sample_alerts_path(settings))
        changes["simulator_port"] = str(simulator_port(settings.simulator_port))
    if "dagster_start_running" not in settings.model_fields_set:
        changes["dagster_start_running"] = "true"
    wanted_port = settings.web_port if port is None else port
    # None of them has bound its port yet.
    taken = [int(changes.get("simulator_port", 0))]
    changes["web_port"] = str(free_port(settings.web_host, wanted_port, taken))
    taken.append(int(changes["web_port"]))
    changes["dashboard_port"] = str(free_port(settings.web_host, settings.dashboard_port, taken))
    if wanted_port and changes["web_port"] != str(wanted_port):
        console.print(f"Port {wanted_port} is taken; the web UI uses {changes['web_port']}.")
    changes["state_dir"] = str(settings.state_dir.resolve())
    written = {name: json.dumps(value) if isinstance(value, dict) else value for name, value in changes.items()}
    env = {**os.environ, **{name.upper(): value for name, value in written.items()}}
    env["DAGSTER_HOME"] = str(settings.state_dir.resolve() / "dagster")
    env["PYTHONUNBUFFERED"] = "1"
    return load_settings(**changes), env


@contextmanager
def _database(settings: Settings, console: Console) -> Iterator[None]:
    """A migrated database; the embedded server is stopped at the end if it was started here."""
    server = embedded_server(settings) if settings.is_embedded else None
    # A server that somebody started by `db start` is left running; one that a run started is stopped by the next run's
    # end even if that first run was killed.
    started_by_run = settings.state_dir / "postgres_started_by_run"
    try:
        if server is not None and not server.status().running:
            console.print("Starting the embedded PostgreSQL …")
            started_by_run.touch()
            _start(server)
        with open_database(settings) as database:
            applied = apply_migrations(database.url, schema=settings.db_schema)
        if applied:
            console.print(f"Set up the schema {settings.db_schema}: {len(applied)} migrations.")
        yield
    finally:
        if server is not None and started_by_run.exists():
            server.stop()
            started_by_run.unlink()


def _start(server: EmbeddedServer) -> None:
    """In a thread, which a signal does not interrupt: what was started is known before it is stopped."""
    with ThreadPoolExecutor(1) as starting:
        starting.submit(server.start).result()


def _sync(database: Database, settings: Settings, console: Console, *, with_past: bool) -> None:
    """Sync before anything polls, so that a mistake in the watchlist shows here and now."""
    now = datetime.now(UTC)
    if uses_sample(settings) and settings.is_simulated:
        _refuse_foreign_events(database, settings)
        world = open_demo_world(settings, now, with_past=with_past)
        _write_csv(sample_watchlist_path(settings), sample_watchlist_rows(world))
        _write_csv(_sample_zones_path(settings), sample_zone_rows(world))
        write_sample_alerts(settings)
    elif uses_sample(settings):
        raise ConfigurationError(
            "No watchlist is configured. Set GOOGLE_SHEET_ID and GOOGLE_SHEETS_CREDENTIALS_FILE, or WATCHLIST_CSV."
        )
    report = sync_events(database, settings, now, force=uses_sample(settings))
    console.print(
        f"Watchlist: {len(report.watchlist.events)} events, {len(report.watchlist.rejected)} rows rejected "
        f"(from {report.result.source})."
    )


def _await_dashboard(group: ProcessGroup, settings: Settings) -> None:
    address = f"http://{settings.web_host}:{settings.dashboard_port}"
    group.wait_until(lambda: web_ui.answers(address), what="The dashboard", seconds=_START_SECONDS)


def _sample_zones_path(settings: Settings) -> Path:
    return settings.state_dir.resolve() / "sample_zones.csv"


def _write_csv(path: Path, rows: Iterable[Iterable[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


def _start_dagster(
    group: ProcessGroup, settings: Settings, env: Mapping[str, str], stack: ExitStack, console: Console
) -> None:
    """Start one code server, and a web server and a daemon that share it.

    Either of these can start a code server of its own; the daemon replaces that one every minute, at 2 CPU-s each time.
    """
    console.print("Starting Dagster …")
    socket_file = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ticket-pipeline-"))) / "code-server"
    home = write_dagster_home(settings)
    server = {"grpc_server": {"socket": str(socket_file), "location_name": web_ui.LOCATION}}
    # JSON is YAML.
    (home / "workspace.yaml").write_text(json.dumps({"load_from": [server]}), encoding="utf-8")
    workspace = ["-w", str(home / "workspace.yaml")]
    group.start("end-dead-runs", [sys.executable, "-m", "ticket_pipeline.defs.end_dead_runs"], env)
    served = ["-m", "ticket_pipeline.definitions", "--location-name", web_ui.LOCATION, "--socket", str(socket_file)]
    group.start("code-server", [_program("dagster"), "api", "grpc", "--log-level", "warning", *served], env)
    group.finish("end-dead-runs")  # beside the code server, which uses neither runs nor tables of Dagster's
    group.wait_until(lambda: listens(socket_file), what="Dagster's code server", seconds=_START_SECONDS)
    web = ["-h", settings.web_host, "-p", str(settings.web_port), *workspace]
    group.start("webserver", [sys.executable, "-m", "ticket_pipeline.defs.web_ui", *web], env)
    group.start("daemon", [_program("dagster-daemon"), "run", *workspace], env)
    url = f"http://{settings.web_host}:{settings.web_port}"
    # In reverse: stop the daemon, so that no further run starts, then cancel the runs under way: they have not failed.
    stack.callback(web_ui.cancel_runs, url)
    stack.callback(group.stop, "daemon")
    group.wait_until(lambda: web_ui.is_up(f"{url}/server_info"), what="The web UI", seconds=_START_SECONDS)
    jobs = ["sync_events", "show_stored_partitions", "report_markets", "report_sources"]
    if settings.is_simulated and settings.pipelines_dir is None:
        jobs.append("vivenu_default")  # its schedule may be ten minutes away, and the demo's page is empty until then
    for job in jobs:
        web_ui.launch_job(url, job)


def _program(name: str) -> str:
    """A program of this environment, whether or not its folder is on PATH."""
    return str(Path(sys.executable).parent / name)


def _watch(
    group: ProcessGroup,
    database: Database,
    settings: Settings,
    console: Console,
    *,
    began: float,
    until_first_snapshot: bool,
) -> None:
    """Print the first snapshot and each minute's work, until a signal comes or a child ends.

    Trouble of the database is printed when it begins and when it ends. It ends no run.
    """
    started_at = minute = datetime.now(UTC)
    deadline = time.monotonic() + _STATUS_SECONDS
    trouble = StorageTrouble(console.print)
    has_snapshot = False
    while not (has_snapshot and until_first_snapshot):
        time.sleep(0.5)
        group.check()
        try:
            if time.monotonic() > deadline:
                deadline += _STATUS_SECONDS
                if settings.is_embedded and not trouble.is_over:
                    _start(embedded_server(settings))  # a full disk ends it, and no other process may try again
                for line in describe_minute(database, settings, minute):
                    console.print(line)
                minute = datetime.now(UTC)
                probe_writes(database)
                trouble.end()
            if not has_snapshot and (
                rows := database.fetch_all("snapshots/select_stored_since", since=started_at, most=1)
            ):
                has_snapshot = True
                after = f"{time.monotonic() - began:.0f} s"
                console.print(f"First snapshot of this run stored after {after}: {describe_snapshot(rows[0])}")
        except StorageError as error:
            trouble.begin(error)


def _refuse_foreign_events(database: Database, settings: Settings) -> None:
    """Keep the demo's sample from replacing a user's watchlist where a setting was forgotten."""
    last = database.fetch_one("watchlist/select_last_sync")
    if last is not None and last["source"] != open_watchlist(settings).description:
        raise ConfigurationError(
            f"No watchlist is configured, and {describe_database(settings)} follows the events of {last['source']}. "
            "Set WATCHLIST_CSV or GOOGLE_SHEET_ID as before (is .env in this folder?), or set "
            "STATE_DIR to another folder for the demo."
        )
