"""What every listings client makes of an answer on a real wire: prices, an empty market, or an error that says why."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from ticket_pipeline.errors import (
    Blocked,
    EventGone,
    MarketplaceError,
    RateLimited,
    TemporarilyUnavailable,
    UnexpectedPayload,
)
from ticket_pipeline.market.listings import ValidatedListings
from ticket_pipeline.marketplaces.listings_client import ListingsClient
from ticket_pipeline_tests.marketplaces.contract.subjects import SUBJECTS, Offer
from ticket_pipeline_tests.marketplaces.wire import answer, hang, reset_after

if TYPE_CHECKING:
    from ticket_pipeline_tests.marketplaces.contract.subjects import Subject
    from ticket_pipeline_tests.marketplaces.wire import Answer

OFFERS = [
    Offer(13706863000, 120.5, 2, "Loge 18", "B"),
    Offer(13706863001, 99.99, 4, "Lower Level 134", "12"),
    Offer(7, 10_000, 1, "Floor A", "AA"),
]
HUGE = 20_000


def _html(text: str) -> bytes:
    return answer(body=f"<!doctype html><title>{text}</title>".encode(), content_type="text/html")


def got(subject: Subject, *answers: Answer) -> ValidatedListings:
    """The listings of a call that must succeed."""
    result = subject.ask(*answers)
    assert isinstance(result, ValidatedListings), result
    return result


def test_every_listings_client_is_under_contract() -> None:
    assert {client.marketplace for client in ListingsClient.__subclasses__()} == {each.marketplace for each in SUBJECTS}


def test_success_gives_every_listing_as_it_was_offered(subject: Subject) -> None:
    listings = got(subject, answer(body=subject.body(OFFERS)))
    assert (listings.accepted, listings.rejected, listings.currency) == (3, (), "USD")
    columns = listings.columns
    assert [text.removeprefix("VB") for text in columns["listing_id"]] == [str(offer.number) for offer in OFFERS]
    assert columns["price"] == [offer.price for offer in OFFERS]
    assert columns["quantity"] == [offer.quantity for offer in OFFERS]
    assert list(zip(columns["section"], columns["row"], strict=True)) == [(each.section, each.row) for each in OFFERS]
    assert not listings.checksum_problems


def test_an_empty_market_is_an_answer_of_nothing(subject: Subject) -> None:
    listings = got(subject, answer(body=subject.body([])))
    assert (listings.received, listings.accepted, listings.tickets, listings.currency) == (0, 0, 0, None)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (answer(401), Blocked),
        (answer(403), Blocked),
        (answer(302, location="https://login.example.com/"), Blocked),
        (_html("Sign In"), Blocked),
        (_html("Challenge Validation"), Blocked),
        (answer(404), EventGone),
        (answer(500), TemporarilyUnavailable),
        (answer(503), TemporarilyUnavailable),
        (reset_after(b"HTTP/1.1 200 X\r\ncontent-length: 100\r\n\r\n["), TemporarilyUnavailable),
        (_html("Maintenance"), UnexpectedPayload),
        (answer(body=b""), UnexpectedPayload),
        (answer(body=b"{}"), UnexpectedPayload),
        (answer(body=b"null"), UnexpectedPayload),
        (answer(body=b'"listings"'), UnexpectedPayload),
        (answer(body=b'{"error":"no"}'), UnexpectedPayload),
        (answer(body=b"\xff\xfe\x00"), UnexpectedPayload),
    ],
)
def test_an_answer_without_listings_is_its_own_error_and_no_empty_market(
    subject: Subject, given: Answer, expected: type[MarketplaceError]
) -> None:
    error = subject.ask(given)
    assert type(error) is expected
    assert 20 < len(str(error)) < 1000


def test_a_body_that_was_cut_is_no_smaller_market(subject: Subject) -> None:
    body = subject.body(OFFERS)
    assert isinstance(subject.ask(answer(body=body[: len(body) // 2])), UnexpectedPayload)


@pytest.mark.parametrize(
    ("headers", "wait"), [({"retry_after": "7"}, timedelta(seconds=7)), ({}, None), ({"retry_after": "soon"}, None)]
)
def test_a_rate_limit_is_heard_with_the_wait_it_names(
    subject: Subject, headers: dict[str, str], wait: timedelta | None
) -> None:
    error = subject.ask(answer(429, **headers))
    assert isinstance(error, RateLimited)
    assert error.retry_after == wait


def test_a_slow_answer_that_keeps_coming_is_an_answer(subject: Subject) -> None:
    body = subject.body(OFFERS)

    async def slowly(writer: asyncio.StreamWriter) -> None:
        whole = answer(body=body)
        for start in range(0, len(whole), 100):
            writer.write(whole[start : start + 100])
            await writer.drain()
            await asyncio.sleep(0.001)

    assert got(subject, slowly).accepted == len(OFFERS)


def test_an_answer_that_never_comes_is_a_time_out(subject: Subject) -> None:
    error = subject.ask(hang, http_total_timeout_seconds=0.1)
    assert isinstance(error, TemporarilyUnavailable)
    assert error.outcome == "timeout"


def test_a_huge_answer_is_read_whole(subject: Subject) -> None:
    offers = [Offer(number, price=(100 + number) / 100, section=f"Section {number % 300}") for number in range(HUGE)]
    listings = got(subject, answer(body=subject.body(offers)))
    assert (listings.accepted, listings.tickets) == (HUGE, 2 * HUGE)
    assert listings.columns["price"] == [offer.price for offer in offers]


def test_an_answer_larger_than_allowed_is_refused(subject: Subject) -> None:
    error = subject.ask(answer(body=b" " * 1_100_000), http_max_body_megabytes=1)
    assert isinstance(error, UnexpectedPayload)


def test_an_id_that_is_none_is_not_sent(subject: Subject) -> None:
    async def run() -> MarketplaceError | None:
        settings = subject.settings("http://127.0.0.1:1")
        async with subject.open_client(settings) as client:
            try:
                await client.get_listings("1/../2?x=")
            except MarketplaceError as error:
                return error
        return None

    error = asyncio.run(run())
    assert error is not None
    assert error.tries == 0
