"""From answers to stored captures: parse each, validate all at once, write each in its own transaction.

What belongs here: the synchronous half of polling, run in a worker thread while the event loop keeps fetching. What
does not: sending requests (`marketplaces`) and the statements (`storage`).
"""

from __future__ import annotations

import gc
import logging
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ticket_pipeline.errors import (
    MarketplaceError,
    StorageError,
    StorageUnavailable,
    UnexpectedPayload,
)
from ticket_pipeline.ingest.attempts import book_failure, describe_unusable, persistently
from ticket_pipeline.ingest.results import EventResult
from ticket_pipeline.ingest.unexpected_errors import contained
from ticket_pipeline.market.listings import validate_listings
from ticket_pipeline.market.metrics import measure_snapshot
from ticket_pipeline.market.vocabulary import Outcome
from ticket_pipeline.marketplaces.bodies import check_subject
from ticket_pipeline.storage.snapshots import STORED_COLUMNS, Attempt, Capture, write_capture

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ticket_pipeline.ingest.results import Fetched
    from ticket_pipeline.market.trust import TrustRule
    from ticket_pipeline.market.validated import ValidatedListings
    from ticket_pipeline.market.vocabulary import Marketplace, ParsedListings, RawResponse
    from ticket_pipeline.marketplaces.client import MarketplaceClient
    from ticket_pipeline.sheet.zones import ZoneMap
    from ticket_pipeline.storage.database import Database
    from ticket_pipeline.storage.schedule import BackOff, ScheduledEvent

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer that could be read."""

    fetched: Fetched
    response: RawResponse
    listings: ParsedListings


@dataclass(frozen=True, slots=True)
class Ingest:
    """Everything the writing of captures depends on besides the captures.

    Attributes:
        draw_jitter: a factor for the next interval, drawn per event.
        zone_map: the user's venue map, for marketplaces that name no zones.
        run_id: booked with every attempt.
    """

    database: Database
    marketplace: Marketplace
    client: MarketplaceClient
    rule: TrustRule
    back_off: BackOff
    draw_jitter: Callable[[], float]
    keep_body: bool
    zone_map: ZoneMap | None = None
    run_id: str | None = None

    async def fetch(self, external_id: str) -> RawResponse:
        """Ask the marketplace for the listings of one event."""
        return await self.client.fetch_listings(external_id)

    def store(self, group: Sequence[Fetched]) -> list[EventResult]:
        """Store what a group of events answered; every event of the group gets a result.

        Several answers are validated together, because the cost of a validation is nearly all fixed. An answer that
        cannot be read, validated or stored is a failed attempt of its event; it costs no other event anything.

        Raises:
            StorageError: the database stays away, or refuses even the record of a failed attempt; events before it are
                stored, their lease brings back the others.
        """
        with _paused_collector():
            return self._store(group)

    def _store(self, group: Sequence[Fetched]) -> list[EventResult]:
        answers: list[_Answer] = []
        results: list[EventResult] = []
        for fetched in group:
            try:
                answers.append(self._read(fetched))
            except MarketplaceError as error:
                results.append(self._fail(fetched, error))
        for answer, listings in zip(answers, _validate(answers), strict=True):
            try:
                results.append(self._keep(answer, listings))
            except MarketplaceError as error:
                results.append(self._fail(answer.fetched, error))
        return results

    def _read(self, fetched: Fetched) -> _Answer:
        if fetched.response is None:
            raise fetched.error or MarketplaceError(f"Fetched event {fetched.event.external_id}; there is no answer.")
        with contained(f"Read the answer about event {fetched.event.external_id}"):
            listings = self.client.parse_listings(fetched.response.body)
            check_subject(listings.about, fetched.event.external_id, self.marketplace)
            return _Answer(fetched, fetched.response, listings)

    def _keep(self, answer: _Answer, listings: ValidatedListings | MarketplaceError) -> EventResult:
        if isinstance(listings, MarketplaceError):
            raise listings
        try:
            with contained(f"Stored the answer about event {answer.fetched.event.external_id}"):
                return self._write(answer.fetched, answer.response, listings)
        except StorageUnavailable:
            raise
        except StorageError as error:
            # Something in this answer, then: what is wrong with the database also refuses the record of this failure.
            raise UnexpectedPayload(
                f"{error} No other event is affected; please report it.",
                status=answer.response.status,
                tries=answer.response.tries,
            ) from error

    def _write(self, fetched: Fetched, response: RawResponse, listings: ValidatedListings) -> EventResult:
        columns: dict[str, Sequence[Any]] = {name: listings.columns[name] for name in STORED_COLUMNS}
        unmapped = self._map_zones(fetched.event, columns)
        capture = Capture(
            event_id=fetched.event.event_id,
            marketplace=self.marketplace,
            external_id=fetched.event.external_id,
            captured_at=response.captured_at,
            received=listings.received,
            columns=columns,
            rejected=listings.rejected,
            tickets=sum(columns["quantity"]),
            currency=listings.currency,
            fee_basis=listings.fee_basis,
            body=response.body,
            checksum_problems=listings.checksum_problems,
        )
        is_one_market = capture.currency is not None and capture.fee_basis is not None
        metrics = measure_snapshot(columns) if is_one_market else None
        error = describe_unusable(capture, listings)
        attempt = Attempt(
            started_at=fetched.started_at,
            finished_at=response.captured_at,
            outcome=Outcome.BAD_PAYLOAD if error else Outcome.EMPTY if listings.received == 0 else Outcome.OK,
            status=response.status,
            tries=response.tries,
            latency_seconds=response.latency_seconds,
            error=error,
            run_id=self.run_id,
        )
        stored = persistently(
            lambda: write_capture(
                self.database,
                capture,
                attempt,
                rule=self.rule,
                back_off=self.back_off,
                jitter_factor=self.draw_jitter(),
                keep_body=self.keep_body,
            )
        )
        if capture.checksum_problems:
            _log.warning(
                "%s event %s: the announced totals and the listings disagree; all listings are kept: %s",
                self.marketplace,
                fetched.event.external_id,
                "; ".join(capture.checksum_problems),
            )
        if stored.is_suspect and error is None:
            _log.warning(
                "%s event %s: %d listings are far fewer than before; kept as suspect until another confirms it",
                self.marketplace,
                fetched.event.external_id,
                capture.accepted,
            )
        return EventResult(
            event=fetched.event,
            outcome=attempt.outcome,
            error=error,
            captured_at=capture.captured_at,
            latency_seconds=response.latency_seconds,
            tries=response.tries,
            listings=capture.accepted,
            tickets=capture.tickets,
            rejected=len(capture.rejected),
            rejected_reasons=listings.reasons,
            unmapped_sections=unmapped,
            currency=capture.currency,
            metrics=metrics,
            is_suspect=stored.is_suspect,
            checksum_problems=listings.checksum_problems or (),
        )

    def _fail(self, fetched: Fetched, error: MarketplaceError) -> EventResult:
        if fetched.response is not None:  # it came, and its requests count, whatever is wrong with it
            error.status, error.tries = fetched.response.status, fetched.response.tries
        outcome = book_failure(self, fetched, error)
        return EventResult(event=fetched.event, outcome=outcome, error=str(error), tries=error.tries)

    def _map_zones(self, event: ScheduledEvent, columns: dict[str, Sequence[Any]]) -> tuple[str, ...]:
        """Fill the zone of listings whose marketplace names none, from the user's map; returns what it leaves open."""
        if self.zone_map is None or not self.zone_map.covers(event.venue):
            return ()
        sections = set(columns["section"]) - {None}
        zones = {section: self.zone_map.zone_of(event.venue, section) for section in sections}
        columns["zone"] = [
            zone if zone is not None else zones.get(section)
            for zone, section in zip(columns["zone"], columns["section"], strict=True)
        ]
        return tuple(sorted(section for section, zone in zones.items() if zone is None))


@contextmanager
def _paused_collector() -> Iterator[None]:
    """No cyclic garbage collection inside the block.

    A group of bodies becomes a hundred thousand small containers that hold no cycles and are freed by their reference
    counts; walking them again and again would take nearly as long as all the rest (docs/benchmarks.md).
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _validate(answers: Sequence[_Answer]) -> Sequence[ValidatedListings | MarketplaceError]:
    """Validate all at once; one by one where that fails, so that only the answer at fault pays for it."""
    try:
        with contained(f"Validated the answers about {len(answers)} events"):
            return validate_listings([answer.listings for answer in answers])
    except MarketplaceError as error:
        if len(answers) == 1:
            return [error]
        return [result for answer in answers for result in _validate([answer])]
