"""Steps of a pipeline around failures, conditions and their time, by the events that Dagster shows of them."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from ticket_pipeline.defs.primary_sales import work as primary_sales_work
from ticket_pipeline.defs.primary_sales.pipeline_steps import SKIP_FETCH_TAG
from ticket_pipeline.errors import StorageError
from ticket_pipeline.simulator.faults import Fault, FaultKind
from ticket_pipeline_tests.defs.primary_sales.pipeline_runs import EVENTS, SALES, TICKETS, Ended
from ticket_pipeline_tests.primary_sales.organiser import NOW
from ticket_pipeline_tests.primary_sales.truth import assert_every_number_is_true

if TYPE_CHECKING:
    from collections.abc import Callable

    from ticket_pipeline.storage.database import Database
    from ticket_pipeline_tests.defs.primary_sales.pipeline_runs import PipelineRuns

PEOPLE = "  - {name: people, selection: vivenu_gender}\n"
COUPONS = "  - {name: coupons, selection: vivenu_coupons}\n"
SUMMARY = "  - {name: summary, selection: vivenu_summary}\n"


def put_in_place(
    monkeypatch: pytest.MonkeyPatch, table: str, making: Callable[[primary_sales_work.Work, Database], None]
) -> None:
    """Let a table be made in another way."""

    def made(work: primary_sales_work.Work, database: Database) -> dict[str, Any]:
        making(work, database)
        return {}

    monkeypatch.setattr(
        "ticket_pipeline.defs.primary_sales.pipeline_steps.WORK", {**primary_sales_work.WORK, table: made}
    )


def test_a_failure_stops_what_stands_after_it(runs: PipelineRuns) -> None:
    runs.place.sync()
    runs.write("steps:\n" + COUPONS + PEOPLE + SUMMARY)
    runs.place.organiser.faults.add(Fault(FaultKind.SERVER_ERROR, times=None))
    ended = runs.run()
    assert not ended.success
    assert list(ended.failed) == ["coupons"]
    assert "500" in ended.failed["coupons"]
    assert ended.begun == ["coupons"]


def test_a_failure_stops_what_stands_after_it_over_a_skipped_step(runs: PipelineRuns) -> None:
    assert runs.run("default").success
    runs.write("steps:\n" + COUPONS + PEOPLE.replace("}", ", condition: new_tickets}") + SALES)
    runs.place.organiser.faults.add(Fault(FaultKind.SERVER_ERROR, times=None))
    assert runs.run().begun == ["coupons"]


def test_a_failure_stops_what_would_start_beside_it(runs: PipelineRuns) -> None:
    runs.place.sync()
    runs.write("execution: parallel\nsteps:\n" + COUPONS + PEOPLE)
    runs.place.organiser.faults.add(Fault(FaultKind.SERVER_ERROR, times=None))
    job = runs.defs.resolve_job_def("vivenu_mine")
    # Steps that are processes of their own would need definitions that another process can load.
    ended = Ended(job.execute_in_process(instance=runs.instance, raise_on_error=False).all_events)
    assert ended.done == []
    assert "500" in ended.failed["coupons"]
    assert "Not started: the step coupons failed" in ended.failed["people"]


def test_after_a_failure_the_others_go_on_even_those_that_need_it(runs: PipelineRuns) -> None:
    runs.place.sync()
    runs.write("on_failure: continue\nsteps:\n" + EVENTS + TICKETS + SALES)
    runs.place.organiser.faults.add(Fault(FaultKind.SERVER_ERROR, times=1))
    ended = runs.run()
    assert not ended.success
    assert list(ended.failed) == ["events"]
    assert ended.done == ["tickets", "sales"]


def test_an_error_of_any_kind_lets_the_others_go_on(runs: PipelineRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    runs.place.sync()
    runs.write("on_failure: continue\nsteps:\n" + SALES + PEOPLE + SUMMARY)
    put_in_place(monkeypatch, "vivenu_sales_daily", lambda *_: {}["missing"])
    ended = runs.run()
    assert not ended.success
    assert "KeyError" in ended.failed["sales"]
    assert ended.done == ["people", "summary"]


@pytest.mark.parametrize("rule", ["stop", "continue"])
def test_a_step_is_tried_again_as_often_as_its_file_says(runs: PipelineRuns, rule: str) -> None:
    again = EVENTS.replace("}", ", retries: 2, retry_delay_seconds: 0}")
    runs.write(f"on_failure: {rule}\nsteps:\n" + again + TICKETS)
    runs.place.organiser.faults.add(Fault(FaultKind.SERVER_ERROR, times=2))
    ended = runs.run()
    assert ended.success
    assert ended.begun == ["events", "events", "events", "tickets"]
    runs.requests()
    runs.place.organiser.faults.add(Fault(FaultKind.SERVER_ERROR, times=3))
    assert list(runs.run().failed) == ["events"]
    assert runs.requests()[:3] == [500, 500, 500]


def test_what_no_try_can_mend_is_not_tried_again(runs: PipelineRuns) -> None:
    again = "steps:\n" + EVENTS.replace("}", ", retries: 3, retry_delay_seconds: 60}")
    runs.write(again)
    runs.place.organiser.faults.add(Fault(FaultKind.UNAUTHORIZED, times=None))
    ended = runs.run()
    assert ended.begun == ["events"]
    assert "VIVENU_API_KEY" in ended.failed["events"]
    runs.changes["disabled_marketplaces"] = "vivenu"
    assert "DISABLED_MARKETPLACES" in runs.run().failed["events"]


def test_tickets_that_no_try_can_read_are_not_tried_again(runs: PipelineRuns) -> None:
    runs.place.sync_events()
    runs.write("steps:\n" + TICKETS.replace("}", ", retries: 3, retry_delay_seconds: 60}"))
    runs.place.organiser.faults.add(Fault(FaultKind.FORBIDDEN, times=None))
    assert runs.run().begun == ["tickets"]


@pytest.mark.parametrize(
    "fault",
    [Fault(FaultKind.HANG, times=None), Fault(FaultKind.RATE_LIMITED, times=None, retry_after="3600")],
)
def test_a_step_that_waits_too_long_is_ended_and_says_so(runs: PipelineRuns, fault: Fault) -> None:
    runs.changes |= {"httpx_retries": 3, "httpx_timeout_read": 300}
    runs.write("steps:\n" + EVENTS.replace("}", ", timeout_minutes: 0.005}") + TICKETS)
    runs.place.organiser.faults.add(fault)
    started = time.monotonic()
    ended = runs.run()
    assert time.monotonic() - started < 100, "no single wait is so short"
    assert "longer than 0.005 minutes" in ended.failed["events"]
    assert ended.done == []


def test_a_time_limit_ends_the_work_of_every_thread_in_the_database(
    runs: PipelineRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    def hold(database: Database) -> None:
        try:
            with database.transaction("hold on") as transaction:
                transaction.execute("primary_sales/lock_summaries")
                for _ in range(6000):  # each within the statement's own limit
                    transaction.connection.execute("select pg_sleep(0.1)")
        except StorageError as error:
            said.append(str(error))

    def make(_: primary_sales_work.Work, database: Database) -> None:
        thread = threading.Thread(target=hold, args=[database], name="holding on")
        thread.start()
        thread.join()
        database.execute("maintenance/describe_server")

    put_in_place(monkeypatch, "vivenu_sales_daily", make)
    runs.write("steps:\n" + SALES.replace("}", ", timeout_minutes: 0.02}"))
    started = time.monotonic()
    ended = runs.run()
    assert time.monotonic() - started < 100, "holding on takes 600 s"
    assert "longer than 0.02 minutes" in ended.failed["sales"]
    with psycopg.connect(runs.place.database_url) as connection:
        busy = "select count(*) from pg_stat_activity where query like '%pg_sleep%' and pid <> pg_backend_pid()"
        locks = "select count(*) from pg_locks where locktype = 'advisory'"
        assert (connection.execute(busy).fetchone(), connection.execute(locks).fetchone()) == ((0,), (0,))
    for thread in threading.enumerate():
        if thread.name == "holding on":
            thread.join(60)
    assert len(said) == 1


def test_a_disabled_step_is_skipped_and_stops_nothing(runs: PipelineRuns) -> None:
    runs.place.sync()
    runs.requests()
    off = ", enabled: false}"
    for rule in ("stop", "continue"):
        runs.write(f"on_failure: {rule}\nsteps:\n" + EVENTS.replace("}", off) + TICKETS.replace("}", off) + SALES)
        ended = runs.run()
        assert ended.success
        assert (sorted(ended.skipped), ended.done) == (["events", "tickets"], ["sales"])
        assert ended.answers["events__if_enabled"] == "disabled in its file"
    assert runs.requests() == []


@pytest.mark.parametrize("rule", ["stop", "continue"])
def test_a_skipped_step_takes_along_what_needs_it_and_nothing_else(runs: PipelineRuns, rule: str) -> None:
    assert runs.run("default").success
    when_new = SALES.replace("}", ", condition: new_tickets}")
    runs.write(f"on_failure: {rule}\nsteps:\n" + TICKETS + when_new + PEOPLE + SUMMARY)
    ended = runs.run()
    assert ended.success
    assert (ended.skipped, ended.done) == (["sales", "summary"], ["tickets", "people"])
    runs.place.organiser.world.change_some(2, datetime.now(UTC))
    assert runs.run().done == ["tickets", "sales", "people", "summary"]


def test_a_condition_is_asked_after_what_the_step_needs(runs: PipelineRuns) -> None:
    ended = runs.run("minimal")
    assert ended.begun == ["events", "tickets", "sales__if_new_tickets", "sales"]
    again = runs.run("minimal")
    assert again.success
    assert again.skipped == ["sales"]
    assert again.answers["sales__if_new_tickets"].startswith("no ticket came or changed since vivenu_sales_daily")


def test_what_an_earlier_run_read_and_did_not_reckon_is_made_up(
    runs: PipelineRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert runs.run("minimal").success
    runs.place.organiser.world.change_some(2, datetime.now(UTC))
    with monkeypatch.context() as broken:
        put_in_place(broken, "vivenu_sales_daily", lambda *_: 1 / 0)  # type: ignore[arg-type,return-value]
        assert list(runs.run("minimal").failed) == ["sales"]
    assert "sales" in runs.run("minimal").done
    assert runs.run("minimal").skipped == ["sales"]


def test_tickets_that_come_while_a_summary_is_reckoned_are_not_missed(
    runs: PipelineRuns, monkeypatch: pytest.MonkeyPatch
) -> None:
    def come_meanwhile(work: primary_sales_work.Work, database: Database) -> None:
        primary_sales_work.make_sales_daily(work, database)
        runs.place.organiser.world.change_some(2, datetime.now(UTC))
        primary_sales_work.make_tickets(work, database)

    with monkeypatch.context() as changed:
        put_in_place(changed, "vivenu_sales_daily", come_meanwhile)
        assert runs.run("minimal").success
    assert "sales" in runs.run("minimal").done


def test_skip_fetch_reckons_everything_without_a_request(runs: PipelineRuns) -> None:
    runs.place.sync()
    runs.requests()
    for name in ("minimal", "default"):
        assert runs.run(name, tags={SKIP_FETCH_TAG: "true"}).success
    assert runs.requests() == []
    assert_every_number_is_true(runs.place, NOW)
    assert runs.run("minimal", tags={SKIP_FETCH_TAG: "true"}).answers["tickets"] == "nothing to fetch in this run"


def test_a_full_one_reads_what_was_read_before(runs: PipelineRuns) -> None:
    runs.place.sync()
    runs.place.organiser.desk.served.clear()
    assert runs.run("full").success
    assert runs.place.organiser.desk.served["tickets"] >= 300
