"""Incidents over a real database and a webhook: each begins once, is over once, and can begin again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import LiteralString

import pytest
from pydantic import SecretStr

from ticket_pipeline.alerts.channels import find_channels
from ticket_pipeline.alerts.delivery import deliver_due
from ticket_pipeline.alerts.incidents import RULES, RUNBOOK, Kind
from ticket_pipeline.alerts.operations import Followed, note_failed_run, watch_operations
from ticket_pipeline.market.events import Event
from ticket_pipeline.queries.incidents import read_incidents
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.storage.database import Database, as_query
from ticket_pipeline.storage.requests import set_up_budget
from ticket_pipeline_tests.alerts.webhook import Webhook, open_webhook
from ticket_pipeline_tests.storage.stored import STUBHUB, event_record, watch

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
GB = 1_000_000_000


@dataclass
class Pipeline:
    """A pipeline whose clock, jobs and disk are the test's.

    Attributes:
        failing: the jobs whose last run failed.
        free: bytes of its disk of 1000 GB.
    """

    database: Database
    settings: Settings
    webhook: Webhook
    events: list[Event]
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    failing: set[str] = field(default_factory=set)
    free: int = 500 * GB

    def look(self, wait: timedelta = MINUTE) -> list[str]:
        """Look once after a while and deliver; returns the titles that arrived."""
        self.now += wait
        before = len(self.webhook.messages)
        self.watch()
        deliver_due(self.database, find_channels(self.settings)[0], lambda: self.now)
        return [message["title"] for message in self.webhook.messages[before:]]

    def watch(self) -> Followed:
        """Look once."""
        return watch_operations(
            self.database,
            self.settings,
            polled=[STUBHUB],
            this_moment=self.now,
            failing_jobs=lambda incidents: self.failing & {one.subject for one in incidents},
            free_disk=lambda _: (1000 * GB, self.free),
        )

    def change(self, text: LiteralString, **parameters: object) -> None:
        """Run a statement that only a test runs; it may use `now`."""
        with self.database.connection() as connection:
            connection.execute(as_query(text), {"now": self.now, **parameters})

    def fail_run(self, job: str) -> None:
        """A run of a job failed."""
        self.failing.add(job)
        note_failed_run(self.database, self.settings, job, "It broke.", self.now)

    def fail_attempts(self, number: int) -> None:
        """So many attempts at an event fail now."""
        self.change(
            "insert into fetch_attempts (event_id, marketplace, external_id, started_at, finished_at, outcome, error) "
            "select %(event)s, 'stubhub', '1001', %(now)s, %(now)s, 'timeout', 'too slow' "
            "from generate_series(1, %(number)s)",
            event=self.events[0].event_id,
            number=number,
        )

    def sync(self, read: int, rejected: int) -> None:
        """A watchlist is read."""
        self.change(
            "insert into watchlist_syncs (synced_at, source, rows_read, added, changed, untracked, rejected) "
            "values (%(now)s, 'a sheet', %(read)s, 0, 0, 0, %(rejected)s)",
            read=read,
            rejected=rejected,
        )

    def pause(self, state: str) -> None:
        """The breaker opens or closes."""
        self.change("update breaker_state set state = %(state)s, reason = '403: log in.'", state=state)

    def use_budget(self, number: int) -> None:
        """So many of the 10 requests of a day are used."""
        self.change(
            "update request_slots set busy_until = case when slot <= %(number)s then %(now)s + interval '30 days' "
            "else 'epoch' end where budget_window = interval '1 day'",
            number=number,
        )

    def schedule(self, due: timedelta, tried: timedelta, captured: timedelta) -> None:
        """When the first event is due, was last tried and last captured, from now."""
        self.change(
            "update poll_schedule set next_due_at = %(now)s + %(due)s, last_attempt_at = %(now)s - %(tried)s, "
            "last_success_at = %(now)s - %(captured)s, poll_interval = interval '1 hour' where event_id = %(event)s",
            due=due,
            tried=tried,
            captured=captured,
            event=self.events[0].event_id,
        )

    def change_payload(self) -> None:
        """A field of StubHub's payload is renamed."""
        self.change(
            "insert into payload_changes (detected_at, marketplace, path, change, before, after, captured_at) values "
            "(%(now)s, 'stubhub', '[].price', 'missing', 'number', null, %(now)s), "
            "(%(now)s, 'stubhub', '[].amount', 'added', null, 'number', %(now)s)"
        )

    def add_channel(self, line: str) -> None:
        """ALERT_URLS has one line more."""
        assert self.settings.alert_urls is not None
        urls = SecretStr(f"{self.settings.alert_urls.get_secret_value()}\n{line}")
        self.settings = self.settings.model_copy(update={"alert_urls": urls})

    def drop_channel(self) -> None:
        """ALERT_URLS has one line less."""
        assert self.settings.alert_urls is not None
        urls = SecretStr(self.settings.alert_urls.get_secret_value().rpartition("\n")[0])
        self.settings = self.settings.model_copy(update={"alert_urls": urls})

    def end_message(self, state: str) -> None:
        """A message to the other channel ended."""
        other = find_channels(self.settings)[0][1].label
        self.change(
            "insert into alert_deliveries (alert_event_ids, channel, title, body, timezone, state, next_attempt_at, "
            "error, created_at, ended_at) values ('{}', %(other)s, 'a', 'b', 'UTC', %(state)s, %(now)s, 'refused', "
            "%(now)s, %(now)s)",
            other=other,
            state=state,
        )


@pytest.fixture
def pipeline(database: Database, tmp_path: Path) -> Iterator[Pipeline]:
    """One with two events at StubHub in good order, and a channel for operations beside another one."""
    with open_webhook() as webhook:
        urls = f"tag=operations {webhook.url}\ntag=desk json://127.0.0.1:9/never"
        settings = Settings(alert_urls=urls, state_dir=tmp_path)
        set_up_budget(database, STUBHUB, {MINUTE: 4, DAY: 10}, max_concurrent=3)
        events = watch(database, event_record(1), event_record(2))
        one = Pipeline(database, settings, webhook, events)
        one.change(
            "update poll_schedule set next_due_at = %(now)s + interval '30 days', last_success_at = %(now)s, "
            "last_attempt_at = %(now)s - interval '1 day', poll_interval = interval '30 days'"
        )
        one.change("update events set event_at = %(now)s + interval '90 days'")
        yield one


@dataclass(frozen=True)
class Case:
    """How one kind begins and ends; `summary` is how its message is called."""

    begin: Callable[[Pipeline], object]
    end: Callable[[Pipeline], object]
    summary: str
    gone_after: timedelta = timedelta()
    """How long the condition holds after its cause ended."""


CASES = {
    Kind.RUNS_FAILED: Case(
        lambda one: one.fail_run("aggregate_hourly"), lambda one: one.failing.clear(), "The job aggregate_hourly failed"
    ),
    Kind.WATCHLIST_UNREADABLE: Case(
        lambda one: one.fail_run("sync_events"), lambda one: one.failing.clear(), "The watchlist could not be read"
    ),
    Kind.ERRORS_HIGH: Case(
        lambda one: one.fail_attempts(11), lambda _: None, "11 errors within an hour", gone_after=HOUR
    ),
    Kind.MARKETPLACE_PAUSED: Case(lambda one: one.pause("open"), lambda one: one.pause("closed"), "StubHub is paused"),
    Kind.POLLING_STOPPED: Case(
        lambda one: one.schedule(-HOUR, DAY, HOUR), lambda one: one.schedule(HOUR, HOUR, HOUR), "StubHub is not polled"
    ),
    Kind.EVENT_STALE: Case(
        lambda one: one.schedule(DAY, MINUTE, DAY),
        lambda one: one.schedule(DAY, MINUTE, MINUTE),
        "Event 1 at StubHub is stale",
    ),
    Kind.BUDGET_NEARLY_SPENT: Case(
        lambda one: one.use_budget(9), lambda one: one.use_budget(8), "The budget of StubHub is nearly spent"
    ),
    Kind.WATCHLIST_ROWS_REJECTED: Case(
        lambda one: one.sync(30, 3), lambda one: one.sync(31, 3), "3 of 30 rows of the watchlist were rejected"
    ),
    Kind.PAYLOAD_CHANGED: Case(
        lambda one: one.change_payload(), lambda _: None, "The field [].price of StubHub has changed", gone_after=DAY
    ),
    Kind.DISK_LOW: Case(
        lambda one: setattr(one, "free", 19 * GB),
        lambda one: setattr(one, "free", 20 * GB),
        "The disk of STATE_DIR is nearly full",
    ),
    Kind.CHANNEL_DEAD: Case(
        lambda one: one.end_message("dead"), lambda one: one.end_message("sent"), "A message to json-"
    ),
    Kind.CHANNELS_UNREADABLE: Case(
        lambda one: one.add_channel("s3cretT0ken"), lambda one: one.drop_channel(), "Part of ALERT_URLS cannot be read"
    ),
}


def test_every_kind_is_proved_and_has_a_rule() -> None:
    assert set(CASES) == set(RULES) == set(Kind)


@pytest.mark.parametrize("kind", Kind)
def test_an_incident_is_told_once_is_over_once_and_can_begin_again(pipeline: Pipeline, kind: Kind) -> None:
    case, rule = CASES[kind], RULES[kind]
    assert pipeline.look() == []
    for _ in range(2):
        case.begin(pipeline)
        for _ in range(rule.after // MINUTE):
            assert pipeline.look() == []
        told = pipeline.look()
        assert [title.startswith(case.summary) for title in told] == [True]
        body = pipeline.webhook.messages[-1]["message"]
        assert f"{RUNBOOK}#{kind}" in body
        assert rule.advice in body
        assert [one.kind for one in read_incidents(pipeline.database)] == [kind]
        assert [pipeline.look() for _ in range(3)] == [[], [], []]
        case.end(pipeline)
        over, ended_at = [], pipeline.now
        pipeline.now += max(timedelta(), case.gone_after - 5 * MINUTE)
        while not over:
            over = pipeline.look()
            assert pipeline.now - ended_at <= case.gone_after + rule.calm + MINUTE
        assert pipeline.now - ended_at >= case.gone_after + rule.calm - 5 * MINUTE
        assert [title.startswith(f"Over: {case.summary}") for title in over] == [True]
        assert read_incidents(pipeline.database) == []
        assert pipeline.look() == []
    assert len(read_incidents(pipeline.database, since=pipeline.now - 10 * DAY)) == 2


def test_what_begins_together_is_one_message_and_a_pause_explains_its_stale_events(pipeline: Pipeline) -> None:
    pipeline.change("update poll_schedule set last_success_at = %(now)s - interval '90 days'")
    pipeline.pause("open")
    assert pipeline.look() == ["StubHub is paused"]
    assert [pipeline.look() for _ in range(20)] == [[]] * 20
    pipeline.pause("closed")
    assert pipeline.look() == ["Over: StubHub is paused"]
    assert [title for _ in range(15) for title in pipeline.look()] == ["2 events are stale"]
    pipeline.change("update poll_schedule set last_success_at = %(now)s")
    assert pipeline.look() == ["Over: 2 events are stale"]


def test_what_ends_before_its_time_is_not_told(pipeline: Pipeline) -> None:
    pipeline.schedule(DAY, MINUTE, DAY)
    assert [pipeline.look() for _ in range(10)] == [[]] * 10
    pipeline.schedule(DAY, MINUTE, MINUTE)
    assert [pipeline.look() for _ in range(20)] == [[]] * 20
    assert read_incidents(pipeline.database, since=pipeline.now - DAY) == []


def test_an_unreadable_alert_urls_is_an_incident_of_its_own_and_stops_no_look(pipeline: Pipeline) -> None:
    pipeline.settings = pipeline.settings.model_copy(update={"alert_urls": SecretStr("no/such/s3cretT0ken")})
    pipeline.free = 0
    pipeline.fail_run("aggregate_hourly")
    pipeline.watch()
    found = read_incidents(pipeline.database)
    assert {one.kind for one in found} == {Kind.RUNS_FAILED, Kind.DISK_LOW, Kind.CHANNELS_UNREADABLE}
    assert "s3cretT0ken" not in repr(found)
    assert pipeline.database.fetch_one("incidents/select_watch") == {"watched_at": pipeline.now}


def test_without_the_tag_every_channel_has_incidents(pipeline: Pipeline) -> None:
    assert pipeline.settings.alert_urls is not None
    untagged = SecretStr(pipeline.settings.alert_urls.get_secret_value().replace("operations", "desk"))
    pipeline.settings = pipeline.settings.model_copy(update={"alert_urls": untagged})
    pipeline.sync(100, 10)
    pipeline.watch()
    assert [one.deliveries for one in read_incidents(pipeline.database)] == ["2 queued"]


@pytest.mark.parametrize("unusable", [None, "no/such/file", "json://127.0.0.1:9/mistyped"])
def test_what_began_without_a_working_channel_is_sent_once_when_there_is_one_if_it_still_holds(
    pipeline: Pipeline, unusable: str | None
) -> None:
    working = pipeline.settings.alert_urls
    pipeline.settings = pipeline.settings.model_copy(update={"alert_urls": unusable and SecretStr(unusable)})
    pipeline.free = 0
    pipeline.pause("open")
    pipeline.sync(100, 10)
    assert pipeline.look() == []
    pipeline.pause("closed")
    assert pipeline.look() == []
    pipeline.sync(100, 9)
    pipeline.settings = pipeline.settings.model_copy(update={"alert_urls": working})
    assert pipeline.look() == ["The disk of STATE_DIR is nearly full"]
    assert [pipeline.look() for _ in range(3)] == [[], [], []]
    pipeline.free = 500 * GB
    assert [title for _ in range(31) for title in pipeline.look()] == ["Over: The disk of STATE_DIR is nearly full"]
