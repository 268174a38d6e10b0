"""`trend`: where an event's prices and inventory are heading, as a table and a line chart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

import typer

from ticket_pipeline import queries
from ticket_pipeline.cli.advice import advise
from ticket_pipeline.cli.braille import Line, draw_lines
from ticket_pipeline.cli.formats import (
    FEE_BASIS,
    NOTHING,
    THIN,
    count,
    counted,
    local_time,
    money,
    parse_bucket,
    percent,
    plain,
    utc_now,
)
from ticket_pipeline.cli.options import ChartOption, Days, EventKey, MarketplaceOption, Together, Zone
from ticket_pipeline.cli.output import Output, with_formats
from ticket_pipeline.cli.rebuilding import rebuild_stale_hours
from ticket_pipeline.cli.session import (
    choose_event,
    choose_zone,
    describe_event,
    identify,
    identify_source,
    open_migrated,
)
from ticket_pipeline.cli.tables import is_drawn, new_table, note, screen_width, show, show_lines
from ticket_pipeline.queries import FloorChanges, TicketSeries, Trend, TrendPoint, TrendSeries
from ticket_pipeline.settings.model import load_settings
from ticket_pipeline.storage.prices import DAY, HOUR

if TYPE_CHECKING:
    from rich.table import Table

    from ticket_pipeline.queries.events import WatchedEvent
    from ticket_pipeline.storage.database import Database

_CHANGE_DAYS = 8
"""The change of a week is since an hour at most 8 days ago."""

_FINE_UP_TO_DAYS = 7
"""Beyond so many days a point is a day, unless it is chosen."""

_STEPS = [number * HOUR for number in (1, 2, 3, 4, 6, 12, 24)]

_PLOT_LINES = 10
_TICKETS = "tickets"
_NO_UNIT = ("", "")
_LEGEND = (
    "Change: from the first to the last value. Per day: the median of the slopes between all points. flat: both, the "
    "slope over the whole time, come to at most 2 %, or 1. mixed: they contradict each other, as where a price rose "
    "for days and fell at last. Floor: the lowest price with at least three listings within 15 %. For N: for N "
    "together."
)


class Measure(StrEnum):
    """What of an event is followed."""

    FLOOR = "floor"
    GET_IN = "get-in"
    MEDIAN = "median"
    TICKETS = "tickets"


@with_formats
def trend(  # noqa: PLR0913 - the question in full
    event: EventKey,
    *,
    days: Days = 30,
    by: Annotated[
        timedelta | None,
        typer.Option(
            parser=parse_bucket, metavar="DURATION", help="Of a point: '6h', '1 day'; unset: it fits the polls."
        ),
    ] = None,
    measure: Annotated[
        list[Measure] | None, typer.Option(help="Only this, repeat it; the chart shows the first. Unset: all.")
    ] = None,
    together: Together = 2,
    zone: Zone = "*",
    marketplace: MarketplaceOption = None,
    chart: ChartOption = None,
    output: Output,
) -> None:
    """Show where floor, get-in price, median and tickets of an event are heading: change, direction, slope per day.

    Values are as of the last capture of each hour or day at the venue. Where nothing was captured is a gap: no line
    goes across it.

        ticket-pipeline trend glass orchard --days 14
        ticket-pipeline trend glass orchard --measure get-in --together 4 --zone "Lower Bowl"
    """
    this_moment, wanted = utc_now(), list(measure or Measure)
    span = queries.last_days(this_moment, days)
    with open_migrated(load_settings()) as database:
        sources = choose_event(database, event, marketplace, with_listings=True)
        rebuild_stale_hours(database, queries.last_days(this_moment, max(days, _CHANGE_DAYS)))
        zone = choose_zone(database, sources[0].event_id, zone)
        window = {"span": span, "timezone": sources[0].timezone, "zone": zone}
        step = by or (DAY if days > _FINE_UP_TO_DAYS else _choose_step(database, sources, window))
        window["by"] = step
        found = {one: _read(database, one, wanted, together, window) for one in sources}
        changes = queries.floor_changes(
            database, sources[0].event_id, this_moment=this_moment, zone=zone, marketplace=marketplace
        )
        missing = [
            _explain_nothing(one, days, zone, advise(database, one, this_moment, days=days))
            for one, series in found.items()
            if not series
        ]
    document = {
        "event": identify(sources),
        "bucket_seconds": step,
        "series": [one for series in found.values() for one in series],
        "changes": changes,
    }
    rows = (
        (identify_source(source), _constants(one), point)
        for source, series in found.items()
        for one in series
        for point in one.points
    )
    if output.write(document, rows, if_empty="\n".join(missing)):
        return
    for source, series in found.items():
        _show(source, series, step, [one for one in changes if one.marketplace == source.marketplace])
    if any(found.values()):
        thin = any(point.is_thin for each in found.values() for one in each for point in one.points)
        show(_LEGEND, *[THIN] * thin)
    if is_drawn(chart):
        _draw([one for series in found.values() for one in series], sources[0].timezone, step)
    for advice in missing:
        note(advice)


def _choose_step(database: Database, sources: Sequence[WatchedEvent], window: Mapping[str, Any]) -> timedelta:
    """The time between most captures, so that where none was due is no gap."""
    waits = []
    for source in sources:
        where = {**window, "marketplace": source.marketplace}
        for series in queries.ticket_count_trend(database, source.event_id, by=HOUR, **where):
            captured = [point.at for point in series.points if point.tickets is not None]
            waits += [after - before for before, after in pairwise(captured)]
    usual = sorted(waits)[len(waits) * 9 // 10] if waits else DAY
    return next((step for step in _STEPS if step >= usual), DAY)


def _read(
    database: Database, source: WatchedEvent, wanted: Sequence[Measure], together: int, window: Mapping[str, Any]
) -> list[TrendSeries]:
    """The series of one marketplace in the order wanted; where nothing was captured there is none."""
    where = {**window, "marketplace": source.marketplace}
    found: list[TrendSeries] = []
    for each in wanted:
        match each:
            case Measure.TICKETS:
                found += map(_as_trend, queries.ticket_count_trend(database, source.event_id, **where))
            case Measure.GET_IN:
                found += queries.group_price_trend(database, source.event_id, together=together, **where)
            case Measure.FLOOR:
                found += queries.price_trend(database, source.event_id, measure="floor", **where)
            case Measure.MEDIAN:
                found += queries.price_trend(database, source.event_id, measure="median", **where)
    return found


def _as_trend(series: TicketSeries) -> TrendSeries:
    """Tickets in the shape of prices, of no currency."""
    points = [
        TrendPoint(
            one.at,
            None if one.tickets is None else Decimal(one.tickets),
            False,  # noqa: FBT003 - counts are never thin
            one.snapshots,
            one.suspect_snapshots,
            one.failed_attempts,
        )
        for one in series.points
    ]
    coverage = {"hours_covered": series.hours_covered, "hours": series.hours}
    return TrendSeries(series.marketplace, series.zone, None, None, _TICKETS, points, series.trend, (), **coverage)


def _constants(series: TrendSeries) -> dict[str, Any]:
    return {name: getattr(series, name) for name in ("zone", "measure", "currency", "fee_basis")}


def _show(source: WatchedEvent, found: Sequence[TrendSeries], step: timedelta, changes: Sequence[FloorChanges]) -> None:
    """A table per currency and fee basis; tickets, which have none, stand in the last."""
    units = list(dict.fromkeys(_unit(one) for one in found))
    priced = [unit for unit in units if unit != _NO_UNIT] or units
    for unit in priced:
        chosen = [one for one in found if _unit(one) == unit or (unit == priced[-1] and one.measure == _TICKETS)]
        where = "" if chosen[0].zone == "*" else f": {plain(chosen[0].zone)}"
        show(f"{describe_event(source)}{where}", _table(chosen), " ".join(_coverage(chosen[0])))
        show(*_periods(chosen, source.timezone, step))
        show(*(_describe_changes(one, source.timezone) for one in changes if (one.currency, one.fee_basis) == unit))
    show(*(line for one in found[:1] for line in _level_breaks(one, source.timezone)))


def _unit(series: TrendSeries) -> tuple[str, str]:
    return series.currency or "", series.fee_basis or ""


def _table(found: Sequence[TrendSeries]) -> Table:
    table = new_table("", ">First", ">Last", ">Change", ">%", "Trend", ">Per day", ">Values")
    for one in found:
        known = sum(point.value is not None for point in one.points)
        cells = [NOTHING] * 6 if one.trend is None else _cells(one, one.trend)
        table.add_row(_title(one), *cells, f"{count(known)} of {count(len(one.points))}")
    return table


def _title(series: TrendSeries) -> str:
    return series.measure.replace("get_in", "for").capitalize()


def _cells(series: TrendSeries, trend: Trend) -> list[str]:
    digits = 0 if series.measure == _TICKETS else 2
    share = NOTHING if trend.percent is None else f"{trend.percent:+.1f}%"
    slope = NOTHING if trend.slope_per_day is None else f"{trend.slope_per_day:+,.2f}"
    thin_at = {point.at for point in series.points if point.is_thin}
    first, last = (
        f"{value:,.{digits}f}{'*' * (at in thin_at)}"
        for value, at in ((trend.first, trend.first_at), (trend.last, trend.last_at))
    )
    return [first, last, f"{trend.change:+,.{digits}f}", share, trend.direction, slope]


def _coverage(series: TrendSeries) -> Iterator[str]:
    if series.measure != _TICKETS:
        basis = FEE_BASIS.get(series.fee_basis or "", "nothing was for sale, or nothing could be read")
        yield f"Prices per ticket in {series.currency or 'an unknown currency'} ({basis})."
    yield f"Hours with a capture: {count(series.hours_covered)} of {count(series.hours)}."
    if suspects := sum(point.suspect_snapshots for point in series.points):
        yield f"{counted(suspects, 'suspect capture')} left out."
    if failed := sum(point.failed_attempts for point in series.points):
        yield f"{counted(failed, 'attempt')} failed."


def _periods(found: Sequence[TrendSeries], timezone: str, step: timedelta) -> Iterator[str]:
    """From which point to which the trends run; one line where it is the same for all."""
    titles: dict[tuple[datetime, datetime], list[str]] = {}
    for one in found:
        if one.trend is not None:
            titles.setdefault((one.trend.first_at, one.trend.last_at), []).append(_title(one))
    for period, own in titles.items():
        first, last = (
            f"{at.astimezone(ZoneInfo(timezone)):%Y-%m-%d}" if step % DAY == timedelta() else local_time(at, timezone)
            for at in period
        )
        yield f"{'First and last' if len(titles) == 1 else ', '.join(own)}: of {first} and {last}."


def _describe_changes(one: FloorChanges, timezone: str) -> str:
    """The changes that `overview` shows, with the moments that they are between."""
    parts = [
        f"{name} {percent(before, one.floor_price)} (from {money(before)} of {local_time(at, timezone)})"
        for name, at, before in (
            ("24 h", one.day_ago_at, one.day_ago_floor_price),
            ("7 d", one.week_ago_at, one.week_ago_floor_price),
        )
        if at is not None
    ]
    now = f"Floor {money(one.floor_price)} at {local_time(one.captured_at, timezone)}"
    return f"{now}: {', '.join(parts) or 'no floor a day or a week before'}."


def _level_breaks(series: TrendSeries, timezone: str) -> Iterator[str]:
    for one in series.level_breaks:
        before, after = (
            f"{currency} ({FEE_BASIS.get(basis, basis)})"
            for currency, basis in ((one.from_currency, one.from_fee_basis), (one.to_currency, one.to_fee_basis))
        )
        yield f"From {local_time(one.at, timezone)} prices are in {after}, before in {before}: no trend goes across."


def _draw(found: Sequence[TrendSeries], timezone: str, step: timedelta) -> None:
    """The first measure, a chart per currency and fee basis, a line per marketplace."""
    zone = ZoneInfo(timezone)
    time_format = "%Y-%m-%d" if step % DAY == timedelta() else "%m-%d %H:%M"
    chosen = [one for one in found if one.measure == found[0].measure]
    for unit in dict.fromkeys(map(_unit, chosen)):
        lines = [
            Line(one.marketplace, [(point.at.timestamp(), point.value) for point in one.points])
            for one in chosen
            if _unit(one) == unit
        ]
        drawn = draw_lines(
            lines,
            width=screen_width(),
            height=_PLOT_LINES,
            show_place=lambda at: datetime.fromtimestamp(at, zone).strftime(time_format),
        )
        in_unit = f", {unit[0]} {unit[1].replace('_', '-')}" if unit != _NO_UNIT else ""
        show_lines(["", f"{_title(chosen[0])}{in_unit}", *drawn] if drawn else [])


def _explain_nothing(source: WatchedEvent, days: int, zone: str, advice: str) -> str:
    where = "" if zone == "*" else f" in zone {plain(zone)} (`section-prices` lists the zones)"
    return (
        f"Nothing was captured of {plain(source.name)} on {source.marketplace}{where} in the last {days} days. {advice}"
    )
