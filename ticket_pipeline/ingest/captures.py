"""From responses to stored captures: parse each, validate all at once, write those of an event in one transaction.

What belongs here: the synchronous half of polling, run in a worker thread while the event loop keeps fetching. What
does not: sending requests (`marketplaces`) and the statements (`storage`).
"""

from __future__ import annotations

import gc
import logging
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from ticket_pipeline.errors import MarketplaceError
from ticket_pipeline.ingest.attempts import PollContext, repeat_when_unavailable, response_of, store_or_fail
from ticket_pipeline.ingest.payload_shapes import watch_shape
from ticket_pipeline.ingest.results import EventResult, Fetched
from ticket_pipeline.ingest.unexpected_errors import unexpected_as_failure
from ticket_pipeline.market.admission import AdmissionRules, EventAdmission
from ticket_pipeline.market.listings import validate_listings
from ticket_pipeline.market.metrics import measure_snapshot
from ticket_pipeline.market.vocabulary import Outcome, ParsedListings, RawResponse
from ticket_pipeline.marketplaces.bodies import check_subject
from ticket_pipeline.storage.attempts import Attempt
from ticket_pipeline.storage.listing_csv import STORED_COLUMNS
from ticket_pipeline.storage.snapshots import Capture, StoredCapture, write_captures

if TYPE_CHECKING:
    from ticket_pipeline.market.events import Event
    from ticket_pipeline.market.validated import ValidatedListings
    from ticket_pipeline.marketplaces.client import ListingsClient
    from ticket_pipeline.sheet.zones import ZoneMap

_log = logging.getLogger(__name__)

_MOST_REASONS = 3


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

        Several responses are validated together, because the cost of a validation is nearly all fixed. A response that
        cannot be read, validated or stored is a failed attempt of its event and affects no other event. After a
        StorageError the events before it are stored, and the others are due again when their lease runs out.
        """
        with _paused_collector():
            readable: list[tuple[Fetched, ParsedListings]] = []
            results: list[EventResult] = []
            for fetched in group:
                try:
                    readable.append((fetched, self._parse(fetched)))
                except MarketplaceError as error:
                    results.append(self._fail(fetched, error))
            rules = [self._rules_of(fetched.event) for fetched, _ in readable]
            validated = _validate([parsed for _, parsed in readable], rules)
            of_event: dict[int, list[tuple[Fetched, ValidatedListings]]] = defaultdict(list)
            for (fetched, _), listings in zip(readable, validated, strict=True):
                if isinstance(listings, MarketplaceError):
                    results.append(self._fail(fetched, listings))
                else:
                    of_event[fetched.event.event_id].append((fetched, listings))
            for answers in of_event.values():
                try:
                    results += store_or_fail(partial(self._write, answers), answers[0][0].event)
                except MarketplaceError as error:
                    results += [self._fail(fetched, error) for fetched, _ in answers]
            watch_shape(self.context.database, self.context.marketplace, group)
            return results

    def _parse(self, fetched: Fetched) -> ParsedListings:
        response = response_of(fetched)
        with unexpected_as_failure(f"read the response of event {fetched.event.external_id}"):
            listings = self.client.parse_listings(response.body)
            check_subject(listings.about, fetched.event.external_id, self.context.marketplace)
            return self._map_zones(fetched.event, listings)

    def _write(self, answers: Sequence[tuple[Fetched, ValidatedListings]]) -> list[EventResult]:
        """Write what came back about one event, in order of capture."""
        captures = [self._capture(fetched, listings) for fetched, listings in answers]
        stored = repeat_when_unavailable(
            lambda: write_captures(
                self.context.database,
                captures,
                back_off=self.context.back_off,
                jitter_factor=self.context.draw_jitter(),
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
        capture = Capture(
            event=fetched.event,
            captured_at=response.captured_at,
            received=listings.received,
            columns={name: listings.columns[name] for name in STORED_COLUMNS},
            rejected=listings.rejected,
            tickets=listings.tickets,
            currency=listings.currency,
            fee_basis=listings.fee_basis,
            body=response.body,
            checksum_problems=listings.checksum_problems,
            unknown_fields=listings.unknown_fields,
            set_aside=listings.set_aside,
            admission_rules=self._rules_of(fetched.event).fingerprint,
        )
        return capture, self._attempt(fetched, response, listings)

    def _result(
        self, fetched: Fetched, listings: ValidatedListings, capture: Capture, attempt: Attempt, stored: StoredCapture
    ) -> EventResult:
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
            unmapped_sections=self._unmapped(fetched.event, listings.columns),
            currency=capture.currency,
            fee_basis=capture.fee_basis,
            metrics=measure_snapshot(listings.seats) if is_one_market else None,
            is_suspect=stored.is_suspect,
            checksum_problems=listings.checksum_problems or (),
            unknown_fields=listings.unknown_fields,
            compared_at=stored.compared_at,
        )

    def _attempt(self, fetched: Fetched, response: RawResponse, listings: ValidatedListings) -> Attempt:
        error = _describe_unusable(fetched.event, listings)
        return Attempt(
            started_at=fetched.started_at,
            finished_at=response.captured_at,
            outcome=Outcome.BAD_PAYLOAD if error else Outcome.EMPTY if listings.received == 0 else Outcome.OK,
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

    def _rules_of(self, event: Event) -> EventAdmission:
        return self.admission.for_event(event.marketplace, event.venue)

    def _map_zones(self, event: Event, listings: ParsedListings) -> ParsedListings:
        """The listings with missing zones filled from the user's map."""
        if self.zone_map is None or not self.zone_map.covers(event.venue):
            return listings
        sections, named = listings.columns["section"], listings.columns["zone"]
        zones = {section: self.zone_map.zone_of(event.venue, section) for section in set(sections)}
        mapped = [zones[section] if zone is None else zone for zone, section in zip(named, sections, strict=True)]
        return replace(listings, columns=listings.columns | {"zone": mapped})

    def _unmapped(self, event: Event, columns: Mapping[str, Sequence[Any]]) -> tuple[str, ...]:
        """The sections that the user's map does not cover, of a venue that it has."""
        if self.zone_map is None or not self.zone_map.covers(event.venue):
            return ()
        sections = set(columns["section"]) - {None}
        return tuple(sorted(one for one in sections if self.zone_map.zone_of(event.venue, one) is None))


def _describe_unusable(event: Event, listings: ValidatedListings) -> str | None:
    if not listings.is_unusable:
        return None
    reasons = list(listings.reasons.items())
    more = "; …" if len(reasons) > _MOST_REASONS else ""
    named = "; ".join(f"{count} x {reason}" for reason, count in reasons[:_MOST_REASONS])
    return (
        f"None of the {listings.received} listings is a price ({named}{more}) in the response for {event.marketplace} "
        f"event {event.external_id}. They are kept in rejected_listings; if other events fail like this, the "
        "marketplace has changed its format and the parser must be updated."
    )


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


@contextmanager
def _paused_collector() -> Iterator[None]:
    """No cyclic garbage collection inside the block.

    Scanning the hundred thousand small containers of a group of bodies would take nearly as long as the rest.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _validate(
    parsed: Sequence[ParsedListings], rules: Sequence[EventAdmission]
) -> Sequence[ValidatedListings | MarketplaceError]:
    """Validate all at once; one by one where that fails, so that only the response at fault fails."""
    try:
        with unexpected_as_failure(f"validate the responses of {len(parsed)} events"):
            return validate_listings(parsed, rules)
    except MarketplaceError as error:
        if len(parsed) == 1:
            return [error]
        return [result for one, own in zip(parsed, rules, strict=True) for result in _validate([one], [own])]
