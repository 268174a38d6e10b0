"""What must be true after three hours of polling at all marketplaces together, with every kind of fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from http import HTTPStatus

import pytest

from ticket_pipeline.ingest.marketplaces import SOURCES
from ticket_pipeline.simulator.distortions import ID_SHIFT
from ticket_pipeline.simulator.faults import FaultKind
from ticket_pipeline.simulator.market import EventMarket
from ticket_pipeline.simulator.marketplaces import Marketplace
from ticket_pipeline.simulator.recording import RequestRecord
from ticket_pipeline.storage.database import Row
from ticket_pipeline_tests.ingest.three_hours import (
    EVENTS,
    PLAYED,
    SPAN,
    TICK,
    Polled,
    poll_for_three_hours,
)

FAILURES = {
    FaultKind.RATE_LIMITED: "rate_limited",
    FaultKind.UNAUTHORIZED: "blocked",
    FaultKind.FORBIDDEN: "blocked",
    FaultKind.LOGIN_PAGE: "blocked",
    FaultKind.LOGIN_REDIRECT: "blocked",
    FaultKind.CHALLENGE_PAGE: "blocked",
    FaultKind.NOT_FOUND: "gone",
    FaultKind.SERVER_ERROR: "http_error",
    FaultKind.UNAVAILABLE: "http_error",
    FaultKind.RESET: "http_error",
    FaultKind.HANG: "timeout",
    FaultKind.HTML: "bad_payload",
    FaultKind.WRONG_SHAPE: "bad_payload",
    FaultKind.TRUNCATED: "bad_payload",
    FaultKind.EMPTY_BODY: "bad_payload",
}
"""What is no usable answer."""

MISSING = {"availableTickets is missing", "q is missing"}
"""Why a listing is rejected whose number of tickets has another name."""

SAME_IN_OTHER_WORDS = {FaultKind.GZIP, FaultKind.SLOW, FaultKind.SLOW_DRIP, FaultKind.CLOCK_SKEW}
LIES = {FaultKind.RENAMED_FIELD, FaultKind.RETYPED_FIELD, FaultKind.REKEYED_IDS, FaultKind.WRONG_TIME_ZONE}
"""What is an answer, and says something else than the truth."""

DRIFTED = {"bad_payload"}
"""How an attempt ends whose answer has listings and not one price (a renamed field); all of it is kept nevertheless."""


def test_every_marketplace_and_every_fault_is_played() -> None:
    assert PLAYED.keys() == SOURCES.keys()
    assert {*FAILURES, *SAME_IN_OTHER_WORDS, *LIES} == set(FaultKind)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_polling_all_marketplaces_keeps_every_capture_with_its_truth(migrated_url: str) -> None:
    for polled in poll_for_three_hours(migrated_url):
        _check_that_something_happened(polled)
        _check_that_every_request_is_one_attempt_with_its_cause(polled)
        _check_that_no_capture_is_lost_or_doubled(polled)
        if SOURCES[polled.marketplace].has_listings:
            _check_that_the_stored_listings_are_the_truth(polled)


def _check_that_something_happened(polled: Polled) -> None:
    """There were events, faults and polls: a test of nothing would pass all others."""
    asked = Counter(external_id for external_id, _ in polled.records)
    assert len(asked) == EVENTS
    assert len(polled.records) > 3 * EVENTS
    assert {record.fault for record in polled.records.values()} == {None, *map(str, FaultKind)}
    moments = [moment for _, moment in polled.records]
    assert max(moments) - min(moments) == SPAN - TICK
    starts = {event.ids[polled.played.marketplace]: event.event_at for event in polled.world.simulated_events}
    assert all(moment < starts[external_id] for external_id, moment in polled.records)


# --- attempts and captures ------------------------------------------------------------------------------------------


def _check_that_every_request_is_one_attempt_with_its_cause(polled: Polled) -> None:
    attempts = {(row["external_id"], row["started_at"]): row for row in polled.attempts}
    assert len(attempts) == len(polled.attempts)
    assert len(polled.records) == len(polled.log.records())  # no event twice at one moment
    assert attempts.keys() == polled.records.keys()
    for key, record in polled.records.items():
        attempt = attempts[key]
        assert attempt["outcome"] in _expected_outcomes(polled, key, record), (record, attempt)
        assert bool(attempt["error"]) == (attempt["outcome"] not in {"ok", "empty"}), attempt
        if record.status is not None and record.status >= HTTPStatus.BAD_REQUEST:
            assert attempt["status"] == record.status, (record, attempt)


def _expected_outcomes(polled: Polled, key: tuple[str, datetime], record: RequestRecord) -> set[str]:
    if record.fault and _kind(record) in FAILURES:
        return {FAILURES[_kind(record)]}
    if not SOURCES[polled.marketplace].has_listings:
        return {"ok"}
    standing = len(_market(polled, key[0]).listings_at(key[1], polled.played.marketplace))
    if standing == 0:
        return {"empty"}
    has_prices = bool(_true_listings(polled, *key)) and record.fault != FaultKind.RENAMED_FIELD
    return {"ok"} if has_prices else DRIFTED


def _check_that_no_capture_is_lost_or_doubled(polled: Polled) -> None:
    stored = Counter((row["external_id"], row["captured_at"]) for row in polled.captures)
    answered = {key for key, record in polled.records.items() if not record.fault or _kind(record) not in FAILURES}
    assert stored.keys() == answered
    assert set(stored.values()) == {1}


# --- listings -------------------------------------------------------------------------------------------------------


def _check_that_the_stored_listings_are_the_truth(polled: Polled) -> None:
    stored = _by_capture(polled.listings)
    rejected = _by_capture(polled.rejected)
    for row in polled.captures:
        key = row["event_id"], row["captured_at"]
        record = polled.records[row["external_id"], row["captured_at"]]
        is_drifted = record.fault == FaultKind.RENAMED_FIELD
        truth = set() if is_drifted else _true_listings(polled, row["external_id"], row["captured_at"], record)
        listings = {(each["listing_id"], each["quantity"], each["all_in_price"]) for each in stored.get(key, [])}
        standing = len(_market(polled, row["external_id"]).listings_at(row["captured_at"], polled.played.marketplace))
        assert listings == truth, row
        assert (row["accepted"], row["rejected"]) == (len(truth), standing - len(truth)), row
        assert row["received"] == standing, row
        assert len(rejected.get(key, [])) == row["rejected"], row
        assert all(each["reasons"] for each in rejected.get(key, [])), row
        assert not is_drifted or all(MISSING & {*each["reasons"]} for each in rejected.get(key, [])), row


def _by_capture(rows: Sequence[Row]) -> dict[tuple[int, datetime], list[Row]]:
    found: dict[tuple[int, datetime], list[Row]] = {}
    for row in rows:
        found.setdefault((row["event_id"], row["captured_at"]), []).append(row)
    return found


def _true_listings(
    polled: Polled, external_id: str, moment: datetime, record: RequestRecord | None = None
) -> set[tuple[str, int, Decimal]]:
    """Id, tickets and price of what stood at that moment and has a market price; ids as that answer had them."""
    shift = ID_SHIFT if record and record.fault == FaultKind.REKEYED_IDS else 0
    return {
        (
            _shown_id(polled.played.marketplace, item.listing_id + shift, is_fan=item.is_fan),
            item.quantity,
            item.all_in_price,
        )
        for item in _market(polled, external_id).listings_at(moment, polled.played.marketplace)
        if item.all_in_price is not None and not item.is_parking
    }


def _shown_id(marketplace: Marketplace, listing_id: int, *, is_fan: bool) -> str:
    prefix = {True: "VF", False: "VB"}[is_fan] if marketplace is Marketplace.VIVID_SEATS else ""
    return f"{prefix}{listing_id}"


def _market(polled: Polled, external_id: str) -> EventMarket:
    market = polled.world.market(external_id, polled.played.marketplace)
    assert market is not None
    return market


def _kind(record: RequestRecord) -> FaultKind:
    return FaultKind(record.fault or "")
