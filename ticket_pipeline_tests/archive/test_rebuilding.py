"""What was made from an archived month stays as it is, whatever is rebuilt around it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import LiteralString

import pytest

from ticket_pipeline.archive.archiving import archive_month
from ticket_pipeline.archive.place import ArchivePlace
from ticket_pipeline.archive.restoring import restore_month
from ticket_pipeline.errors import StorageError
from ticket_pipeline.market.changes import DEFAULT_CHANGE_RULES
from ticket_pipeline.market.sale_rates import SaleRules
from ticket_pipeline.storage.archive import hold_listings
from ticket_pipeline.storage.change_quality import recompute_sampled_changes
from ticket_pipeline.storage.changes import rebuild_changes_by_day
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.prices import Span, rebuild_hourly
from ticket_pipeline.storage.sales import rebuild_sales_by_day
from ticket_pipeline_tests.archive.history import AGGREGATES, FEBRUARY, MARCH, STEP, TODAY, contents
from ticket_pipeline_tests.storage.stored import DAY, query, stale_hours

AROUND = Span(FEBRUARY.start - DAY, FEBRUARY.start + DAY)
BEFORE = Span(FEBRUARY.start - 2 * STEP - DAY, FEBRUARY.start)
AFTER = Span(MARCH.start, MARCH.start + 8 * DAY)
REBUILDS: dict[str, Callable[[Database, Span], object]] = {
    "prices": rebuild_hourly,
    "changes": lambda database, span: list(rebuild_changes_by_day(database, span, DEFAULT_CHANGE_RULES)),
    "sales": lambda database, span: list(rebuild_sales_by_day(database, span, SaleRules())),
}


_TRY: LiteralString = (
    "select pg_try_advisory_lock(hashtext('ticket_pipeline.archive'), to_char(%(month_on)s::date, 'YYYYMM')::integer) "
    "as is_free"
)


@pytest.fixture
def archived(played: Database, place: ArchivePlace) -> Database:
    archive_month(played, place, FEBRUARY, TODAY)
    return played


@pytest.mark.parametrize("rebuild", REBUILDS.values(), ids=REBUILDS)
def test_nothing_is_rebuilt_without_its_listings(archived: Database, rebuild: Callable[..., object]) -> None:
    before = contents(archived, *AGGREGATES)
    with pytest.raises(
        StorageError, match=r"February 2026 is archived; first run `ticket-pipeline archive restore 2026-02`"
    ):
        rebuild(archived, AROUND)
    assert contents(archived, *AGGREGATES) == before


def test_rebuilding_the_months_around_keeps_what_rests_on_the_archive(archived: Database) -> None:
    before = _numbers(archived)
    for span in (BEFORE, AFTER):
        for rebuild in REBUILDS.values():
            rebuild(archived, span)
        _, wrong = recompute_sampled_changes(
            archived, span.start, span.end, DEFAULT_CHANGE_RULES, salt="", sample_size=20
        )
        assert wrong == []
    assert _numbers(archived) == before


def _numbers(database: Database) -> list[object]:
    """All that is made from listings, without the moment when it was made."""
    hours = query(database, "select to_jsonb(h) - 'built_at' as hour from hourly_prices as h order by 1")
    return [hours, contents(database, "estimated_sales", "listing_changes", "sale_departures")]


def test_marked_hours_wait_until_their_month_is_restored(archived: Database, place: ArchivePlace) -> None:
    query(
        archived,
        "insert into stale_prices (grain, starts_at, event_id, marketplace) "
        "select distinct 'hour', date_trunc('hour', captured_at), event_id, marketplace from snapshots returning 1",
    )
    assert stale_hours(archived)
    assert [hour for hour in stale_hours(archived) if FEBRUARY.start <= hour < FEBRUARY.end] == []
    restore_month(archived, place, FEBRUARY)
    assert [hour for hour in stale_hours(archived) if FEBRUARY.start <= hour < FEBRUARY.end]


def test_a_rebuild_holds_its_months_and_those_it_compares_with(played: Database) -> None:
    with played.transaction() as transaction:
        hold_listings(transaction, MARCH.start, MARCH.start + timedelta(hours=1))
        for month in (FEBRUARY, MARCH):
            assert query(played, _TRY, month_on=month.first_on) == [{"is_free": False}]
