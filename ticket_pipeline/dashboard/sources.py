"""The sources page: how each marketplace is doing, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from operator import attrgetter
from typing import TYPE_CHECKING

from starlette.exceptions import HTTPException

from ticket_pipeline.dashboard import pages
from ticket_pipeline.dashboard.formats import duration
from ticket_pipeline.dashboard.tables import Column, Table
from ticket_pipeline.ingest.marketplaces import SOURCES, why_not_polled
from ticket_pipeline.queries.source_problems import SourceProblems, read_source_problems
from ticket_pipeline.queries.sources import Budget, SourceStatus, read_sources

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from ticket_pipeline.dashboard.pages import Board

_SPAN = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class SourceCard:
    """One marketplace; `obstacle` says why it is not polled, None where it is."""

    status: SourceStatus
    problems: SourceProblems
    obstacle: str | None
    is_simulated: bool

    @property
    def state(self) -> str:
        """One word for its health."""
        if self.obstacle is not None:
            return "off"
        if self.status.breaker != "closed" or self.status.asked_until is not None:
            return "paused"
        return "failing" if self.status.requests and self.status.errors == self.status.requests else "ok"


def page(board: Board, request: Request) -> Response:
    """All marketplaces as a page."""
    return board.page(request, "sources.html", cards=_cards(board), tables=_tables, hours=24)


def download(board: Board, request: Request) -> Response:
    """All marketplaces as CSV."""
    names = [name for name in SourceStatus.__slots__ if name != "budgets"]
    columns = [Column(name, attrgetter(f"status.{name}")) for name in names]
    columns += [Column("state", lambda card: card.state), Column("obstacle", lambda card: card.obstacle)]
    return pages.download(request, Table("sources", "Sources", columns, _cards(board)))


def download_table(board: Board, request: Request) -> Response:
    """One table of one marketplace as CSV."""
    tables = {table.name: table for card in _cards(board) for table in _tables(card)}
    if table := tables.get(request.path_params["table"]):
        return pages.download(request, table)
    raise HTTPException(404, "There is no such table.")


def _cards(board: Board) -> Sequence[SourceCard]:
    now = board.clock()
    statuses = read_sources(board.database, list(SOURCES), since=now - _SPAN, this_moment=now)
    problems = read_source_problems(board.database, list(SOURCES), now - _SPAN)
    is_simulated = board.settings.is_simulated
    obstacles = {name: why_not_polled(source, board.settings) for name, source in SOURCES.items()}
    return [SourceCard(one, problems[one.marketplace], obstacles[one.marketplace], is_simulated) for one in statuses]


def _window(budget: Budget) -> str:
    length = budget.window_seconds
    per = f"per {duration(length)}" if length else "at once"
    return f"{per}, for polling" if budget.applies_to == "polling" else per


def _tables(card: SourceCard) -> list[Table]:
    """The small tables of a card; those without rows are left out."""
    name, problems = card.status.marketplace, card.problems
    tables = [
        Table(f"{name}-budgets", "Budgets", _BUDGETS, card.status.budgets),
        Table(f"{name}-errors", "Failed attempts", _ERRORS, problems.failures),
        Table(f"{name}-rejects", "Rejected in newest captures", _REJECTS, problems.rejects),
        Table(f"{name}-changes", "Fields that changed", _CHANGES, problems.payload_changes),
    ]
    return [table for table in tables if table.rows]


_BUDGETS = (
    Column("Limit", _window),
    Column("Used", lambda budget: budget.used, "count"),
    Column("Of", lambda budget: budget.max_requests, "count"),
    Column("Free again", lambda budget: budget.resets_at, "moment"),
)
_ERRORS = (
    Column("How", lambda one: one.name),
    Column("Attempts", lambda one: one.attempts, "count"),
    Column("Last", lambda one: one.last_at, "moment"),
)
_REJECTS = (
    Column("Why", lambda one: one.reason),
    Column("Listings", lambda one: one.listings, "count"),
    Column("Events", lambda one: one.events, "count"),
)
_CHANGES = (
    Column("Field", lambda one: one.field),
    Column("Now", lambda one: one.what),
    Column(
        "Seen",
        lambda one: one.detected_at,
        "moment",
        link=lambda one: f"/events/{one.event_id}" if one.event_id else None,
    ),
)
