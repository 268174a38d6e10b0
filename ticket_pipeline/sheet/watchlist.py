"""What a sheet says once it is read: events, rejected rows, and what was left aside.

What belongs here: the value types that the rest of the project takes from a sheet. What does not: how they are read
from cells (see `rows`), and what the database does with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from ticket_pipeline.market.vocabulary import Marketplace
    from ticket_pipeline.sheet.timezones import TimezoneSource


@dataclass(frozen=True, slots=True)
class WatchedEvent:
    """One good row.

    Attributes:
        row_number: as the user sees it; the header is usually row 1.
        event_date: local time of the venue, naive; midnight where the row says no time of day.
        is_time_known: whether the row says the time of day.
        timezone: IANA name.
        timezone_source: what the timezone was concluded from.
        event_at: the same moment in UTC, aware. Without a time of day it is the last minute of that local day: an event
            whose hour is not known yet must not count as past in the morning.
        poll_interval: the row's own interval; None leaves it to the cadence.
        external_ids: the marketplaces' own ids of this event; at least one.
    """

    row_number: int
    name: str
    venue: str | None
    city: str | None
    country: str | None
    event_date: datetime
    timezone: str
    timezone_source: TimezoneSource
    event_at: datetime
    is_tracked: bool
    capacity: int | None
    poll_interval: timedelta | None
    external_ids: dict[Marketplace, str]
    is_time_known: bool = True


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """One row that is no event, with what was read and every reason why.

    Attributes:
        row_number: as the user sees it.
        raw: header → cell as read; a column without a header goes by its letter.
        reasons: sentences that name the column, the value and the fix; at least one.
    """

    row_number: int
    raw: dict[str, str]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Watchlist:
    """What a sheet says. `len(events) + len(rejected) + blank_rows` is the number of rows below the header, always.

    Attributes:
        events: the good rows, in their order.
        rejected: the bad rows, in their order.
        ignored_columns: columns that are none of ours; one without a header is listed only if it holds something.
        warnings: sentences about what was accepted but deserves a look.
        blank_rows: rows without a value in any of our columns but `is_tracked`: ticked boxes often reach below the
            list.
        source: where the rows came from.
    """

    events: list[WatchedEvent]
    rejected: list[RejectedRow]
    ignored_columns: list[str]
    warnings: list[str]
    blank_rows: int
    source: str

    @property
    def is_empty(self) -> bool:
        """Whether no row is good. The caller decides whether that may be applied."""
        return not self.events
