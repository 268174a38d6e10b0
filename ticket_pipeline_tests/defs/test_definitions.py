"""The code location as a whole: it loads without settings, reads nothing on import, and describes its definitions."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import warnings
from pathlib import Path

import dagster as dg
import pytest
import stamina

from ticket_pipeline.definitions import build_defs
from ticket_pipeline.settings.model import Settings

GROUPS = {
    "events": "watchlist",
    "stubhub_listings": "snapshots",
    "vivid_seats_listings": "snapshots",
    "ticketmaster_events": "snapshots",
    "hourly_prices": "prices",
    "listing_changes": "analytics",
    "estimated_sales": "analytics",
    "daily_prices": "prices",
    "market_report": "outputs",
    "listing_archive": "maintenance",
    "source_health": "maintenance",
}
SENSORS = {
    "poll_due_stubhub_events",
    "poll_due_vivid_seats_events",
    "poll_due_ticketmaster_events",
    "rebuild_stale_prices",
    "watch_failed_runs",
    "watch_operations",
}
VIVENU = ("events", "tickets", "coupons", "sales_daily", "gender", "age_groups", "summary")
PIPELINES = ("default", "full", "minimal", "parallel")
GROUPS |= {f"vivenu_{table}": "primary_sales" for table in VIVENU}

# Loading may not connect, start programs, create folders or read a settings file.
WATCHED = """
import sys
import dagster  # runs the program `file`
seen = []
def watch(event, arguments):
    is_settings_file = event == "open" and str(arguments[0]).endswith(".env")
    if is_settings_file or event in {"socket.connect", "subprocess.Popen", "os.mkdir"}:
        seen.append((event, str(arguments[:1])))
sys.addaudithook(watch)
"""


def fresh(program: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a new interpreter in `folder` with only this environment; warnings are errors."""
    return subprocess.run(
        # -B: a fresh checkout would write bytecode.
        [sys.executable, "-B", "-W", "error", "-c", program],
        cwd=folder,
        env={"HOME": str(folder), **environment},
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


def test_it_loads_in_a_fresh_interpreter_without_environment_database_or_warning(tmp_path: Path) -> None:
    program = f"""{WATCHED}
from ticket_pipeline.definitions import defs
dagster.Definitions.validate_loadable(defs())
assert [event for event in seen if event[0] != "open"] == [], seen
heavy = {{"httpx", "pandas", "gspread", "numpy", "dagster_postgres", "structlog"}}
assert heavy.isdisjoint(sys.modules), "every run and code server would load them"
"""
    ended = fresh(program, tmp_path)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []


def test_importing_it_reads_no_setting_and_loading_it_names_every_malformed_one(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("WEB_PORT=none\n", encoding="utf-8")
    program = f"{WATCHED}\nfrom ticket_pipeline.definitions import defs\nassert seen == [], seen\ndefs()"
    ended = fresh(program, tmp_path, DB_PORT="none")
    assert ended.returncode == 1
    for words in ("ConfigurationError", "  WEB_PORT: ", "  DB_PORT: "):
        assert words in ended.stderr


def test_every_asset_has_a_group_an_owner_kinds_and_a_full_description(defs: dg.Definitions) -> None:
    specs = {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}
    assert {name: spec.group_name for name, spec in specs.items()} == GROUPS
    for spec in specs.values():
        assert spec.owners
        assert spec.kinds
        for part in ("Grain: ", "Source: ", "Write: ", "Trigger: "):
            assert part in (spec.description or "")


def test_the_lineage_follows_the_data(defs: dg.Definitions) -> None:
    specs = {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}
    lineage = {name: {dep.asset_key.to_user_string() for dep in spec.deps} for name, spec in specs.items()}
    assert lineage == {
        "events": set(),
        "stubhub_listings": {"events"},
        "vivid_seats_listings": {"events"},
        "ticketmaster_events": {"events"},
        "hourly_prices": {"stubhub_listings", "vivid_seats_listings"},
        "daily_prices": {"hourly_prices"},
        "listing_changes": {"stubhub_listings", "vivid_seats_listings"},
        "market_report": {"events"},
        "estimated_sales": {"listing_changes"},
        "listing_archive": {"stubhub_listings", "vivid_seats_listings"},
        "source_health": set(),
        "vivenu_events": set(),
        "vivenu_tickets": {"vivenu_events"},
        **{f"vivenu_{table}": {"vivenu_tickets"} for table in ("coupons", "sales_daily", "gender", "age_groups")},
        "vivenu_summary": {"vivenu_coupons", "vivenu_sales_daily", "vivenu_gender", "vivenu_age_groups"},
    }


@pytest.mark.parametrize(
    "asset", ["stubhub_listings", "hourly_prices", "daily_prices", "listing_archive", "vivenu_tickets"]
)
def test_a_backfill_of_a_partitioned_asset_is_one_run(defs: dg.Definitions, asset: str) -> None:
    definition = defs.resolve_assets_def(asset)
    assert definition.backfill_policy == dg.BackfillPolicy.single_run()


def test_a_trigger_that_a_description_names_exists(defs: dg.Definitions) -> None:
    repository = defs.get_repository_def()
    names = {sensor.name for sensor in repository.sensor_defs}
    names |= {schedule.name for schedule in repository.schedule_defs}
    assert names >= SENSORS
    for spec in defs.resolve_all_asset_specs():
        trigger = (spec.description or "").rpartition("Trigger: ")[2]
        words = {word.strip(".,") for word in trigger.split()}
        assert words & names, trigger


def test_every_sensor_schedule_job_and_check_is_described(defs: dg.Definitions) -> None:
    repository = defs.get_repository_def()
    described = {sensor.name: sensor.description for sensor in repository.sensor_defs}
    described |= {schedule.name: schedule.description for schedule in repository.schedule_defs}
    described |= {job.name: job.description for job in repository.get_all_jobs() if not job.name.startswith("__")}
    assert len(described) == len(SENSORS) + 7 + 13 + len(PIPELINES)
    assert [name for name, description in described.items() if not description] == []
    graph = defs.resolve_asset_graph()
    checks = [graph.get_check_spec(key) for key in graph.asset_check_keys]
    assert len(checks) == 6 + 2 * 5 + 3 + 3 + 1 + 8
    assert [spec.name for spec in checks if not spec.description] == []


@pytest.mark.filterwarnings("ignore:Parameter `execution_type`")  # Dagster passes it itself
def test_a_key_prefix_applies_to_every_asset_check_dependency_and_job() -> None:
    defs = build_defs(Settings(dagster_key_prefix="sales/tickets", base_scrape_interval_hours=0.001))
    dg.Definitions.validate_loadable(defs)
    graph = defs.resolve_asset_graph()
    keys = {*graph.get_all_asset_keys(), *(key.asset_key for key in graph.asset_check_keys)}
    keys |= {parent for key in graph.get_all_asset_keys() for parent in graph.get(key).parent_keys}
    assert {tuple(key.path[:-1]) for key in keys} == {("sales", "tickets")}
    for job in ("sync_events", "poll_stubhub", "aggregate_hourly", "aggregate_daily"):
        assert defs.resolve_job_def(job).asset_layer.selected_asset_keys <= keys


@pytest.mark.parametrize(("setting", "status"), [(False, "STOPPED"), (True, "RUNNING")])
def test_a_setting_decides_whether_sensors_and_schedules_start(setting: bool, status: str) -> None:
    repository = build_defs(Settings(dagster_start_running=setting)).get_repository_def()
    started = [*repository.sensor_defs, *repository.schedule_defs]
    assert {each.default_status.value for each in started} == {status}


def test_building_definitions_changes_nothing_in_the_process() -> None:
    logger = logging.getLogger("ticket_pipeline")
    before = (logger.level, stamina.instrumentation.get_on_retry_hooks(), list(warnings.filters), dict(os.environ))
    build_defs(Settings(log_level="DEBUG"))
    after = (logger.level, stamina.instrumentation.get_on_retry_hooks(), list(warnings.filters), dict(os.environ))
    assert after == before
