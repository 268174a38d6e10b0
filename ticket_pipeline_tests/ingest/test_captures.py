"""From responses to stored captures: zones of the venue map, metrics, rejects, trust, and the record of failures."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ticket_pipeline.errors import (
    MarketplaceError,
    RateLimited,
    RequestNotPermitted,
    StorageUnavailable,
    TemporarilyUnavailable,
)
from ticket_pipeline.ingest.results import EventResult, Fetched
from ticket_pipeline.market.admission import AdmissionRule, AdmissionRules
from ticket_pipeline.market.admission_table import Admission
from ticket_pipeline.market.vocabulary import Outcome, ParsedListings
from ticket_pipeline.marketplaces.stubhub.parser import parse_stubhub_listings
from ticket_pipeline.sheet.source import SheetRows
from ticket_pipeline.sheet.zones import ZoneMap, parse_zones
from ticket_pipeline.storage.database import Database, Transaction
from ticket_pipeline.storage.prices import Span, rebuild_hourly
from ticket_pipeline.storage.recomputation import recompute_sampled_hours
from ticket_pipeline_tests.ingest.loopback import Loopback
from ticket_pipeline_tests.ingest.scripted import ScriptedClient, answer_about, ingest_of, listing

MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def answered(loopback: Loopback, *items: dict[str, object], after: timedelta = timedelta()) -> Fetched:
    """An answer about the first event."""
    return answer_about(loopback, loopback.keys[0], MOMENT + after, *items)


def failed(loopback: Loopback, error: MarketplaceError, after: timedelta = timedelta()) -> Fetched:
    """No answer about the first event."""
    at = MOMENT + after
    return Fetched(loopback.events(loopback.keys[:1])[0], at - MINUTE, at, error=error)


def store(loopback: Loopback, fetched: Fetched, **changes: Any) -> EventResult:  # noqa: ANN401 - fields of Ingest
    """Store one answer."""
    (result,) = ingest_of(loopback, **changes).store([fetched])
    return result


def map_of(*rules: tuple[str, str, str]) -> ZoneMap:
    """A venue map of (venue, section pattern, zone)."""
    return parse_zones(SheetRows([["Venue", "Section", "Zone"], *(list(rule) for rule in rules)], "a test"))


# --- zones ----------------------------------------------------------------------------------------------------------


def zones(loopback: Loopback) -> dict[str, str | None]:
    """Section → zone, as stored."""
    return {row["section"]: row["zone"] for row in loopback.rows("select section, zone from listings")}


def test_zones_come_from_the_venue_map_and_unmapped_sections_are_told(watching: Loopback) -> None:
    items = [listing(1, 50), listing(2, 60, section="GA Floor"), listing(3, 70, section="Attic"), listing(4, 80)]
    venue_map = map_of(("crowd arena", "100-199", "Lower"), ("Crowd Arena", "GA*", "Floor"), ("Elsewhere", "*", "No"))
    result = store(watching, answered(watching, *items), zone_map=venue_map)
    assert zones(watching) == {"101": "Lower", "GA Floor": "Floor", "Attic": None}
    assert result.unmapped_sections == ("Attic",)


def test_a_zone_that_the_marketplace_names_stays(watching: Loopback) -> None:
    def parse(body: bytes) -> ParsedListings:
        parsed = parse_stubhub_listings(body)
        return replace(parsed, columns=parsed.columns | {"zone": ["Named", None]})

    items = [listing(1, 50), listing(2, 60, section="102")]
    venue_map = map_of(("Crowd Arena", "*", "Mapped"))
    store(watching, answered(watching, *items), zone_map=venue_map, client=ScriptedClient(parse=parse))
    assert zones(watching) == {"101": "Named", "102": "Mapped"}


@pytest.mark.parametrize("rules", [[], [("Elsewhere", "*", "No")]])
def test_a_venue_without_a_map_has_no_zones_and_no_complaint(
    watching: Loopback, rules: list[tuple[str, str, str]]
) -> None:
    result = store(watching, answered(watching, listing(1, 50)), zone_map=map_of(*rules))
    assert zones(watching) == {"101": None}
    assert result.unmapped_sections == ()


# --- what is a seat -------------------------------------------------------------------------------------------------


FINAL = (
    listing(1, 92.53, section="GROUNDS PASS - VIEWING PARTY", availableTickets=6),
    listing(2, 35, section="Gold Lot"),
    listing(3, 20, section="VIP Lounge", listingNotes=["Not an event ticket."]),
    listing(4, 271.44, section="305"),
    listing(5, 300, section="Lounge"),
)


def test_only_seats_count_and_what_was_set_aside_is_kept_whole(watching: Loopback) -> None:
    result = store(watching, answered(watching, *FINAL))
    assert result.metrics is not None
    assert (result.metrics.get_in_prices[0], result.listings, result.tickets) == (Decimal("271.44"), 3, 4)
    assert result.rejected_reasons == {"parking pass, not a seat": 1, "extra without admission, not a seat": 1}
    stored = {row["listing_id"]: row["admission"] for row in watching.rows("select * from listings")}
    assert stored == {"1": "grounds", "4": "seat", "5": "seat"}
    (snapshot,) = watching.rows("select * from snapshots")
    assert (snapshot["accepted"], snapshot["rejected"], snapshot["set_aside"], snapshot["tickets"]) == (3, 2, 2, 4)
    aside = [row["listing"] for row in watching.rows("select * from rejected_listings order by position")]
    assert [(one["section"], one["price"], one["notes"]) for one in aside] == [
        ("Gold Lot", 35, None),
        ("VIP Lounge", 20, "Not an event ticket."),
    ]


def test_the_users_rules_count_before_the_table(watching: Loopback) -> None:
    rules = AdmissionRules(
        [
            AdmissionRule("stubhub", "crowd arena", "GROUNDS*", Admission.SEAT),
            AdmissionRule(None, "Elsewhere", "*", Admission.EXTRA),
            AdmissionRule(None, None, "Lounge", Admission.EXTRA),
        ]
    )
    result = store(watching, answered(watching, *FINAL), admission=rules)
    assert result.metrics is not None
    assert (result.metrics.get_in_prices[0], result.listings, result.rejected) == (Decimal("92.53"), 2, 3)
    fingerprint = rules.for_event("stubhub", "Crowd Arena").fingerprint
    assert watching.value("select admission_rules from snapshots") == fingerprint


def test_a_zone_of_the_venue_map_counts_like_one_of_the_marketplace(watching: Loopback) -> None:
    items = [listing(1, 50), listing(2, 60, section="Green 4")]
    store(watching, answered(watching, *items), zone_map=map_of(("Crowd Arena", "Green*", "Parking")))
    assert zones(watching) == {"101": None}


def test_more_passes_than_seats_make_no_capture_suspect(watching: Loopback) -> None:
    seats = [listing(number, 50 + number) for number in range(4)]
    lots = [listing(10 + number, 20, section=f"Lot {number}") for number in range(6)]
    as_seats = AdmissionRules([AdmissionRule(None, None, "Lot*", Admission.SEAT)])
    store(watching, answered(watching, *seats, *lots), admission=as_seats)
    assert not store(watching, answered(watching, *seats, *lots, after=MINUTE)).is_suspect
    assert not store(watching, answered(watching, *lots, after=2 * MINUTE)).is_suspect
    assert store(watching, answered(watching, *seats[:1], after=3 * MINUTE)).is_suspect


# --- what is told and stored ----------------------------------------------------------------------------------------


def test_the_result_tells_what_was_stored(watching: Loopback) -> None:
    items = [listing(1, 50), listing(2, 60.5, availableTickets=4), listing(3, 0), listing(4, -1)]
    result = store(watching, answered(watching, *items))
    assert (result.outcome, result.listings, result.tickets, result.rejected) == (Outcome.OK, 2, 6, 2)
    assert (result.tries, result.latency_seconds, result.currency) == (2, 0.25, "USD")
    assert result.captured_at == MOMENT
    assert sum(result.rejected_reasons.values()) == 2
    assert result.metrics is not None
    assert (result.metrics.min_price, result.metrics.get_in_prices[3]) == (Decimal(50), Decimal("60.5"))
    (row,) = watching.rows("select * from fetch_attempts")
    assert (row["outcome"], row["status"], row["tries"], row["listings"], row["rejected"]) == ("ok", 200, 2, 2, 2)
    assert (row["started_at"], row["finished_at"]) == (MOMENT - MINUTE, MOMENT)


def test_an_answer_about_another_event_is_a_failure_and_stored_under_none(watching: Loopback) -> None:
    client = ScriptedClient(parse=lambda body: replace(parse_stubhub_listings(body), about=frozenset({"other"})))
    result = store(watching, answered(watching, listing(1, 50)), client=client)
    assert result.outcome is Outcome.BAD_PAYLOAD
    assert f"for event {watching.keys[0]} is about other" in str(result.error)
    assert watching.value("select count(*) from snapshots") == 0
    (attempt,) = watching.rows("select * from fetch_attempts")
    assert (attempt["outcome"], attempt["status"], attempt["tries"]) == ("bad_payload", 200, 2)
    named = ScriptedClient(
        parse=lambda body: replace(parse_stubhub_listings(body), about=frozenset({watching.keys[0]}))
    )
    assert not store(watching, answered(watching, listing(1, 50)), client=named).is_failure


def test_a_response_without_a_price_makes_none_and_counts_once_as_a_failure_of_its_hour(watching: Loopback) -> None:
    good = [listing(1, 50), listing(2, 60)]
    store(watching, answered(watching, *good))
    drifted = store(watching, answered(watching, listing(1, 50, availableTickets="?"), after=MINUTE))
    assert (drifted.outcome, drifted.listings, drifted.rejected) == (Outcome.BAD_PAYLOAD, 0, 1)
    rebuild_hourly(watching.database, Span(MOMENT, MOMENT + HOUR))
    assert recompute_sampled_hours(watching.database, MOMENT, MOMENT + HOUR, salt="", sample_size=9) == (1, [])
    (row,) = watching.rows("select * from hourly_prices where zone = '*'")
    assert (row["snapshots"], row["suspect_snapshots"], row["failed_attempts"]) == (1, 0, 1)
    assert (row["listings"], row["tickets"], row["close_price"]) == (2, 4, Decimal(50))


@pytest.mark.parametrize("told", [None, (), ("lp is 2, the listings give 3",)])
def test_what_announced_totals_say_is_kept_with_the_capture_and_told(
    watching: Loopback, caplog: pytest.LogCaptureFixture, told: tuple[str, ...] | None
) -> None:
    client = ScriptedClient(parse=lambda body: replace(parse_stubhub_listings(body), checksum_problems=told))
    result = store(watching, answered(watching, listing(1, 50)), client=client)
    assert (result.outcome, result.listings, result.checksum_problems) == (Outcome.OK, 1, told or ())
    assert watching.value("select checksum_problems from snapshots") == (None if told is None else list(told))
    assert ("lp is 2, the listings give 3" in caplog.text) == bool(told)


def test_two_currencies_are_stored_and_never_measured_together(watching: Loopback) -> None:
    result = store(watching, answered(watching, listing(1, 50), listing(2, 60, currencyCode="CAD")))
    assert (result.listings, result.currency, result.metrics) == (2, None, None)
    assert watching.value("select count(*) from listings") == 2


def test_a_sudden_loss_is_kept_as_suspect_and_told(watching: Loopback, caplog: pytest.LogCaptureFixture) -> None:
    many = [listing(number, 50) for number in range(1, 11)]
    assert not store(watching, answered(watching, *many)).is_suspect
    assert store(watching, answered(watching, *many[:4], after=MINUTE)).is_suspect
    assert "4 listings are far fewer than before" in caplog.text
    assert [row["is_suspect"] for row in watching.rows("select * from snapshots order by captured_at")] == [False, True]


# --- failures -------------------------------------------------------------------------------------------------------


class LosingACommit(Database):
    """A database that is lost once, after a commit and before its response."""

    lost = 0

    @contextmanager
    def transaction(self, doing: str = "change the database") -> Iterator[Transaction]:
        """One transaction, of which nobody learns that it was committed if it is the first."""
        with super().transaction(doing) as transaction:
            yield transaction
        self.lost += 1
        if self.lost == 1:
            raise StorageUnavailable("the connection was lost")


def test_a_failure_is_recorded_once_though_the_response_to_its_commit_was_lost(watching: Loopback) -> None:
    fetched = failed(watching, TemporarilyUnavailable("away", status=503))
    with LosingACommit(watching.database_url, "tickets") as database:
        (result,) = ingest_of(watching, database=database).store([fetched])
    assert (database.lost, result.outcome) == (2, Outcome.HTTP_ERROR)
    assert watching.value("select count(*) from fetch_attempts") == 1
    row = watching.schedule(watching.keys[0])
    assert (row["consecutive_failures"], row["next_due_at"]) == (1, MOMENT + 5 * MINUTE)


def test_a_wait_that_the_server_asked_for_outlasts_our_own(watching: Loopback) -> None:
    store(watching, failed(watching, RateLimited("slow down", retry_after=timedelta(hours=3))))
    assert watching.schedule(watching.keys[0])["next_due_at"] == MOMENT + timedelta(hours=3)


def test_a_refusal_of_our_own_delays_the_event_without_counting_as_its_failure(watching: Loopback) -> None:
    store(watching, failed(watching, RequestNotPermitted("budget spent", available_in=timedelta(hours=3))))
    row = watching.schedule(watching.keys[0])
    assert row["next_due_at"] == MOMENT + timedelta(hours=3)
    assert (row["consecutive_failures"], row["last_outcome"]) == (0, "not_permitted")
