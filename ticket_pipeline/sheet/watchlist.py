"""The watchlist as read from a sheet: accepted rows, rejected rows, and what was ignored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ticket_pipeline.market.events import RejectedRow, WatchlistEvent


@dataclass(frozen=True, slots=True)
class Watchlist:
    """A sheet as read; `len(events) + len(rejected) + blank_rows` is the number of rows below the header.

    Attributes:
        events: the good rows, in their order.
        rejected: the bad rows, in their order.
        ignored_columns: columns that are none of ours; one without a header is listed only if it holds something.
        warnings: sentences about what was accepted but deserves a look.
        blank_rows: rows without a value in any of our columns but `is_tracked`: ticked boxes often reach below the
            list.
        source: where the rows came from.
    """

    events: list[WatchlistEvent]
    rejected: list[RejectedRow]
    ignored_columns: list[str]
    warnings: list[str]
    blank_rows: int
    source: str
