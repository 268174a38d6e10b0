"""Find the Ticketmaster event of a row of the watchlist: a search around its date, and a score.

A sheet names events in its own words, and the search needs every word: where the name finds nothing near enough, its
longest word is searched for, and then everything in the city around that date.

The score, 0 to 100, is half the similarity of the names, a quarter that of the venues, and a quarter how near the
starts are. Names are compared as sets of words: order does not count, and additional words ("tour") count little.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ticket_pipeline.market.events import WatchlistEvent
    from ticket_pipeline.marketplaces.ticketmaster.client import TicketmasterClient
    from ticket_pipeline.marketplaces.ticketmaster.parser import EventDetails

LEAST_SCORE = 60
"""Below this a candidate is another event more often than not."""

_RIVAL_SPAN = 5
_SMALL_WORDS = frozenset({"the", "a", "and", "at", "of", "in", "vs", "v", "with"})
_AROUND = timedelta(days=2)
_MOST_CANDIDATES = 200
"""One page: the most that one request can return."""
_NAME, _VENUE, _TIME = 0.5, 0.25, 0.25
_PART = 0.95  # a name contained in the other is nearly as good as the same one
_LEAST_NAME = 0.6
_UNKNOWN = 0.5
"""What is unknown on one side is neutral."""


@dataclass(frozen=True, slots=True)
class Match:
    """The best candidate for one row.

    Attributes:
        best: None where none reaches `LEAST_SCORE`.
        score: of the best candidate, 0 to 100; 0 where there is none.
        rivals: other candidates that score within five of the best.
    """

    wanted: WatchlistEvent
    best: EventDetails | None
    score: int
    rivals: int


async def find_match(client: TicketmasterClient, wanted: WatchlistEvent) -> Match:
    """Search for one event around its date, in up to three ways, and choose the best candidate.

    Raises:
        MarketplaceError: no usable response, and none is cached.
    """
    # Whole days, so that the same search later that day finds the cached response.
    day = wanted.event_at.replace(hour=0, minute=0, second=0, microsecond=0)
    candidates: dict[str, EventDetails] = {}
    found = choose(wanted, [])
    for query, city in _questions(wanted):
        search = client.search_events(
            query, city, starts_from=day - _AROUND, starts_until=day + _AROUND, page_size=_MOST_CANDIDATES
        )
        candidates |= {one.external_id: one for one in await search.first(_MOST_CANDIDATES)}
        found = choose(wanted, list(candidates.values()))
        if found.best is not None:
            break
    return found


def _questions(wanted: WatchlistEvent) -> list[tuple[str | None, str | None]]:
    """Query and city of each search, from the narrowest to the widest; each is one request."""
    questions: list[tuple[str | None, str | None]] = [(wanted.name, None)]
    longest = max(_words(wanted.name), key=lambda word: (len(word), word), default="")
    if longest and longest != wanted.name.casefold():
        questions.append((longest, None))
    if wanted.city is not None:
        questions.append((None, wanted.city))
    elif wanted.venue is not None:
        questions.append((wanted.venue, None))
    return questions


def choose(wanted: WatchlistEvent, candidates: list[EventDetails]) -> Match:
    """The best of some candidates, none of them a test event; nothing is sent."""
    real = [one for one in candidates if not one.is_test]
    scored = sorted(((score(wanted, one), one) for one in real), key=lambda pair: (-pair[0], pair[1].external_id))
    good = [(points, one) for points, one in scored if points >= LEAST_SCORE]
    if not good:
        return Match(wanted, None, 0, 0)
    best, chosen = good[0]
    return Match(wanted, chosen, best, sum(best - points <= _RIVAL_SPAN for points, _ in good[1:]))


def score(wanted: WatchlistEvent, candidate: EventDetails) -> int:
    """How likely a candidate is the wanted event, 0 to 100."""
    names = [candidate.name, *candidate.attractions]
    name = max(_likeness(wanted.name, other) for other in names)
    venue = candidate.venue.name if candidate.venue else None
    place = _UNKNOWN if wanted.venue is None or venue is None else _likeness(wanted.venue, venue)
    points = round(100 * (_NAME * name + _VENUE * place + _TIME * _nearness(wanted, candidate)))
    # Another name at the same place and hour is another event, however well the rest fits.
    return points if name >= _LEAST_NAME else min(points, LEAST_SCORE - 1)


def _likeness(one: str, other: str) -> float:
    """0 to 1: by the words that both share, and by how similar their spelling is."""
    mine, theirs = _words(one), _words(other)
    if not mine or not theirs:
        return 0.0
    shared = len(mine & theirs) / min(len(mine), len(theirs))
    first, second = (" ".join(sorted(words)) for words in (mine, theirs))
    return max(_PART * shared, SequenceMatcher(None, first, second, autojunk=False).ratio())


def _words(text: str) -> set[str]:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().casefold()
    return set(re.findall(r"[a-z0-9]+", plain)) - _SMALL_WORDS


def _nearness(wanted: WatchlistEvent, candidate: EventDetails) -> float:
    """1 for the same local day within the hour, 0.75 for the same day, 0 for two days apart or more."""
    if candidate.local_date is None:
        return _UNKNOWN
    days = abs((candidate.local_date - wanted.event_date.date()).days)
    if days:
        return max(0.0, 0.5 - 0.25 * days)
    if candidate.local_time is None:
        return 0.75
    start = datetime.combine(candidate.local_date, candidate.local_time)
    return 1.0 if abs(start - wanted.event_date) <= timedelta(hours=1) else 0.75
