"""From bodies to captures: parse, map zones, validate. The same for what is polled and for what is read again.

What belongs here: what a body means by the parser and the rules of now. What does not: where it came from (`captures`)
and what is stored already (`replay`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ticket_pipeline.errors import MarketplaceError
from ticket_pipeline.ingest.unexpected_errors import unexpected_as_failure
from ticket_pipeline.market.admission import AdmissionRules, EventAdmission
from ticket_pipeline.market.listings import validate_listings
from ticket_pipeline.market.vocabulary import Outcome, ParsedListings
from ticket_pipeline.marketplaces.bodies import check_subject
from ticket_pipeline.storage.listing_csv import STORED_COLUMNS
from ticket_pipeline.storage.snapshots import Capture

if TYPE_CHECKING:
    from ticket_pipeline.market.events import Event
    from ticket_pipeline.market.validated import ValidatedListings
    from ticket_pipeline.sheet.zones import ZoneMap

_MOST_REASONS = 3

Parse = Callable[[bytes], ParsedListings]
Body = tuple["Event", bytes]


@dataclass(frozen=True, slots=True)
class BodyReader:
    """Reads the bodies of one marketplace.

    `zone_map` is the user's venue map, for marketplaces that name no zones; `admission` decides what is a seat.
    """

    parse: Parse
    zone_map: ZoneMap | None = None
    admission: AdmissionRules = field(default_factory=AdmissionRules)

    def read(self, bodies: Sequence[Body]) -> list[ValidatedListings | MarketplaceError]:
        """The listings of each body, or why it cannot be read; all are validated together, which costs the least."""
        parsed = [self._parse(event, body) for event, body in bodies]
        readable = [one for one in parsed if isinstance(one, ParsedListings)]
        kinds = zip(bodies, parsed, strict=True)
        rules = [self._rules_of(event) for (event, _), one in kinds if isinstance(one, ParsedListings)]
        validated = iter(_validate(readable, rules))
        return [next(validated) if isinstance(one, ParsedListings) else one for one in parsed]

    def capture(self, event: Event, captured_at: datetime, body: bytes, listings: ValidatedListings) -> Capture:
        """A capture, ready to be stored."""
        return Capture(
            event=event,
            captured_at=captured_at,
            received=listings.received,
            columns={name: listings.columns[name] for name in STORED_COLUMNS},
            rejected=listings.rejected,
            tickets=listings.tickets,
            currency=listings.currency,
            fee_basis=listings.fee_basis,
            body=body,
            checksum_problems=listings.checksum_problems,
            unknown_fields=listings.unknown_fields,
            set_aside=listings.set_aside,
            admission_rules=self._rules_of(event).fingerprint,
        )

    def unmapped(self, event: Event, columns: Mapping[str, Sequence[Any]]) -> tuple[str, ...]:
        """The sections that the user's map does not cover, of a venue that it has."""
        if self.zone_map is None or not self.zone_map.covers(event.venue):
            return ()
        sections = set(columns["section"]) - {None}
        return tuple(sorted(one for one in sections if self.zone_map.zone_of(event.venue, one) is None))

    def _parse(self, event: Event, body: bytes) -> ParsedListings | MarketplaceError:
        try:
            with unexpected_as_failure(f"read the response of event {event.external_id}"):
                listings = self.parse(body)
                check_subject(listings.about, event.external_id, event.marketplace)
                return self._map_zones(event, listings)
        except MarketplaceError as error:
            return error

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


def outcome_of(event: Event, listings: ValidatedListings) -> tuple[Outcome, str | None]:
    """How the attempt that brought these listings ended, and what is wrong with it."""
    if not listings.is_unusable:
        return (Outcome.OK if listings.received else Outcome.EMPTY), None
    reasons = list(listings.reasons.items())
    more = "; …" if len(reasons) > _MOST_REASONS else ""
    named = "; ".join(f"{count} x {reason}" for reason, count in reasons[:_MOST_REASONS])
    return Outcome.BAD_PAYLOAD, (
        f"None of the {listings.received} listings is a price ({named}{more}) in the response for {event.marketplace} "
        f"event {event.external_id}. They are kept in rejected_listings; if other events fail like this, the "
        "marketplace has changed its format and the parser must be updated."
    )


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
