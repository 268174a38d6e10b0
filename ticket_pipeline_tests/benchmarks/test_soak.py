"""A soak in short: one simulated day with faults and three kills, judged as a long one is; and judges that can fail."""

from __future__ import annotations

import pytest

from benchmarks.ground import PLAIN, open_ground
from benchmarks.report import Report
from benchmarks.soak import captures
from benchmarks.soak.plan import NOON, QUICK, Plan
from benchmarks.soak.run import play
from ticket_pipeline.storage.database import Database, as_query
from ticket_pipeline_tests.storage.stored import MINUTE

DAMAGE = {
    "captures lost": """
        delete from snapshots where (event_id, marketplace, captured_at) in (
          select event_id, marketplace, captured_at from snapshots order by captured_at limit 1
        )
    """,
    "captures not equal to the truth": """
        delete from listings where (event_id, captured_at, listing_id) in (
          select event_id, captured_at, listing_id from listings order by captured_at desc limit 1
        )
    """,
    "hours that show a sell-out that was none": "update hourly_prices set listings = 0 where event_id = 2",
    "firings and recoveries missed": "delete from alert_events where kind = 'fired' and rule_id = 1",
    "messages not queued": "delete from alert_deliveries where event_id = 3",
    "messages still waiting": "update alert_deliveries set state = 'queued' where event_id = 4",
}
"""A promise → what breaks it."""


def test_an_event_that_was_cut_off_must_be_asked_again_where_its_back_off_ends_before_it_begins() -> None:
    plan = Plan(days=1, events=1, listings=1, kills=1)

    def has_time(minutes: float, *killed: int) -> bool:
        killed_at = [NOON + minute * MINUTE for minute in killed]
        return captures.has_time(plan, NOON, NOON + minutes * MINUTE, killed_at)

    assert [has_time(minutes) for minutes in (0, 15, 60, 61)] == [False, False, False, True]
    assert [has_time(75, 60), has_time(76, 60), has_time(76, 60, 75)] == [False, True, False]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_day_alone_with_faults_and_kills_loses_doubles_and_invents_nothing() -> None:
    with open_ground(PLAIN) as ground, play(ground, QUICK) as soaked:
        report = soaked.judge()
        assert _missed(report) == set(), str(report)
        figures = {name: figure for name, figure, _ in report.rows}
        assert figures["kills"] == str(QUICK.kills)
        assert int(figures["captures"]) > 10 * QUICK.events
        assert int(figures["messages"]) > QUICK.events
        _damage(soaked.database)
        assert _missed(soaked.judge()) >= set(DAMAGE)


def _missed(report: Report) -> set[str]:
    return {goal.what for goal in report.goals if not goal.is_met}


def _damage(database: Database) -> None:
    with database.connection("damage what a soak left") as connection:
        for statement in DAMAGE.values():
            connection.execute(as_query(statement))
