"""A database of many events with a year of hourly prices, for (f); made once and kept on disk.

What belongs here: filling it, fast and made up, and keeping it. What does not: any question.
"""

from __future__ import annotations

import hashlib
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from benchmarks.bodies import STARTS_AT
from benchmarks.ground import PROJECT, SCHEMA
from ticket_pipeline.errors import StorageError
from ticket_pipeline.storage.database import set_search_path
from ticket_pipeline.storage.migrations import apply_migrations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.ground import Ground

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
KEPT_IN = PROJECT / ".cache" / "benchmarks"


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is.

    Attributes:
        events: upcoming, each with `days` of hourly prices of the whole event and of `zones` zones.
        past_events: of the same groups, with 40 days of hourly prices of the whole event.
        listing_days: with a capture of `listings` listings every `capture_hours`, changes and estimated sales.
    """

    events: int = 500
    past_events: int = 100
    groups: int = 5
    days: int = 365
    zones: int = 3
    listing_days: int = 30
    capture_hours: int = 4
    listings: int = 300

    @property
    def now(self) -> datetime:
        """The moment of all questions, a little after the last capture."""
        return STARTS_AT + self.days * DAY - timedelta(minutes=20)


TINY = Size(events=6, past_events=6, groups=1, days=14, zones=2, listing_days=2, listings=30)

_EVENTS = """
    insert into events (
      name, venue, city, country, event_date, timezone, timezone_source, event_at, is_tracked, capacity, event_group
    )
    select
      'Event ' || n, 'Venue ' || n %% 40, 'Boston', 'United States', x.event_at at time zone 'America/New_York',
      'America/New_York', 'city', x.event_at, n > 0, 20000, 'Group ' || abs(n) %% %(groups)s
    from generate_series(-%(past)s::integer, %(events)s) as n
    cross join lateral (
      select %(now)s::timestamptz + case when n > 0 then n %% 60 + 1 else n - 5 end * interval '1 day' as event_at
    ) as x
    where n <> 0
"""
_SOURCES = (
    """
    insert into event_sources (marketplace, external_id, event_id)
    select 'stubhub', 'b' || event_id, event_id from events
    """,
    """
    insert into poll_schedule (event_id, marketplace, poll_interval, last_success_at)
    select event_id, 'stubhub', interval '4 hours', %(now)s from events where is_tracked
    """,
)
# Hour by hour, as rebuilds write them: the rows of one event are spread over the whole table.
_HOURS = """
    insert into hourly_prices (
      event_id, marketplace, zone, currency, fee_basis, hour_at, snapshots, suspect_snapshots, failed_attempts,
      listings, min_listings, mean_listings, max_listings, tickets, min_tickets, mean_tickets, max_tickets,
      sum_tickets, observations, sum_price, floor_price, low_floor_price, high_floor_price, p25_price, p75_price,
      open_price, high_price, low_price, close_price, min_price, mean_price, median_price, max_price,
      get_in_1_price, get_in_2_price, get_in_3_price, get_in_4_price, get_in_5_price, get_in_6_price, get_in_7_price,
      get_in_8_price, first_captured_at, last_captured_at
    )
    select
      e.event_id, 'stubhub', case z when 0 then '*' else 'Zone ' || z end, 'USD', 'all_in', h, 1, 0, 0,
      300, 300, 300, 300, 900, 900, 900, 900,
      900, 300, 300 * (p + 80), p, p, p, p + 30, p + 90, p - 2, p - 2, p - 2, p - 2, p - 2, p + 80, p + 60, p + 900,
      p - 2, p - 1, p, p + 1, p + 2, p + 3, p + 4, p + 5, h, h + interval '30 minutes'
    from generate_series(%(start)s::timestamptz, %(end)s::timestamptz - interval '1 hour', interval '1 hour') as h
    cross join events as e
    cross join generate_series(0, %(zones)s) as z
    cross join lateral (
      select 90 + 10 * z + e.event_id %% 50 + 5 * sin(extract(epoch from h) / 40000 + e.event_id)::numeric as p
    ) as price
    where e.is_tracked = %(is_tracked)s and (e.is_tracked or h between e.event_at - interval '40 days' and e.event_at)
    order by h, e.event_id, z
"""
_MONTH = 30
_MOMENTS = ("hour_at", "first_captured_at", "last_captured_at")
_CAPTURES = """
    insert into snapshots (
      event_id, marketplace, captured_at, external_id, received, accepted, rejected, tickets, currency, fee_basis,
      payload_hash, previous_captured_at
    )
    select
      e.event_id, 'stubhub', %(at)s, 'b' || e.event_id, %(listings)s, %(listings)s, 0, 3 * %(listings)s, 'USD',
      'all_in', '\\x00', %(at)s::timestamptz - %(every)s
    from events as e
    where e.is_tracked and e.event_id %% 100 < 100 * %(share)s
"""
_LISTINGS = """
    insert into listings (
      event_id, marketplace, captured_at, listing_id, section, "row", zone, quantity, splits, all_in_price, price,
      fee_basis, currency, is_general_admission, is_speculative, admission
    )
    select
      e.event_id, 'stubhub', %(at)s, n::text, (100 + n %% 40)::text, (1 + n %% 25)::text, 'Zone ' || 1 + n %% %(zones)s,
      1 + n %% 6, case n %% 3 when 0 then array[1, 2]::smallint[] end, p.price, p.price, 'all_in', 'USD', false, false,
      'seat'
    from events as e
    cross join generate_series(1, %(listings)s) as n
    cross join lateral (
      select (90 + e.event_id %% 50 + n * 1.7 + (n * 31 + extract(hour from %(at)s::timestamptz)) %% 9)::numeric(12, 2)
        as price
    ) as p
    where e.is_tracked and e.event_id %% 100 < 100 * %(share)s
    order by e.event_id, n
"""
_CHANGES = """
    insert into listing_changes (
      event_id, marketplace, captured_at, previous_captured_at, change, listing_id, section, "row", zone, currency,
      fee_basis, old_price, new_price, old_quantity, new_quantity
    )
    select
      e.event_id, 'stubhub', %(at)s, %(at)s::timestamptz - %(every)s,
      (array['listed', 'removed', 'repriced', 'repriced', 'repriced'])[1 + n %% 5], n::text, (100 + n)::text, '4',
      'Zone ' || 1 + n %% %(zones)s, 'USD', 'all_in', 100, 110, 2, 2
    from events as e
    cross join generate_series(1, 25) as n
    where e.is_tracked
"""
_SALES = """
    insert into estimated_sales (
      event_id, marketplace, zone, hour_at, tickets, variance, error, low_tickets, high_tickets, value, currency,
      covered_seconds, polling_seconds, method
    )
    select
      e.event_id, 'stubhub', case z when 0 then '*' else 'Zone ' || z end, h, 1.5, 2, 0.1, 0, 4, 150, 'USD', 3600,
      14400, 1
    from generate_series(%(start)s::timestamptz, %(end)s::timestamptz - interval '1 hour', interval '1 hour') as h
    cross join events as e
    cross join generate_series(0, %(zones)s) as z
    where e.is_tracked
"""


@contextmanager
def kept_database(ground: Ground, size: Size) -> Iterator[tuple[Ground, str]]:
    """The server and URL of the filled database: made at the first use, and again when what fills it has changed."""
    folder = KEPT_IN / f"queries-{ground.kind}"
    made = hashlib.sha256(f"{size} {Path(__file__).read_text(encoding='utf-8')}".encode()).hexdigest()
    mark = folder / "made"
    server = ground.server_in(folder / "server")
    try:
        if not (mark.is_file() and mark.read_text(encoding="utf-8") == made and _is_up_to_date(server.start())):
            server.stop()
            shutil.rmtree(folder, ignore_errors=True)
            url = server.start()
            apply_migrations(url, schema=SCHEMA)
            fill(url, size)
            mark.write_text(made, encoding="utf-8")
        yield ground.on(server), server.url
    finally:
        server.stop()


def _is_up_to_date(url: str) -> bool:
    """Whether it has, or could be given, today's migrations."""
    try:
        apply_migrations(url, schema=SCHEMA)
    except StorageError:
        return False
    return True


def fill(url: str, size: Size) -> None:
    """Fill a migrated, empty database."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(set_search_path(SCHEMA))
        connection.execute("set synchronous_commit to off")
        # Foreign keys are triggers, which took a quarter of the time; each row is made from its event.
        connection.execute("set session_replication_role to replica")
        known = {"now": size.now, "events": size.events, "past": size.past_events, "groups": size.groups}
        connection.execute(_EVENTS, known)
        for statement in _SOURCES:
            connection.execute(statement, known)
        end = STARTS_AT + size.days * DAY
        with _without_indexes(connection, "hourly_prices"):
            _fill_hours(connection, size)
        first = end - size.listing_days * DAY
        for number in range(size.listing_days * 24 // size.capture_hours):
            at = first + (number + 1) * size.capture_hours * HOUR - timedelta(minutes=30)
            add_captures(connection, size, at)
            connection.execute(_CHANGES, _shape(size) | {"at": at})
        connection.execute(_SALES, _shape(size) | {"start": first, "end": end})
        connection.execute("vacuum analyze")


def add_captures(connection: psycopg.Connection[Any], size: Size, at: datetime, *, share: float = 1) -> int:
    """A capture of each upcoming event, or of a share of them; returns how many."""
    asked = _shape(size) | {"at": at, "share": share}
    connection.execute(_LISTINGS, asked)
    return connection.execute(_CAPTURES, asked).rowcount


def _shape(size: Size) -> dict[str, object]:
    return {"zones": size.zones, "listings": size.listings, "every": size.capture_hours * HOUR}


def _fill_hours(connection: psycopg.Connection, size: Size) -> None:
    """A month is computed; the others repeat it, which takes a fifth of the time."""
    end = STARTS_AT + size.days * DAY
    for day in range(min(size.days, _MONTH)):
        start = STARTS_AT + day * DAY
        asked = {"start": start, "end": start + DAY, "zones": size.zones, "is_tracked": True}
        connection.execute(_HOURS, asked)
    connection.execute("create unlogged table month as select * from hourly_prices")
    columns = [
        str(name)
        for (name,) in connection.execute(
            "select attname from pg_attribute where attrelid = 'hourly_prices'::regclass and attnum > 0 order by attnum"
        )
    ]
    values = [f"{name} + %(shift)s" if name in _MOMENTS else name for name in columns]
    repeat = f"""
        insert into hourly_prices ({", ".join(columns)})
        select {", ".join(values)} from month where hour_at + %(shift)s < %(end)s
    """  # noqa: S608 - names of our own columns
    for first_day in range(_MONTH, size.days, _MONTH):
        connection.execute(repeat.encode(), {"shift": first_day * DAY, "end": end})
    connection.execute("drop table month")
    past = {"start": STARTS_AT, "end": end, "zones": 0, "is_tracked": False}
    connection.execute(_HOURS, past)


@contextmanager
def _without_indexes(connection: psycopg.Connection, table: str) -> Iterator[None]:
    """Fill a table and build its indexes afterwards: they are larger than the memory of the server."""
    keys = connection.execute(
        "select conname, pg_get_constraintdef(oid) from pg_constraint where conrelid = %s::regclass and contype = 'p'",
        [table],
    ).fetchall()
    for name, _ in keys:
        connection.execute(sql.SQL("alter table {} drop constraint {}").format(*map(sql.Identifier, (table, name))))
    indexes = connection.execute(
        "select indexname, indexdef from pg_indexes where schemaname = %s and tablename = %s", [SCHEMA, table]
    ).fetchall()
    for name, _ in indexes:
        connection.execute(sql.SQL("drop index {}").format(sql.Identifier(name)))
    yield
    connection.execute("set maintenance_work_mem = '1GB'")
    for _, definition in indexes:
        connection.execute(definition.encode())
    for name, definition in keys:
        connection.execute(f'alter table {table} add constraint "{name}" {definition}'.encode())
