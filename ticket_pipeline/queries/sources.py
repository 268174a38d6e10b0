"""How each marketplace is doing: requests and errors, budgets, breaker, waits that it asked for, cache use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.storage.cache import read_cache_summary

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database, Row


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit of requests in any span of a length, and its use now.

    Attributes:
        applies_to: `everybody`, or `polling` alone.
        resets_at: when all of it is free again, aware UTC; None: nothing of it is used.
    """

    applies_to: str
    window_seconds: timedelta
    max_requests: int
    used: int
    left: int
    resets_at: datetime | None


@dataclass(frozen=True, slots=True)
class Pause:
    """Nothing is sent to a marketplace for now. Moments are aware UTC.

    Attributes:
        open_until: until when the breaker keeps it paused; None: the breaker does not.
        asked_until: until when the marketplace asked to wait; None: it did not.
    """

    marketplace: Marketplace
    reason: str | None
    opened_at: datetime | None
    open_until: datetime | None
    asked_until: datetime | None

    @property
    def until(self) -> datetime:
        """When the next request may be sent."""
        return max(moment for moment in (self.open_until, self.asked_until) if moment is not None)


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """One marketplace. Counts are since the moment asked for; moments are aware UTC.

    Attributes:
        budgets: empty where nothing was ever sent.
        requests: all that were sent; `requests_for_searches` are part of them.
        error_rate: share of the requests; None without a request.
        latency_p50_seconds: of events' responses.
        breaker: closed, open or half_open.
        last_error: of the newest failed attempt.
        cache_hits: of today (UTC); None: it has no cache. So misses and stale.
    """

    marketplace: Marketplace
    budgets: Sequence[Budget]
    requests: int
    requests_for_searches: int
    errors: int
    error_rate: float | None
    latency_p50_seconds: float | None
    latency_p95_seconds: float | None
    breaker: str
    breaker_reason: str | None
    open_until: datetime | None
    asked_until: datetime | None
    last_success_at: datetime | None
    last_error: str | None
    cache_hits: int | None = None
    cache_misses: int | None = None
    cache_stale: int | None = None


def read_sources(
    database: Database, marketplaces: Sequence[Marketplace], *, since: datetime, this_moment: datetime
) -> list[SourceStatus]:
    """The marketplaces in the order given."""
    rows = database.fetch_all("queries/select_sources", marketplaces=list(marketplaces), since=since)
    by_marketplace = {name: list(group) for name, group in groupby(rows, key=lambda row: row["marketplace"])}
    caches = {row["marketplace"]: row for row in read_cache_summary(database)}
    return [_status(name, by_marketplace[name], caches.get(name), this_moment) for name in marketplaces]


def read_pauses(database: Database, this_moment: datetime) -> dict[Marketplace, Pause]:
    """The marketplaces that are paused at a moment (aware UTC), by name."""
    rows = database.fetch_all("queries/select_pauses", this_moment=this_moment)
    return {(name := Marketplace(row["marketplace"])): Pause(**row | {"marketplace": name}) for row in rows}


def _status(marketplace: Marketplace, rows: Sequence[Row], cache: Row | None, this_moment: datetime) -> SourceStatus:
    values = {name: value for name, value in rows[0].items() if name in SourceStatus.__slots__}
    values["marketplace"] = marketplace
    for name in ("open_until", "asked_until"):
        if values[name] is not None and values[name] <= this_moment:
            values[name] = None
    return SourceStatus(
        **values,
        budgets=[_budget(row) for row in rows if row["budget_window"]],
        error_rate=values["errors"] / values["requests"] if values["requests"] else None,
        **{f"cache_{name}": cache[f"{name}_today"] for name in ("hits", "misses", "stale") if cache},
    )


def _budget(row: Row) -> Budget:
    used, most = row["used"], row["max_requests"]
    return Budget(row["applies_to"], row["budget_window"], most, used, max(0, most - used), row["resets_at"])
