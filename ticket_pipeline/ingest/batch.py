"""Fetch, validate and store a batch of events concurrently: one run, many events.

Three stages run concurrently and pass groups on: fetching (the event loop), storing (a worker thread) and reporting
(another one). A failed event never stops the others; a block or a spent budget stops the sending, and events that were
not tried stay due.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol, TypeVar
from uuid import UUID

from ticket_pipeline.errors import MarketplaceError, RequestNotPermitted, StorageError, StorageUnavailable
from ticket_pipeline.ingest.results import EventResult, Fetched
from ticket_pipeline.ingest.unexpected_errors import unexpected_as_failure
from ticket_pipeline.storage.run_summaries import count_work, stage
from ticket_pipeline.storage.schedule import release_lease, renew_lease

if TYPE_CHECKING:
    from ticket_pipeline.ingest.attempts import PollContext
    from ticket_pipeline.market.events import Event
    from ticket_pipeline.market.vocabulary import RawResponse

_Item = TypeVar("_Item")

_GROUP = 32
"""Most responses that are validated and written together: beyond it fixed costs no longer matter, and memory grows."""


class BatchIngest(Protocol):
    """What a batch does with its events: fetch one, and store several responses."""

    @property
    def context(self) -> PollContext:
        """What its attempts are recorded with."""

    async def fetch(self, external_id: str) -> RawResponse:
        """Fetch one event; a MarketplaceError where there is no usable response."""

    def store(self, group: Sequence[Fetched]) -> list[EventResult]:
        """Store a group of responses; every event of the group gets a result. Runs in a worker thread."""


@dataclass(slots=True)
class BatchResult:
    """What became of a batch: one result per event that was tried, in the order in which they were stored.

    The others were skipped: because of `stopped_by`, or because another run had taken them over.
    """

    results: list[EventResult] = field(default_factory=list)
    skipped: list[Event] = field(default_factory=list)
    stopped_by: str | None = None

    @property
    def failures(self) -> list[EventResult]:
        """The events that were tried and brought no prices."""
        return [result for result in self.results if result.is_failure]


@dataclass(frozen=True, slots=True)
class Lease:
    """The hold of a run on its events, renewed while it works; a run that has not renewed for `duration` is dead."""

    lease_id: UUID
    duration: timedelta


class PollBatch:
    """One batch of one marketplace.

    Args:
        ingest: sends the requests, and stores the responses.
        now: the clock, aware UTC.
        max_concurrent: events under way at once in this process; the gate bounds all processes together.
        on_results: called with each stored group, in a worker thread of its own, while the others go on.
        on_stored: called with each stored group in the storing thread, before the next group is stored.
        lease: where the batch was leased by a sensor; None for what a person asked for.
    """

    def __init__(
        self,
        ingest: BatchIngest,
        *,
        now: Callable[[], datetime],
        max_concurrent: int,
        on_results: Callable[[Sequence[EventResult]], None] = lambda _: None,
        on_stored: Callable[[Sequence[EventResult]], None] = lambda _: None,
        lease: Lease | None = None,
    ) -> None:
        self._ingest = ingest
        self._now = now
        self._max_concurrent = max_concurrent
        self._on_results = on_results
        self._on_stored = on_stored
        self._lease = lease
        self._outcome = BatchResult()
        self._lost: set[int] = set()

    async def run(self, events: Sequence[Event]) -> BatchResult:
        """Try every event once and return what became of each. After a StorageError what is stored stays stored."""
        fetched: asyncio.Queue[Fetched | None] = asyncio.Queue()
        stored: asyncio.Queue[EventResult | None] = asyncio.Queue()
        try:
            async with asyncio.TaskGroup() as group:
                heartbeat = group.create_task(self._keep_lease({event.event_id for event in events}))
                storing = group.create_task(self._store_all(fetched, stored))
                reporting = group.create_task(self._report_all(stored))
                with stage("fetch"):
                    await self._fetch_all(events, fetched)
                await storing
                await reporting
                heartbeat.cancel()
        except BaseExceptionGroup as group_error:
            raise _first_cause(group_error) from group_error
        finally:
            if self._lease is not None:
                # Not in a thread: a run that is being stopped starts none. On an error, the lease runs out.
                with suppress(StorageError):
                    release_lease(self._ingest.context.database, self._lease.lease_id)
        return self._outcome

    async def _fetch_all(self, events: Sequence[Event], fetched: asyncio.Queue[Fetched | None]) -> None:
        waiting = iter(events)

        async def work() -> None:
            for event in waiting:
                await self._fetch(event, fetched)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(min(self._max_concurrent, len(events))):
                    group.create_task(work())
        finally:
            fetched.put_nowait(None)

    async def _fetch(self, event: Event, fetched: asyncio.Queue[Fetched | None]) -> None:
        if self._outcome.stopped_by is not None or event.event_id in self._lost:
            self._outcome.skipped.append(event)
            return
        started_at = self._now()
        try:
            with unexpected_as_failure(f"fetch event {event.external_id}"):
                response = await self._ingest.fetch(event.external_id)
        except RequestNotPermitted as refusal:
            self._outcome.stopped_by = self._outcome.stopped_by or str(refusal)
            self._outcome.skipped.append(event)
        except MarketplaceError as error:
            fetched.put_nowait(Fetched(event, started_at, self._now(), error=error))
        else:
            fetched.put_nowait(Fetched(event, started_at, self._now(), response=response))

    async def _store_all(
        self, fetched: asyncio.Queue[Fetched | None], stored: asyncio.Queue[EventResult | None]
    ) -> None:
        try:
            async for group in _groups(fetched):
                for result in await asyncio.to_thread(self._store, group):
                    self._outcome.results.append(result)
                    stored.put_nowait(result)
        finally:
            stored.put_nowait(None)

    def _store(self, group: Sequence[Fetched]) -> list[EventResult]:
        with stage("store"):
            results = self._ingest.store(group)
            self._on_stored(results)
        count_work(
            events=len(results),
            failed_events=sum(result.is_failure for result in results),
            requests=sum(result.tries for result in results),
            listings=sum(result.listings for result in results),
        )
        return results

    async def _report_all(self, stored: asyncio.Queue[EventResult | None]) -> None:
        async for group in _groups(stored):
            with stage("report"):
                await asyncio.to_thread(self._on_results, group)

    async def _keep_lease(self, held: set[int]) -> None:
        """Renew the lease three times in its duration, and note which events other runs took over meanwhile."""
        lease = self._lease
        if lease is None:
            return
        while True:
            await asyncio.sleep(lease.duration.total_seconds() / 3)
            try:
                still_held = await asyncio.to_thread(
                    renew_lease, self._ingest.context.database, lease.lease_id, self._now() + lease.duration
                )
            except StorageUnavailable:
                continue  # the database restarts: the responses in hand wait for it, and so does the lease
            self._lost |= held - still_held  # includes those that are stored, which are not looked up again


def _first_cause(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def _groups(queue: asyncio.Queue[_Item | None]) -> AsyncIterator[list[_Item]]:
    """The items of a queue, in groups of at most `_GROUP`, until the end mark."""
    while (item := await queue.get()) is not None:
        group = [item]
        while len(group) < _GROUP and not queue.empty():
            following = queue.get_nowait()
            if following is None:
                queue.put_nowait(None)
                break
            group.append(following)
        yield group
