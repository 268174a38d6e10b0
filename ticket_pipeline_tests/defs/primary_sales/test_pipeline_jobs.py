"""Pipeline files as Dagster loads and runs them: the shipped ones make every number true, a bad one takes none down."""

from __future__ import annotations

import logging
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import dagster as dg
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ticket_pipeline.definitions import build_defs
from ticket_pipeline.defs.primary_sales.pipeline_jobs import build_pipelines
from ticket_pipeline.defs.resources import build_resources, utc_now
from ticket_pipeline.primary_sales.pipeline_files import DATA_DEPENDENCIES, read_pipelines
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.simulator.faults import Fault, FaultKind
from ticket_pipeline.storage.statements import project_file
from ticket_pipeline_tests.defs.primary_sales.pipeline_runs import SALES
from ticket_pipeline_tests.overrides import settings_from
from ticket_pipeline_tests.primary_sales.organiser import NOW
from ticket_pipeline_tests.primary_sales.truth import assert_every_number_is_true

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ticket_pipeline_tests.defs.primary_sales.pipeline_runs import PipelineRuns

GOOD = 'name: good\ndescription: Good.\ncron: "1 2 * * *"\nsteps: [{name: all, selection: "vivenu_*"}]\n'


def load(folder: Path) -> dg.RepositoryDefinition:
    """The whole code location with the pipelines of a folder, loaded as Dagster does."""
    defs = build_defs(settings_from({"pipelines_dir": str(folder)}))
    dg.Definitions.validate_loadable(defs)
    return defs.get_repository_def()


@pytest.mark.parametrize("name", ["default", "full", "minimal"])
def test_a_shipped_pipeline_makes_every_number_true(runs: PipelineRuns, name: str) -> None:
    ended = runs.run(name)
    assert ended.success
    if name == "minimal":
        assert ended.done == ["events", "tickets", "sales"]
    else:
        assert_every_number_is_true(runs.place, NOW)


def test_a_run_shows_as_materializations_of_the_assets(runs: PipelineRuns) -> None:
    runs.run("default")
    for name in ("vivenu_events", "vivenu_tickets", "vivenu_summary"):
        assert runs.instance.get_latest_materialization_event(dg.AssetKey(name)) is not None
    assert len(runs.instance.get_materialized_partitions(dg.AssetKey("vivenu_tickets"))) == 5


def test_a_bad_file_is_a_job_that_says_why_and_everything_else_loads(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "good.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "bad one.yaml").write_text("name: bad\ndescription: Bad.\nsteps: []\n", encoding="utf-8")
    with caplog.at_level(logging.WARNING, "ticket_pipeline.defs.primary_sales.pipeline_jobs"):
        repository = load(tmp_path)
    assert [record.getMessage().count("line 3, steps: ") for record in caplog.records] == [1]
    assert {"vivenu_good", "vivenu_bad_one_refused", "poll_stubhub"} <= set(repository.job_names)
    assert repository.get_schedule_def("vivenu_good_regularly").cron_schedule == "1 2 * * *"
    refused = repository.get_job("vivenu_bad_one_refused")
    assert "line 3, steps: " in (refused.description or "")
    with dg.DagsterInstance.ephemeral() as instance:
        result = refused.execute_in_process(instance=instance, raise_on_error=False)
    (failure,) = [event for event in result.all_events if event.is_step_failure]
    assert "line 3, steps: " in str(failure.step_failure_data.user_failure_data)


@pytest.mark.parametrize("folder", ["none", "good.yaml"])
def test_a_folder_that_is_none_takes_nothing_else_down(tmp_path: Path, folder: str) -> None:
    (tmp_path / "good.yaml").write_text(GOOD, encoding="utf-8")
    assert {"vivenu_PIPELINES_DIR_refused", "poll_stubhub", "vivenu"} <= set(load(tmp_path / folder).job_names)


NAMES = st.one_of(
    st.from_regex(r"[a-z][a-z0-9_]{0,12}", fullmatch=True),
    st.sampled_from([*(table.removeprefix("vivenu_") for table in DATA_DEPENDENCIES), "good", "vivenu", "x_refused"]),
    st.sampled_from(["good_regularly", "events__if_new", "graph", "input", "ops", "end", "class", "start"]),
)


@settings(max_examples=25)  # each loads the whole code location
@given(names=st.lists(NAMES, min_size=1, max_size=3), step=NAMES, condition=st.sampled_from(["always", "new_tickets"]))
def test_whatever_the_reader_takes_dagster_takes(
    tmp_path_factory: pytest.TempPathFactory, names: Sequence[str], step: str, condition: str
) -> None:
    folder = tmp_path_factory.mktemp("pipelines")
    for number, name in enumerate(names):
        text = GOOD.replace("name: good", f"name: {name}").replace("name: all", f"name: {step}")
        text = text.replace('"vivenu_*"', f"vivenu_gender, condition: {condition}, enabled: {number != 1}")
        (folder / f"{number}.yaml").write_text(text.replace("True", "true").replace("False", "false"), encoding="utf-8")
    taken = {one.job_name for one in read_pipelines(folder)[0]}
    loaded = load(folder)
    assert taken <= set(loaded.job_names)
    assert {f"{name}_regularly" for name in taken} <= {one.name for one in loaded.schedule_defs}


def test_a_file_that_dagster_refuses_beside_the_rest_is_refused_by_file_and_line(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / f"{name}.yaml").write_text(GOOD.replace("good", name), encoding="utf-8")
    configured = settings_from({"pipelines_dir": str(tmp_path)})

    @dg.op(name="vivenu_two")
    def taken() -> None:
        """Something of that name that is no job."""

    def assemble(jobs: Sequence[dg.JobDefinition], schedules: Sequence[dg.ScheduleDefinition]) -> dg.Definitions:
        rest = dg.GraphDefinition("rest", node_defs=[taken]).to_job()
        return dg.Definitions(jobs=[rest, *jobs], schedules=schedules, resources=build_resources(configured))

    jobs, schedules = build_pipelines(configured, utc_now, assemble)
    assert [job.name for job in jobs] == ["vivenu_one", "vivenu_two_refused"]
    assert [schedule.name for schedule in schedules] == ["vivenu_one_regularly"]
    assert "two.yaml, line 1, name: Dagster refuses it: " in (jobs[1].description or "")
    dg.Definitions.validate_loadable(assemble(jobs, schedules))


def test_side_by_side_is_dagsters_own_executor_with_the_files_limit() -> None:
    defs = build_defs(Settings())
    assert defs.resolve_job_def("vivenu_parallel").executor_def.name == "multiprocess"
    assert defs.resolve_job_def("vivenu_default").executor_def.name == "in_process"


def test_every_shipped_step_has_a_time_limit() -> None:
    pipelines, _ = read_pipelines(None)
    assert [one.name for pipeline in pipelines for one in pipeline.steps if one.timeout_minutes is None] == []


@pytest.fixture
def limited() -> Iterator[dg.DagsterInstance]:
    """An instance with the project's own limits."""
    text = project_file("dagster.yaml").read_text(encoding="utf-8")
    overrides = {name: value for name, value in yaml.safe_load(text).items() if name == "concurrency"}
    with dg.instance_for_test(overrides=overrides) as instance:
        yield instance


def test_a_step_that_asks_vivenu_waits_until_another_has_done_so(
    runs: PipelineRuns, limited: dg.DagsterInstance
) -> None:
    assert limited.get_concurrency_config().run_queue_config.max_concurrent_runs == 4
    pool = limited.event_log_storage
    pool.initialize_concurrency_limit_to_default("vivenu")
    assert pool.claim_concurrency_slot("vivenu", "another run", "tickets").is_claimed
    runs.instance = limited
    runs.write("steps: [{name: events, selection: vivenu_events, retries: 1, retry_delay_seconds: 0}]\n")
    runs.place.organiser.faults.add(Fault(FaultKind.SERVER_ERROR, times=1))
    with ThreadPoolExecutor(1) as threads:
        running = threads.submit(runs.run)
        while not pool.get_concurrency_info("vivenu").pending_steps:
            assert not running.done()
            time.sleep(0.02)  # leaves the run its turn at the files of the instance
        assert runs.requests() == []
        pool.free_concurrency_slots_for_run("another run")
        assert running.result().begun == ["events", "events"]
    assert runs.requests() == [500, 200]


def test_all_that_asks_vivenu_is_in_its_pool(runs: PipelineRuns) -> None:
    runs.write(f"steps:\n{SALES}", "reckons")
    jobs = [build_defs(Settings()).resolve_job_def(f"vivenu_{name}") for name in ("default", "minimal")]
    jobs.append(runs.defs.resolve_job_def("vivenu_reckons"))
    pools = [{op.name: op.pool for op in job.all_node_defs if isinstance(op, dg.OpDefinition)} for job in jobs]
    asking = {"events", "tickets", "coupons"}
    for job, pooled in zip(jobs, pools, strict=True):
        for name, pool in pooled.items():
            assert pool == ("vivenu" if name.removeprefix(f"{job.name}__") in asking else None)
    assets = runs.defs.resolve_asset_graph()
    pooled_assets = {key.to_user_string() for key in assets.get_all_asset_keys() if "vivenu" in assets.get(key).pools}
    assert pooled_assets == {f"vivenu_{name}" for name in asking}
