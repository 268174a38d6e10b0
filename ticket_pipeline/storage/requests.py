"""The limits and the state of requests to a marketplace: budgets, breaker, and the waits it asked for.

Taking permits within them is in `request_gate`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from psycopg.types.json import Jsonb

if TYPE_CHECKING:
    from ticket_pipeline.market.vocabulary import Marketplace
    from ticket_pipeline.storage.database import Database, Row


@dataclass(frozen=True, slots=True)
class Spacing:
    """The gap between two requests of any process: drawn between `least` and `most` seconds, never below `least`."""

    least: float
    most: float
    random: Random

    def draw(self) -> timedelta:
        """The gap to the next request."""
        return timedelta(seconds=self.random.uniform(self.least, self.most))


def set_up_budget(
    database: Database,
    marketplace: Marketplace,
    limits: Mapping[timedelta, int],
    *,
    max_concurrent: int,
    polling_limits: Mapping[timedelta, int] | None = None,
) -> None:
    """Bring a marketplace's limits to the settings. Idempotent; running processes see it at their next request.

    Args:
        database: where.
        marketplace: whose.
        limits: window → requests that any window of that length may hold.
        max_concurrent: requests in flight at once, all processes together.
        polling_limits: as `limits`, for polling only; the rest of `limits` is reserved for people.
    """
    budgets = [_budget(timedelta(), max_concurrent, "everybody")]
    budgets += [_budget(window, most, "everybody") for window, most in limits.items()]
    budgets += [_budget(window, most, "polling") for window, most in (polling_limits or {}).items()]
    with database.transaction(f"set up the request budget of {marketplace}") as transaction:
        transaction.execute("requests/upsert_breaker", marketplace=marketplace)
        transaction.execute("requests/replace_budget", marketplace=marketplace, budgets=Jsonb(budgets))
        added = transaction.execute("requests/add_slots", marketplace=marketplace)
        transaction.execute("requests/drop_slots", marketplace=marketplace)
        if added:
            transaction.execute("requests/analyze_slots")


def _budget(window: timedelta, most: int, applies_to: str) -> dict[str, object]:
    return {"window_seconds": window.total_seconds(), "max_requests": most, "applies_to": applies_to}


def read_request_state(database: Database, marketplace: str | None = None) -> list[Row]:
    """Breaker and budget use, one row per marketplace, window and `applies_to`: `everybody` or `polling` alone.

    A window of zero is the limit of requests in flight.
    """
    return database.fetch_all("requests/select_state", marketplace=marketplace)


def read_asked_wait(database: Database, marketplace: str) -> tuple[timedelta, datetime | None]:
    """How much longer a marketplace asked us to wait, by the database's clock, and until when (aware UTC).

    Zero and None where it did not, or the wait is over.
    """
    state = read_request_state(database, marketplace)
    if not state or state[0]["asked_wait"] is None:
        return timedelta(), None
    until: datetime = state[0]["asked_until"]
    return state[0]["asked_wait"], until.astimezone(UTC)


def reset_breaker(database: Database, marketplace: Marketplace, *, force: bool = False) -> bool:
    """Close a breaker after a person fixed the cause; False where nothing was paused.

    Args:
        database: where.
        marketplace: whose.
        force: also forget a wait that the marketplace asked for.
    """
    row = database.fetch_one("requests/reset_breaker", marketplace=marketplace, force=force)
    return row is not None and bool(row["was_paused"])
