"""The overview: every tracked event at each of its marketplaces, sorted and filtered as the address says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import chain, groupby
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from ticket_pipeline.charts import sparkline
from ticket_pipeline.dashboard import pages
from ticket_pipeline.dashboard.links import captures_of
from ticket_pipeline.dashboard.tables import Column, Table
from ticket_pipeline.market.vocabulary import Health, Marketplace
from ticket_pipeline.queries.floor_lines import LineKey, floor_lines
from ticket_pipeline.queries.overview import OverviewRow, overview, spread_of
from ticket_pipeline.storage.prices import HOUR, Span, hour_start

if TYPE_CHECKING:
    from decimal import Decimal

    from starlette.requests import Request
    from starlette.responses import Response

    from ticket_pipeline.dashboard.pages import Board

_FIRST_EVENTS = 60
"""Events of the first paint; a script asks for all of them after it."""

_KEPT_SECONDS = 10
_LINES_KEPT_SECONDS = 300
_LINE_SPAN, _LINE_SLOT = timedelta(days=7), 4 * HOUR
_BRIDGED_SLOTS = 6
"""Events that are far away are polled twice a day."""
_QUIET = frozenset({Health.OK, Health.OVER})


@dataclass(frozen=True, slots=True)
class Group:
    """One event: its rows, the shape of the floor of each, and what its marketplaces differ by (`spread_of`)."""

    rows: Sequence[OverviewRow]
    lines: Mapping[LineKey, Sequence[Decimal | None]]
    spread: Decimal | None

    @property
    def event(self) -> OverviewRow:
        """Any row, for what they have alike."""
        return self.rows[0]

    @property
    def is_spread_thin(self) -> bool:
        """Whether a price stands alone that the spread may be of."""
        return self.spread is not None and any(row.is_get_in_2_thin for row in self.rows)

    def sparkline(self, row: OverviewRow) -> Markup:
        """The floor of the last days."""
        values = self.lines.get((row.event_id, row.marketplace, row.currency, row.fee_basis), ())
        line = sparkline(values, "Floor of the last 7 days", bridged=_BRIDGED_SLOTS)
        return Markup(line)  # noqa: S704 - numbers only


Entry = tuple[Group, OverviewRow]

MOVES = frozenset({"day", "week"})
"""Columns that are sorted by how far a price moved, up or down, the farthest first."""

CHANGE_HELP = "Change of the floor since the last hour with one at least {} before the capture, at most a day longer"


def _captures(at: str) -> Callable[[Entry], str | None]:
    """How to get to the captures that a number is of: of its marketplace, from the moment in this column on."""

    def link(entry: Entry) -> str | None:
        row = entry[1]
        return captures_of(row.event_id, row.marketplace, getattr(row, at))

    return link


def _changes(entry: Entry) -> str | None:
    """Estimated sales are made of what changed."""
    row = entry[1]
    return None if row.sold_tickets is None else f"/events/{row.event_id}?market={row.marketplace}&days=1#changes"


COLUMNS: dict[str, Column] = {
    "event": Column("Event", lambda entry: entry[1].name),
    "days": Column("In", lambda entry: entry[1].days_to_event, "days", help="Time to the event"),
    "market": Column("Marketplace", lambda entry: entry[1].marketplace, "label"),
    "floor": Column(
        "Floor",
        lambda entry: entry[1].floor_price,
        "money",
        help="Lowest price with at least 3 listings within 15 %",
        link=_captures("captured_at"),
    ),
    "day": Column(
        "24 h",
        lambda entry: entry[1].percent_24_hours,
        "change",
        help=CHANGE_HELP.format("24 hours"),
        link=_captures("day_ago_at"),
    ),
    "week": Column(
        "7 d",
        lambda entry: entry[1].percent_7_days,
        "change",
        help=CHANGE_HELP.format("7 days"),
        link=_captures("week_ago_at"),
    ),
    "get_in": Column(
        "Get-in 2",
        lambda entry: entry[1].get_in_2_price,
        "money",
        help="Lowest price per ticket for 2 together",
        is_thin=lambda entry: entry[1].is_get_in_2_thin,
        link=_captures("captured_at"),
    ),
    "tickets": Column(
        "Tickets",
        lambda entry: entry[1].tickets,
        "count",
        help="For sale in the last trusted capture",
        link=_captures("captured_at"),
    ),
    "sold": Column(
        "Est. sold 24 h",
        lambda entry: entry[1].sold_tickets,
        "count",
        help="Estimated sales of the last 24 hours",
        link=_changes,
    ),
    "spread": Column(
        "Spread",
        lambda entry: entry[0].spread,
        "money",
        help="Get-in 2 at the dearest marketplace less the cheapest",
        is_thin=lambda entry: entry[0].is_spread_thin,
    ),
    "seen": Column("Seen", lambda entry: entry[1].newest_at, "moment", help="When the newest capture arrived"),
    "health": Column("Health", lambda entry: entry[1].health, help="How far to trust the numbers"),
}
"""By the name that the address gives a column to sort by."""

_ONLY_IN_FILE = (
    Column("event_id", lambda entry: entry[1].event_id),
    Column("starts", lambda entry: entry[1].event_at, "moment"),
    Column("venue", lambda entry: entry[1].venue),
    Column("currency", lambda entry: entry[1].currency),
    Column("fee_basis", lambda entry: entry[1].fee_basis),
    Column("as_of", lambda entry: entry[1].captured_at, "moment"),
    Column("sold_low", lambda entry: entry[1].sold_low_tickets),
    Column("sold_high", lambda entry: entry[1].sold_high_tickets),
    Column("reason", lambda entry: entry[1].reason),
)


def page(board: Board, request: Request) -> Response:
    """The overview as a page."""
    groups = _chosen(read_groups(board), request.query_params)
    shown = groups if "all" in request.query_params else groups[:_FIRST_EVENTS]
    rows = list(chain.from_iterable(group.rows for group in groups))
    return board.page(
        request,
        "overview.html",
        groups=shown,
        columns=COLUMNS,
        moves=MOVES,
        captures=_captures("newest_at"),
        events=len(groups),
        markets=[name for name in Marketplace if name.has_listings],
        troubled=len({row.event_id for row in rows if row.health not in _QUIET}),
        units=sorted({(row.currency, row.fee_basis) for row in rows if row.currency}),
    )


def download(board: Board, request: Request) -> Response:
    """The same events as CSV."""
    entries = [(group, row) for group in _chosen(read_groups(board), request.query_params) for row in group.rows]
    table = Table("overview", "Overview", [*COLUMNS.values(), *_ONLY_IN_FILE], entries)
    return pages.download(request, table)


def read_groups(board: Board) -> list[Group]:
    """All events; the numbers are shared for seconds, the shapes, of whole hours, for minutes."""
    now = board.clock()
    rows = board.shared.get("overview", lambda: overview(board.database, this_moment=now), seconds=_KEPT_SECONDS)
    by_event = [list(group) for _, group in groupby(rows, key=lambda row: row.event_id)]
    ids = [group[0].event_id for group in by_event]
    span = Span(hour_start(now) + HOUR - _LINE_SPAN, hour_start(now) + HOUR)
    lines = board.shared.get(
        ("lines", tuple(ids)),
        lambda: floor_lines(board.database, ids, span=span, slot=_LINE_SLOT),
        seconds=_LINES_KEPT_SECONDS,
    )
    return [Group(group, lines, spread_of(group)) for group in by_event]


def _chosen(groups: Iterable[Group], query: Mapping[str, str]) -> list[Group]:
    """The events that the address asks for, in its order; rows of another marketplace, or without trouble, left out."""
    words, market, only_trouble = query.get("q", "").casefold().split(), query.get("market"), "trouble" in query
    found = []
    for group in groups:
        about = f"{group.event.name} {group.event.venue}".casefold()
        rows = [
            row
            for row in group.rows
            if (not market or row.marketplace == market) and not (only_trouble and row.health in _QUIET)
        ]
        if rows and all(word in about for word in words):
            found.append(replace(group, rows=rows))
    name = query.get("sort", "")
    return _sorted(found, name, is_down="down" in query) if name in COLUMNS else found


def _sorted(groups: Sequence[Group], name: str, *, is_down: bool) -> list[Group]:
    """By the least value of each event's rows, or downwards by the largest; events without a value come last."""
    value_of = COLUMNS[name].value
    keyed: list[tuple[Any, Group]] = []
    unknown = []
    for group in groups:
        values = [value for row in group.rows if (value := value_of((group, row))) is not None]
        values = [abs(value) for value in values] if name in MOVES else values
        if values:
            keyed.append(((max if is_down else min)(values), group))
        else:
            unknown.append(group)
    keyed.sort(key=lambda pair: pair[0], reverse=is_down)
    return [group for _, group in keyed] + unknown
