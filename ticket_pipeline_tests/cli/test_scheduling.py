"""`start-scheduler` and `resume`: the loop for users without Dagster."""

from __future__ import annotations

import asyncio
import signal
from datetime import timedelta

import pytest
from typer.testing import Result

from ticket_pipeline.cli.scheduling import Scheduler
from ticket_pipeline.errors import SheetError
from ticket_pipeline.simulator.faults import Fault, FaultKind
from ticket_pipeline_tests.alerts.webhook import open_webhook
from ticket_pipeline_tests.cli.conftest import Cli
from ticket_pipeline_tests.storage.stored import MINUTE, NOON, items, store

LATER = timedelta(hours=18)
"""Longer than any jittered interval, and than the time between two syncs."""


class Running:
    """A scheduler whose clock is the marketplace's, and the lines that it prints."""

    def __init__(self, cli: Cli, **settings: object) -> None:
        self.lines: list[str] = []
        chosen = cli.loopback.settings(watchlist_csv=cli.watchlist, **settings)
        clock = cli.loopback.clock
        self.scheduler = Scheduler(cli.loopback.database, chosen, clock, timedelta(minutes=10), self.lines.append)

    def round(self, times: int = 1) -> None:
        """Some rounds."""
        for _ in range(times):
            asyncio.run(self.scheduler.round())

    def count(self, *words: str) -> int:
        """How many lines have all of these words."""
        return sum(all(word in line for word in words) for line in self.lines)


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


def test_the_chosen_interval_and_jitter_are_used(cli: Cli) -> None:
    cli.run("start-scheduler", "--once", "--interval-hours", "6", "--randomization", "poisson", RANDOM_SEED="3")
    rows = cli.loopback.rows("select poll_interval, jitter_factor from poll_schedule")
    assert {row["poll_interval"] for row in rows} == {timedelta(hours=6)}
    assert len({row["jitter_factor"] for row in rows}) == 4
    assert cli.run("start-scheduler", "--once", "--randomization", "wrong").exit_code == 2


def test_a_new_row_is_polled_after_the_next_sync_and_a_replaced_id_is_named(cli: Cli) -> None:
    rows = cli.read_watchlist()
    cli.write_watchlist([[*rows[0][:5], "999999999", *rows[0][6:]], *rows[1:3]])
    running = Running(cli)
    running.round()
    cli.write_watchlist(rows)
    running.round()
    assert len(cli.loopback.log.records()) == 3
    assert running.count("Nothing is due") == 1
    cli.loopback.clock.offset = timedelta(minutes=11)
    running.round()
    assert running.count("Ids replaced: stubhub:999999999.") == 1
    assert len(cli.loopback.log.records()) == 5


@pytest.mark.parametrize(
    ("is_bug", "words"),
    [(False, "the next sync tries again"), (True, "because of a bug in ticket_pipeline (TypeError)")],
)
def test_a_sync_that_fails_stops_the_start_but_not_a_running_loop(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, is_bug: bool, words: str
) -> None:
    def break_down(*_: object, **__: object) -> None:
        raise TypeError("secret")

    running = Running(cli)
    running.round()
    if is_bug:
        monkeypatch.setattr("ticket_pipeline.sheet.sync.parse_watchlist", break_down)
    else:
        cli.watchlist.unlink()
    cli.loopback.clock.offset = LATER
    running.round()
    assert (running.count(words), running.count("secret")) == (1, 0)
    assert len(cli.loopback.log.records()) == 8
    with pytest.raises(TypeError if is_bug else SheetError):
        running.scheduler.sync()


def test_one_round_that_fetched_nothing_of_what_was_due_names_the_failures_and_ends_with_1(cli: Cli) -> None:
    def run(*faults: Fault) -> Result:
        cli.loopback.faults.clear()
        for fault in faults:
            cli.loopback.faults.add(fault)
        return cli.run("start-scheduler", "--once", BREAKER_FAILURES="100")

    assert run(Fault(FaultKind.SERVER_ERROR, times=3)).exit_code == 0  # one of four was stored
    assert run(Fault(FaultKind.SERVER_ERROR, times=None)).exit_code == 0  # nothing is due
    for kind, words in ((FaultKind.SERVER_ERROR, ", http_error: "), (FaultKind.FORBIDDEN, ", blocked: ")):
        cli.loopback.rows("update poll_schedule set next_due_at = now()")
        ended = run(Fault(kind, times=None))
        assert (ended.exit_code, words in ended.stderr) == (1, True)
    paused = run()  # by the block, while events are due
    assert (paused.exit_code, "stubhub is paused for another" in paused.stderr) == (1, True)
    text = " ".join(cli.run("resume", "stubhub", DISABLED_MARKETPLACES="stubhub").stdout.split())
    assert text.startswith("The pause of stubhub is over, but it is not polled: it is disabled.")


def test_a_wait_that_the_marketplace_asked_for_is_kept_unless_forced(cli: Cli) -> None:
    running = Running(cli, httpx_max_connections=1)
    cli.loopback.faults.add(Fault(FaultKind.RATE_LIMITED, retry_after="600"))
    running.round(times=3)
    assert (running.count("events are due"), len(cli.loopback.log.records())) == (1, 1)
    assert running.count("stubhub asked to wait until ") > 0
    kept = " ".join(cli.run("resume", "stubhub").stdout.split())
    assert kept.startswith("stubhub asked to wait until ")
    assert kept.endswith("To send requests sooner: ticket-pipeline resume stubhub --force")
    cli.loopback.rows("update breaker_state set state = 'open', open_until = now() + interval '1 hour'")
    assert "The pause of stubhub is over, but not its own wait" in " ".join(cli.run("resume", "stubhub").stdout.split())
    assert cli.loopback.value("select asked_until = next_request_at and state = 'closed' from breaker_state")
    assert "is polled again" in cli.run("resume", "stubhub", "--force").stdout
    assert cli.loopback.value("select asked_until is null and next_request_at < now() from breaker_state")
    assert "was not paused" in cli.run("resume", "stubhub").stdout


def test_the_current_hour_is_rebuilt_at_its_own_pace(synced: Cli) -> None:
    (event, *_) = synced.loopback.events()
    moments = iter([NOON + minutes * MINUTE for minutes in (15, 16, 26, 27, 61)])
    scheduler = Running(synced, prices_refresh_minutes=10).scheduler
    scheduler.now = lambda: next(moments)
    built = []
    for minute in range(5):
        store(synced.loopback.database, event, NOON + minute * MINUTE, items(3))
        scheduler.rebuild()
        built.append(synced.loopback.value("select max(snapshots) from hourly_prices"))
    # At once; too soon; ten minutes later; too soon; and at once when the hour is over.
    assert built == [1, 1, 3, 3, 5]


def test_ctrl_c_stops_at_once_and_leaves_nothing_leased(cli: Cli) -> None:
    cli.loopback.faults.add(Fault(FaultKind.HANG, times=None))
    with cli.start("start-scheduler") as program:
        assert program.stderr is not None
        for line in program.stderr:
            if "are due" in line:
                break
        program.send_signal(signal.SIGINT)
        _, output = program.communicate(timeout=150)
    assert (program.returncode, "Traceback" in output) == (0, False)
    assert "What was not fetched stays due." in output
    assert cli.loopback.value("select count(*) from poll_schedule where lease_id is not null") == 0


def test_a_watchlist_that_cannot_be_read_is_told_once_and_once_when_it_can(cli: Cli) -> None:
    with open_webhook() as webhook:
        running = Running(cli, alert_urls=webhook.url)
        running.round()
        whole = cli.watchlist.read_text(encoding="utf-8")
        cli.watchlist.unlink()
        for _ in range(3):
            cli.loopback.clock.offset += timedelta(minutes=11)
            running.round()
        cli.watchlist.write_text(whole, encoding="utf-8")
        cli.loopback.clock.offset += timedelta(minutes=11)
        running.round()
        titles = [message["title"] for message in webhook.messages]
        assert titles == ["The watchlist could not be read", "Over: The watchlist could not be read"]
        assert "there is no such file" in webhook.messages[0]["message"]
