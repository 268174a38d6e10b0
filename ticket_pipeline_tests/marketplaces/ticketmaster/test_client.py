"""The Ticketmaster client over real HTTP: its requests, how far a search goes, its errors, and its key."""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from ticket_pipeline.errors import (
    Blocked,
    EventGone,
    MarketplaceError,
    QuotaExhausted,
    RateLimited,
    RequestRejected,
    UnexpectedPayload,
)
from ticket_pipeline.http.response_cache import cache_key
from ticket_pipeline.marketplaces.ticketmaster.client import ticketmaster_config
from ticket_pipeline.marketplaces.ticketmaster.judge import TicketmasterJudge
from ticket_pipeline_tests.http.wire import RecordingGate, received, response
from ticket_pipeline_tests.marketplaces.ticketmaster.discovery import (
    CANARY,
    EVENT,
    INVALID_KEY,
    QUOTA,
    SPIKE,
    TOO_DEEP,
    UNKNOWN_ID,
    ask,
    event,
    page,
    sends,
    settings_for,
)

if TYPE_CHECKING:
    from pathlib import Path

    from ticket_pipeline.marketplaces.ticketmaster.client import TicketmasterClient
    from ticket_pipeline.marketplaces.ticketmaster.parser import EventDetails

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


async def details(client: TicketmasterClient) -> EventDetails:
    return await client.get_event_details(EVENT["id"])


def request_line(head: str) -> str:
    return head.partition("\r\n")[0]


def test_an_event_is_requested_by_its_id_with_the_key() -> None:
    found, heads = ask(details, sends(EVENT))
    assert not isinstance(found, Exception)
    assert found.name == "The Lanterns"
    assert found.captured_at is not None
    assert not found.is_stale
    assert [request_line(head) for head in heads] == [
        f"GET /discovery/v2/events/{EVENT['id']}.json?apikey={CANARY} HTTP/1.1"
    ]


@pytest.mark.parametrize("other", ["vvG1zZ_Test-2", EVENT["id"].lower()])
def test_a_response_about_another_event_is_rejected(other: str) -> None:
    error, _ = ask(details, sends(event(id=other)))
    assert isinstance(error, UnexpectedPayload)
    assert f"for event {EVENT['id']} is about {other}" in str(error)


def test_prices_that_are_not_published_are_no_error() -> None:
    async def prices(client: TicketmasterClient) -> list[bool]:
        return [(await client.get_ticket_prices(EVENT["id"])).is_published for _ in range(2)]

    assert ask(prices, sends(EVENT), sends(event(priceRanges=[])))[0] == [True, False]


def test_a_search_sends_its_filters() -> None:
    _, heads = ask(
        lambda client: client.search_events(
            "taylor & swift", city="Toronto", country_code="CA", starts_from=NOW, starts_until=NOW + timedelta(1)
        ).first(1),
        sends(page([EVENT])),
    )
    assert request_line(heads[0]).split()[1] == (
        "/discovery/v2/events.json?keyword=taylor+%26+swift&city=Toronto&countryCode=CA"
        "&startDateTime=2026-11-20T12%3A00%3A00Z&endDateTime=2026-11-21T12%3A00%3A00Z&includeTBA=yes&includeTBD=yes"
        f"&size=100&page=0&apikey={CANARY}"
    )


def test_pages_are_requested_only_as_far_as_results_are_needed() -> None:
    pages = [
        sends(page([event(id=f"e{n}-{i}") for i in range(10)], number=n, size=10, total=25)[:None]) for n in range(3)
    ]
    found, heads = ask(lambda client: client.search_events("x", page_size=10).first(11), *pages)
    assert not isinstance(found, Exception)
    assert [one.external_id for one in found][-1] == "e1-0"
    assert len(heads) == 2


def _search_all(total: int, page_size: int) -> tuple[Any, list[str]]:
    async def everything(client: TicketmasterClient) -> tuple[int, bool, int | None]:
        search = client.search_events("x", page_size=page_size)
        return len([one async for one in search]), search.is_cut, search.total

    pages = [
        sends(
            page(
                [event(id=f"e{n}-{i}") for i in range(min(page_size, total - n * page_size))],
                number=n,
                size=page_size,
                total=total,
            )
        )
        for n in range(-(-total // page_size))
    ]
    return ask(everything, *pages)


@pytest.mark.parametrize(
    ("total", "page_size", "found", "requests"), [(1201, 200, (1000, True, 1201), 5), (25, 10, (25, False, 25), 3)]
)
def test_a_search_ends_with_its_results_or_at_the_depth_of_the_api(
    total: int, page_size: int, found: tuple[int, bool, int], requests: int
) -> None:
    result, heads = _search_all(total, page_size)
    assert (result, len(heads)) == (found, requests)


@pytest.mark.parametrize(
    ("results", "ids", "unreadable"),
    [
        ([event(id="a"), {"id": "b"}, event(id="c")], ["a", "c"], 1),
        ([{"id": "a"}, event(id="a"), event(id="a")], ["a"], 1),  # readable now, so it is not a repetition
        ([event(id="a"), None, "b", event(id="c")], ["a", "c"], 2),
        ([event(id="a"), *(event(id=identity) for identity in ([], {}, None, None))], ["a"], 4),
        ([], [], 0),
    ],
)
def test_unreadable_results_are_counted_and_logged(
    results: list[Any], ids: list[str], unreadable: int, caplog: pytest.LogCaptureFixture
) -> None:
    async def everything(client: TicketmasterClient) -> tuple[list[str], int]:
        search = client.search_events("x")
        return [one.external_id async for one in search], search.unreadable

    assert ask(everything, sends(page(results)))[0] == (ids, unreadable)
    assert ("of the results of a search could not be read" in caplog.text) == bool(unreadable)


def test_a_result_that_moved_to_the_next_page_comes_once() -> None:
    first, second = (
        page([event(id="a"), event(id="b")], size=2, total=3),
        page([event(id="b")], number=1, size=2, total=3),
    )
    found, _ = ask(lambda client: client.search_events("x", page_size=2).first(9), sends(first), sends(second))
    assert not isinstance(found, Exception)
    assert [one.external_id for one in found] == ["a", "b"]


# --- errors ---------------------------------------------------------------------------------------------------------

ERRORS: dict[str, tuple[bytes, type[MarketplaceError], str, int]] = {
    "invalid key": (sends(INVALID_KEY, 401), Blocked, "TICKETMASTER_API_KEY", 1),
    "quota": (sends(QUOTA, 429), QuotaExhausted, "TICKETMASTER_REQUESTS_PER_DAY", 1),
    "spike": (sends(SPIKE, 429), RateLimited, "another program uses the same key", 2),
    "another 429": (sends({}, 429), RateLimited, "Too Many Requests", 2),
    "unknown id": (sends(UNKNOWN_ID, 404), EventGone, "DIS1004", 1),
    "too deep": (sends(TOO_DEEP, 400), RequestRejected, "DIS1035: Max paging depth exceeded", 1),
    "edge says 400": (response(400, b"<html>bad</html>", content_type="text/html"), RequestRejected, "400", 1),
    "odd fault": (sends({"fault": "x"}, 400), RequestRejected, "400", 1),
    "key in its own words": (sends(f"apikey&#61;{CANARY}".encode(), 400), RequestRejected, "400", 1),
    "key encoded": (sends(f"from apikey%3D{CANARY}".encode(), 400), RequestRejected, "400", 1),
    "key in a sentence": (
        sends({"message": f"key {CANARY} is over its quota"}, 400),
        RequestRejected,
        "400",
        1,
    ),
}
"""What → the response, its error, words of the message, and how many requests are sent where two may be."""


@pytest.mark.parametrize("name", ERRORS)
def test_each_error_has_its_class_a_remedy_and_nowhere_the_key_and_only_some_are_retried(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    given, expected, words, requests = ERRORS[name]
    with caplog.at_level(logging.DEBUG):
        error, heads = ask(details, given, httpx_retries=1)
    assert type(error) is expected
    assert isinstance(error, Exception)
    assert words in str(error)
    assert len(heads) == requests
    assert CANARY in heads[0]
    assert caplog.text
    assert CANARY not in caplog.text + "".join(traceback.format_exception(error))


def test_a_spent_quota_waits_for_the_reset_that_an_earlier_response_named() -> None:
    judge = TicketmasterJudge()
    resets = str(int((NOW + timedelta(hours=5)).timestamp() * 1000))
    assert judge.judge(received(200, b"{}", at=NOW, rate_limit_reset=resets)) is None
    error = judge.judge(received(429, json.dumps(QUOTA).encode(), at=NOW + timedelta(hours=1)))
    assert isinstance(error, QuotaExhausted)
    assert error.retry_after == timedelta(hours=4)
    assert "2026-11-20 17:00 UTC" in str(error)


@pytest.mark.parametrize(
    ("body", "reset", "seconds"),
    [*((QUOTA, reset, 3600) for reset in ("", "soon", "9" * 30, "999999999999999", "0")), (SPIKE, "", 1)],
)
def test_without_a_usable_reset_a_spent_quota_waits_an_hour_and_a_spike_a_second(
    body: object, reset: str, seconds: float
) -> None:
    error = TicketmasterJudge().judge(received(429, json.dumps(body).encode(), at=NOW, rate_limit_reset=reset))
    assert isinstance(error, RateLimited)
    assert error.retry_after == timedelta(seconds=seconds)


def test_recorded_errors_behave_as_documented(samples_dir: Path) -> None:
    expected = {
        "InvalidApiKey": Blocked,
        "QuotaViolation": QuotaExhausted,
        "SpikeArrest": RateLimited,
        "DIS1004": EventGone,
    }
    for sample in json.loads((samples_dir / "ticketmaster" / "errors.json").read_text(encoding="utf-8")):
        body = json.dumps(sample["body"])
        kind = next((kind for code, kind in expected.items() if code in body), RequestRejected)
        error = TicketmasterJudge().judge(received(sample["http"], body.encode(), at=NOW))
        assert type(error) is kind
        assert isinstance(error, MarketplaceError)
        assert error.status == sample["http"]


def test_the_gate_is_notified_of_every_request_and_its_end() -> None:
    gate = RecordingGate()
    ask(details, sends(QUOTA, 429), gate=gate)
    assert (gate.acquired, gate.finished, gate.flushes) == (1, [(1, "QuotaExhausted")], 1)


def test_the_key_is_in_no_cache_key_and_no_repr() -> None:
    config = ticketmaster_config(settings_for("https://tickets.example"))
    from ticket_pipeline.marketplaces.ticketmaster.client import TicketmasterClient as Client  # noqa: PLC0415 - for one look

    request = Client(None, config)._request("/events/x.json", "x")  # type: ignore[arg-type]  # nothing is sent
    assert request.secret_query["apikey"].get_secret_value() == CANARY
    assert CANARY not in repr(request) + repr(config) + cache_key(request)
