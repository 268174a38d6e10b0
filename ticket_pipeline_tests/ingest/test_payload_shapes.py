"""What a marketplace changes in its payload is stored and named with the poll that shows it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ticket_pipeline.queries.payload_changes import PayloadChange, read_payload_changes
from ticket_pipeline_tests.ingest.loopback import Loopback
from ticket_pipeline_tests.ingest.scripted import answer_about, ingest_of, listing

MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def poll(loopback: Loopback, hours: int, items: list[dict[str, object]], *, event: int = 0) -> list[PayloadChange]:
    """Store one response about an event; returns the changes that it reports, by name of the field."""
    at = MOMENT + hours * HOUR
    ingest_of(loopback).store([answer_about(loopback, loopback.keys[event], at, *items)])
    return sorted(read_payload_changes(loopback.database, at), key=lambda change: change.path)


def test_a_changed_field_is_named_by_the_poll_that_shows_it(watching: Loopback) -> None:
    usual = [listing(number, 50, deal="A") for number in range(12)]
    for hours in range(4):
        assert poll(watching, hours, usual) == []
    renamed = [{"allInPrice" if name == "sellerAllInPrice" else name: each[name] for name in each} for each in usual]
    added, missing = poll(watching, 4, renamed)  # no listing has a price: a failed attempt
    assert (added.field, added.what) == ("[].allInPrice", "new, number")
    assert (missing.field, missing.what) == ("[].sellerAllInPrice", "missing, was number")
    assert (missing.detected_at, missing.event_id) == (MOMENT + 4 * HOUR, watching.events()[0].event_id)
    assert poll(watching, 5, renamed) == []


def test_a_new_event_without_a_field_reports_nothing(watching: Loopback) -> None:
    for hours in range(4):
        poll(watching, hours, [listing(number, 50, deal="A") for number in range(12)])
    plain = [listing(number, 50) for number in range(12)]
    assert [poll(watching, hours, plain, event=1) for hours in (4, 5)] == [[], []]


def test_a_body_that_cannot_be_read_is_looked_at(watching: Loopback) -> None:
    for hours in range(4):
        poll(watching, hours, [listing(number, 50) for number in range(12)])
    fetched = answer_about(watching, watching.keys[0], MOMENT + 4 * HOUR)
    assert fetched.response is not None
    broken = replace(fetched.response, body=b'{"offers": [{"id": 1}]}')
    (result,) = ingest_of(watching).store([replace(fetched, response=broken)])
    assert result.is_failure
    changes = {change.field: change.what for change in read_payload_changes(watching.database, MOMENT)}
    assert changes == {"the payload itself": "object, was array"}
