"""The sources page: how each marketplace is doing, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from operator import attrgetter
from typing import TYPE_CHECKING

from ticket_pipeline.dashboard import pages
from ticket_pipeline.dashboard.formats import NOTHING, duration
from ticket_pipeline.dashboard.tables import Column, Table
from ticket_pipeline.ingest.marketplaces import SOURCES, why_not_polled
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
    return board.page(request, "sources.html", cards=_cards(board), budgets=_budgets_table, hours=24)


def download(board: Board, request: Request) -> Response:
    """All marketplaces as CSV."""
    names = [name for name in SourceStatus.__slots__ if name != "budgets"]
    columns = [Column(name, attrgetter(f"status.{name}")) for name in names]
    columns += [Column("state", lambda card: card.state), Column("obstacle", lambda card: card.obstacle)]
    return pages.download(request, Table("sources", "Sources", columns, _cards(board)))


def _cards(board: Board) -> Sequence[SourceCard]:
    now = board.clock()
    statuses = read_sources(board.database, list(SOURCES), since=now - _SPAN, this_moment=now)
    settings = board.settings
    return [
        SourceCard(status, why_not_polled(SOURCES[status.marketplace], settings), settings.is_simulated)
        for status in statuses
    ]


def _window(budget: Budget) -> str:
    length = budget.window_seconds
    per = f"per {duration(length)}" if length else "at once"
    return f"{per}, for polling" if budget.applies_to == "polling" else per


def _budgets_table(card: SourceCard) -> Table:
    columns = [
        Column("Limit", _window),
        Column("Used", lambda budget: budget.used, "count"),
        Column("Of", lambda budget: budget.max_requests, "count"),
        Column("All free", lambda budget: budget.resets_at, "moment"),
    ]
    return Table(f"{card.status.marketplace}-budgets", "Budgets", columns, card.status.budgets, empty=NOTHING)
