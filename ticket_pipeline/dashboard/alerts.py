"""The alerts page: incidents of the pipeline, where the rules stand, what fired, and what could not be delivered."""

from __future__ import annotations

from datetime import timedelta
from operator import itemgetter
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from ticket_pipeline.alerts.rule_problems import find_rule_problems
from ticket_pipeline.dashboard import pages
from ticket_pipeline.dashboard.formats import NOTHING, label
from ticket_pipeline.dashboard.links import captures_of
from ticket_pipeline.dashboard.muting import mute_form
from ticket_pipeline.dashboard.tables import Column, Table
from ticket_pipeline.market.vocabulary import Health
from ticket_pipeline.queries.alerts import (
    AlertEvent,
    AlertStanding,
    alert_deliveries,
    alert_events,
    alert_standings,
)
from ticket_pipeline.queries.incidents import read_incidents

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from ticket_pipeline.dashboard.pages import Board

_SPAN = timedelta(days=30)
_ACROSS = "*"


def page(board: Board, request: Request) -> Response:
    """Incidents, rules, history and dead messages as a page."""
    return board.page(request, "alerts.html", tables=[make(board) for make in _TABLES.values()])


def download(board: Board, request: Request) -> Response:
    """One of the tables as CSV."""
    make = _TABLES.get(request.path_params["table"])
    if make is None:
        raise HTTPException(404)
    return pages.download(request, make(board))


def _incidents(board: Board) -> Table:
    columns = [
        Column("Since", lambda one: one.first_seen_at, "moment"),
        Column("Over", lambda one: one.closed_at, "moment", help="Blank: it is not over"),
        Column("What", lambda one: one.summary),
        Column("Cause", lambda one: one.cause),
        Column("Kind", lambda one: one.kind, help="A heading of docs/runbook.md, which says what to do"),
        Column("Messages", lambda one: one.deliveries or NOTHING),
    ]
    rows = read_incidents(board.database, since=board.clock() - _SPAN)
    return Table("incidents", "Incidents of the pipeline", columns, rows, empty="None in 30 days.")


def _standings(board: Board) -> Table:
    is_on = board.settings.alerts is not None
    columns = [
        Column("Alert", lambda one: one.alert),
        Column("State", _state, "state"),
        Column("Rule", lambda one: f"{one.measure} {one.condition}"),
        Column("Event", lambda one: one.name, link=_event_of),
        Column("Where", _where),
        Column(
            "Value",
            lambda one: one.shown_value,
            "figure",
            help="In the unit of the measure, of the last capture",
            link=_captures_of,
        ),
        Column("Since", lambda one: one.since_at, "moment", help="The first capture of the breach"),
        Column("Seen", lambda one: one.captured_at, "moment"),
    ]
    if board.writing is not None:
        columns.append(Column("Mute", lambda one: "muted" if one.is_muted else "", action=mute_form))
    rows = alert_standings(board.database, this_moment=board.clock())
    empty = "No rule yet: the next sync reads ALERTS." if is_on else "ALERTS is not set: there are no rules."
    note = "A muted rule is tried and stored, and sends no message." if rows else ""
    return Table("alerts", "Rules", columns, rows, empty=empty, note=note)


def _problems(board: Board) -> Table:
    columns = [Column("Rule", itemgetter(0)), Column("Why", itemgetter(1))]
    rows = list(find_rule_problems(board.database, board.settings, board.clock()))
    return Table(
        "problems", "Rules to check", columns, rows, empty="Every rule can be read, and has an event and its channels."
    )


def _history(board: Board) -> Table:
    columns = [
        Column("When", lambda one: one.captured_at, "moment"),
        Column("Event", lambda one: one.name, link=_event_of),
        Column("What", lambda one: one.summary),
        Column("Alert", lambda one: one.alert),
        Column("Captures", lambda one: one.captures, "count", help="In a row, that it rests on", link=_captures_of),
        Column("Messages", lambda one: "muted" if one.is_muted else one.deliveries or NOTHING),
    ]
    rows = alert_events(board.database, since=board.clock() - _SPAN)
    return Table("history", "Fired in 30 days", columns, rows, empty="Nothing fired.")


def _dead(board: Board) -> Table:
    columns = [
        Column("Made", lambda one: one.created_at, "moment"),
        Column("Message", lambda one: one.title),
        Column("Channel", lambda one: one.channel),
        Column("Tries", lambda one: one.attempts, "count"),
        Column("Error", lambda one: one.error),
    ]
    rows = alert_deliveries(board.database, states=["dead"], since=board.clock() - _SPAN)
    return Table("dead", "Could not be delivered", columns, rows, empty="Every message was delivered, or waits.")


_TABLES = {"incidents": _incidents, "alerts": _standings, "problems": _problems, "history": _history, "dead": _dead}
"""By the name of its CSV file, in the order of the page."""


def _event_of(one: AlertStanding | AlertEvent) -> str | None:
    return None if one.event_id is None else f"/events/{one.event_id}"


def _captures_of(one: AlertStanding | AlertEvent) -> str | None:
    return captures_of(one.event_id, one.marketplace, one.captured_at)


def _where(one: AlertStanding) -> str:
    market = "all markets" if one.marketplace == _ACROSS else label(one.marketplace)
    return market if one.zone in (None, _ACROSS) else f"{market}, {one.zone}"


def _state(one: AlertStanding) -> str:
    if one.state is None:
        return "no data yet"
    why = f": {one.obstacle}" if one.obstacle else ""
    waits = f", waits: {one.health}" if one.health not in (None, Health.OK) else ""
    return f"{one.state}{why}{', muted' * one.is_muted}{waits}"
