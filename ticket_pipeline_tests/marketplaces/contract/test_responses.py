"""What every client makes of a response on a real connection: prices, nothing for sale, or an error with its reason."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ticket_pipeline.errors import (
    Blocked,
    EventGone,
    MarketplaceError,
    RequestRejected,
    TemporarilyUnavailable,
    UnexpectedPayload,
)
from ticket_pipeline.ingest.marketplaces import SOURCES
from ticket_pipeline_tests.http.wire import Wire, hang, reset_after, response
from ticket_pipeline_tests.marketplaces.contract.readings import Offer, Reading
from ticket_pipeline_tests.marketplaces.contract.subject import Subject
from ticket_pipeline_tests.marketplaces.contract.subjects import SUBJECTS

OFFERS = [
    Offer(13706863000, 120.5, 2, "Loge 18", "B"),
    Offer(13706863001, 99.99, 4, "Lower Level 134", "12"),
    Offer(7, 10_000, 1, "Floor A", "AA"),
]


def _html(text: str) -> bytes:
    return response(body=f"<!doctype html><title>{text}</title>".encode(), content_type="text/html")


def got(subject: Subject, *answers: Wire) -> Reading:
    """What a call that must succeed has read."""
    result = subject.ask(*answers)
    assert isinstance(result, Reading), result
    return result


def test_every_marketplace_that_is_polled_is_under_contract() -> None:
    assert {each.marketplace for each in SUBJECTS} == SOURCES.keys()


def test_success_gives_every_offer_as_it_was_made(subject: Subject) -> None:
    reading = got(subject, response(body=subject.body(OFFERS)))
    assert reading.items == [subject.expected(offer) for offer in OFFERS]
    assert (reading.received, reading.unreadable) == (3, 0)
    assert reading.currencies == {"USD"}
    assert reading.problems == ()


def test_nothing_for_sale_is_an_empty_market_and_no_error(subject: Subject) -> None:
    assert got(subject, response(body=subject.body([]))) == Reading([], received=0)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (response(403), Blocked),
        (response(302, location="https://login.example.com/"), Blocked),
        (_html("Sign In"), Blocked),
        (response(405, x_amzn_waf_action="captcha"), Blocked),
        (response(404), EventGone),
        (response(503), TemporarilyUnavailable),
        (reset_after(b"HTTP/1.1 200 X\r\ncontent-length: 100\r\n\r\n["), TemporarilyUnavailable),
        (_html("Maintenance"), UnexpectedPayload),
        (response(body=b""), UnexpectedPayload),
        (response(body=b"{}"), UnexpectedPayload),
        (response(body=b"null"), UnexpectedPayload),
        (response(body=b'"listings"'), UnexpectedPayload),
        (response(body=b'{"error":"no"}'), UnexpectedPayload),
        (response(body=b"\xff\xfe\x00"), UnexpectedPayload),
    ],
)
def test_what_is_no_listing_response_is_its_own_error_and_no_empty_market(
    subject: Subject, given: Wire, expected: type[MarketplaceError]
) -> None:
    error = subject.ask(given)
    assert type(error) is expected
    assert 20 < len(str(error)) < 1000


@pytest.mark.parametrize(
    "given",
    [response(403), response(302, location="https://login.example.com/"), _html("Sign In"), _html("Just a moment")],
)
def test_a_block_names_what_fixes_it_at_this_marketplace_and_at_no_other(subject: Subject, given: Wire) -> None:
    error = subject.ask(given)
    assert isinstance(error, Blocked)
    fixes = {"Log in": "stubhub", "asks for no account": "vivid_seats", "key": "ticketmaster"}
    assert [owner for words, owner in fixes.items() if words in str(error)] == [subject.marketplace]


def test_a_body_that_was_cut_is_no_smaller_market(subject: Subject) -> None:
    body = subject.body(OFFERS)
    assert isinstance(subject.ask(response(body=body[: len(body) // 2])), UnexpectedPayload)


def test_a_response_that_never_arrives_is_a_time_out(subject: Subject) -> None:
    error = subject.ask(hang, request_timeout_seconds=0.1)
    assert isinstance(error, TemporarilyUnavailable)
    assert error.outcome == "timeout"


def test_a_huge_response_is_read_whole(subject: Subject) -> None:
    offers = [Offer(n, price=(100 + n) / 100, section=f"Section {n % 300}") for n in range(subject.huge)]
    reading = got(subject, response(body=subject.body(offers)))
    assert reading.items == [subject.expected(offer) for offer in offers]


@pytest.mark.parametrize("subject", [each for each in SUBJECTS if each.asks_by_id], ids=lambda each: each.name)
@pytest.mark.parametrize(
    "bad_id", ["1/../2", "1?x=", "1&x=2", "", "a b", "1\n", "\u0663", "1" * 65, 157284301, None, b"1"]
)
def test_an_invalid_id_is_not_sent(subject: Subject, bad_id: Any) -> None:  # noqa: ANN401 - also what no id is
    with pytest.raises(RequestRejected) as caught:
        asyncio.run(subject.ask_about(subject.settings("http://127.0.0.1:1"), bad_id))
    assert caught.value.tries == 0
