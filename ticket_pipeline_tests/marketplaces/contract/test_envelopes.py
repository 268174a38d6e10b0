"""What stands beside a list in a body: errors, refusals and totals, beside which nothing is no empty market."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest

from ticket_pipeline.errors import UnexpectedPayload
from ticket_pipeline_tests.marketplaces.contract.subject import Subject
from ticket_pipeline_tests.marketplaces.contract.subjects import OFFERS, SUBJECTS, taken, those

FAILURES: list[dict[str, object]] = [
    {"success": False, "error": "Session expired"},
    {"success": "false", "message": "Session expired"},
    {"error": {"code": 17, "message": "Session expired"}},
    {"errors": [{"detail": "Session expired", "status": "401"}]},
    {"hasError": True, "message": "Session expired"},
    {"errorMessage": "Session expired"},
    {"status": "error", "message": "Session expired"},
    {"status": 401, "detail": "Session expired"},
    {"statusCode": "503", "reason": "Session expired"},
    {"fault": {"faultstring": "Session expired"}},
    {"meta": {"success": 0, "message": "Session expired"}},
    {"code": "TOKEN_EXPIRED", "message": "Session expired"},
    {"sessionExpired": True, "detail": "Session expired"},
    {"isValid": False, "reason": "Session expired"},
    {"data": {"error": "Session expired"}},
    {"type": "error", "title": "Session expired"},
    {"resultCode": -1, "message": "Session expired"},
    {"code": "E1001", "message": "Session expired"},
    {"problem": "Session expired"},
    {"result": {"meta": {"success": False, "message": "Session expired"}}},
]
REFUSALS: list[dict[str, object]] = [
    {"message": "Session expired"},
    {"Message": "An error has occurred."},
    {"meta": {"reason": "User is not authorized"}},
    {"warnings": ["shard 3 timed out"]},
    {"isAuthenticated": False},
    {"requiresLogin": True},
    {"hasMore": True},
    {"hasNextPage": "true"},
    {"authenticated": "false"},
    {"isPartial": True},
    {"underMaintenance": 1},
    {"status": "pending"},
    {"message": "Sitzung abgelaufen"},
    {"message": "Rate exceeded"},
]
NO_FAILURES: list[dict[str, object]] = [
    {"success": True, "error": None, "errors": [], "errorCode": 0, "status": "ok"},
    {"error": "", "statusCode": 200, "message": "No listings found"},
    {"hasErrors": False, "failed": "false", "status": 200, "accountError": {}},
    {"sessionExpired": False, "expiredListings": 3, "loginRequired": False, "isAuthenticated": True, "hasMore": False},
    {"type": "event", "level": "info", "pendingCount": 1, "isPartial": False, "hasNextPage": False, "resultCode": 0},
    {"message": "Tickets are currently unavailable. Please try again later.", "state": "FL", "result": "sold out"},
]


def emptied(subject: Subject, beside: dict[str, object]) -> bytes:
    """A body without an offer, with this beside it."""
    document = subject.render([], "USD")
    return json.dumps((document if isinstance(document, dict) else {"listings": document}) | beside).encode()


@pytest.mark.parametrize("beside", FAILURES, ids=json.dumps)
def test_nothing_beside_an_error_is_no_empty_market(subject: Subject, beside: dict[str, object]) -> None:
    with pytest.raises(UnexpectedPayload, match="Session expired"):
        subject.read(emptied(subject, beside))


@pytest.mark.parametrize("beside", NO_FAILURES, ids=json.dumps)
def test_nothing_beside_a_success_is_an_empty_market(subject: Subject, beside: dict[str, object]) -> None:
    assert taken(subject, emptied(subject, beside)).received == 0


@pytest.mark.parametrize("key", ["status", "type", "error", "message", "total", "success", "hasMore"])
def test_what_is_nested_beyond_reading_beside_a_list_breaks_nothing(subject: Subject, key: str) -> None:
    body = emptied(subject, {key: "here"}).replace(b'"here"', b"[" * 900 + b"]" * 900)
    with suppress(UnexpectedPayload):
        subject.read(body)


LISTED = those(*(each for each in SUBJECTS if each.has_listings))


@LISTED
@pytest.mark.parametrize("beside", REFUSALS, ids=json.dumps)
def test_nothing_beside_a_refusal_is_no_empty_market(subject: Subject, beside: dict[str, object]) -> None:
    with pytest.raises(UnexpectedPayload, match="has no listings, and yet the response says"):
        subject.read(emptied(subject, beside))


@LISTED
@pytest.mark.parametrize(
    "beside",
    [
        {"totalListings": 20},
        {"total": "20"},
        {"total_count": 1},
        {"numResults": 3.0},
        {"ticketCount": "1,300"},
        {"meta": {"count": 7}},
        {"stats": {"total_listings": 9}},
        {"itemsRemaining": 317},
        {"totals": {"listings": 20, "tickets": 40}},
        {"hits": {"total": 3}},
        {"data": {"offerCount": 2}},
        {"@odata.count": 5},
        {"hits": {"total": {"value": 9, "relation": "eq"}}},
        {"nbHits": 4},
        {"totalQuantity": 40},
    ],
    ids=json.dumps,
)
def test_nothing_beside_a_total_is_no_empty_market(subject: Subject, beside: dict[str, object]) -> None:
    with pytest.raises(UnexpectedPayload, match="has no listings, and yet"):
        subject.read(emptied(subject, beside))


@LISTED
@pytest.mark.parametrize(
    "beside",
    [
        {"total": 0},
        {"viewCount": 5000},
        {"pageSize": 100, "totalPages": 1, "totalSeats": 18000},
        {"countryCode": "US"},
        {"discount": 5},
    ],
    ids=json.dumps,
)
def test_nothing_beside_what_counts_no_listings_is_an_empty_market(subject: Subject, beside: dict[str, object]) -> None:
    assert taken(subject, emptied(subject, beside)).received == 0


@LISTED
@pytest.mark.parametrize(
    ("beside", "doubt"),
    [
        ({"totalListings": 20}, "totalListings is 20, the listings give 3"),
        ({"meta": {"total": "4"}}, "total is 4, the listings give 3"),
        ({"itemsRemaining": 317}, "itemsRemaining is 317"),
        ({"success": False, "error": "Partial results"}, "the response says 'Partial results'"),
    ],
)
def test_a_list_that_contradicts_what_stands_beside_it_is_kept_and_disputed(
    subject: Subject, beside: dict[str, object], doubt: str
) -> None:
    document = subject.render(OFFERS, "USD")
    body = (document if isinstance(document, dict) else {"listings": document}) | beside
    reading = taken(subject, json.dumps(body).encode())
    assert (len(reading.items), reading.problems) == (3, (doubt,))
