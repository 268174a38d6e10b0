"""The records of an event: a row of the user's watchlist, and the event that it is at one marketplace.

What belongs here: the records. What does not: reading them from a sheet (`sheet`) and storing them (`storage`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from ticket_pipeline.market.vocabulary import Marketplace


@dataclass(frozen=True, slots=True)
class Event:
    """One event at one marketplace.

    Attributes:
        event_id: our own id, the same at every marketplace.
        timezone: IANA name, of the venue.
        event_at: when it starts, aware UTC.
        is_current: False where the watchlist has replaced the external id by another one.
    """

    event_id: int
    marketplace: Marketplace
    external_id: str
    name: str
    venue: str | None
    city: str | None
    timezone: str
    event_at: datetime
    is_current: bool = True

    @property
    def key(self) -> dict[str, Any]:
        """What its rows are stored under."""
        return {"event_id": self.event_id, "marketplace": self.marketplace}

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """The event of a database row that has these columns; `is_current` may be missing."""
        own = {name: row[name] for name in cls.__slots__ if name in row}
        return cls(**own | {"marketplace": Marketplace(row["marketplace"])})


@dataclass(frozen=True, slots=True)
class WatchlistEvent:
    """One accepted row of the watchlist.

    Attributes:
        sheet_row: its row number, as the user sees it; None once the row is gone.
        event_date: local time of the venue, naive; midnight where the row names no time of day.
        event_at: the same moment, aware UTC. Without a time of day it is the last minute of that local day, so that an
            event of today is not over in the morning.
        poll_interval: the row's own interval; None: by the cadence.
        event_group: the kind of event, in the user's words; None: any event of its venue is of its kind.
    """

    sheet_row: int | None
    name: str
    venue: str | None
    city: str | None
    country: str | None
    event_date: datetime
    timezone: str
    timezone_source: str
    event_at: datetime
    is_tracked: bool
    capacity: int | None
    poll_interval: timedelta | None
    external_ids: Mapping[Marketplace, str]
    is_time_known: bool = True
    event_group: str | None = None

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """The event of a row of `storage.watchlist.read_known_events`."""
        external_ids = {Marketplace(name): key for name, key in row["external_ids"].items()}
        return cls(**{name: row[name] for name in cls.__slots__ if name in row} | {"external_ids": external_ids})


@dataclass(frozen=True, slots=True)
class RejectedRow:
    """One row of the watchlist that is not an event, with the reasons; a cell without a header goes by its letter.

    It is unidentified where error or loading values of the sheet hide which event it is.
    """

    row_number: int
    cells: Mapping[str, str]
    reasons: Sequence[str]
    is_unidentified: bool = False
