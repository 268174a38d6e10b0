"""The user's rules in the database, and the hours that changed ones concern."""

from __future__ import annotations

from dataclasses import replace
from typing import LiteralString

import pytest

from ticket_pipeline.market.admission import BUILT_IN, AdmissionRule
from ticket_pipeline.market.admission_table import Admission
from ticket_pipeline.storage.admission_rules import (
    Reclassification,
    mark_reclassified_hours,
    read_admission_rules,
    replace_admission_rules,
)
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.prices import read_stale_windows
from ticket_pipeline_tests.storage.stored import HOUR, NOON, capture_of, event_record, items, watch, write


def execute(database: Database, text: LiteralString) -> None:
    """Run a statement of the test's own."""
    with database.connection() as connection:
        connection.execute(text)


TERRACE = AdmissionRule(None, "harbor GARDEN", "Terrace", Admission.EXTRA)


def test_rules_are_replaced_in_the_order_of_the_tab(database: Database) -> None:
    lot = AdmissionRule("stubhub", None, "Lot*", Admission.SEAT)
    for rules in ([TERRACE, lot, TERRACE], [lot, TERRACE], []):
        replace_admission_rules(database, rules)
        stored = [tuple(row.values()) for row in database.fetch_all("admission/select_rules")]
        assert stored == [tuple(rule) for rule in rules]


@pytest.fixture
def captured(database: Database) -> Database:
    """Two events with captures of two hours each, judged by the built-in table."""
    for event in watch(database, event_record(1), event_record(2)):
        for hours in (0, 1):
            capture = capture_of(event, NOON + hours * HOUR, items(3))
            write(database, replace(capture, admission_rules=BUILT_IN.fingerprint))
    execute(database, "delete from stale_prices")
    return database


def test_hours_are_marked_only_where_other_rules_apply_now(captured: Database) -> None:
    assert mark_reclassified_hours(captured) == Reclassification(0, 0)
    replace_admission_rules(captured, [AdmissionRule(None, "Elsewhere", "*", Admission.EXTRA)])
    assert mark_reclassified_hours(captured) == Reclassification(0, 0)
    replace_admission_rules(captured, [TERRACE])
    for _ in range(2):
        assert mark_reclassified_hours(captured) == Reclassification(2, 4)
    assert read_stale_windows(captured, "hour") == [NOON, NOON + HOUR]


def test_another_venue_counts_as_another_rule(captured: Database) -> None:
    replace_admission_rules(captured, [AdmissionRule(None, "Elsewhere", "*", Admission.EXTRA)])
    execute(captured, "update events set venue = 'elsewhere' where name = 'Event 1'")
    assert mark_reclassified_hours(captured) == Reclassification(1, 2)


def test_captures_of_before_there_were_rules_wait_for_their_own_rebuild(captured: Database) -> None:
    execute(captured, "update snapshots set admission_rules = null")
    replace_admission_rules(captured, [TERRACE])
    assert mark_reclassified_hours(captured) == Reclassification(0, 0)
    assert read_admission_rules(captured).for_event("stubhub", "Harbor Garden").fingerprint != BUILT_IN.fingerprint
