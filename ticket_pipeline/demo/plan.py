"""When each event would have been polled in the past, and what came of it: by the pipeline's own cadence and jitter."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from ticket_pipeline.errors import MarketplaceError, RateLimited, TemporarilyUnavailable
from ticket_pipeline.ingest.cadence import Cadence
from ticket_pipeline.ingest.jitter import draw_factor
from ticket_pipeline.ingest.poll import BACK_OFF

if TYPE_CHECKING:
    from ticket_pipeline.market.vocabulary import Marketplace

CADENCE = Cadence(timedelta(hours=12))
"""The pipeline's default; the demo's own pace begins with its world, by a poll of every event."""

_TAKES_OVER = timedelta(minutes=1)
"""So long before the world begins these polls start."""

_LEAST_FACTOR, _MOST_FACTOR = 0.5, 1.5
_FAILURE_CHANCE = 0.008
_RETRIES = 4
_OFF_BEFORE, _OFF_FOR = timedelta(days=20, hours=9), timedelta(hours=15)
"""The pipeline did not run once: so long before the world began, for so long."""

_CUT_SHORT, _CUT_BEFORE, _CUT_SHARE = "157563127", timedelta(days=6), 0.3
"""One response had only this share of its listings: which event's, and how long before the world began."""


@dataclass(frozen=True, slots=True)
class Watched:
    """One event at one marketplace; `own_interval` is that of its row of the watchlist."""

    marketplace: Marketplace
    external_id: str
    event_at: datetime
    own_interval: timedelta | None = None


@dataclass(frozen=True, slots=True)
class PlannedPoll:
    """One poll: when it ended, why it failed if it did, and which share of the listings it was sent."""

    at: datetime
    error: MarketplaceError | None = None
    share: float = 1.0


def plan_polls(watched: Watched, started_at: datetime, seed: int, *, past: timedelta) -> Iterator[PlannedPoll]:
    """The polls of an event at a marketplace before the world began, in order; the same for a seed.

    `past` is how long the event was watched, until the world began or until its own start.
    """
    chance = Random(f"{seed}:{watched.marketplace}:{watched.external_id}")  # noqa: S311 - chance, not secrecy
    end = min(watched.event_at, started_at - _TAKES_OVER)
    off_from = started_at - _OFF_BEFORE
    cut_from = started_at - _CUT_BEFORE if watched.external_id == _CUT_SHORT else end
    at = end - past + CADENCE.base_interval * chance.random()
    while at < end:
        if off_from <= at < off_from + _OFF_FOR:  # what became due is due when it runs again
            at = off_from + _OFF_FOR + timedelta(seconds=chance.uniform(5, 60))
        is_cut = at >= cut_from
        error = None if is_cut else _draw_error(watched, chance)
        yield PlannedPoll(at, error, _CUT_SHARE if is_cut else 1.0)
        cut_from = end if is_cut else cut_from
        factor = draw_factor("uniform", chance, _LEAST_FACTOR, _MOST_FACTOR)
        at = at + BACK_OFF.base * factor if error else _next_poll(watched, at, factor)
    if watched.event_at > started_at:
        yield PlannedPoll(started_at - _TAKES_OVER * chance.random())


def _next_poll(watched: Watched, at: datetime, factor: float) -> datetime:
    """One jittered interval later; an interval that becomes shorter meanwhile counts from `at` too."""
    due = at + _interval(watched, at) * factor
    for floor, _ in CADENCE.bands:
        shorter_from = watched.event_at - floor + timedelta.resolution
        if at < shorter_from < min(due, watched.event_at):
            due = max(shorter_from, at + _interval(watched, shorter_from) * factor)
    return due


def _interval(watched: Watched, at: datetime) -> timedelta:
    return CADENCE.interval(watched.event_at - at, watched.own_interval) or CADENCE.base_interval


def _draw_error(watched: Watched, chance: Random) -> MarketplaceError | None:
    if chance.random() >= _FAILURE_CHANCE:
        return None
    what = f"Fetching event {watched.external_id} from {watched.marketplace}"
    return chance.choice(
        (
            TemporarilyUnavailable(f"{what}: the server answered 503 four times.", status=503, tries=_RETRIES),
            TemporarilyUnavailable(f"{what}: no response within 30 s, four times.", tries=_RETRIES, is_timeout=True),
            RateLimited(f"{what}: too many requests (429).", status=429),
        )
    )
