"""From responses to stored captures: parse each, validate all at once, and write all in one transaction.

What belongs here: the synchronous half of polling, run in a worker thread while the event loop keeps fetching. What
does not: sending requests (`marketplaces`) and the statements (`storage`).
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from structlog.contextvars import bound_contextvars

from ticket_pipeline.errors import MarketplaceError
from ticket_pipeline.ingest.attempts import PollContext, repeat_when_unavailable, response_of, store_or_fail
from ticket_pipeline.ingest.payload_shapes import watch_shape
from ticket_pipeline.ingest.reading import BodyReader, outcome_of
from ticket_pipeline.ingest.results import EventResult, Fetched
from ticket_pipeline.market.admission import AdmissionRules
from ticket_pipeline.market.collector import paused_collector
from ticket_pipeline.market.metrics import measure_snapshot
from ticket_pipeline.storage.attempts import Attempt
from ticket_pipeline.storage.snapshots import Capture, StoredCapture, write_captures

if TYPE_CHECKING:
    from ticket_pipeline.market.validated import ValidatedListings
    from ticket_pipeline.market.vocabulary import RawResponse
    from ticket_pipeline.marketplaces.client import ListingsClient
    from ticket_pipeline.sheet.zones import ZoneMap

_log = logging.getLogger(__name__)

_Answer = tuple["Fetched", "ValidatedListings"]


@dataclass(frozen=True, slots=True)
class ListingsIngest:
    """Fetches and stores the listings of one marketplace's events.

    `zone_map` is the user's venue map, for marketplaces that name no zones; `admission` decides what is a seat.
    """

    context: PollContext
    client: ListingsClient
    zone_map: ZoneMap | None = None
    admission: AdmissionRules = field(default_factory=AdmissionRules)

    async def fetch(self, external_id: str) -> RawResponse:
        """Fetch the listings of one event."""
        return await self.client.fetch_listings(external_id)

    def store(self, group: Sequence[Fetched]) -> list[EventResult]:
        """Store the responses of a group of events; every event of the group gets a result.

        Several responses are validated and written together, because the cost of either is largely fixed. A response
        that cannot be read, validated or stored is a failed attempt of its event and affects no other event. After a
        StorageError what was not stored is due again when its lease runs out: mostly the whole group.
        """
        with paused_collector():
            results = [self._fail(fetched, fetched.error) for fetched in group if fetched.error is not None]
            answered = [fetched for fetched in group if fetched.error is None]
            read = self._reader.read([(fetched.event, response_of(fetched).body) for fetched in answered])
            readable: list[_Answer] = []
            for fetched, listings in zip(answered, read, strict=True):
                if isinstance(listings, MarketplaceError):
                    results.append(self._fail(fetched, listings))
                else:
                    readable.append((fetched, listings))
            if readable:
                results += self._write_or_fail(readable)
            watch_shape(self.context.database, self.context.marketplace, group)
            return results

    @property
    def _reader(self) -> BodyReader:
        return BodyReader(self.client.parse_listings, self.zone_map, self.admission)

    def _write_or_fail(self, answers: Sequence[_Answer]) -> list[EventResult]:
        """Write all in one transaction; event by event where that fails, so that only the event at fault fails."""
        of_event: dict[int, list[_Answer]] = defaultdict(list)
        for answer in answers:
            of_event[answer[0].event.event_id].append(answer)
        try:
            return store_or_fail(partial(self._write, answers), [own[0][0].event for own in of_event.values()])
        except MarketplaceError as error:
            if len(of_event) == 1:
                return [self._fail(fetched, error) for fetched, _ in answers]
            return [result for own in of_event.values() for result in self._write_or_fail(own)]

    def _write(self, answers: Sequence[_Answer]) -> list[EventResult]:
        captures = [self._capture(fetched, listings) for fetched, listings in answers]
        stored = repeat_when_unavailable(
            lambda: write_captures(
                self.context.database,
                captures,
                back_off=self.context.back_off,
                draw_jitter=self.context.draw_jitter,
                keep_body=self.context.keep_body,
                change_rules=self.context.change_rules,
            )
        )
        return [
            self._result(fetched, listings, *capture, done)
            for (fetched, listings), capture, done in zip(answers, captures, stored, strict=True)
        ]

    def _capture(self, fetched: Fetched, listings: ValidatedListings) -> tuple[Capture, Attempt]:
        response = response_of(fetched)
        capture = self._reader.capture(fetched.event, response.captured_at, response.body, listings)
        return capture, self._attempt(fetched, response, listings)

    def _result(
        self, fetched: Fetched, listings: ValidatedListings, capture: Capture, attempt: Attempt, stored: StoredCapture
    ) -> EventResult:
        with bound_contextvars(marketplace=str(capture.event.marketplace), external_id=capture.event.external_id):
            _warn_of_doubts(capture, stored, is_failure=attempt.error is not None)
        is_one_market = capture.currency is not None and capture.fee_basis is not None
        return EventResult(
            event=fetched.event,
            outcome=attempt.outcome,
            error=attempt.error,
            captured_at=capture.captured_at,
            latency_seconds=attempt.latency_seconds,
            tries=attempt.tries,
            listings=capture.accepted,
            tickets=capture.tickets,
            rejected=len(capture.rejected),
            rejected_reasons=listings.reasons,
            unmapped_sections=self._reader.unmapped(fetched.event, listings.columns),
            currency=capture.currency,
            fee_basis=capture.fee_basis,
            metrics=measure_snapshot(listings.seats) if is_one_market else None,
            is_suspect=stored.is_suspect,
            checksum_problems=listings.checksum_problems or (),
            unknown_fields=listings.unknown_fields,
            compared_at=stored.compared_at,
        )

    def _attempt(self, fetched: Fetched, response: RawResponse, listings: ValidatedListings) -> Attempt:
        outcome, error = outcome_of(fetched.event, listings)
        return Attempt(
            started_at=fetched.started_at,
            finished_at=response.captured_at,
            outcome=outcome,
            status=response.status,
            tries=response.tries,
            latency_seconds=response.latency_seconds,
            bytes=len(response.body),
            listings=listings.accepted,
            rejected=len(listings.rejected),
            error=error,
            run_id=self.context.run_id,
        )

    def _fail(self, fetched: Fetched, error: MarketplaceError) -> EventResult:
        outcome = self.context.record_failure(fetched, error)
        return EventResult(event=fetched.event, outcome=outcome, error=str(error), tries=error.tries)


def _warn_of_doubts(capture: Capture, stored: StoredCapture, *, is_failure: bool) -> None:
    event = capture.event
    if capture.checksum_problems:
        _log.warning(
            "%s event %s: the announced totals and the listings disagree; all listings are kept: %s",
            event.marketplace,
            event.external_id,
            "; ".join(capture.checksum_problems),
        )
    if stored.is_suspect and not is_failure:
        _log.warning(
            "%s event %s: %d listings are %s; suspect until the next capture confirms it",
            event.marketplace,
            event.external_id,
            capture.accepted,
            "not what is announced" if capture.checksum_problems else "far fewer than before",
        )
    if capture.unknown_fields:
        _log.warning(
            "%s event %s: fields of kept listings are unknown: %s",
            event.marketplace,
            event.external_id,
            "; ".join(f"{number} x {reason}" for reason, number in capture.unknown_fields.items()),
        )
