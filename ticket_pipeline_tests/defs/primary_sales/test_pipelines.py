"""Pipeline files as Dagster jobs: what each rule of a file does, and what a bad file leaves alone."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from ticket_pipeline.definitions import build_defs
from ticket_pipeline.defs.primary_sales import tables
from ticket_pipeline.defs.primary_sales.pipelines import log_rejected_files
from ticket_pipeline.primary_sales.pipeline_files import DATA_DEPENDENCIES, read_pipelines
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.simulator.faults import Fault, FaultKind
from ticket_pipeline.storage.database import Database
from ticket_pipeline_tests.defs.primary_sales.vivenu_location import VivenuLocation, failed, made
from ticket_pipeline_tests.primary_sales.organiser import NOW
from ticket_pipeline_tests.primary_sales.truth import assert_every_number_is_true

GOOD = 'name: good\ndescription: Good.\ncron: "1 2 * * *"\nsteps: [{name: all, selection: "vivenu_*"}]\n'
EVENTS = "{name: events, selection: vivenu_events, retry_delay_seconds: 0, "


def load(folder: Path) -> dg.RepositoryDefinition:
    """The whole code location with the pipelines of a folder, loaded as Dagster does."""
    defs = build_defs(Settings.model_validate({"pipelines_dir": str(folder)}))
    dg.Definitions.validate_loadable(defs)
    return defs.get_repository_def()


def replace_making(monkeypatch: pytest.MonkeyPatch, table: str, make: Callable[[tables.Work, Database], Any]) -> None:
    monkeypatch.setattr("ticket_pipeline.defs.primary_sales.assets.MAKE", {**tables.MAKE, table: make})


@pytest.mark.parametrize("name", ["full", "parallel"])
def test_a_shipped_pipeline_makes_every_number_true(vivenu: VivenuLocation, name: str) -> None:
    vivenu.place.sync()
    vivenu.place.organiser.desk.served.clear()
    assert vivenu.run_pipeline(name).success
    assert (vivenu.place.organiser.desk.served["tickets"] >= 300) == (name == "full")
    assert_every_number_is_true(vivenu.place, NOW)


def test_a_job_has_the_executor_and_the_longest_run_of_its_file(tmp_path: Path) -> None:
    defs = build_defs(Settings())
    assert defs.resolve_job_def("vivenu_parallel").executor_def.name == "multiprocess"
    assert defs.resolve_job_def("vivenu_default").executor_def.name == "in_process"
    steps = [
        "{name: one, selection: vivenu_events, timeout_minutes: 2, retries: 1, retry_delay_seconds: 30}",
        "{name: two, selection: [vivenu_gender, vivenu_age_groups], timeout_minutes: 1}",
    ]
    (tmp_path / "mine.yaml").write_text(f"name: mine\ndescription: Mine.\nsteps: [{', '.join(steps)}]\n")
    assert load(tmp_path).get_job("vivenu_mine").run_tags["dagster/max_runtime"] == str(2 * 120 + 30 + 2 * 60)
    assert all(step.timeout_minutes for pipeline in read_pipelines(None)[0] for step in pipeline.steps)


def test_bad_files_are_logged_and_everything_else_loads(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "bad.yaml").write_text("name: bad\ndescription: Bad.\nsteps: []\n", encoding="utf-8")
    # Beside a good one, names that look like other names of Dagster.
    for name in ("good", "good_regularly", "vivenu", "a__b", "ops"):
        (tmp_path / f"{name}.yaml").write_text(GOOD.replace("name: good", f"name: {name}"), encoding="utf-8")
    (tmp_path / "never.yaml").write_text(GOOD.replace("good", "never").replace("1 2 *", "61 2 *"), encoding="utf-8")
    with caplog.at_level(logging.WARNING, "ticket_pipeline.defs.primary_sales.pipelines"):
        repository = load(tmp_path)
        log_rejected_files(Settings.model_validate({"pipelines_dir": str(tmp_path)}))
    logged = " ".join(record.getMessage() for record in caplog.records)
    assert "line 3, steps: " in logged
    assert "never has a cron expression that Dagster rejects: " in logged
    loaded = {"vivenu_good", "vivenu_good_regularly", "vivenu_vivenu", "vivenu_a__b", "vivenu_ops", "poll_stubhub"}
    assert loaded <= set(repository.job_names)
    assert "vivenu_never" not in repository.job_names
    assert repository.get_schedule_def("vivenu_good_regularly").cron_schedule == "1 2 * * *"


def test_a_failure_stops_what_needs_the_table_and_nothing_else(vivenu: VivenuLocation) -> None:
    vivenu.place.sync()
    vivenu.write("{name: all, selection: [vivenu_coupons, vivenu_gender, vivenu_summary]}")
    vivenu.place.organiser.faults.add(Fault(FaultKind.SERVER_ERROR, times=None))
    result = vivenu.run_pipeline()
    assert not result.success
    assert list(failed(result)) == ["vivenu_coupons"]
    assert "500" in failed(result)["vivenu_coupons"]
    assert list(made(result)) == ["vivenu_gender"]


def test_a_table_is_retried_as_often_as_its_file_allows(vivenu: VivenuLocation) -> None:
    vivenu.write(EVENTS + "retries: 2}")
    vivenu.place.organiser.faults.add(Fault(FaultKind.SERVER_ERROR, times=2))
    assert vivenu.run_pipeline().success
    assert vivenu.requests() == [500, 500, 200]
    vivenu.place.organiser.faults.add(Fault(FaultKind.SERVER_ERROR, times=3))
    assert list(failed(vivenu.run_pipeline())) == ["vivenu_events"]
    assert vivenu.requests() == [500, 500, 500]


def test_a_failure_that_no_retry_can_fix_is_final(vivenu: VivenuLocation) -> None:
    vivenu.place.sync_events()
    vivenu.requests()
    vivenu.place.organiser.faults.add(Fault(FaultKind.UNAUTHORIZED, times=None))
    vivenu.write(EVENTS + "retries: 3}")
    assert "VIVENU_API_KEY" in failed(vivenu.run_pipeline())["vivenu_events"]
    assert vivenu.requests() == [401]
    vivenu.write("{name: tickets, selection: vivenu_tickets, retries: 3, retry_delay_seconds: 0}")
    assert list(failed(vivenu.run_pipeline())) == ["vivenu_tickets"]
    assert vivenu.requests() == [401] * 5  # once for each event
    vivenu.changes["disabled_marketplaces"] = "vivenu"
    assert "DISABLED_MARKETPLACES" in failed(vivenu.run_pipeline())["vivenu_tickets"]


@pytest.mark.parametrize(
    "fault", [Fault(FaultKind.HANG, times=None), Fault(FaultKind.RATE_LIMITED, times=None, retry_after="60")]
)
def test_fetching_ends_at_the_time_limit(vivenu: VivenuLocation, fault: Fault) -> None:
    vivenu.changes |= {"httpx_retries": 3, "httpx_timeout_read": 300}
    vivenu.write(EVENTS + "timeout_minutes: 0.005}")
    vivenu.place.organiser.faults.add(fault)
    reason = failed(vivenu.run_pipeline())["vivenu_events"]
    assert "vivenu_events took longer than 0.005 minutes (timeout_minutes)." in reason


def test_a_statement_ends_at_the_time_limit(vivenu: VivenuLocation) -> None:
    vivenu.write("{name: sales, selection: vivenu_sales_daily, timeout_minutes: 0.005}")
    with vivenu.place.database.transaction("hold the lock of the summaries") as transaction:
        transaction.execute("primary_sales/lock_summaries")
        assert "statement timeout" in failed(vivenu.run_pipeline())["vivenu_sales_daily"]


def test_without_new_tickets_a_table_is_skipped_and_so_is_what_needs_it(vivenu: VivenuLocation) -> None:
    sales = "{name: sales, selection: vivenu_sales_daily, condition: new_tickets}"
    vivenu.write(f"{{name: some, selection: [vivenu_events, vivenu_tickets, vivenu_gender, vivenu_summary]}}, {sales}")
    everything = ["vivenu_events", "vivenu_tickets", "vivenu_gender", "vivenu_sales_daily", "vivenu_summary"]
    assert sorted(made(vivenu.run_pipeline())) == sorted(everything)
    again = vivenu.run_pipeline()
    assert again.success
    assert list(made(again)) == everything[:3]
    vivenu.place.organiser.world.change_some(2, datetime.now(UTC))
    assert sorted(made(vivenu.run_pipeline())) == sorted(everything)


def test_tickets_that_a_failed_run_read_are_new_to_the_next(
    vivenu: VivenuLocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert vivenu.run_pipeline("minimal").success
    vivenu.place.organiser.world.change_some(2, datetime.now(UTC))
    with monkeypatch.context() as broken:
        replace_making(broken, "vivenu_sales_daily", lambda *_: 1 / 0)
        assert list(failed(vivenu.run_pipeline("minimal"))) == ["vivenu_sales_daily"]
    assert "vivenu_sales_daily" in made(vivenu.run_pipeline("minimal"))


def test_tickets_that_come_while_a_table_is_made_are_new_to_the_next_run(
    vivenu: VivenuLocation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def make(work: tables.Work, database: Database) -> tables.Metadata:
        metadata = tables.make_sales_daily(work, database)
        vivenu.place.organiser.world.change_some(2, datetime.now(UTC))
        event = vivenu.place.organiser.world.events[0].event_id
        read = {"added": 0, "changed": 2, "gone": 0}
        work.context.log_event(dg.AssetMaterialization("vivenu_tickets", partition=event, metadata=read))
        return metadata

    with monkeypatch.context() as changed:
        replace_making(changed, "vivenu_sales_daily", make)
        assert vivenu.run_pipeline("minimal").success
    assert "vivenu_sales_daily" in made(vivenu.run_pipeline("minimal"))


def test_everything_that_sends_requests_is_in_one_pool() -> None:
    graph = build_defs(Settings()).resolve_asset_graph()
    pools = {name: graph.get(dg.AssetKey(name)).pools for name in DATA_DEPENDENCIES}
    fetching = {"vivenu_events", "vivenu_tickets", "vivenu_coupons"}
    assert pools == {name: {"vivenu"} if name in fetching else set() for name in DATA_DEPENDENCIES}
