"""`watch`: the market and the polling in the terminal, drawn anew every few seconds.

What belongs here: laying out what `queries` answer, and the keys. One frame is made of one `View`, so that all of it is
of the same moment.
"""

from __future__ import annotations

import os
import select
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from ticket_pipeline.cli.formats import ago, count, get_in, largest_unit, money, percent, plain, until, utc_now
from ticket_pipeline.cli.session import open_migrated
from ticket_pipeline.cli.tables import new_table
from ticket_pipeline.market.waits import in_short
from ticket_pipeline.queries.captures import RecentCapture, recent_captures
from ticket_pipeline.queries.events import read_events
from ticket_pipeline.queries.overview import OverviewRow, overview
from ticket_pipeline.queries.sources import Pause, SourceStatus, read_pauses, read_sources
from ticket_pipeline.settings.model import load_settings

if TYPE_CHECKING:
    from rich.table import Table

    from ticket_pipeline.market.vocabulary import Marketplace
    from ticket_pipeline.storage.database import Database

_HOUR = timedelta(hours=1)
_MOST_CAPTURES = 5
_SHORTEST_NAME, _LONGEST_NAME = 15, 40
_OTHER_COLUMNS = {"events": 65, "captures": 60}
"""The width of a table beside its names, which take what is left."""

_LOOK_EVERY_SECONDS = 0.2
"""How soon a key or a new size of the window shows."""

_LATE = float("inf")


@dataclass(frozen=True, slots=True)
class View:
    """What one frame shows; `next_polls`: event and marketplace → when it is due."""

    moment: datetime
    events: Sequence[OverviewRow]
    next_polls: dict[tuple[int, str], datetime | None]
    captures: Sequence[RecentCapture]
    sources: Sequence[SourceStatus]
    pauses: dict[Marketplace, Pause]


def read_view(database: Database, this_moment: datetime) -> View:
    """The tracked events that are still to come, the last hour of polling, and the marketplaces they are on."""
    events = [row for row in overview(database, this_moment=this_moment) if row.event_at > this_moment]
    tracked = read_events(database, tracked_only=True)
    marketplaces = sorted({row.marketplace for row in events})
    return View(
        this_moment,
        events,
        {(one.event_id, one.marketplace): one.next_due_at for one in tracked},
        recent_captures(database, since=this_moment - _HOUR, this_moment=this_moment, most=_MOST_CAPTURES),
        read_sources(database, marketplaces, since=this_moment - _HOUR, this_moment=this_moment),
        read_pauses(database, this_moment),
    )


def _due_seconds(view: View, row: OverviewRow) -> float:
    due = view.next_polls.get((row.event_id, row.marketplace))
    return _LATE if due is None else (due - view.moment).total_seconds()


_ORDERS: dict[str, Callable[[View, OverviewRow], Any]] = {
    "start": lambda _, row: row.event_at,
    "change": lambda _, row: -abs(_change(row)),
    "due": _due_seconds,
    "name": lambda _, row: row.name.casefold(),
}


def render(view: View, order: str, size: tuple[int, int]) -> Group:
    """One frame of `size` columns and lines; events that do not fit are counted."""
    width, height = size
    sources = [_source_line(view, one) for one in view.sources]
    errors = [f"{one.marketplace}: {plain(one.last_error)}" for one in view.sources if one.errors and one.last_error]
    captures = _captures_table(view, width)
    tail = [*errors[:2], f"s: sort (by {order} now)   q: leave"]
    # A table has a header of two lines.
    room = height - 1 - len(sources) - 2 - 3 - max(1, len(view.captures)) - len(tail) - 1
    rows = sorted(view.events, key=lambda row: _ORDERS[order](view, row))
    shown = rows[: max(1, room)]
    more = f"{len(rows) - len(shown)} more: make the window taller" if len(shown) < len(rows) else ""
    events: list[Table | Text] = [_events_table(view, shown, width)] if rows else [_line("No event is followed.")]
    head = f"{view.moment:%Y-%m-%d %H:%M:%S} UTC   {len(rows)} markets of events to come"
    lines = [_line(text) for text in (head, *sources)]
    return Group(*lines, *events, _line(more), captures, *[_line(text) for text in tail])


def watch(
    *,
    every: Annotated[float, typer.Option(min=0.5, metavar="SECONDS", help="How often it is drawn anew.")] = 2.0,
    sort: Annotated[str, typer.Option(help=f"Order of the events: {', '.join(_ORDERS)}.")] = "start",
) -> None:
    """Watch the market live: events with floor and change, newest captures, next polls, budgets, errors.

    s sorts by the next column, q leaves. Into a file or a pipe one view is printed.

        ticket-pipeline watch --sort change
    """
    if sort not in _ORDERS:
        raise typer.BadParameter(f"{sort!r} is not one of {', '.join(_ORDERS)}", param_hint="--sort")
    console = Console(markup=False, emoji=False, highlight=False)
    with open_migrated(load_settings()) as database:
        if console.is_terminal and sys.stdin.isatty():
            _watch(database, console, every, sort)
        else:
            console.print(render(read_view(database, utc_now()), sort, (console.width, sys.maxsize)))


def _watch(database: Database, console: Console, every: float, order: str) -> None:
    orders = list(_ORDERS)
    with _keys() as next_key, Live(console=console, screen=True, auto_refresh=False) as live:
        view, drawn_at, drawn_size = read_view(database, utc_now()), time.monotonic(), (0, 0)
        while True:
            size = (console.width, console.height)
            if time.monotonic() - drawn_at >= every:
                view, drawn_at, drawn_size = read_view(database, utc_now()), time.monotonic(), (0, 0)
            if size != drawn_size:
                live.update(render(view, order, size), refresh=True)
                drawn_size = size
            key = next_key(_LOOK_EVERY_SECONDS)
            if key in ("q", "\x1b"):
                return
            if key == "s":
                order, drawn_size = orders[(orders.index(order) + 1) % len(orders)], (0, 0)


@contextmanager
def _keys() -> Iterator[Callable[[float], str]]:
    """Yields what waits so many seconds for a key and returns it, or '' where none was pressed."""
    import termios  # noqa: PLC0415 - not on Windows, where the rest of the command line works
    import tty  # noqa: PLC0415 - as termios

    stdin = sys.stdin.fileno()
    before = termios.tcgetattr(stdin)

    def next_key(seconds: float) -> str:
        ready, _, _ = select.select([stdin], [], [], seconds)
        return os.read(stdin, 32).decode(errors="replace")[:1] if ready else ""

    tty.setcbreak(stdin)
    try:
        yield next_key
    finally:
        termios.tcsetattr(stdin, termios.TCSADRAIN, before)


def _events_table(view: View, rows: Sequence[OverviewRow], width: int) -> Table:
    table = new_table("Event", "Market", ">Floor", "In", ">24 h", ">Get-in", ">For 2", ">Tickets", "Seen", "Next")
    for row in rows:
        table.add_row(
            _short(row.name, width - _OTHER_COLUMNS["events"]),
            row.marketplace,
            money(row.floor_price),
            row.currency or "",
            percent(row.day_ago_floor_price, row.floor_price),
            get_in(row.get_in_price, row.floor_price),
            get_in(row.get_in_2_price, row.floor_price),
            count(row.tickets),
            _seen(view, row),
            _next_poll(view, row),
        )
    return _one_line_each(table)


def _captures_table(view: View, width: int) -> Table | Text:
    if not view.captures:
        return _line("No capture in the last hour.")
    table = new_table("Captured", "Event", "Market", ">Listings", ">Tickets", ">Floor", ">Median", "")
    for one in view.captures:
        table.add_row(
            f"{one.captured_at:%H:%M:%S}",
            _short(one.name, width - _OTHER_COLUMNS["captures"]),
            one.marketplace,
            count(one.listings),
            count(one.tickets),
            money(one.floor_price),
            money(one.median_price),
            "suspect" if one.is_suspect else "",
        )
    return _one_line_each(table)


def _source_line(view: View, source: SourceStatus) -> str:
    pause = view.pauses.get(source.marketplace)
    state = (
        f"paused for {largest_unit(pause.until - view.moment)}: {plain(in_short(pause.reason or ''))}"
        if pause
        else "ok"
    )
    budgets = ", ".join(
        f"{each.used} of {each.max_requests} per {largest_unit(each.window_seconds)}"
        for each in source.budgets
        if each.window_seconds
    )
    errors = f"errors in the last hour: {source.errors} of {source.requests} requests"
    return f"{source.marketplace}: {state}; {errors}" + (f"; {budgets}" if budgets else "")


def _next_poll(view: View, row: OverviewRow) -> str:
    if row.marketplace in view.pauses:
        return "paused"
    return until(view.next_polls.get((row.event_id, row.marketplace)), view.moment).removeprefix("in ")


def _seen(view: View, row: OverviewRow) -> str:
    if row.health != "ok":
        return row.health
    return ago(row.newest_at, view.moment).removeprefix("just ").removesuffix(" ago")


def _change(row: OverviewRow) -> float:
    if not row.floor_price or not row.day_ago_floor_price:
        return 0.0
    return float(row.floor_price / row.day_ago_floor_price - 1)


def _short(name: str, room: int) -> str:
    text, most = plain(name), min(max(room, _SHORTEST_NAME), _LONGEST_NAME)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _one_line_each(table: Table) -> Table:
    """A row that folds would push others out of the window."""
    for column in table.columns:
        column.no_wrap, column.overflow = True, "ellipsis"
    return table


def _line(text: str) -> Text:
    return Text(text, no_wrap=True, overflow="ellipsis")
