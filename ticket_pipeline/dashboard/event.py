"""The page of one event, its tables, and their downloads."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from ticket_pipeline.dashboard import pages
from ticket_pipeline.dashboard.event_charts import draw_charts
from ticket_pipeline.dashboard.event_tables import TABLES
from ticket_pipeline.dashboard.question import WINDOWS, ask
from ticket_pipeline.dashboard.tables import table_of
from ticket_pipeline.market.hours import MOST_TOGETHER
from ticket_pipeline.queries.sources import read_pauses

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from ticket_pipeline.dashboard.pages import Board
    from ticket_pipeline.dashboard.question import Question
    from ticket_pipeline.dashboard.tables import Table


def page(board: Board, request: Request) -> Response:
    """All about one event; made anew where an attempt at it has ended, a pause began or ended, or a minute is over."""
    question = ask(board, request)
    tag = board.tag(
        request,
        question.events,
        read_pauses(board.database, question.now),
        question.now.replace(second=0, microsecond=0),
    )
    if known := pages.unchanged(request, tag):
        return known
    left_out = {"captures"} if question.zone != "*" else {"captures", "zone_sections"}
    tables = {name: _make(name, question) for name in TABLES if name not in left_out}
    return board.page(
        request,
        "event.html",
        tag=tag,
        question=question,
        charts=draw_charts(question),
        tables=tables,
        windows=list(WINDOWS.items()),
        zones=[
            (name, name) for name in sorted({question.zone, *(row.zone for row in tables["sections"].rows)} - {"*"})
        ],
        markets=[(one.marketplace, one.marketplace.traits.label) for one in question.events],
        together_choices=[(number, number) for number in range(1, MOST_TOGETHER + 1)],
    )


def captures(board: Board, request: Request) -> Response:
    """Which captures the numbers of an event are from, and which runs made them."""
    question = ask(board, request)
    return board.page(request, "captures.html", question=question, table=_make("captures", question))


def _make(name: str, question: Question) -> Table:
    return replace(TABLES[name](question), timezone=question.event.timezone)


def download(board: Board, request: Request) -> Response:
    """One table, or the numbers of a chart, as CSV."""
    name, question = request.path_params["table"], ask(board, request)
    if make := TABLES.get(name):
        return pages.download(request, make(question))
    if chart := draw_charts(question).get(name):
        return pages.download(request, table_of(name, chart))
    raise HTTPException(404, "There is no such table.")
