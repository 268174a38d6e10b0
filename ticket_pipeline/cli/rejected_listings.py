"""`show-listings --excluded`: what of the newest capture is no market price, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ticket_pipeline.cli.formats import NOTHING, ago, count, local_time, money, plain, utc_now
from ticket_pipeline.cli.session import describe_event, identify, identify_source
from ticket_pipeline.cli.tables import note, show, table_of
from ticket_pipeline.market.validated import EXTRA_REASON, PARKING_REASON
from ticket_pipeline.queries.rejected_listings import RejectedListing, read_rejected_listings

if TYPE_CHECKING:
    from datetime import datetime

    from ticket_pipeline.cli.output import Output
    from ticket_pipeline.queries.events import WatchedEvent
    from ticket_pipeline.queries.listings import LatestListings, Listing
    from ticket_pipeline.queries.market import MarketNow
    from ticket_pipeline.storage.database import Database

_SET_ASIDE = {PARKING_REASON: ("parking pass", "parking passes"), EXTRA_REASON: ("extra", "extras")}
_RAW_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Market:
    """The newest capture of an event at one marketplace, what of it is no market price, and how far to trust it."""

    source: WatchedEvent
    latest: LatestListings | None
    excluded: Sequence[RejectedListing]
    now: MarketNow | None
    advice: str
    """What to do where there is no capture."""

    def listings(self, limit: int) -> Sequence[Listing]:
        """The cheapest ones; 0: all."""
        return self.latest.listings[: limit or None] if self.latest else []


def read_excluded(database: Database, event: WatchedEvent, latest: LatestListings) -> list[RejectedListing]:
    """What of the newest capture is no market price."""
    return read_rejected_listings(database, event.event_id, event.marketplace, _captured_at(latest))


def show_excluded(markets: Sequence[Market], limit: int, output: Output) -> None:
    """Show them, those that were excluded first, cheapest first."""
    captured = [(one, one.latest) for one in markets if one.latest is not None]
    found = [
        {
            "marketplace": one.source.marketplace,
            "external_id": one.source.external_id,
            "captured_at": _captured_at(latest),
            "excluded": one.excluded[: limit or None],
            "count": len(one.excluded),
        }
        for one, latest in captured
    ]
    document = {"event": identify([one.source for one in markets]), "markets": found}
    rows = (
        (identify_source(one.source), {"captured_at": _captured_at(latest)}, each)
        for one, latest in captured
        for each in one.excluded[: limit or None]
    )
    if output.write(document, rows, if_empty="Nothing was excluded or rejected."):
        return
    for one in markets:
        if one.latest is None:
            note(one.advice)
        else:
            _show(one.source, _captured_at(one.latest), one.excluded, limit)


def _show(event: WatchedEvent, at: datetime, excluded: Sequence[RejectedListing], limit: int) -> None:
    shown = excluded[: limit or None]
    columns = {
        "Section": lambda one: plain(one.raw[:_RAW_SHOWN] if one.quantity is None else one.section),
        "Row": lambda one: plain(one.row),
        ">Qty": lambda one: NOTHING if one.quantity is None else str(one.quantity),
        ">Price": lambda one: NOTHING if one.price is None else f"{money(one.price)} {one.currency}",
        "Why": _why,
    }
    lines = [f"Captured {local_time(at, event.timezone)}, {ago(at, utc_now())}: {summarise_excluded(excluded)}."]
    if len(shown) < len(excluded):
        lines.append(f"{count(len(shown))} of {count(len(excluded))} shown; --limit 0 shows all.")
    if any(set(one.reasons) & _SET_ASIDE.keys() for one in excluded):
        lines.append("Rules of your own: the tab or CSV file that EXCLUSIONS names.")
    show(describe_event(event), *([table_of(shown, columns)] if shown else []), *lines)


def summarise_excluded(excluded: Sequence[RejectedListing]) -> str:
    """Such as "4 parking passes, 1 extra excluded; 2 rejected"."""
    counts = Counter(one.reasons[0] if len(one.reasons) == 1 else "" for one in excluded)
    aside = [
        f"{count(counts[reason])} {words[counts[reason] > 1]}" for reason, words in _SET_ASIDE.items() if counts[reason]
    ]
    others = len(excluded) - sum(counts[reason] for reason in _SET_ASIDE)
    parts = [f"{', '.join(aside)} excluded"] * bool(aside) + [f"{count(others)} rejected"] * bool(others)
    return "; ".join(parts) or "nothing excluded or rejected"


def _captured_at(latest: LatestListings) -> datetime:
    return latest.snapshot.captured_at if latest.unreadable is None else latest.unreadable.captured_at


def _why(one: RejectedListing) -> str:
    said = f' ("{one.notes}")' if one.notes else ""
    return plain(f"{'; '.join(one.reasons)}{said}")
