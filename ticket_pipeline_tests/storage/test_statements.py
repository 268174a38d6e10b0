"""Every statement of `sql/` runs on a real server; one without parameters here fails the suite."""

from __future__ import annotations

import re
import uuid
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from psycopg.types.json import Jsonb

from ticket_pipeline.errors import StorageError
from ticket_pipeline.market.events import Event
from ticket_pipeline.storage.database import Database, as_query
from ticket_pipeline.storage.prices import Span, rebuild_daily, rebuild_hourly
from ticket_pipeline.storage.requests import set_up_budget
from ticket_pipeline.storage.statements import project_file, statement, statement_names
from ticket_pipeline.storage.ticket_sales import ReadMark, as_json, write_events, write_tickets
from ticket_pipeline.storage.ticketmaster import write_event
from ticket_pipeline_tests.servers import throwaway_database
from ticket_pipeline_tests.storage.stored import (
    DAY,
    HOUR,
    NOON,
    SHOW_AT,
    STUBHUB,
    attempt_at,
    capture_of,
    described,
    event_record,
    fail,
    items,
    rejects,
    store,
    vivenu_event,
    vivenu_ticket,
    watch,
    write,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ticket_pipeline.storage.embedded import EmbeddedServer

DAYS = {"day_from": date(2026, 3, 2), "day_until": date(2026, 3, 3)}
HOURS = {"starts_from": NOON, "starts_until": NOON + 2 * HOUR}
CAPTURED = {"captured_from": NOON, "captured_until": NOON + 2 * HOUR}
SOURCE = {"event_id": 1, "marketplace": "stubhub"}
CAPTURE = SOURCE | {"captured_at": NOON}
LEASE = {"lease_id": uuid.UUID(int=1), "leased_until": NOON + HOUR}
AT_STUBHUB = {"marketplace": "stubhub"}
EVENT_ROW = Jsonb(
    [
        {
            "event_id": 1,
            "name": "Another",
            "event_date": "2026-06-02T20:00:00",
            "timezone": "America/Chicago",
            "timezone_source": "sheet",
            "event_at": "2026-06-03T01:00:00+00:00",
            "is_tracked": True,
            "poll_interval": "3600 seconds",
            "sheet_row": 9,
        }
    ]
)
SOURCE_ROW = Jsonb([{"event_id": 1, "marketplace": "stubhub", "external_id": "1001"}])

EVENT = Event(1, STUBHUB, "1001", "Event 1", None, None, "America/New_York", SHOW_AT)
HISTORY = {"event_id": 1, "captured_at": NOON}
CACHED = AT_STUBHUB | {"cache_key": "GET x"}
VIVENU_EVENT: Mapping[str, object] = {"external_id": "e1"}
VIVENU_GENDERS = Jsonb([{"answer": "Femme", "gender": "female"}])

PARAMETERS: Mapping[str, Mapping[str, object]] = {
    "cache/count_use": AT_STUBHUB | {"hits": 1, "misses": 0, "stale": 0},
    "cache/delete_responses": {"marketplace": None, "external_id": None, "stored_before": NOON},
    "cache/find_response": CACHED,
    "cache/store_response": CACHED
    | {"external_id": None, "body": b"x", "encoding": "zstd", "original_bytes": 1, "stored_at": NOON},
    "cache/summarise_cache": {},
    "maintenance/delete_old_payloads": {"cut": NOON},
    "maintenance/describe_server": {},
    "polling/claim_lease": LEASE,
    "polling/count_failures": SOURCE | {"finished_from": NOON, "finished_until": NOON + HOUR},
    "polling/insert_attempt": attempt_at(NOON).parameters(EVENT),
    "polling/lease_due_events": AT_STUBHUB
    | LEASE
    | {"this_moment": NOON, "batch_size": 10, "retry_base": HOUR, "retry_max": 6 * HOUR},
    "polling/release_lease": {"lease_id": uuid.UUID(int=1)},
    "polling/renew_lease": LEASE,
    "polling/reschedule_changed": AT_STUBHUB
    | {
        "base_interval": 12 * HOUR,
        "band_floors": [timedelta()],
        "band_shares": [0.5],
        "retry_base": HOUR,
        "this_moment": NOON,
    },
    "polling/select_backlog": AT_STUBHUB | {"this_moment": NOON},
    "polling/select_stale_events": {"marketplace": None, "this_moment": NOON, "multiple": 2.0, "grace": HOUR},
    "polling/reschedule_after_failure": SOURCE
    | {
        "this_moment": NOON,
        "retry_base": HOUR,
        "retry_max": 6 * HOUR,
        "jitter_factor": 1.0,
        "not_before": None,
        "counts_as_failure": True,
        "outcome": "timeout",
        "error": "too slow",
    },
    "polling/reschedule_after_success": SOURCE
    | {"this_moment": NOON, "captured_at": NOON, "jitter_factor": 1.0, "outcome": "ok"},
    "prices/delete_daily": DAYS,
    "prices/delete_hourly": HOURS,
    "prices/insert_daily": {"day_from": date(2026, 3, 3), "day_until": date(2026, 3, 4)},
    "prices/insert_hourly": {"starts_from": NOON + HOUR, "starts_until": NOON + 2 * HOUR},
    "prices/lock_prices": {},
    "prices/mark_stale_days": HOURS,
    "prices/sample_days": DAYS | {"new_from": date(2026, 3, 2), "salt": "x", "new_size": 2, "old_size": 1},
    "prices/sample_hours": HOURS | {"salt": "x", "sample_size": 3},
    "prices/select_bad_days": DAYS,
    "prices/select_bad_hours": HOURS,
    "prices/select_daily": DAYS | {"event_id": None, "marketplace": None},
    "prices/select_days_that_disagree": {"event_ids": [1], "marketplaces": ["stubhub"], "days": [date(2026, 3, 2)]},
    "prices/select_hourly": HOURS | SOURCE,
    "prices/select_mixed_currencies": HOURS,
    "prices/select_stale_windows": {"grain": "hour", "starts_from": None},
    "prices/summarise_daily": DAYS,
    "prices/summarise_hourly": HOURS,
    "prices/take_stale_days": HOURS,
    "prices/take_stale_hours": HOURS,
    "primary_sales/count_rows": {"name": "vivenu_tickets"},
    "primary_sales/count_tickets": VIVENU_EVENT,
    "primary_sales/count_unread_answers": {},
    "primary_sales/delete_age_groups": {},
    "primary_sales/delete_gender": {},
    "primary_sales/delete_sales_daily": {},
    "primary_sales/delete_summary": {},
    "primary_sales/find_daily_sales_that_disagree": {},
    "primary_sales/find_negative_prices": {},
    "primary_sales/find_oversold": {},
    "primary_sales/find_unreconciled_events": {},
    "primary_sales/insert_age_groups": {
        "groups": Jsonb([{"label": "16-24", "first": 16, "last": 24, "position": 0}]),
        "genders": VIVENU_GENDERS,
    },
    "primary_sales/insert_gender": {"genders": VIVENU_GENDERS},
    "primary_sales/insert_sales_daily": {},
    "primary_sales/insert_summary": {"this_moment": NOON, "least_pace_base": 20},
    "primary_sales/lock_summaries": {},
    "primary_sales/mark_gone_tickets": VIVENU_EVENT | {"ticket_ids": ["t9"], "this_moment": NOON},
    "primary_sales/replace_coupon_uses": {
        "transaction_ids": ["x1"],
        "uses": Jsonb([{"transaction_id": "x1", "coupon_id": "c1", "external_id": "e1"}]),
        "is_whole": True,
        "reject_ids": ["x9"],
    },
    "primary_sales/replace_rejects": {
        "subject": "e1",
        "rejects": Jsonb([{"item_id": "t8", "reason": "Expected `str`", "updated_at": None}]),
        "read_ids": ["t1"],
        "is_whole": False,
    },
    "primary_sales/select_age_groups": {"external_id": None},
    "primary_sales/select_coupons": {},
    "primary_sales/select_daily": {"external_id": None},
    "primary_sales/select_event_coupons": VIVENU_EVENT,
    "primary_sales/select_events": {},
    "primary_sales/select_gender_answers": {},
    "primary_sales/select_genders": {},
    "primary_sales/select_read": {"subject": "e1"},
    "primary_sales/select_rejects": {"subject": None},
    "primary_sales/select_summary": {"external_id": None},
    "primary_sales/select_types": VIVENU_EVENT,
    "primary_sales/select_unknown_ages": {"external_id": None},
    "primary_sales/select_unknown_answers": {"external_id": None},
    "primary_sales/update_coupon_sums": {},
    "primary_sales/upsert_coupons": {
        "coupons": Jsonb([{"coupon_id": "c1", "code": "SAVE", "used": 1}]),
        "is_whole": True,
    },
    "primary_sales/upsert_events": {
        "events": Jsonb(
            [VIVENU_EVENT | {"name": "Race", "timezone": "UTC", "gender_options": ["Femme"], "problems": ["no field"]}]
        ),
        "is_whole": True,
    },
    "primary_sales/upsert_read": {
        "subject": "e1",
        "high_water_at": NOON,
        "is_full": True,
        "fingerprint": "",
        "announced": 2,
    },
    "primary_sales/upsert_ticket_types": {
        "types": Jsonb([VIVENU_EVENT | {"ticket_type_id": "y1", "is_active": True}]),
        "external_ids": ["e1"],
    },
    "primary_sales/upsert_tickets": {"tickets": as_json([vivenu_ticket("t1"), vivenu_ticket("t2")])},
    "queries/select_event_descriptions": {"event_id": 1, "since": NOON},
    "queries/select_events": {"event_id": None, "external_ids": ["1001"], "marketplace": None, "tracked_only": True},
    "queries/select_latest_snapshot": SOURCE,
    "queries/select_pauses": {"this_moment": NOON},
    "queries/select_price_history": SOURCE
    | HOURS
    | {"bucket": timedelta(hours=1), "timezone": "America/New_York", "zone": "*"},
    "queries/select_sources": {"marketplaces": ["stubhub"], "since": NOON},
    "queries/select_zone_prices": SOURCE | HOURS,
    "requests/exchange_permits": AT_STUBHUB
    | {"wanted": 2, "spacing": timedelta(), "hold": HOUR, "is_polling": True}
    | {"ended": [1], "unanswered": [2], "is_healthy": True},
    "requests/add_slots": AT_STUBHUB,
    "requests/analyze_slots": {},
    "requests/drop_slots": AT_STUBHUB,
    "requests/insert_search_request": AT_STUBHUB | {"finished_at": NOON, "is_error": True},
    "requests/record_failure": AT_STUBHUB
    | {
        "reason": "too slow",
        "is_blocked": False,
        "threshold": 5,
        "pause": HOUR,
        "max_pause": 6 * HOUR,
        "blocked_pause": 24 * HOUR,
        "retry_after": None,
    },
    "requests/record_read": AT_STUBHUB,
    "requests/record_unread": AT_STUBHUB
    | {"reason": "no price in it", "threshold": 5, "pause": HOUR, "max_pause": HOUR},
    "requests/replace_budget": AT_STUBHUB
    | {"budgets": Jsonb([{"window_seconds": 60, "max_requests": 7, "applies_to": "everybody"}])},
    "requests/reset_breaker": AT_STUBHUB | {"force": False},
    "requests/select_state": {"marketplace": None},
    "requests/upsert_breaker": AT_STUBHUB,
    "snapshots/count_unbalanced": AT_STUBHUB | CAPTURED,
    "snapshots/insert_raw_payload": CAPTURE
    | {"captured_at": NOON + HOUR, "body": b"x", "encoding": "zstd", "original_bytes": 1},
    "snapshots/insert_rejected": CAPTURE
    | {"rejected": Jsonb([{"position": 9, "raw": "{}", "reasons": ["price is missing"]}])},
    "snapshots/insert_snapshot": capture_of(EVENT, NOON, items(1), rejects(1)).manifest(),
    "snapshots/lock_source": SOURCE,
    "snapshots/mark_stale_hours": SOURCE | {"instants": [NOON, NOON + HOUR, NOON]},
    "snapshots/select_captures_to_judge": CAPTURE,
    "snapshots/select_checksum_problems": AT_STUBHUB | CAPTURED,
    "snapshots/select_last_currency": SOURCE | CAPTURED,
    "snapshots/select_listings": SOURCE | CAPTURED,
    "snapshots/select_mostly_rejected": AT_STUBHUB | CAPTURED | {"parking": "parking pass, not a seat"},
    "snapshots/select_orphans": AT_STUBHUB | CAPTURED,
    "snapshots/select_snapshots": CAPTURED | {"event_id": None, "marketplace": None},
    "snapshots/select_stored_since": {"since": NOON, "most": 5},
    "snapshots/summarise_since": {"since": NOON, "this_moment": NOON, "marketplaces": ["stubhub"]},
    "snapshots/update_trust": SOURCE | {"captured_at": [NOON], "is_suspect": [True]},
    "ticketmaster/insert_event": HISTORY
    | described(EVENT, NOON).columns
    | {"external_id": "G5v0Z", "payload_hash": b"x"},
    "ticketmaster/insert_payload": HISTORY | {"body": b"x", "encoding": "zstd", "original_bytes": 1},
    "ticketmaster/insert_price_ranges": HISTORY
    | {
        "ranges": Jsonb(
            [{"position": 5, "price_type": "standard", "currency": "USD", "min_price": "1.10", "max_price": "2"}]
        )
    },
    "ticketmaster/select_event_before": HISTORY,
    "ticketmaster/select_troubled_events": {"this_moment": NOON, "since": NOON},
    "watchlist/count_untracked_data": {},
    "watchlist/delete_event_listings": CAPTURED | {"event_ids": [1]},
    "watchlist/delete_events": {"event_ids": [1]},
    "watchlist/ensure_schedule": {"sources": SOURCE_ROW},
    "watchlist/insert_events": {"events": EVENT_ROW},
    "watchlist/insert_sync": {"source": "x", "rows_read": 1, "added": 1, "changed": 0, "untracked": 0, "rejected": 0},
    "watchlist/lock_watchlist": {},
    "watchlist/replace_rejected_rows": {"rows": Jsonb([{"row_number": 3, "cells": {"Name": "x"}, "reasons": ["x"]}])},
    "watchlist/replace_venue_zones": {
        "zones": Jsonb([{"venue": "Hall", "section_pattern": "1*", "zone": "Lower", "position": 0}])
    },
    "watchlist/retire_sources": {"sources": SOURCE_ROW},
    "watchlist/select_keys": AT_STUBHUB,
    "watchlist/select_last_sync": {},
    "watchlist/select_known_events": {},
    "watchlist/select_missing_events": {"over_before": NOON},
    "watchlist/select_names": {"event_ids": [1]},
    "watchlist/select_rejected_rows": {},
    "watchlist/select_venue_zones": {},
    "watchlist/untrack_events": {"event_ids": [1]},
    "watchlist/update_events": {"events": EVENT_ROW},
    "watchlist/upsert_sources": {"sources": SOURCE_ROW},
}
"""What each statement is run with."""

BY_COPY = {"snapshots/copy_listings"}
"""Statements that take rows instead: every capture that is stored runs them."""

PLACEHOLDER = re.compile(r"%\((\w+)\)s")


@pytest.fixture(scope="module")
def filled(database_server: EmbeddedServer, migrated_template: str) -> Iterator[Database]:
    """A database with a little of everything; each test rolls back what it did."""
    with (
        throwaway_database(database_server, template=migrated_template) as url,
        Database(url, "tickets") as database,
    ):
        event, other = watch(database, event_record(1), event_record(2))
        store(database, event, NOON, items(3), rejects(1))
        write(database, capture_of(event, NOON + HOUR, items(3)), keep_body=False)
        write(database, capture_of(event, NOON + DAY, items(3)), keep_body=False)
        fail(database, other, NOON)
        write_event(database, described(event, NOON), attempt_at(NOON), jitter_factor=1.0, keep_body=False)
        rebuild_hourly(database, Span(NOON, NOON + HOUR))
        rebuild_hourly(database, Span(NOON + DAY, NOON + DAY + HOUR))
        rebuild_daily(database, date(2026, 3, 2), date(2026, 3, 3))
        set_up_budget(database, STUBHUB, {timedelta(minutes=1): 60}, max_concurrent=3)
        write_events(database, [vivenu_event("e1")], [])
        write_tickets(database, [vivenu_ticket("t1")], ReadMark("e1", NOON, is_full=True), this_moment=NOON)
        yield database


def test_every_statement_has_parameters_here() -> None:
    assert set(statement_names()) == PARAMETERS.keys() | BY_COPY


@pytest.mark.parametrize("name", sorted(PARAMETERS))
def test_a_statement_takes_exactly_the_parameters_given_here(name: str) -> None:
    assert set(PLACEHOLDER.findall(statement(name))) == PARAMETERS[name].keys()


@pytest.mark.parametrize("name", sorted(PARAMETERS))
def test_a_statement_runs_on_the_server(filled: Database, name: str) -> None:
    with filled.connection() as connection, connection.transaction(force_rollback=True):
        connection.execute(as_query(statement(name)), PARAMETERS[name])


@pytest.mark.parametrize("name", statement_names())
def test_a_statement_file_begins_with_its_purpose(name: str) -> None:
    assert statement(name).startswith("-- ")


def test_an_unknown_statement_is_named() -> None:
    with pytest.raises(StorageError, match=r"sql/prices/no_such_thing\.sql does not exist"):
        statement("prices/no_such_thing")


def test_a_missing_project_file_is_named() -> None:
    assert project_file("pyproject.toml").is_file()
    with pytest.raises(StorageError, match=r"no_such_file\.toml"):
        project_file("no_such_file.toml")
