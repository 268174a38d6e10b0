"""Permission to send requests, shared by all processes through PostgreSQL; it implements `http.gate.RequestGate`.

The algorithm is the SQL function `exchange_permits` (migration 0016; migration 0006 proves its bound); here are its
caller and what notifies the breaker. Limits and state are in `requests`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from textwrap import shorten
from typing import TYPE_CHECKING

from ticket_pipeline.errors import (
    Blocked,
    EventGone,
    MarketplaceError,
    RequestNotPermitted,
    RequestRejected,
    StorageError,
    TemporarilyUnavailable,
)
from ticket_pipeline.storage.requests import Spacing, read_asked_wait

if TYPE_CHECKING:
    from ticket_pipeline.market.vocabulary import Marketplace
    from ticket_pipeline.storage.database import Database, Row

_REASON_CHARACTERS = 500
_LONGEST_NAP_SECONDS = 0.5
_LONGEST_DEFERRAL_SECONDS = 0.05
_ASKED_TOLERANCE = timedelta(seconds=5)
"""Between the answer that there is a wait and the look at whose it is, time passes."""
_FIRST_GUARD, _LONGEST_GUARD = timedelta(seconds=0.05), timedelta(seconds=1)
"""Kept beyond the shortest gap: a process learns late of its moment, and the network varies. One later than half of it
takes another moment and a longer guard; later than half of the longest, its gap may be shorter."""
_PERMIT_GRACE = timedelta(seconds=5)
"""A permit that takes longer than this to arrive is not used: its hold began when it was taken."""


@dataclass(frozen=True, slots=True)
class BreakerRule:
    """When a marketplace's breaker opens, and for how long.

    Attributes:
        threshold: failed requests in a row, or unreadable responses in a row, that open it.
        pause: of the first opening; doubles with each further one.
        max_pause: the longest pause.
        blocked_pause: after a block, where only a person can fix the cause.
    """

    threshold: int
    pause: timedelta
    max_pause: timedelta
    blocked_pause: timedelta


@dataclass(slots=True)
class _Waiter:
    """A request that waits for its permit, since a moment of the monotonic clock."""

    permit: asyncio.Future[int]
    since: float


@dataclass(slots=True)
class _Ended:
    """Permits of requests that ended, and whether one of them brought a good response."""

    answered: list[int] = field(default_factory=list)
    unanswered: list[int] = field(default_factory=list)
    is_healthy: bool = False

    def __bool__(self) -> bool:
        return bool(self.answered or self.unanswered or self.is_healthy)


class PostgresGate:
    """The gate of one marketplace, shared with every other process through the database.

    One statement at a time serves the whole process: it settles every request that has ended and takes permits for all
    that wait. A request that ended well is settled with the next one, at the latest after `_LONGEST_DEFERRAL_SECONDS`.

    Args:
        database: where the budget lives; set up by `set_up_budget`.
        marketplace: whose.
        spacing: the gap to the next request of any process.
        hold: the longest a request can last; slots of a process that dies come back a window after that.
        max_wait: a longer wait is refused instead, naming when to come again.
        rule: when the breaker opens.
        is_polling: keep within the budgets of polling, too; False may use what those leave to people.
        monotonic: seconds of a clock that only runs forward.
    """

    def __init__(
        self,
        database: Database,
        marketplace: Marketplace,
        *,
        spacing: Spacing,
        hold: timedelta,
        max_wait: timedelta,
        rule: BreakerRule,
        is_polling: bool = True,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._marketplace = marketplace
        self._spacing = spacing
        self._guard = _FIRST_GUARD
        self._hold = hold
        self._max_wait = max_wait
        self._rule = rule
        self._is_polling = is_polling
        self._monotonic = monotonic
        self._ended = _Ended()
        self._waiting: list[_Waiter] = []
        self._changed = asyncio.Event()
        self._statement = asyncio.Lock()
        self._worker: asyncio.Task[None] | None = None

    async def acquire(self) -> int:
        """Wait until one request may be sent, and reserve it; returns the permit's number.

        A RequestNotPermitted where the breaker is open, or the budget leaves nothing within `max_wait`; a StorageError
        where the database failed. Nothing may be sent then.
        """
        waiter = _Waiter(asyncio.get_running_loop().create_future(), self._monotonic())
        self._waiting.append(waiter)
        self._wake()
        try:
            return await waiter.permit
        except asyncio.CancelledError:
            if waiter.permit.done() and not waiter.permit.cancelled():
                await self.cancel(waiter.permit.result())
            raise

    async def depart(self) -> None:
        """Wait until a request may leave: the shortest gap after the last one of any process left."""
        while self._spacing.least:
            guard, asked = self._guard, self._monotonic()
            spacing = timedelta(seconds=self._spacing.least) + guard
            parameters = {"marketplace": self._marketplace, "spacing": spacing}
            (row,) = await asyncio.to_thread(self._database.fetch_all, "requests/depart", **parameters)
            await asyncio.sleep(row["wait"].total_seconds())
            late = timedelta(seconds=self._monotonic() - asked) - row["wait"]
            if 2 * late <= guard or guard == _LONGEST_GUARD:
                return
            self._guard = min(4 * late, _LONGEST_GUARD)

    async def finish(self, permit: int, error: MarketplaceError | None) -> None:
        """Give back a permit whose request ended, and notify the breaker: None for a usable response."""
        if error is None or _is_about_the_request(error):
            self._ended.is_healthy |= error is None or error.status is not None
        else:
            await self.flush()  # successes before this failure count before it
            await asyncio.to_thread(self._record_failure, error)
        # After a time-out the server may see the request yet.
        is_timeout = isinstance(error, TemporarilyUnavailable) and error.is_timeout
        (self._ended.unanswered if is_timeout else self._ended.answered).append(permit)
        self._wake()

    async def cancel(self, permit: int) -> None:
        """Give back a permit whose request was cancelled; the server may see it yet."""
        self._ended.unanswered.append(permit)
        self._wake()

    async def flush(self) -> None:
        """Settle now what has ended."""
        async with self._statement:  # also waits for one that is under way
            if self._ended:
                await self._exchange(wanted=0, spacing=timedelta())

    def record_read(self) -> None:
        """Notify the breaker that a response could be read, once that is known; it blocks."""
        self._database.execute("requests/record_read", marketplace=self._marketplace)

    def record_unread(self, reason: str) -> None:
        """Notify the breaker that a response could not be read, and why; it blocks."""
        self._database.fetch_one(
            "requests/record_unread",
            marketplace=self._marketplace,
            reason=shorten(reason, _REASON_CHARACTERS, placeholder=" …"),
            threshold=self._rule.threshold,
            pause=self._rule.pause,
            max_pause=self._rule.max_pause,
        )

    def _wake(self) -> None:
        """Let the worker look again, and start it if none runs."""
        self._changed.set()
        if self._worker is None or self._worker.done():
            self._worker = asyncio.create_task(self._work())

    async def _work(self) -> None:
        """Run statements while anybody waits or anything has ended."""
        while self._waiting or self._ended:
            if not self._waiting:
                await self._wait_for_change(_LONGEST_DEFERRAL_SECONDS, until_wanted=True)
            self._changed.clear()
            try:
                wait = await self._serve()
            except Exception as error:  # noqa: BLE001 - all that wait get it; they would wait forever otherwise
                self._fail(error)  # what has ended is settled with the next statement
                return
            if self._waiting and wait > timedelta():
                # A request that ends here makes room at once; one of another process is noticed after the nap.
                await self._wait_for_change(min(wait.total_seconds(), _LONGEST_NAP_SECONDS))

    async def _wait_for_change(self, seconds: float, *, until_wanted: bool = False) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
                while until_wanted and not self._waiting:
                    self._changed.clear()
                    await self._changed.wait()

    async def _serve(self) -> timedelta:
        """Run one statement for all that wait; how long until the next one makes sense."""
        spacing = self._spacing.draw()
        asked = self._monotonic()
        async with self._statement:
            row = await self._exchange(wanted=len(self._waiting), spacing=spacing)
        if timedelta(seconds=self._monotonic() - asked) > _PERMIT_GRACE:
            # This process stood still (suspended, or starved of CPU): a hold may end before its request does.
            self._ended.answered += row["permit_ids"]
            return timedelta()
        if row["refusal"] is not None:
            self._fail(self._breaker_is_open(row["wait"], row["refusal"]))
        elif row["wait"] > timedelta():
            await self._refuse_long_waits(row["wait"])
        for permit in row["permit_ids"]:
            self._grant(permit)
        wait: timedelta = row["wait"]
        return wait or spacing

    def _grant(self, permit: int) -> None:
        while self._waiting:
            waiter = self._waiting.pop(0)
            if not waiter.permit.done():
                waiter.permit.set_result(permit)
                return
        self._ended.answered.append(permit)  # everyone who waited was cancelled

    def _fail(self, error: Exception) -> None:
        """Hand an error to all that wait."""
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.permit.done():
                waiter.permit.set_exception(error)

    async def _refuse_long_waits(self, wait: timedelta) -> None:
        """Refuse those who would wait longer than `max_wait` in all."""
        now = self._monotonic()
        too_long = [one for one in self._waiting if wait + timedelta(seconds=now - one.since) > self._max_wait]
        if not too_long:
            return
        refusal = await asyncio.to_thread(self._refusal, wait)
        for waiter in too_long:
            self._waiting.remove(waiter)
            if not waiter.permit.done():
                waiter.permit.set_exception(refusal)

    async def _exchange(self, *, wanted: int, spacing: timedelta) -> Row:
        """Settle what has ended and take permits; whoever calls this holds `_statement`."""
        ended, self._ended = self._ended, _Ended()
        try:
            row = await asyncio.to_thread(
                self._database.fetch_one,
                "requests/exchange_permits",
                marketplace=self._marketplace,
                wanted=wanted,
                spacing=spacing,
                hold=self._hold + _PERMIT_GRACE,
                is_polling=self._is_polling,
                ended=ended.answered,
                unanswered=ended.unanswered,
                is_healthy=ended.is_healthy,
            )
        except StorageError:
            self._ended.answered += ended.answered
            self._ended.unanswered += ended.unanswered
            self._ended.is_healthy |= ended.is_healthy
            raise
        assert row is not None, "exchange_permits returns one row"  # noqa: S101 - for the type checker: it always does
        return row

    def _breaker_is_open(self, wait: timedelta, reason: str) -> RequestNotPermitted:
        return RequestNotPermitted(
            f"No request was sent to {self._marketplace}: its breaker is open for another {_rounded(wait)}: {reason}",
            available_in=wait,
        )

    def _refusal(self, wait: timedelta) -> RequestNotPermitted:
        """Whose limit it is: the marketplace's own request where that lasts longest, else our budget."""
        asked_wait, asked_until = read_asked_wait(self._database, self._marketplace)
        if asked_until is not None and asked_wait >= wait - _ASKED_TOLERANCE:
            why = f"it asked to wait until {asked_until:%Y-%m-%d %H:%M} UTC, another {_rounded(wait)}. "
            why += "If this goes on, lower its request budget."
        else:
            why = f"its request budget is spent and has room again in {_rounded(wait)}. "
            why += "Raise the budget only if the marketplace allows more."
        return RequestNotPermitted(f"No request was sent to {self._marketplace}: {why}", available_in=wait)

    def _record_failure(self, error: MarketplaceError) -> None:
        self._database.fetch_one(
            "requests/record_failure",
            marketplace=self._marketplace,
            reason=shorten(str(error), _REASON_CHARACTERS, placeholder=" …"),
            is_blocked=isinstance(error, Blocked),
            threshold=self._rule.threshold,
            pause=self._rule.pause,
            max_pause=self._rule.max_pause,
            blocked_pause=self._rule.blocked_pause,
            # As a length of time: our clock and the database's need not agree.
            retry_after=error.retry_after,
        )


class SearchGate(PostgresGate):
    """The gate of searches: their requests are about no event and no attempt records them, so this does."""

    async def finish(self, permit: int, error: MarketplaceError | None) -> None:
        """As for every gate, and count the request."""
        await super().finish(permit, error)
        await asyncio.to_thread(
            self._database.execute,
            "requests/insert_search_request",
            marketplace=self._marketplace,
            finished_at=datetime.now(UTC),  # our clock, as with attempts
            is_error=error is not None,
        )


def _is_about_the_request(error: MarketplaceError) -> bool:
    """Whether an error is about the request; one with a status even proves that the marketplace responds."""
    return isinstance(error, RequestRejected | EventGone)


def _rounded(wait: timedelta) -> str:
    seconds = max(1, round(wait.total_seconds()))
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds} s" if minutes else f"{seconds} s"
