"""`start-scheduler` and `resume`: the loop for users without Dagster."""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from ticket_pipeline.cli.scheduling import Scheduler
from ticket_pipeline.errors import SheetError, StorageError
from ticket_pipeline.simulator.faults import Fault, FaultKind
from ticket_pipeline_tests.storage.stored import MINUTE, NOON, items, store

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from ticket_pipeline_tests.cli.conftest import Cli


def scheduler_of(cli: Cli, lines: list[str], **settings: object) -> Scheduler:
    """A scheduler of this user whose clock is the marketplace's, and that speaks into `lines`."""
    chosen = cli.loopback.settings(watchlist_csv=cli.watchlist, **settings)
    return Scheduler(cli.loopback.database, chosen, cli.loopback.clock, timedelta(minutes=10), lines.append)


def ask(scheduler: Scheduler) -> None:
    """One round."""
    asyncio.run(scheduler.round())


def test_one_round_syncs_polls_what_is_due_and_builds_its_prices(cli: Cli) -> None:
    result = cli.run("start-scheduler", "--once")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "4 events are due" in result.stderr
    assert "4 events stored" in result.stderr
    assert cli.loopback.value("select count(*) from snapshots") == 4
    assert cli.loopback.value("select count(distinct event_id) from hourly_prices where zone = '*'") == 4
    assert cli.loopback.value("select count(distinct event_id) from daily_prices where zone = '*'") == 4
    assert cli.loopback.value("select count(*) from stale_prices") == 0
    assert cli.loopback.value("select count(*) from poll_schedule where lease_id is not null") == 0


def test_the_interval_and_the_jitter_asked_for_hold(cli: Cli) -> None:
    cli.run("start-scheduler", "--once", "--interval-hours", "6", "--randomization", "poisson", RANDOM_SEED="3")
    rows = cli.loopback.rows("select poll_interval, jitter_factor from poll_schedule")
    assert {row["poll_interval"] for row in rows} == {timedelta(hours=6)}
    assert len({row["jitter_factor"] for row in rows}) == 4
    assert cli.run("start-scheduler", "--once", "--randomization", "wrong").exit_code == 2


def test_what_is_not_due_is_not_polled_and_that_is_said_once(cli: Cli) -> None:
    lines: list[str] = []
    scheduler = scheduler_of(cli, lines)
    for _ in range(3):
        ask(scheduler)
    assert len(cli.loopback.log.records()) == 4
    assert sum("Nothing is due" in line for line in lines) == 1


def test_what_comes_due_later_is_polled_then(cli: Cli) -> None:
    lines: list[str] = []
    scheduler = scheduler_of(cli, lines)
    ask(scheduler)
    cli.loopback.clock.offset = timedelta(hours=18)  # the longest jittered interval
    ask(scheduler)
    assert len(cli.loopback.log.records()) == 8


def test_a_new_row_of_the_watchlist_is_taken_up_in_time(cli: Cli) -> None:
    rows = cli.read_watchlist()
    cli.write_watchlist(rows[:3])
    lines: list[str] = []
    scheduler = scheduler_of(cli, lines)
    ask(scheduler)
    cli.write_watchlist(rows)
    ask(scheduler)
    assert len(cli.loopback.log.records()) == 3
    cli.loopback.clock.offset = timedelta(minutes=11)
    ask(scheduler)
    assert len(cli.loopback.log.records()) == 4


def test_a_broken_watchlist_stops_the_start_but_not_a_running_loop(cli: Cli) -> None:
    lines: list[str] = []
    scheduler = scheduler_of(cli, lines)
    ask(scheduler)
    cli.watchlist.unlink()
    cli.loopback.clock.offset = timedelta(hours=18)
    ask(scheduler)
    assert any("The events stay as they are." in line for line in lines)
    assert len(cli.loopback.log.records()) == 8
    with pytest.raises(SheetError):
        scheduler.sync(must_succeed=True)
    assert cli.run("start-scheduler", "--once").exit_code == 1


def test_a_sync_that_ends_in_our_own_code_does_not_end_the_loop(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(*_: object, **__: object) -> None:
        raise TypeError("string indices must be integers")

    lines: list[str] = []
    scheduler = scheduler_of(cli, lines)
    ask(scheduler)
    monkeypatch.setattr("ticket_pipeline.sheet.sync.parse_watchlist", break_down)
    cli.loopback.clock.offset = timedelta(hours=18)
    ask(scheduler)
    assert any(
        "because of a bug in ticket_pipeline (TypeError)" in line and "The events stay as they are." in line
        for line in lines
    )
    assert "string indices must be integers" in caplog.text
    assert len(cli.loopback.log.records()) == 8


def test_old_bodies_that_cannot_be_deleted_keep_no_event_from_the_watchlist(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise StorageError("Deleted old bodies; the database refused.")

    monkeypatch.setattr("ticket_pipeline.cli.scheduling.delete_old_payloads", refuse)
    lines: list[str] = []
    ask(scheduler_of(cli, lines))
    assert any("the database refused. Old raw bodies stay until the next sync." in line for line in lines)
    assert not any("The events stay as they are" in line for line in lines)
    assert len(cli.loopback.log.records()) == 4


def test_ids_that_are_no_longer_polled_are_named(cli: Cli) -> None:
    lines: list[str] = []
    scheduler = scheduler_of(cli, lines, max_untrack_fraction=1)
    rows = cli.read_watchlist()
    ask(scheduler)
    cli.write_watchlist([[*rows[0][:5], "999999999", *rows[0][6:]], *rows[1:]])
    cli.loopback.clock.offset = timedelta(minutes=11)
    ask(scheduler)
    assert any(f"Ids replaced: stubhub:{rows[0][5]}." in line for line in lines)


def test_settings_that_stop_serving_do_not_end_the_loop(cli: Cli) -> None:
    lines: list[str] = []
    scheduler = scheduler_of(cli, lines)
    ask(scheduler)
    scheduler.settings = scheduler.settings.model_copy(update={"google_sheet_id": "1abc"})  # without its key file
    cli.loopback.clock.offset = timedelta(minutes=11)
    ask(scheduler)
    assert any("GOOGLE_SHEETS_CREDENTIALS_FILE" in line and "The events stay as they are." in line for line in lines)


def test_one_round_that_fetched_nothing_of_what_was_due_ends_with_1(cli: Cli) -> None:
    cli.loopback.faults.add(Fault(FaultKind.SERVER_ERROR, times=3))
    assert cli.run("start-scheduler", "--once", BREAKER_FAILURES="100").exit_code == 0  # one of four
    cli.loopback.faults.add(Fault(FaultKind.SERVER_ERROR, times=None))
    assert cli.run("start-scheduler", "--once").exit_code == 0  # nothing is due
    cli.loopback.rows("update poll_schedule set next_due_at = now()")
    failed = cli.run("start-scheduler", "--once", BREAKER_FAILURES="100")
    assert failed.exit_code == 1
    assert "0 events stored" in failed.stderr
    cli.loopback.rows("update poll_schedule set next_due_at = now()")
    cli.loopback.faults.clear()
    cli.loopback.faults.add(Fault(FaultKind.FORBIDDEN, times=None))
    assert cli.run("start-scheduler", "--once").exit_code == 1  # one blocked, the others not tried


def test_failures_are_named_and_a_block_pauses_until_resumed(cli: Cli) -> None:
    lines: list[str] = []
    scheduler = scheduler_of(cli, lines, httpx_max_connections=1)
    cli.loopback.faults.add(Fault(FaultKind.FORBIDDEN, times=None))
    ask(scheduler)
    assert any("blocked" in line for line in lines)
    assert any("3 events were not tried and stay due" in line for line in lines)
    ask(scheduler)
    assert any("ticket-pipeline resume stubhub" in line for line in lines)
    cli.loopback.faults.clear()
    assert cli.run("resume", "stubhub").exit_code == 0
    ask(scheduler)
    assert cli.loopback.value("select count(*) from snapshots") == 3  # the fourth waits for its back-off


def test_a_round_leases_nothing_while_the_marketplace_asked_to_wait(cli: Cli) -> None:
    lines: list[str] = []
    scheduler = scheduler_of(cli, lines, httpx_max_connections=1)
    cli.loopback.faults.add(Fault(FaultKind.RATE_LIMITED, retry_after="600"))
    for _ in range(3):
        ask(scheduler)
    assert sum("events are due" in line for line in lines) == 1
    assert sum("stubhub: stubhub asked to wait until " in line for line in lines) == 1
    assert len(cli.loopback.log.records()) == 1


def test_resuming_keeps_a_wait_that_the_marketplace_asked_for_unless_forced(cli: Cli) -> None:
    cli.loopback.faults.add(Fault(FaultKind.RATE_LIMITED, retry_after="600"))
    ask(scheduler_of(cli, [], httpx_max_connections=1))
    kept = " ".join(cli.run("resume", "stubhub").stdout.split())
    assert kept.startswith("stubhub asked to wait until ")
    assert kept.endswith("To send requests sooner: ticket-pipeline resume stubhub --force")
    cli.loopback.rows("update breaker_state set state = 'open', open_until = now() + interval '1 hour' returning 1")
    assert "The pause of stubhub is over, but not its own wait: stubhub asked" in " ".join(
        cli.run("resume", "stubhub").stdout.split()
    )
    assert cli.loopback.value("select asked_until = next_request_at and state = 'closed' from breaker_state")
    assert "is polled again" in cli.run("resume", "stubhub", "--force").stdout
    assert cli.loopback.value("select asked_until is null and next_request_at < now() from breaker_state")
    assert "was not paused" in cli.run("resume", "stubhub").stdout


def test_resuming_what_never_ran_says_so(cli: Cli) -> None:
    assert "was not paused" in cli.run("resume", "stubhub").stdout
    assert cli.run("resume", "craigslist").exit_code == 2


def test_the_hour_under_way_is_rebuilt_at_its_own_pace(synced: Cli) -> None:
    (event, *_) = synced.loopback.events()
    moments = iter([NOON + minutes * MINUTE for minutes in (15, 16, 26, 27, 61)])
    scheduler = scheduler_of(synced, [], prices_refresh_minutes=10)
    scheduler.now = lambda: next(moments)
    built = []
    for minute in range(5):
        store(synced.loopback.database, event, NOON + minute * MINUTE, items(3))
        scheduler.rebuild()
        built.append(synced.loopback.value("select max(snapshots) from hourly_prices"))
    # At once; too soon; ten minutes later; too soon; and at once when the hour is over.
    assert built == [1, 1, 3, 3, 5]


@contextmanager
def started(cli: Cli) -> Iterator[subprocess.Popen[str]]:
    """A scheduler as a program of its own, whose requests hang; ended in any case."""
    cli.loopback.faults.add(Fault(FaultKind.SLOW, delay_seconds=3, times=None))
    program = cli.start("start-scheduler", POLL_TICK_SECONDS="5")
    try:
        assert program.stderr is not None
        for line in program.stderr:
            if "are due" in line:
                break
        while len(cli.loopback.log.records()) < 3:
            assert program.poll() is None
            time.sleep(0.02)
        yield program
    finally:
        program.kill()
        program.communicate()


def test_the_first_ctrl_c_lets_the_batch_end(cli: Cli) -> None:
    with started(cli) as program:
        program.send_signal(signal.SIGINT)
        _, said = program.communicate(timeout=150)
    assert program.returncode == 0
    assert "Ctrl-C again stops at once" in said
    assert "4 events stored" in said
    assert "Traceback" not in said
    assert cli.loopback.value("select count(*) from snapshots") == 4


def test_the_second_ctrl_c_stops_at_once_and_leaves_nothing_leased(cli: Cli) -> None:
    with started(cli) as program:
        program.send_signal(signal.SIGINT)
        assert program.stderr is not None
        assert "Ctrl-C again" in program.stderr.readline()
        program.send_signal(signal.SIGINT)
        _, said = program.communicate(timeout=150)
    assert program.returncode == 130
    assert "Traceback" not in said
    assert cli.loopback.value("select count(*) from poll_schedule where lease_id is not null") == 0
