"""The listing work by itself: all that the pipeline does with answers it has received, and nothing else.

What belongs here: `ListingsIngest` wired for benchmarks. What does not: baselines, and fetching.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ticket_pipeline.ingest.attempts import PollContext
from ticket_pipeline.ingest.captures import ListingsIngest
from ticket_pipeline.ingest.results import Fetched
from ticket_pipeline.market.vocabulary import Marketplace, RawResponse
from ticket_pipeline.marketplaces.stubhub.parser import parse_stubhub_listings
from ticket_pipeline.storage.attempts import BackOff

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ticket_pipeline.market.events import Event
    from ticket_pipeline.market.vocabulary import ParsedListings
    from ticket_pipeline.storage.database import Database

_GROUP = 32
"""As many answers are handed over at once as a run hands over at most (`ingest.batch`)."""


class StubHubReader:
    """StubHub's client without its asking."""

    marketplace = Marketplace.STUBHUB

    async def fetch_listings(self, external_id: str) -> RawResponse:
        """Not for benchmarks of the listing work.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError(external_id)

    def parse_listings(self, body: bytes) -> ParsedListings:
        """Read a body as the real client does."""
        return parse_stubhub_listings(body)


def build_ingest(database: Database) -> ListingsIngest:
    """The pipeline's own ingest, everything switched on that is on by default."""
    back_off = BackOff(timedelta(minutes=5), timedelta(hours=6))
    context = PollContext(database, Marketplace.STUBHUB, back_off, draw_jitter=lambda: 1.0, keep_body=True)
    return ListingsIngest(context, StubHubReader())


def answer(event: Event, moment: datetime, body: bytes) -> Fetched:
    """What fetching an event gave."""
    response = RawResponse(
        marketplace=Marketplace.STUBHUB,
        external_id=event.external_id,
        body=body,
        captured_at=moment,
        status=200,
        tries=1,
        latency_seconds=0.3,
    )
    return Fetched(event, started_at=moment, finished_at=moment, response=response)


def store_all(ingest: ListingsIngest, answers: Sequence[Fetched]) -> int:
    """Store answers in groups; returns how many listings were accepted."""
    groups = (answers[start : start + _GROUP] for start in range(0, len(answers), _GROUP))
    return sum(result.listings for group in groups for result in ingest.store(group))
