"""Answers that are whole and say something else than they should, at every marketplace, as a client sees them."""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from ticket_pipeline.simulator.distortions import FieldMeanings
from ticket_pipeline.simulator.faults import Fault, FaultKind, FaultPlan
from ticket_pipeline.simulator.stubhub import create_stubhub_app
from ticket_pipeline.simulator.ticketmaster import create_ticketmaster_app
from ticket_pipeline.simulator.vivid_seats import create_vivid_seats_app
from ticket_pipeline.simulator.world import sample_world
from ticket_pipeline_tests.simulator_support.serving import serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
STUBHUB = "/api/Listing/GetCompListingsByEventId?viagogoEventId=157284301"
VIVID_SEATS = "/hermes/api/v1/listings?productionId=5284301"
TICKETMASTER = "/discovery/v2/events/vvG1IZ9pNeXaVj.json?apikey=k"
CREATE: dict[str, Callable[..., Any]] = {
    STUBHUB: create_stubhub_app,
    VIVID_SEATS: create_vivid_seats_app,
    TICKETMASTER: create_ticketmaster_app,
}
everywhere = pytest.mark.parametrize("request_line", CREATE, ids=["stubhub", "vivid_seats", "ticketmaster"])


@contextmanager
def _faulty(
    request_line: str, fault: Fault, around: Callable[[ASGIApp], ASGIApp] = lambda app: app
) -> Iterator[httpx.Client]:
    plan = FaultPlan()
    plan.add(fault)
    app = CREATE[request_line](sample_world(NOW), clock=lambda: NOW, faults=plan)
    with serve(around(app)) as served, httpx.Client(base_url=served.url, trust_env=False, timeout=10) as client:
        yield client


def _both(request_line: str, kind: FaultKind) -> tuple[Any, Any]:
    """The distorted answer and the true one, decoded."""
    with _faulty(request_line, Fault(kind)) as client:
        distorted, true = client.get(request_line), client.get(request_line)
    assert (distorted.status_code, distorted.headers["content-type"]) == (200, true.headers["content-type"])
    return distorted.json(), true.json()


# --- drifting fields ------------------------------------------------------------------------------------------------


def test_a_renamed_field_keeps_its_values_under_another_name() -> None:
    distorted, true = _both(STUBHUB, FaultKind.RENAMED_FIELD)
    assert not any("availableTickets" in item for item in distorted)
    assert [item["availableTicketsV2"] for item in distorted] == [item["availableTickets"] for item in true]
    assert [item["listingId"] for item in distorted] == [item["listingId"] for item in true]

    body, true_body = _both(VIVID_SEATS, FaultKind.RENAMED_FIELD)
    assert not any({"q", "quantity"} & set(ticket) for ticket in body["tickets"])
    assert [ticket["qV2"] for ticket in body["tickets"]] == [ticket["q"] for ticket in true_body["tickets"]]

    event, true_event = _both(TICKETMASTER, FaultKind.RENAMED_FIELD)
    assert "priceRanges" not in event
    assert event["priceRangesV2"] == true_event["priceRanges"]


def test_a_retyped_field_says_the_same_in_another_type() -> None:
    distorted, true = _both(STUBHUB, FaultKind.RETYPED_FIELD)
    assert [item["availableTickets"] for item in distorted] == [str(item["availableTickets"]) for item in true]

    body, true_body = _both(VIVID_SEATS, FaultKind.RETYPED_FIELD)
    assert [ticket["q"] for ticket in body["tickets"]] == [int(ticket["q"]) for ticket in true_body["tickets"]]

    event, true_event = _both(TICKETMASTER, FaultKind.RETYPED_FIELD)
    assert event["priceRanges"] == {"value": true_event["priceRanges"]}


def test_rekeyed_listings_are_the_same_under_other_ids_and_again_the_same_ones() -> None:
    for line, items, key in ((STUBHUB, lambda body: body, "listingId"), (VIVID_SEATS, lambda b: b["tickets"], "i")):
        with _faulty(line, Fault(FaultKind.REKEYED_IDS, times=2)) as client:
            first, second, true = (client.get(line).json() for _ in range(3))
        assert first == second
        ids, true_ids = ({item[key] for item in items(body)} for body in (first, true))
        assert len(ids) == len(true_ids)
        assert not ids & true_ids
        assert [item | {key: 0} for item in items(first)] == [item | {key: 0} for item in items(true)]
        if line == VIVID_SEATS:
            assert {part: first[part] for part in ("groups", "sections", "global")} == {
                part: true[part] for part in ("groups", "sections", "global")
            }


# --- wrong times ----------------------------------------------------------------------------------------------------


def test_a_wrong_time_zone_is_told_where_a_marketplace_tells_one() -> None:
    event, true_event = _both(TICKETMASTER, FaultKind.WRONG_TIME_ZONE)
    assert event["dates"]["timezone"] == event["_embedded"]["venues"][0]["timezone"] == "Pacific/Auckland"
    assert (true_event["dates"]["start"]["localTime"], event["dates"]["start"]["localTime"]) == ("19:30:00", "22:30:00")
    assert event["dates"]["start"]["dateTime"] == true_event["dates"]["start"]["dateTime"]

    body, true_body = _both(VIVID_SEATS, FaultKind.WRONG_TIME_ZONE)
    assert body["global"][0]["venueTimeZone"] == "Pacific/Auckland"
    assert body["tickets"] == true_body["tickets"]

    listings, true_listings = _both(STUBHUB, FaultKind.WRONG_TIME_ZONE)
    assert listings == true_listings


@everywhere
@pytest.mark.parametrize("skew", [timedelta(days=-2), timedelta(hours=5)], ids=["behind", "ahead"])
def test_a_skewed_clock_shows_in_the_headers_and_nowhere_else(request_line: str, skew: timedelta) -> None:
    fault = Fault(FaultKind.CLOCK_SKEW, skew_seconds=skew.total_seconds())
    with _faulty(request_line, fault) as client:
        skewed, true = client.get(request_line), client.get(request_line)
    dates = [parsedate_to_datetime(answer.headers["date"]) for answer in (skewed, true)]
    assert abs(dates[0] - dates[1] - skew) < timedelta(minutes=1)
    assert abs(dates[1] - datetime.now(UTC)) < timedelta(minutes=1)
    assert skewed.headers.get_list("date") == [skewed.headers["date"]]
    assert skewed.json() == true.json()
    if request_line == TICKETMASTER:
        resets = [int(answer.headers["rate-limit-reset"]) for answer in (skewed, true)]
        assert resets[0] - resets[1] == skew / timedelta(milliseconds=1)


# --- a slow drip ----------------------------------------------------------------------------------------------------


@everywhere
def test_a_slow_drip_is_the_true_answer_in_small_pieces(request_line: str) -> None:
    pieces: list[bytes] = []  # as the server sends them: a client that is slow itself receives several at once

    def noting(app: ASGIApp) -> ASGIApp:
        async def noted(scope: Scope, receive: Receive, send: Send) -> None:
            async def note(message: Message) -> None:
                pieces.append(message.get("body", b""))
                await send(message)

            await app(scope, receive, note)

        return noted

    with _faulty(request_line, Fault(FaultKind.SLOW_DRIP, delay_seconds=0.2), noting) as client:
        began = time.monotonic()
        dripped = client.get(request_line).content
        took = time.monotonic() - began
        assert dripped == b"".join(pieces)
        assert dripped == client.get(request_line).content
    assert took > 0.15  # each piece's wait may end a millisecond early
    assert sum(0 < len(piece) < len(dripped) for piece in pieces) > 5


@everywhere
def test_a_client_may_leave_a_slow_drip_at_any_time(request_line: str) -> None:
    with _faulty(request_line, Fault(FaultKind.SLOW_DRIP, delay_seconds=60)) as client:
        began = time.monotonic()
        with client.stream("GET", request_line) as answer:
            next(answer.iter_raw())
        assert client.get(request_line).status_code == 200
    assert time.monotonic() - began < 30


# --- what has no field to distort -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", list(FaultKind))
def test_a_body_that_is_no_json_stays_as_it_is(kind: FaultKind) -> None:
    fields = FieldMeanings(("q",), "i", "z", "t")
    assert fields.distorted(kind, b"<html>") == b"<html>"
