"""Permission to send a request, shared by all processes: budgets, spacing, concurrency and breaker in PostgreSQL.

The algorithm is the SQL function `acquire_request` (migration 0008; 0006 has the proof of its bound). What belongs
here: calling it from asyncio, waiting, and telling the breaker how requests ended. It implements
`http.gate.RequestGate` without importing it.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from psycopg.types.json import Jsonb

from ticket_pipeline.errors import (
    Blocked,
    EventGone,
    MarketplaceError,
    RateLimited,
    RequestNotPermitted,
    RequestRejected,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ticket_pipeline.market.vocabulary import Marketplace
    from ticket_pipeline.storage.database import Database, Row

_REASON_CHARACTERS = 500
_LONGEST_NAP_SECONDS = 0.5
_ASKED_TOLERANCE = timedelta(seconds=5)
"""Between hearing of a wait and reading whose wish it was, time passes."""
_PERMIT_GRACE = timedelta(seconds=5)
"""A permit that takes longer than this to reach us is not used: the end of its hold was counted from its birth."""


@dataclass(frozen=True, slots=True)
class BreakerRule:
    """When a marketplace's breaker opens, and for how long.

    Attributes:
        threshold: failed requests in a row, or answers in a row that could not be read, that open it.
        pause: of the first opening; doubles with each further one.
        max_pause: the pause never grows past this.
        blocked_pause: after a block, where only a person can mend the cause.
    """

    threshold: int
    pause: timedelta
    max_pause: timedelta
    blocked_pause: timedelta


@dataclass(frozen=True, slots=True)
class Permit:
    """Permission to send one request."""

    permit_id: int


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
        max_concurrent: requests under way at once, all processes together.
        polling_limits: as `limits`, for polling only: what they leave of `limits` is the reserve of people.
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


class HasPermitId(Protocol):
    """A permit as the fetcher hands it back."""

    @property
    def permit_id(self) -> int:
        """The id that `acquire` gave."""


class PostgresGate:
    """The gate of one marketplace, shared with every other process through the database.

    Args:
        database: where the budget lives; set up by `set_up_budget`.
        marketplace: whose.
        draw_spacing: the random gap to the next request of any process, in seconds; drawn per request.
        hold: the longest a request can last; slots of a process that dies come back a window after that.
        max_wait: a wait longer than this is refused instead, naming when to come again.
        rule: when the breaker opens.
        is_polling: keep within the budgets of polling, too; False may use what those leave to people.
        monotonic: seconds of a clock that only runs forward.
    """

    def __init__(
        self,
        database: Database,
        marketplace: Marketplace,
        *,
        draw_spacing: Callable[[], float],
        hold: timedelta,
        max_wait: timedelta,
        rule: BreakerRule,
        is_polling: bool = True,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._marketplace = marketplace
        self._draw_spacing = draw_spacing
        self._hold = hold
        self._max_wait = max_wait
        self._rule = rule
        self._is_polling = is_polling
        self._monotonic = monotonic

    async def acquire(self) -> Permit:
        """Wait until one request may be sent, and reserve it.

        Raises:
            RequestNotPermitted: the breaker is open, or the budget leaves nothing within `max_wait`.
            StorageError: the database cannot be asked; nothing may be sent then.
        """
        started = self._monotonic()
        while True:
            asked = self._monotonic()
            row = await asyncio.to_thread(self._ask)
            if row["permit_id"] is not None:
                permit = Permit(row["permit_id"])
                if timedelta(seconds=self._monotonic() - asked) <= _PERMIT_GRACE:
                    return permit
                # This process stood still (suspended, or starved of CPU), and the hold may end before the request does.
                await self.release(permit, answered=True)
                continue
            wait: timedelta = row["wait"]
            if row["refusal"] is not None:
                raise RequestNotPermitted(
                    f"Asked to send a request to {self._marketplace}; its breaker is open for another "
                    f"{_rounded(wait)}: {row['refusal']}",
                    available_in=wait,
                )
            if wait + timedelta(seconds=self._monotonic() - started) > self._max_wait:
                raise await asyncio.to_thread(self._refuse, wait)
            # Slots of requests under way are held for their longest possible time; most come back much sooner.
            await asyncio.sleep(min(wait.total_seconds(), _LONGEST_NAP_SECONDS))

    async def release(self, permit: HasPermitId, *, answered: bool) -> None:
        """Tell that the request ended; `answered` is False where the server may see it yet (a time-out)."""
        await asyncio.to_thread(
            self._database.execute, "requests/release_request", permit_id=permit.permit_id, answered=answered
        )

    async def record(self, error: MarketplaceError | None) -> None:
        """Tell the breaker how a request ended: None for a usable answer."""
        await asyncio.to_thread(self._record, error)

    def record_read(self) -> None:
        """Tell the breaker that an answer could be read, for those who read it after the request ended; it blocks."""
        self._database.execute("requests/record_read", marketplace=self._marketplace)

    def record_unread(self, reason: str) -> None:
        """Tell the breaker that an answer could not be read, and why; it blocks."""
        self._database.fetch_one(
            "requests/record_unread",
            marketplace=self._marketplace,
            reason=reason[:_REASON_CHARACTERS],
            threshold=self._rule.threshold,
            pause=self._rule.pause,
            max_pause=self._rule.max_pause,
        )

    def _ask(self) -> Row:
        row = self._database.fetch_one(
            "requests/acquire_request",
            marketplace=self._marketplace,
            spacing=timedelta(seconds=self._draw_spacing()),
            hold=self._hold + _PERMIT_GRACE,
            is_polling=self._is_polling,
        )
        assert row is not None, "acquire_request returns one row"  # noqa: S101 - for the type checker: it always does
        return row

    def _refuse(self, wait: timedelta) -> RequestNotPermitted:
        """Whose limit it is: the marketplace's own wish where that is what lasts longest, else our budget."""
        asked_wait, asked_until = read_asked_wait(self._database, self._marketplace)
        if asked_until is not None and asked_wait >= wait - _ASKED_TOLERANCE:
            why = f"it asked to wait until {asked_until:%Y-%m-%d %H:%M} UTC, another {_rounded(wait)}, and nothing is "
            why += "sent before. If it goes on, lower its request budget."
        else:
            why = f"its request budget is spent and has room again in {_rounded(wait)}. "
            why += "Raise the budget only if the marketplace allows more."
        return RequestNotPermitted(f"Asked to send a request to {self._marketplace}; {why}", available_in=wait)

    def _record(self, error: MarketplaceError | None) -> None:
        # An unknown event, or a question that is refused as such, says nothing about the marketplace's health, but the
        # answer proves it is there. What was never sent proves nothing.
        is_of_our_making = isinstance(error, RequestRejected | EventGone)
        if error is None or (is_of_our_making and error.status is not None):
            self._database.execute("requests/record_success", marketplace=self._marketplace)
            return
        if is_of_our_making:
            return
        self._database.fetch_one(
            "requests/record_failure",
            marketplace=self._marketplace,
            reason=str(error)[:_REASON_CHARACTERS],
            is_blocked=isinstance(error, Blocked),
            threshold=self._rule.threshold,
            pause=self._rule.pause,
            max_pause=self._rule.max_pause,
            blocked_pause=self._rule.blocked_pause,
            # As a length of time: our clock and the database's need not agree.
            retry_after=error.retry_after if isinstance(error, RateLimited) else None,
        )


class SearchGate(PostgresGate):
    """The gate of searches: their requests are about no event, so nobody books them as attempts; this does."""

    def _record(self, error: MarketplaceError | None) -> None:
        super()._record(error)
        self._database.execute(
            "requests/insert_search_request",
            marketplace=self._marketplace,
            finished_at=datetime.now(UTC),  # our clock, as with attempts
            is_error=error is not None,
        )


def read_request_state(database: Database, marketplace: str | None = None) -> list[Row]:
    """Breaker and budget use, one row per marketplace, window and `applies_to`: `everybody` or `polling` alone.

    A window of zero is the limit of requests under way.
    """
    return database.fetch_all("requests/select_state", marketplace=marketplace)


def read_asked_wait(database: Database, marketplace: str) -> tuple[timedelta, datetime | None]:
    """How much longer a marketplace asked to be left alone, by the database's clock, and until when (aware UTC).

    Zero and None where it did not, or no longer does.
    """
    state = read_request_state(database, marketplace)
    if not state or state[0]["asked_wait"] is None:
        return timedelta(), None
    until: datetime = state[0]["asked_until"]
    return state[0]["asked_wait"], until.astimezone(UTC)


def reset_breaker(database: Database, marketplace: Marketplace, *, force: bool = False) -> bool:
    """Close a breaker after a person mended the cause; False where nothing was paused.

    Args:
        database: where.
        marketplace: whose.
        force: also forget a wait that the marketplace asked for.
    """
    row = database.fetch_one("requests/reset_breaker", marketplace=marketplace, force=force)
    return row is not None and bool(row["was_paused"])


def _rounded(wait: timedelta) -> str:
    seconds = max(1, round(wait.total_seconds()))
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
