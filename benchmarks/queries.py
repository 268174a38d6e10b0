"""(f) What a broker asks, of one event out of many and of all events, beside the same question over raw listings."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, Any

from benchmarks.ground import SCHEMA, spend
from benchmarks.query_data import DAY, HOUR, TINY, Size, fill, kept_database
from benchmarks.report import Goal, Report, percentile
from ticket_pipeline import queries
from ticket_pipeline.queries.events import read_events
from ticket_pipeline.storage.database import Database, as_query
from ticket_pipeline.storage.prices import Span, last_days

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from benchmarks.ground import Ground

_MOST_MILLISECONDS = 50
_MOST_FOR_ALL_MILLISECONDS = 300
_NEW_YORK = "America/New_York"

_CAPTURED = """
    from listings as l
    where
      l.event_id = %(event_id)s and l.marketplace = 'stubhub' and l.admission = 'seat'
      and l.captured_at >= %(start)s and l.captured_at < %(end)s
"""
_FLOORS = f"""
    select captured_at, min(price) filter (where third <= 1.15 * price) as floor
    from (
      select l.captured_at, l.price, lead(l.price, 2) over (partition by l.captured_at order by l.price) as third
      {_CAPTURED}
    ) as r
    group by captured_at
"""  # noqa: S608 - our own text
RAW = {
    "floors of 30 days": f"""
        select distinct on ((captured_at at time zone 'America/New_York')::date) captured_at, floor
        from ({_FLOORS}) as f
        order by (captured_at at time zone 'America/New_York')::date, captured_at desc
    """,  # noqa: S608 - our own text
    "tickets of 30 days": f"select l.captured_at, count(*), sum(l.quantity) {_CAPTURED} group by l.captured_at",
    "zones of 7 days": f"""
        select
          l.zone, l.captured_at, count(*), sum(l.quantity), min(l.price),
          percentile_cont(0.5) within group (order by l.price)
        {_CAPTURED}
        group by l.zone, l.captured_at
    """,
    "floors of all events": """
        select event_id, min(price) as get_in, min(price) filter (where third <= 1.15 * price) as floor, sum(quantity)
        from (
          select
            l.event_id, l.price, l.quantity,
            lead(l.price, 2) over (partition by l.event_id order by l.price) as third
          from listings as l
          where l.captured_at = (select max(s.captured_at) from snapshots as s where s.captured_at < %(end)s)
        ) as r
        group by event_id
    """,
}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of an event.

    Attributes:
        raw: its baseline, a name in `RAW`; None: it reads listings itself, or they do not go back so far.
        most: milliseconds; None: no goal.
        is_about_all: it is about all events; then a tenth of the reads are enough.
    """

    name: str
    ask: Callable[[Database, int], object]
    raw: str | None = None
    raw_days: int = 30
    most: float | None = _MOST_MILLISECONDS
    is_about_all: bool = False


def measure_queries(ground: Ground, *, quick: bool) -> Report:
    """Measure every question over events in random order; the first answer of each event is not counted."""
    if not quick:
        with kept_database(ground, size := Size()) as (kept, url):
            return _measure(kept, url, size, reads=100)
    with ground.database() as url:
        fill(url, TINY)
        return _measure(ground, url, TINY, reads=3)


def _measure(ground: Ground, url: str, size: Size, *, reads: int) -> Report:
    with Database(url, SCHEMA) as database:
        hours = size.events * size.days * 24 * (1 + size.zones)
        report = Report(f"(f) Questions about one event of {size.events}, {hours:,} hourly prices; {ground.name}")
        tracked = [event.event_id for event in read_events(database, tracked_only=True)]
        for question in _questions(size):
            few = max(1, reads // 10)
            asked_of = tracked[:1] if question.is_about_all else tracked
            _add(report, ground, question, database, asked_of, few if question.is_about_all else reads)
            if question.raw:
                baseline = _baseline(question.raw, size, question.raw_days)
                _add(report, ground, baseline, database, asked_of, few)
    return report


def _add(
    report: Report, ground: Ground, question: Question, database: Database, events: Sequence[int], reads: int
) -> None:
    random = Random(0)  # noqa: S311 - the same order each time
    order = [random.choice(events) for _ in range(reads)]
    for event in set(order):
        question.ask(database, event)
    took: list[float] = []

    def ask_all() -> None:
        for event in order:
            started = time.perf_counter()
            question.ask(database, event)
            took.append((time.perf_counter() - started) * 1000)

    _, spent = spend(ground, ask_all)
    client, server = (1000 * cpu / reads for cpu in (spent.client, spent.server))
    middle = percentile(took, 0.5)
    detail = f"95 % within {percentile(took, 0.95):.1f} ms; CPU: client {client:.1f}, server {server:.1f} ms"
    report.add(question.name, f"{middle:.1f} ms", detail)
    if question.most is not None:
        report.goals.append(Goal(question.name, middle, question.most, unit=" ms"))


def _baseline(name: str, size: Size, days: int) -> Question:
    def ask(database: Database, event_id: int) -> object:
        with database.connection() as connection:
            asked = {"event_id": event_id, "start": size.now - days * DAY, "end": size.now}
            return connection.execute(as_query(RAW[name]), asked).fetchall()

    return Question(f"  the same over raw listings ({name})", ask, most=None)


def _questions(size: Size) -> list[Question]:
    now = size.now
    month, year = (last_days(now, min(days, size.days)) for days in (30, 365))

    def trend(span: Span, by: timedelta, **further: Any) -> Callable[[Database, int], object]:  # noqa: ANN401
        return lambda database, event_id: queries.price_trend(
            database, event_id, span=span, timezone=_NEW_YORK, by=by, **further
        )

    def now_of(ask: Callable[..., object], **further: Any) -> Callable[[Database, int], object]:  # noqa: ANN401
        return lambda database, event_id: ask(database, event_id, this_moment=now, **further)

    return [
        Question("price_trend, 30 days by day", trend(month, DAY), "floors of 30 days"),
        Question("price_trend, 30 days by hour", trend(month, HOUR)),
        Question("price_trend, a year by day", trend(year, DAY)),
        Question("price_trend, a year by day, a zone", trend(year, DAY, zone="Zone 1")),
        Question("price_trend, a year by hour", trend(year, HOUR), most=None),
        Question("group_price_trend of 4, 30 days by day", trend(month, DAY, measure="get_in", together=4)),
        Question(
            "ticket_count_trend, 30 days by hour",
            lambda database, event_id: queries.ticket_count_trend(database, event_id, span=month, timezone=_NEW_YORK),
            "tickets of 30 days",
        ),
        Question(
            "section_prices, 7 days",
            lambda database, event_id: queries.section_prices(database, event_id, span=last_days(now, 7)),
            "zones of 7 days",
            raw_days=7,
        ),
        Question("get_in_curve, a year", now_of(queries.get_in_curve)),
        Question("percentile_of_now", now_of(queries.percentile_of_now)),
        Question("market_now", now_of(queries.market_now)),
        Question("market_depth", now_of(queries.market_depth)),
        Question("spread for 2", now_of(queries.spread, together=2)),
        Question("comparables", now_of(queries.comparables, section="105", rows=("4", "8"), quantity=2)),
        Question(
            "listing_changes, 24 hours",
            lambda database, event_id: queries.listing_changes(database, event_id, span=last_days(now, 1)),
        ),
        Question(
            "estimated_sales, 30 days by day",
            lambda database, event_id: queries.estimated_sales(database, event_id, span=month, timezone=_NEW_YORK),
        ),
        Question(
            "sell_through of 30 days",
            lambda database, event_id: queries.sell_through(database, event_id, span=month),
        ),
        Question(
            "overview of all events",
            lambda database, _: queries.overview(database, this_moment=now),
            "floors of all events",
            most=_MOST_FOR_ALL_MILLISECONDS,
            is_about_all=True,
        ),
        Question(
            "watchlist_health",
            lambda database, _: queries.watchlist_health(database, this_moment=now),
            is_about_all=True,
        ),
    ]
