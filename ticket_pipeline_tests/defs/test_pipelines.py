"""Pipelines as Dagster runs them: in order, around failures, within their time; a refused one takes none down."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg
import pytest

from ticket_pipeline.definitions import build_defs
from ticket_pipeline.defs.pipeline import Pipeline
from ticket_pipeline.defs.pipelines import SKIP_FETCH_TAG
from ticket_pipeline.settings import Settings
from ticket_pipeline.simulator.faults import Fault, FaultKind
from ticket_pipeline_tests.defs.test_primary_sales import VivenuLocation
from ticket_pipeline_tests.polling.organiser_location import open_organiser_location
from ticket_pipeline_tests.primary_sales.organiser import NOW
from ticket_pipeline_tests.primary_sales.truth import assert_every_number_is_true

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SKIP_FETCH = {SKIP_FETCH_TAG: "true"}
SALES = "  - {name: events, selection: vivenu_events}\n  - {name: tickets, selection: vivenu_tickets%s}\n"
SALES += "  - {name: sales, selection: vivenu_sales_daily%s}\n"


@pytest.fixture
def vivenu(migrated_url: str) -> Iterator[VivenuLocation]:
    """Five events, three hundred tickets, nothing read yet."""
    with (
        open_organiser_location(migrated_url, tickets=300) as place,
        dg.DagsterInstance.ephemeral() as instance,
    ):
        yield VivenuLocation(place, instance, {"httpx_retries": 0})


def write(vivenu: VivenuLocation, folder: Path, text: str) -> None:
    """Make a file the only pipeline."""
    (folder / "mine.yaml").write_text(f"name: mine\ndescription: Mine.\n{text}", encoding="utf-8")
    vivenu.changes["pipelines_dir"] = str(folder)


def outcomes(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    """Step → what it says of itself, for those that said anything."""
    return {
        str(event.step_key): str(event.step_output_data.metadata["outcome"].value)
        for event in result.all_events
        if event.is_successful_output and "outcome" in event.step_output_data.metadata
    }


def failed(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    """Failed step → why."""
    return {
        str(event.step_key): str(event.step_failure_data.user_failure_data.description)
        for event in result.all_events
        if event.is_step_failure and event.step_failure_data.user_failure_data
    }


@pytest.mark.parametrize("name", ["default", "parallel", "full"])
def test_a_shipped_pipeline_makes_every_number_true(vivenu: VivenuLocation, name: str) -> None:
    assert vivenu.run(f"vivenu_{name}").success
    assert_every_number_is_true(vivenu.place, NOW)


def test_the_minimal_one_reckons_only_where_tickets_are_new(vivenu: VivenuLocation) -> None:
    assert outcomes(vivenu.run("vivenu_minimal"))["sales"] == "made vivenu_sales_daily"
    assert outcomes(vivenu.run("vivenu_minimal"))["sales"].startswith("not needed")
    vivenu.place.organiser.world.change_some(2, datetime.now(UTC))
    assert outcomes(vivenu.run("vivenu_minimal"))["sales"] == "made vivenu_sales_daily"


def test_skip_fetch_reckons_everything_without_a_request(vivenu: VivenuLocation) -> None:
    vivenu.place.sync()
    vivenu.place.organiser.log.clear()
    result = vivenu.run("vivenu_default", tags=SKIP_FETCH)
    assert result.success
    assert vivenu.place.organiser.log.records() == []
    assert_every_number_is_true(vivenu.place, NOW)
    assert outcomes(result)["tickets"] == "nothing to fetch in this run"


def test_a_full_one_reads_what_was_read_before(vivenu: VivenuLocation) -> None:
    vivenu.place.sync()
    vivenu.place.organiser.desk.served.clear()
    assert vivenu.run("vivenu_full").success
    assert vivenu.place.organiser.desk.served["tickets"] >= 300


def test_a_failed_step_stops_what_follows(vivenu: VivenuLocation, tmp_path: Path) -> None:
    write(vivenu, tmp_path, "steps:\n" + SALES % ("", ""))
    vivenu.place.organiser.faults.add(Fault(FaultKind.SERVER_ERROR, times=None))
    result = vivenu.run("vivenu_mine")
    assert "500" in failed(result)["events"]
    assert outcomes(result) == {}


def test_a_failed_step_lets_the_others_go_on_and_the_run_names_it(vivenu: VivenuLocation, tmp_path: Path) -> None:
    vivenu.place.sync()
    write(vivenu, tmp_path, "on_failure: continue\nsteps:\n" + SALES % ("", ""))
    vivenu.place.organiser.faults.add(Fault(FaultKind.SERVER_ERROR, times=1))
    result = vivenu.run("vivenu_mine")
    assert not result.success
    assert outcomes(result)["sales"] == "made vivenu_sales_daily"
    assert failed(result)["VERDICT"].startswith("1 of 3 steps failed; the others are done.\nevents: failed: ")


def test_a_step_is_tried_again_as_often_as_its_file_says(vivenu: VivenuLocation, tmp_path: Path) -> None:
    write(
        vivenu,
        tmp_path,
        "steps: [{name: events, selection: vivenu_events, retries: 2, retry_delay_seconds: 0}]\n",
    )
    vivenu.place.organiser.faults.add(Fault(FaultKind.SERVER_ERROR, times=2))
    assert vivenu.run("vivenu_mine").success
    assert [record.status for record in vivenu.place.organiser.log.records()] == [500, 500, 200]
    vivenu.place.organiser.faults.add(Fault(FaultKind.SERVER_ERROR, times=3))
    assert not vivenu.run("vivenu_mine").success


def test_a_step_that_takes_too_long_is_ended_and_says_so(vivenu: VivenuLocation, tmp_path: Path) -> None:
    write(vivenu, tmp_path, "steps: [{name: events, selection: vivenu_events, timeout_minutes: 0.005}]\n")
    vivenu.place.organiser.faults.add(Fault(FaultKind.HANG, times=None))
    started = time.monotonic()
    result = vivenu.run("vivenu_mine")
    assert time.monotonic() - started < 20
    assert "longer than 0.005 minutes" in failed(result)["events"]


def test_a_disabled_step_does_nothing_and_stops_nothing(vivenu: VivenuLocation, tmp_path: Path) -> None:
    vivenu.place.sync()
    vivenu.place.organiser.log.clear()
    off = ", enabled: false"
    write(vivenu, tmp_path, "steps:\n" + (SALES % (off, "")).replace("vivenu_events}", f"vivenu_events{off}}}"))
    result = vivenu.run("vivenu_mine")
    assert result.success
    assert outcomes(result)["tickets"].startswith("disabled")
    assert outcomes(result)["sales"] == "made vivenu_sales_daily"
    assert vivenu.place.organiser.log.records() == []


def test_a_run_shows_as_materializations_of_the_assets(vivenu: VivenuLocation) -> None:
    vivenu.run("vivenu_default")
    for name in ("vivenu_events", "vivenu_tickets", "vivenu_summary"):
        assert vivenu.instance.get_latest_materialization_event(dg.AssetKey(name)) is not None
    assert len(vivenu.instance.get_materialized_partitions(dg.AssetKey("vivenu_tickets"))) == 5


def test_a_bad_file_is_a_job_that_says_why_and_everything_else_loads(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text(
        'name: good\ndescription: Good.\ncron: "1 2 * * *"\nsteps: [{name: all, selection: "vivenu_*"}]\n',
        encoding="utf-8",
    )
    (tmp_path / "bad one.yaml").write_text("name: bad\ndescription: Bad.\nsteps: []\n", encoding="utf-8")
    defs = build_defs(Pipeline(Settings.model_validate({"pipelines_dir": str(tmp_path)})))
    dg.Definitions.validate_loadable(defs)
    repository = defs.get_repository_def()
    assert {"vivenu_good", "vivenu_bad_one_refused", "poll_stubhub"} <= set(repository.job_names)
    assert defs.resolve_schedule_def("vivenu_good_regularly").cron_schedule == "1 2 * * *"
    refused = defs.resolve_job_def("vivenu_bad_one_refused")
    assert "line 3, steps: " in (refused.description or "")
    with dg.DagsterInstance.ephemeral() as instance:
        result = refused.execute_in_process(instance=instance, raise_on_error=False)
    assert "line 3, steps: " in next(iter(failed(result).values()))


def test_side_by_side_is_dagsters_own_executor_with_the_files_limit() -> None:
    defs = build_defs(Pipeline(Settings()))
    assert defs.resolve_job_def("vivenu_parallel").executor_def.name == "multiprocess"
    assert defs.resolve_job_def("vivenu_default").executor_def.name == "in_process"
