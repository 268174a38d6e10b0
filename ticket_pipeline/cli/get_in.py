"""`get-in`: what it costs to get in now, for one to eight together, and how that went with the days to the event."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from ticket_pipeline import queries
from ticket_pipeline.cli.advice import advise
from ticket_pipeline.cli.braille import Line, draw_lines
from ticket_pipeline.cli.formats import FEE_BASIS, FLOOR, NOTHING, THIN, ago, count, get_in, money, plain, utc_now
from ticket_pipeline.cli.options import ChartOption, EventKey, MarketplaceOption, Together, Zone
from ticket_pipeline.cli.output import Output, with_formats
from ticket_pipeline.cli.rebuilding import rebuild_stale_hours
from ticket_pipeline.cli.session import choose_event, choose_zone, describe_event, identify, open_migrated
from ticket_pipeline.cli.tables import is_drawn, new_table, note, screen_width, show, show_lines
from ticket_pipeline.market.hours import MOST_TOGETHER
from ticket_pipeline.queries import CurvePoint, CurveSeries, MarketNow, Percentile
from ticket_pipeline.queries.similar_events import FEWEST_EVENTS
from ticket_pipeline.settings.model import load_settings

if TYPE_CHECKING:
    from rich.table import Table


_PLOT_LINES = 10
_EVERY_DAY_FROM = 14
_MOST_DAYS = 21


@with_formats
def get_in_prices(
    event: EventKey,
    *,
    days: Annotated[int, typer.Option(min=1, max=3660, help="At most so many days before the event.")] = 60,
    together: Together = 2,
    zone: Zone = "*",
    marketplace: MarketplaceOption = None,
    chart: ChartOption = None,
    output: Output,
) -> None:
    """Show what it costs to get in: now for 1 to 8 together, by days to the event, and beside past events.

    A day is 24 hours that end so many days before the start; its values are those of its last capture. Past events are
    those of the same `Group` in the watchlist, else of the venue.

        ticket-pipeline get-in glass orchard --together 4
    """
    this_moment = utc_now()
    with open_migrated(load_settings()) as database:
        sources = choose_event(database, event, marketplace, with_listings=True)
        event_id = sources[0].event_id
        zone = choose_zone(database, event_id, zone)
        rebuild_stale_hours(database, queries.last_days(this_moment, days))
        now = queries.market_now(database, event_id, this_moment=this_moment, marketplace=marketplace)
        curves = queries.get_in_curve(
            database, event_id, this_moment=this_moment, days=days, marketplace=marketplace, zone=zone
        )
        percentiles = queries.percentile_of_now(database, event_id, this_moment=this_moment, marketplace=marketplace)
        nothing = f"Nothing was captured yet. {advise(database, sources[0], this_moment)}"
    document = {"event": identify(sources), "now": now, "curves": curves, "percentiles": percentiles}
    shared = {"event_id": event_id, "name": sources[0].name}
    rows = ((shared, _constants(one), point) for one in curves for point in one.points)
    if output.write(document, rows, if_empty=nothing):
        return
    if any(one.captured_at for one in now):
        show(describe_event(sources[0], at_marketplace=False), _now_table(now, this_moment, zone), *_now_legend(now))
    else:
        note(nothing)
    for curve in curves:
        where = "" if zone == "*" else f", {plain(zone)}"
        show("", f"By days to the event on {curve.marketplace}{where}", _curve_table(curve, together))
        show(_unit(curve.currency, curve.fee_basis))
    if curves:
        show(*_curve_legend(curves, together))
    if is_drawn(chart):
        _draw(curves, together)
    show(*(f"{'' if zone == '*' else 'Whole event: '}{_describe(one)}" for one in percentiles))


def _constants(curve: CurveSeries) -> dict[str, object]:
    return {name: getattr(curve, name) for name in ("marketplace", "zone", "currency", "fee_basis")}


def _unit(currency: str | None, fee_basis: str | None) -> str:
    return f"Prices per ticket in {currency} ({FEE_BASIS.get(fee_basis or '', 'unknown')})." if currency else ""


def _now_table(now: Sequence[MarketNow], this_moment: datetime, zone: str) -> Table:
    table = new_table(
        "Now" if zone == "*" else "Now, whole event", *(f">{number}" for number in range(1, MOST_TOGETHER + 1))
    )
    for one in now:
        prices = one.get_in_prices or [None] * MOST_TOGETHER
        seen = ago(one.captured_at, this_moment)
        health = "" if one.health == "ok" else f"\n{one.health}"
        table.add_row(f"{one.marketplace}\n{seen}{health}", *(get_in(price, one.floor_price) for price in prices))
    return table


def _now_legend(now: Sequence[MarketNow]) -> Iterator[str]:
    units = {(one.currency, one.fee_basis): None for one in now if one.currency}
    for currency, basis in units:
        where = ", ".join(one.marketplace for one in now if (one.currency, one.fee_basis) == (currency, basis))
        yield f"{where}: lowest prices per ticket for 1 to 8 together in {currency} ({FEE_BASIS.get(basis or '', '')})."
    if any("*" in get_in(price, one.floor_price) for one in now for price in one.get_in_prices or ()):
        yield THIN
    for one in now:
        if one.health not in ("ok", "paused"):  # a note says so of a pause
            yield f"{one.marketplace} is {one.health}{f': {plain(one.reason)}' if one.reason else ''}."


def _curve_table(curve: CurveSeries, together: int) -> Table:
    numbers = [1, *sorted({2, together} - {1})]
    headers = [">Get-in" if number == 1 else f">For {number}" for number in numbers]
    table = new_table(">Days left", ">Floor", *headers, ">Median", ">Tickets", ">Captures", "")
    for quiet, group in groupby(_thinned(curve.points), key=_is_quiet):
        points = list(group)
        for point in points[:1] if quiet else points:
            table.add_row(_days(point, points[-1] if quiet else point), *_cells(point, numbers))
    return table


def _thinned(points: Sequence[CurvePoint]) -> list[CurvePoint]:
    """All that fit a screen; of more the newest, every day of the last two weeks, and every seventh before."""
    if len(points) <= _MOST_DAYS:
        return list(points)
    return [one for one in points[:-1] if one.days_to_event <= _EVERY_DAY_FROM or one.days_to_event % 7 == 0] + [
        points[-1]
    ]


def _is_quiet(point: CurvePoint) -> bool:
    """Whether no attempt was made: such days in a row share a line."""
    return not (point.snapshots or point.suspect_snapshots or point.failed_attempts)


def _days(first: CurvePoint, last: CurvePoint) -> str:
    return f"{first.days_to_event}" if first is last else f"{first.days_to_event} to {last.days_to_event}"


def _curve_legend(curves: Sequence[CurveSeries], together: int) -> Iterator[str]:
    others = f", for {together}" if together > 2 else ""  # noqa: PLR2004 - for 2 is always shown
    yield f"{FLOOR} For 2{others}: together. All as of the last capture of the day."
    if any(len(curve.points) > _MOST_DAYS for curve in curves):
        yield f"Beyond {_EVERY_DAY_FROM} days every seventh day is shown; --csv has all."


def _cells(point: CurvePoint, numbers: Sequence[int]) -> list[str]:
    get_ins = [get_in(point.get_in_prices[number - 1], point.floor_price) for number in numbers]
    counts = {"failed": point.failed_attempts, "suspect": point.suspect_snapshots}
    remarks = " ".join(f"{number} {what}" for what, number in counts.items() if number)
    return [
        money(point.floor_price),
        *get_ins,
        money(point.median_price),
        count(point.tickets),
        count(point.snapshots) if point.snapshots else NOTHING,
        remarks or ("" if point.snapshots else "no data"),
    ]


def _draw(curves: Sequence[CurveSeries], together: int) -> None:
    """The get-in price, a chart per currency and fee basis, a line per marketplace."""
    for unit in dict.fromkeys((one.currency, one.fee_basis) for one in curves):
        lines = [
            Line(one.marketplace, [(-point.days_to_event, point.get_in_prices[together - 1]) for point in one.points])
            for one in curves
            if (one.currency, one.fee_basis) == unit
        ]
        drawn = draw_lines(
            lines, width=screen_width(), height=_PLOT_LINES, show_place=lambda day: f"{-day:.0f} days left"
        )
        title = f"Get-in price for {together}, {unit[0]} {(unit[1] or '').replace('_', '-')}"
        show_lines(["", title, *drawn] if drawn else [])


def _describe(one: Percentile) -> str:
    place = f"{one.marketplace}: floor {money(one.floor_price)} {one.currency}, {one.days_to_event} days left"
    if one.percentile is None:
        few = f"Only {one.events}" if one.events else "None"
        return f"{place}. {few} of the past events of its kind can be compared; {FEWEST_EVENTS} are needed."
    return (
        f"{place}, is {one.ratio:.2f} times that of {one.reference_day} days left: higher than {one.percentile} % of "
        f"{one.events} past events of its kind at this time."
    )
