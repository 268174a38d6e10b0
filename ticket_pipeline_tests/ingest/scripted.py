"""A marketplace client that follows a test's script, for moments that no server can choose, and batches of it.

What belongs here: the client, running a batch, and leasing one. What does not: anything that real HTTP can show.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson

from ticket_pipeline.ingest.attempts import PollContext
from ticket_pipeline.ingest.batch import BatchResult, PollBatch
from ticket_pipeline.ingest.captures import ListingsIngest
from ticket_pipeline.ingest.results import Fetched
from ticket_pipeline.market.admission import AdmissionRules
from ticket_pipeline.market.events import Event
from ticket_pipeline.market.vocabulary import ParsedListings, RawResponse
from ticket_pipeline.marketplaces.stubhub.parser import parse_stubhub_listings
from ticket_pipeline.storage.attempts import BackOff
from ticket_pipeline.storage.schedule import lease_due_events, reschedule_changed
from ticket_pipeline_tests.ingest.loopback import STUBHUB, Loopback

LONG = timedelta(hours=1)
PATIENCE_SECONDS = 60.0


@dataclass
class ScriptedClient:
    """Answers every event with its number of listings, after the script of the test has had its say.

    Attributes:
        before: awaited before each answer.
        parse: in place of StubHub's parser.
    """

    before: Callable[[str], Awaitable[None]] | None = None
    parse: Callable[[bytes], ParsedListings] = parse_stubhub_listings
    asked: list[str] = field(default_factory=list)
    marketplace = STUBHUB

    async def fetch_listings(self, external_id: str) -> RawResponse:
        """Answer with three listings."""
        self.asked.append(external_id)
        if self.before is not None:
            await self.before(external_id)
        item = {"section": external_id, "availableTickets": 2, "sellerNetProceeds": 10.0, "currencyCode": "USD"}
        items = [item | {"listingId": number, "sellerAllInPrice": 20.0 + number} for number in range(1, 4)]
        return RawResponse(STUBHUB, external_id, orjson.dumps(items), datetime.now(UTC), 200, 1, 0.1)

    def parse_listings(self, body: bytes) -> ParsedListings:
        """Read it as StubHub's."""
        return self.parse(body)


def listing(number: int, price: float, **changes: object) -> dict[str, object]:
    """A listing as StubHub sends it."""
    usual = {
        "listingId": number,
        "section": "101",
        "availableTickets": 2,
        "sellerAllInPrice": price,
        "currencyCode": "USD",
    }
    return usual | changes


def answer_about(loopback: Loopback, key: str, at: datetime, *items: dict[str, object]) -> Fetched:
    """What a client got at `at`, after a minute and a second try."""
    (event,) = loopback.events([key])
    response = RawResponse(STUBHUB, key, orjson.dumps(items), at, 200, 2, 0.25)
    return Fetched(event, at - timedelta(minutes=1), at, response=response)


def ingest_of(loopback: Loopback, **changes: Any) -> ListingsIngest:  # noqa: ANN401 - fields of the context and of the ingest
    """An ingest without chance in it."""
    own: dict[str, Any] = {"client": ScriptedClient(), "zone_map": None, "admission": AdmissionRules()}
    own |= {name: changes.pop(name) for name in list(own) if name in changes}
    fields: dict[str, Any] = {
        "database": loopback.database,
        "marketplace": STUBHUB,
        "back_off": BackOff(timedelta(minutes=5), LONG),
        "draw_jitter": lambda: 1.0,
        "keep_body": True,
    }
    return ListingsIngest(PollContext(**(fields | changes)), **own)


def batch_of(loopback: Loopback, client: ScriptedClient, **how: Any) -> PollBatch:  # noqa: ANN401 - PollBatch's parameters
    """A batch that this client answers, one event at a time unless said otherwise."""
    return PollBatch(ingest_of(loopback, client=client), now=loopback.clock, **({"max_concurrent": 1} | how))


def run(batch: PollBatch, events: Sequence[Event]) -> BatchResult:
    """Run it, with a time limit."""

    async def within_patience() -> BatchResult:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await batch.run(events)

    return asyncio.run(within_patience())


def lease(loopback: Loopback, duration: timedelta) -> UUID:
    """Lease every event, as a tick does."""
    lease_id = uuid4()
    now = loopback.clock()
    back_off = BackOff(timedelta(minutes=5), LONG)
    reschedule_changed(
        loopback.database,
        STUBHUB,
        base_interval=LONG,
        bands=[(timedelta(), 1.0)],
        back_off=back_off,
        this_moment=now,
    )
    lease_due_events(
        loopback.database,
        STUBHUB,
        lease_id=lease_id,
        this_moment=now,
        leased_until=now + duration,
        batch_size=100,
        back_off=back_off,
    )
    return lease_id


async def until(happened: Callable[[], bool]) -> None:
    """Wait until something happened elsewhere; the batch's own patience bounds it."""
    while not await asyncio.to_thread(happened):  # noqa: ASYNC110 - it happens in another process, which sets no event
        await asyncio.sleep(0.005)
