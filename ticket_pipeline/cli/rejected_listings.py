"""`show-listings --excluded`: what of the newest capture is no market price, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ticket_pipeline.cli.formats import NOTHING, ago, count, local_time, money, plain, utc_now
from ticket_pipeline.cli.session import describe_event, identify
from ticket_pipeline.cli.tables import show, show_json, table_of
from ticket_pipeline.market.validated import EXTRA_REASON, PARKING_REASON
from ticket_pipeline.queries.rejected_listings import RejectedListing, read_rejected_listings

if TYPE_CHECKING:
    from datetime import datetime

    from ticket_pipeline.queries.events import WatchedEvent
    from ticket_pipeline.queries.listings import LatestListings
    from ticket_pipeline.storage.database import Database

_SET_ASIDE = {PARKING_REASON: ("parking pass", "parking passes"), EXTRA_REASON: ("extra", "extras")}
_RAW_SHOWN = 60


def read_excluded(database: Database, event: WatchedEvent, latest: LatestListings) -> list[RejectedListing]:
    """What of the newest capture is no market price."""
    return read_rejected_listings(database, event.event_id, event.marketplace, _captured_at(latest))


def show_excluded(
    event: WatchedEvent, latest: LatestListings, excluded: Sequence[RejectedListing], limit: int, *, as_json: bool
) -> None:
    """Show them, those that were excluded first, cheapest first."""
    at, shown = _captured_at(latest), excluded[: limit or None]
    if as_json:
        show_json({"event": identify(event), "captured_at": at, "excluded": shown, "count": len(excluded)})
        return
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
