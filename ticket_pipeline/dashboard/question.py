"""What the address of an event's page asks for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.exceptions import HTTPException

from ticket_pipeline.ingest.marketplaces import SOURCES
from ticket_pipeline.market.hours import MOST_TOGETHER
from ticket_pipeline.queries.events import WatchedEvent, read_events
from ticket_pipeline.sheet.cells import storable
from ticket_pipeline.storage.prices import DAY, HOUR, Span, hour_start

if TYPE_CHECKING:
    from starlette.requests import Request

    from ticket_pipeline.dashboard.pages import Board

WINDOWS = {1: "24 h", 7: "7 d", 30: "30 d", 90: "90 d", 365: "1 y"}
"""Days shown, and the name of the choice."""

_LARGEST_ID = 2**31 - 1
_BUCKET_HOURS = {1: 1, 7: 1, 30: 2, 90: 6, 365: 24}


@dataclass(frozen=True, slots=True)
class Question:
    """One event, and how to look at it. Whatever the address names that there is not, is the default.

    Attributes:
        events: the event at each of its marketplaces with listings.
        together: for how many get-in prices are.
        zone: `*` is the whole event; a name that the event does not have is a 404.
        at: where the captures page begins: the newest capture up to this moment; None: now.
        market: one marketplace; None: all.
        fees: a fee basis; None: that of the newest prices.
        by_days: whether charts run over the days to the event.
        bucket: the step of charts over time; the window has at most 400.
    """

    board: Board
    query: Mapping[str, str]
    events: Sequence[WatchedEvent]
    now: datetime
    together: int
    zone: str
    days: int
    market: str | None
    fees: str | None
    by_days: bool
    bucket: timedelta
    at: datetime | None = None

    @property
    def event(self) -> WatchedEvent:
        """The event, for what is alike at all marketplaces."""
        return self.events[0]

    @property
    def end(self) -> datetime:
        """Up to when there can be data."""
        return min(self.now, self.event.event_at)

    @property
    def span(self) -> Span:
        """The window: it ends now, or with the start of the event."""
        end = hour_start(self.end) + HOUR
        return Span(end - self.days * DAY, end)

    def address(self, path: str = "", **changes: object) -> str:
        """The address of this question with changes; None leaves a name out."""
        query = {name: value for name, value in {**self.query, **changes}.items() if value not in (None, "")}
        return f"/events/{self.event.event_id}{path}{'?' if query else ''}{urlencode(query)}"

    def partition_url(self, event: WatchedEvent) -> str:
        """The partition of an event in the Dagster UI."""
        name = SOURCES[event.marketplace].asset_name
        return self.board.asset_url(name, view="partitions", partition=event.external_id)


def ask(board: Board, request: Request) -> Question:
    """The question of a request; a 404 where there is no such event, or it is at no marketplace with listings."""
    event_id = request.path_params["event_id"]
    found = read_events(board.database, event_id=event_id) if event_id <= _LARGEST_ID else []
    events = [event for event in found if event.marketplace.has_listings]
    if not events:
        raise HTTPException(404, f"No event has the number {event_id}, or it is at no marketplace with listings.")
    query = {name: storable(value) for name, value in request.query_params.items()}
    return look_at(board, events, query | _known_zone(board, event_id, query.get("zone")))


def _known_zone(board: Board, event_id: int, zone: str | None) -> dict[str, str]:
    """The zone as the event has it, in any case; a 404 that names them where it has no such zone."""
    if zone in (None, "", "*"):
        return {}
    rows = board.database.fetch_all("queries/select_zones", event_id=event_id, this_moment=board.clock())
    known = [row["zone"] for row in rows]
    found = zone if zone in known else {name.casefold(): name for name in known}.get(zone.casefold())
    if found is None:
        there_are = f"It has {', '.join(known)}." if known else "None has been seen yet."
        raise HTTPException(404, f"This event has no zone {zone!r}. {there_are} Leave `zone` out for the whole event.")
    return {"zone": found}


def look_at(
    board: Board, events: Sequence[WatchedEvent], query: Mapping[str, str], *, bucket: timedelta | None = None
) -> Question:
    """The question of an address's query about an event; `bucket` replaces the step that goes with the window."""
    names = {str(event.marketplace) for event in events}
    days = _number(query.get("days"), WINDOWS, 30)
    return Question(
        board=board,
        query=query,
        events=events,
        now=board.clock(),
        together=_number(query.get("n"), range(1, MOST_TOGETHER + 1), 2),
        zone=query.get("zone") or "*",
        days=days,
        market=market if (market := query.get("market")) in names else None,
        fees=query.get("fees") or None,
        by_days=query.get("axis") == "days",
        bucket=bucket or _BUCKET_HOURS[days] * HOUR,
        at=_moment(query.get("at")),
    )


def _moment(text: str | None) -> datetime | None:
    """A moment as links have it; anything else is none."""
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _number(text: str | None, allowed: Iterable[int], default: int) -> int:
    return next((number for number in allowed if str(number) == text), default)
