"""Which events are watched: all of them, or those that a user names by an id or by words."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING

from ticket_pipeline.errors import TicketPipelineError
from ticket_pipeline.market.events import Event
from ticket_pipeline.market.vocabulary import Marketplace

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database

_WORD = re.compile(r"\d{4}-\d\d(?:-\d\d)?|\w+")
_NEAR_KEYS = 3
_first = itemgetter(0)
_MOST_LISTED = 12
_LIKE = 0.7
"""How alike the words of a key and of an event are at least, to be called near: 1 is the same."""

_REMEDY = (
    "See `ticket-pipeline show-events --all`, or add the event to the watchlist and run `ticket-pipeline sync-events`."
)


class UnclearEventKeyError(TicketPipelineError):
    """A key names no event, more than one, or one that has nothing to show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchedEvent(Event):
    """One event at one marketplace, with its row of the watchlist and its poll schedule. Moments are aware UTC.

    Attributes:
        event_date: local time of the venue, naive.
        sheet_interval: the interval of the watchlist's row; None: by the cadence.
        consecutive_failures: failed attempts since the last capture.
        event_group: of the watchlist's row; None: events of its venue are of its kind.
    """

    country: str | None
    event_date: datetime
    timezone_source: str
    is_tracked: bool
    capacity: int | None
    sheet_interval: timedelta | None
    sheet_row: int | None
    poll_interval: timedelta | None
    next_due_at: datetime | None
    leased_until: datetime | None
    last_attempt_at: datetime | None
    last_success_at: datetime | None
    last_outcome: str | None
    last_error: str | None
    consecutive_failures: int
    event_group: str | None = None


def read_events(
    database: Database,
    *,
    tracked_only: bool = False,
    marketplace: str | None = None,
    event_id: int | None = None,
    external_ids: Sequence[str] | None = None,
) -> list[WatchedEvent]:
    """Events, one per event and current marketplace id, soonest first; replaced ids only if `external_ids` has them."""
    rows = database.fetch_all(
        "queries/select_events",
        tracked_only=tracked_only,
        marketplace=marketplace,
        event_id=event_id,
        external_ids=None if external_ids is None else list(external_ids),
    )
    return [WatchedEvent(**row | {"marketplace": Marketplace(row["marketplace"])}) for row in rows]


@dataclass(frozen=True, slots=True)
class NamedEvent:
    """The one event that a user named.

    Attributes:
        sources: it at each of its marketplaces, those with listings first; an id that the watchlist has replaced stands
            only where its marketplace has no other.
        typed: the source whose id was typed, current or replaced; None: it was named by words.
    """

    sources: Sequence[WatchedEvent]
    typed: WatchedEvent | None = None


def find_event(database: Database, key: str, marketplace: Marketplace | None = None) -> NamedEvent:
    """The event that a key names: its id at any marketplace, or words of its name, venue, city or local date.

    A word of each must begin so, in any case and with or without accents: `glas orch 2026-11`.

    Args:
        database: where.
        key: an id or words.
        marketplace: only this source of it.

    Raises:
        UnclearEventKeyError: the key names no event or several, or none at this marketplace.
    """
    key = key.strip()
    named = read_events(database, external_ids=[key])
    if len({event.event_id for event in named}) > 1 and marketplace is not None:
        named = [event for event in named if event.marketplace is marketplace]
    found = named or match_events(key, read_events(database))
    # Of the sources of an event the first, which is the one that most sheets have.
    by_id = {event.event_id: event for event in reversed(found)}
    if not by_id:
        raise UnclearEventKeyError(_describe_nearest(key, read_events(database)))
    if len(by_id) > 1:
        raise UnclearEventKeyError(_describe_several(key, found if named else list(reversed(by_id.values()))))
    (event,) = by_id.values()
    every = {each.marketplace: each for each in [*named, *read_events(database, event_id=event.event_id)]}
    sources = [each for each in every.values() if marketplace in (None, each.marketplace)]
    if not sources:
        known = ", ".join(f"{each.external_id} ({each.marketplace})" for each in every.values())
        raise UnclearEventKeyError(f"The watchlist has no {marketplace} id of {event.name}, only {known}.")
    sources.sort(key=lambda each: (not each.marketplace.has_listings, each.marketplace))
    return NamedEvent(sources, named[0] if named else None)


def find_events(database: Database, keys: Sequence[str], marketplace: Marketplace | None = None) -> list[WatchedEvent]:
    """What to fetch for keys: of an id that source alone, of words all that have listings; each once, in order."""
    wanted: dict[tuple[int, str], WatchedEvent] = {}
    for key in dict.fromkeys(keys):
        named = find_event(database, key, marketplace)
        chosen = [each for each in named.sources if each == named.typed] or [
            each for each in named.sources if each.marketplace.has_listings or len(named.sources) == 1
        ]
        wanted |= {(each.event_id, each.marketplace): each for each in chosen}
    return list(wanted.values())


def _words(text: str) -> list[str]:
    """The words of a text, and its dates, without case and accents: `Beyoncé` is found by `beyonce`."""
    bare = unicodedata.normalize("NFKD", text.casefold())
    return _WORD.findall("".join(letter for letter in bare if not unicodedata.combining(letter)))


def _described(event: WatchedEvent) -> str:
    return " ".join([event.name, event.venue or "", event.city or "", f"{event.event_date:%Y-%m-%d}"])


def match_events(key: str, events: Sequence[WatchedEvent]) -> list[WatchedEvent]:
    """All of these events that have the words of a key, as `find_event` reads them."""
    wanted = _words(key)
    return [event for event in events if wanted and all(_is_named(word, _words(_described(event))) for word in wanted)]


def _is_named(word: str, words: Sequence[str]) -> bool:
    """Whether one of the words begins so; a date by its year at least, and a script without blanks anywhere in it."""
    *texts, date = words
    is_dated = len(word) >= len("2026") and date.startswith(word)
    return is_dated or any(text.startswith(word) or (word in text and not word.isascii()) for text in texts)


def _describe_several(key: str, events: Sequence[WatchedEvent]) -> str:
    """One line per event, those still followed first: what to type, date and place."""
    ids = {event.external_id for event in events}
    is_one_id = ids == {key}
    by_marketplace = "Choose one with --marketplace, or type words of its name"
    advice = by_marketplace if is_one_id else "Type the id of one, or more words"
    ordered = sorted(events, key=lambda event: not event.is_tracked)
    width = max(len(event.external_id) for event in ordered[:_MOST_LISTED])
    lines = [
        f"  {event.external_id:<{width}}  {_summary(event)}{f' ({event.marketplace})' if is_one_id else ''}"
        for event in ordered[:_MOST_LISTED]
    ]
    more = [f"  and {len(events) - _MOST_LISTED} more"] * (len(events) > _MOST_LISTED)
    return "\n".join([f"{key!r} names {len(events)} events. {advice}:", *lines, *more])


def _describe_nearest(key: str, events: Sequence[WatchedEvent]) -> str:
    wanted = _words(key)

    def likeness(event: WatchedEvent) -> float:
        texts = [*_words(_described(event)), event.external_id]
        ratios = [max(difflib.SequenceMatcher(None, word, text).ratio() for text in texts) for word in wanted]
        return sum(ratios) / max(1, len(ratios))

    # The best source of each event: its likeness is that of its id, too.
    best = {
        event.event_id: (ratio, event) for ratio, event in sorted(((likeness(one), one) for one in events), key=_first)
    }
    near = sorted(best.values(), key=_first)[-_NEAR_KEYS:]
    lines = [f"\n  {event.external_id}  {_summary(event)}" for ratio, event in reversed(near) if ratio >= _LIKE]
    nearest = f" Nearest:{''.join(lines)}\n" if lines else " "
    if not events:
        return "No event is known yet. Fill the watchlist, then run `ticket-pipeline sync-events`."
    return (
        f"No event has the id {key!r}, or these words in its name, venue, city or date; {len(events)} ids are known."
        f"{nearest}{_REMEDY}"
    )


def _summary(event: WatchedEvent) -> str:
    place = [part for part in (event.name, event.venue, event.city) if part]
    return f"{event.event_date:%Y-%m-%d}  {', '.join(place)}"


def describe_unknown_keys(unknown: Sequence[str], known: Sequence[str], where: str | None, remedy: str) -> str:
    """The message about keys that do not exist `where` (None: at any marketplace): which are near, and what to do."""
    near = sorted({near for key in unknown for near in difflib.get_close_matches(key, known, _NEAR_KEYS, 0.5)})
    named = f" ({'nearest' if near else 'such as'} {', '.join(near or known[:_NEAR_KEYS])})" if known else ""
    whose = f" of {where}" if where else ""
    return (
        f"No event{whose} has the key {', '.join(map(repr, unknown))}. A key is the marketplace's own id of an "
        f"event; {len(known)} are known{named}. {remedy}"
    )
