"""One event as a document: the page's charts as pictures, and its tables, in Markdown for Dagster's pages."""

from __future__ import annotations

import base64
import re
from collections import Counter
from typing import TYPE_CHECKING

from markupsafe import Markup

from ticket_pipeline.charts import draw_file
from ticket_pipeline.dashboard.event_charts import draw_charts
from ticket_pipeline.dashboard.event_tables import now_table, sections_table
from ticket_pipeline.dashboard.formats import clock, text
from ticket_pipeline.dashboard.question import Question, look_at
from ticket_pipeline.queries.changes import listing_changes
from ticket_pipeline.storage.prices import DAY, HOUR, Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ticket_pipeline.charts import Chart
    from ticket_pipeline.dashboard.pages import Board
    from ticket_pipeline.dashboard.tables import Column, Table
    from ticket_pipeline.queries.events import WatchedEvent

_BUCKET = 6 * HOUR
"""120 points in 30 days: Dagster keeps every report forever."""

_HEIGHT = 180
_MOST_ROWS = 14
_SPECIAL = re.compile(r"([\\`*_\[\]<>|!#~])")


def write_report(board: Board, events: Sequence[WatchedEvent]) -> str:
    """The report of one event at its marketplaces, as Markdown of about 20 kB."""
    question = look_at(board, events, {}, bucket=_BUCKET)
    event = question.event
    address = f"{board.settings.dashboard_address}{question.address()}"
    parts = [
        f"## {_plain(event.name)}",
        f"{_plain(event.venue)} · {clock(event.event_at, event.timezone)} · [open in the dashboard]({address})",
        *(_picture(chart) for chart in draw_charts(question).values()),
        _table(now_table(question)),
        _table(sections_table(question)),
        _changes(question),
    ]
    return "\n\n".join(parts)


def _picture(chart: Chart) -> str:
    encoded = base64.b64encode(draw_file(chart, height=_HEIGHT).encode()).decode()
    return f"![{_plain(chart.title)}](data:image/svg+xml;base64,{encoded})"


def _table(table: Table) -> str:
    columns = [column for column in table.columns if column.title]
    lines = [[_plain(column.title) for column in columns], ["---"] * len(columns)]
    lines += [[_cell(column, row) for column in columns] for row in table.rows[:_MOST_ROWS]]
    rows = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    more = f"\n\n… and {len(table.rows) - _MOST_ROWS} more." if len(table.rows) > _MOST_ROWS else ""
    return f"### {table.title}\n\n{rows if table.rows else table.empty}{more}"


def _cell(column: Column, row: object) -> str:
    thin = " (thin)" if column.is_thin is not None and column.is_thin(row) else ""
    return f"{_plain(column.cell(row))}{thin}"


def _changes(question: Question) -> str:
    """How many listings changed in the last 24 hours, by kind and marketplace."""
    span = Span(question.now - DAY, question.now)
    found = listing_changes(question.board.database, question.event.event_id, span=span)
    counts = Counter((change.marketplace, change.change) for change in found)
    lines = [f"- {where}: {number} {kind}" for (where, kind), number in sorted(counts.items())]
    return "\n".join(["### Changed listings, last 24 hours\n", *(lines or ["None that is known."])])


def _plain(value: object) -> str:
    """A cell or name as text that Markdown does not read as markup."""
    shown = value.striptags() if isinstance(value, Markup) else text(value)
    return _SPECIAL.sub(r"\\\1", shown)
