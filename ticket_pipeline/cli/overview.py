"""`overview`: every followed event in one table, and what is wrong with the watchlist."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Annotated

import typer

from ticket_pipeline import queries
from ticket_pipeline.cli.formats import (
    FEE_BASIS,
    FLOOR,
    NOTHING,
    THIN,
    ago,
    count,
    counted,
    get_in,
    largest_unit,
    money,
    percent,
    plain,
    utc_now,
)
from ticket_pipeline.cli.output import Output, with_formats
from ticket_pipeline.cli.rebuilding import rebuild_stale_hours
from ticket_pipeline.cli.session import open_migrated
from ticket_pipeline.cli.tables import new_table, note, show, table_of
from ticket_pipeline.queries import OverviewRow, WatchlistHealth
from ticket_pipeline.settings.model import load_settings

if TYPE_CHECKING:
    from rich.table import Table

_CHANGE_DAYS = 8
"""The change of a week is since an hour at most 8 days ago."""


class Order(StrEnum):
    """What comes first."""

    START = "start"
    MOVED = "moved"
    SOLD = "sold"


@with_formats
def overview(
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Also followed events that are over; others: `show-events --all`.")
    ] = False,
    sort: Annotated[
        Order, typer.Option(help="start: the next event first; moved: the largest change in 24 h; sold: the most sold.")
    ] = Order.START,
    problems: Annotated[bool, typer.Option("--problems", help="What is wrong where, instead of prices.")] = False,
    output: Output,
) -> None:
    """Show every followed event at each marketplace: floor and its change, get-in for 2, tickets, estimated sales.

    Prices are of the last trusted capture, and changes are of the floor, since 24 hours and 7 days ago. Estimated sales
    of the last 24 hours stand with their 80 % interval.

        ticket-pipeline overview --sort moved
        ticket-pipeline overview --problems
    """
    this_moment = utc_now()
    with open_migrated(load_settings()) as database:
        rebuild_stale_hours(database, queries.last_days(this_moment, _CHANGE_DAYS))
        health = queries.watchlist_health(database, this_moment=this_moment)
        if problems:
            _show_problems(health, this_moment, output)
            return
        rows = queries.overview(database, this_moment=this_moment)
    found = _sorted([one for one in rows if everything or one.health != "over"], sort)
    nothing = "No event is followed that is still to come. Fill the watchlist, then run `ticket-pipeline sync-events`."
    if output.write({"events": found, "health": health.counts}, ([one] for one in found), if_empty=nothing):
        return
    if not found:
        note(nothing)
        return
    show(_table(found, this_moment), *_legend(found))
    if health.problems:
        show(f"{counted(len(health.problems), 'problem')}: ticket-pipeline overview --problems")


def _sorted(rows: Sequence[OverviewRow], order: Order) -> list[OverviewRow]:
    """The rows in this order of events; the marketplaces of an event stay together."""
    events = [list(group) for _, group in groupby(rows, key=attrgetter("event_id"))]
    if order is not Order.START:
        rank = _moved if order is Order.MOVED else _sold_most
        events.sort(key=lambda markets: max(map(rank, markets)), reverse=True)
    return [one for markets in events for one in markets]


def _moved(one: OverviewRow) -> float:
    """How far the floor moved in 24 hours, in either direction, as a share; below 0 where that is unknown."""
    before, now = one.day_ago_floor_price, one.floor_price
    return abs(float(now / before) - 1) if before and now is not None else -1.0


def _sold_most(one: OverviewRow) -> float:
    return -1.0 if one.sold_tickets is None else float(one.sold_tickets)


def _table(rows: Sequence[OverviewRow], this_moment: datetime) -> Table:
    table = new_table("Event", "In", ">Floor", ">24 h", ">7 d", ">For 2", ">Tickets", ">Sold 24 h", "Seen")
    for _, group in groupby(rows, key=attrgetter("event_id")):
        markets = list(group)
        table.add_row(plain(markets[0].name))
        for one in markets:
            table.add_row(
                f"  {one.marketplace}{'' if one.currency in (None, 'USD') else f' {one.currency}'}",
                _time_left(one, this_moment),
                money(one.floor_price),
                percent(one.day_ago_floor_price, one.floor_price),
                percent(one.week_ago_floor_price, one.floor_price),
                get_in(one.get_in_2_price, one.floor_price),
                count(one.tickets),
                _sold(one),
                ago(one.newest_at, this_moment).removesuffix(" ago") if one.health == "ok" else one.health,
            )
    return table


def _time_left(one: OverviewRow, this_moment: datetime) -> str:
    left = one.event_at - this_moment
    return largest_unit(left) if left.total_seconds() > 0 else "over"


def _sold(one: OverviewRow) -> str:
    if one.sold_tickets is None:
        return NOTHING
    return f"{one.sold_tickets:.0f} ({one.sold_low_tickets:.0f}-{one.sold_high_tickets:.0f})"


def _legend(rows: Sequence[OverviewRow]) -> list[str]:
    bases = sorted({FEE_BASIS.get(one.fee_basis, one.fee_basis) for one in rows if one.fee_basis})
    currencies = sorted({one.currency for one in rows if one.currency})
    unit = f"{', '.join(currencies) or 'no currency'} ({'; '.join(bases) or 'nothing is for sale'})"
    lines = [
        f"Prices per ticket in {unit}. {FLOOR}",
        "24 h, 7 d: change of the floor since the last hour with one so long before the last capture.",
        "For 2: together. Sold: estimated, of those listed there. Seen: last capture.",
    ]
    if any("*" in get_in(one.get_in_2_price, one.floor_price) for one in rows):
        lines.append(THIN)
    return lines


def _show_problems(health: WatchlistHealth, this_moment: datetime, output: Output) -> None:
    nothing = "Nothing is wrong."
    document = {"counts": health.counts, "problems": health.problems}
    if output.write(document, ([one] for one in health.problems), if_empty=nothing):
        return
    columns = {
        "Problem": lambda one: one.state,
        "Event": lambda one: plain(one.name) if one.name else (f"row {one.sheet_row}" if one.sheet_row else NOTHING),
        "Marketplace": lambda one: one.marketplace or NOTHING,
        "Since": lambda one: ago(one.since_at, this_moment),
        "What": lambda one: plain(one.detail),
    }
    counts = ", ".join(f"{count(number)} {state}" for state, number in health.counts.items())
    show(
        *([table_of(health.problems, columns)] if health.problems else [nothing]),
        f"In all: {counts or 'nothing is followed'}.",
    )
