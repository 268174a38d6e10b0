"""Faults as a client sees them, at every marketplace, and the plan they come from."""

from __future__ import annotations

import gzip
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from ticket_pipeline.simulator.faults import Fault, FaultKind, FaultPlan
from ticket_pipeline.simulator.recording import RequestLog
from ticket_pipeline.simulator.stubhub import LISTINGS_PATH, create_stubhub_app
from ticket_pipeline.simulator.ticketmaster import create_ticketmaster_app
from ticket_pipeline.simulator.vivid_seats import create_vivid_seats_app
from ticket_pipeline.simulator.world import sample_world
from ticket_pipeline_tests.simulator_support.serving import open_client

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
EVENT = "157284301"
STUBHUB = f"{LISTINGS_PATH}?viagogoEventId={EVENT}"
VIVID_SEATS = "/hermes/api/v1/listings?productionId=5284301"
TICKETMASTER = "/discovery/v2/events/vvG1IZ9pNeXaVj.json?apikey=k"
CREATE: dict[str, Callable[..., Any]] = {
    STUBHUB: create_stubhub_app,
    VIVID_SEATS: create_vivid_seats_app,
    TICKETMASTER: create_ticketmaster_app,
}


@contextmanager
def faulty(*faults: Fault, at: str = STUBHUB, **options: Any) -> Iterator[httpx.Client]:  # noqa: ANN401 - options of the app
    app = CREATE[at](sample_world(NOW), clock=lambda: NOW, faults=_plan(*faults), **options)
    with open_client(app) as client:
        yield client


@pytest.mark.parametrize(
    ("kind", "status", "text"),
    [
        *((FaultKind.RATE_LIMITED, 429, ""), (FaultKind.UNAUTHORIZED, 401, ""), (FaultKind.FORBIDDEN, 403, "")),
        *((FaultKind.NOT_FOUND, 404, ""), (FaultKind.SERVER_ERROR, 500, ""), (FaultKind.UNAVAILABLE, 503, "")),
        *((FaultKind.LOGIN_REDIRECT, 302, ""), (FaultKind.LOGIN_PAGE, 200, "Sign In")),
        *((FaultKind.CHALLENGE_PAGE, 200, "Challenge Validation"), (FaultKind.HTML, 200, "Maintenance")),
        *((FaultKind.WRONG_SHAPE, 200, '{"status":"ok"'), (FaultKind.EMPTY_BODY, 200, "")),
    ],
)
def test_a_fault_replaces_one_response(kind: FaultKind, status: int, text: str) -> None:
    log = RequestLog()
    with faulty(Fault(kind), log=log) as client:
        response, next_one = client.get(STUBHUB), client.get(STUBHUB)
    assert response.status_code == status
    assert text in response.text
    assert "retry-after" not in response.headers
    assert next_one.json()
    assert [(record.fault, record.status) for record in log.records()] == [(kind, status), (None, 200)]


def test_a_truncated_or_compressed_response_holds_what_it_can_of_the_true_one() -> None:
    with faulty(Fault(FaultKind.TRUNCATED), Fault(FaultKind.GZIP)) as client:
        truncated = client.get(STUBHUB).content
        with client.stream("GET", STUBHUB) as raw:
            compressed = b"".join(raw.iter_raw())
        true = client.get(STUBHUB).content
    assert true.startswith(truncated)
    assert 0 < len(truncated) < len(true)
    assert raw.headers["content-encoding"] == "gzip"
    assert gzip.decompress(compressed) == true


def test_a_reset_connection_breaks_off_in_the_middle_of_the_body() -> None:
    with faulty(Fault(FaultKind.RESET)) as client:
        with pytest.raises(httpx.ReadError, match="reset"):
            client.get(STUBHUB)
        assert client.get(STUBHUB).status_code == 200


@pytest.mark.parametrize("kind", [FaultKind.HANG, FaultKind.SLOW, FaultKind.SLOW_DRIP])
def test_a_client_may_leave_a_response_that_does_not_come(kind: FaultKind) -> None:
    log = RequestLog()
    with faulty(Fault(kind, delay_seconds=60), log=log) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.get(STUBHUB, timeout=httpx.Timeout(5, read=0.1))
        assert client.get(STUBHUB).status_code == 200
    assert log.records()[0].fault == kind
    assert log.records()[0].finished_monotonic is not None


@pytest.mark.parametrize("kind", [FaultKind.SLOW, FaultKind.SLOW_DRIP])
def test_a_slow_response_is_the_true_one(kind: FaultKind) -> None:
    with faulty(Fault(kind, delay_seconds=0.2)) as client:
        began = time.monotonic()
        slow = client.get(STUBHUB).content
        assert time.monotonic() - began > 0.15  # each wait may end a millisecond early
        assert slow == client.get(STUBHUB).content


@pytest.mark.parametrize("skew", [timedelta(days=-2), timedelta(hours=5)], ids=["behind", "ahead"])
def test_a_skewed_clock_shows_in_the_headers_and_nowhere_else(skew: timedelta) -> None:
    fault = Fault(FaultKind.CLOCK_SKEW, skew_seconds=skew.total_seconds())
    with faulty(fault, at=TICKETMASTER) as client:
        skewed, true = client.get(TICKETMASTER), client.get(TICKETMASTER)
    dates = [parsedate_to_datetime(response.headers["date"]) for response in (skewed, true)]
    assert abs(dates[0] - dates[1] - skew) < timedelta(minutes=1)
    assert skewed.headers.get_list("date") == [skewed.headers["date"]]
    assert skewed.json() == true.json()
    resets = [int(response.headers["rate-limit-reset"]) for response in (skewed, true)]
    assert resets[0] - resets[1] == skew / timedelta(milliseconds=1)


def _both(at: str, kind: FaultKind) -> tuple[Any, Any]:
    with faulty(Fault(kind), at=at) as client:
        distorted, true = client.get(at), client.get(at)
    assert (distorted.status_code, distorted.headers["content-type"]) == (200, true.headers["content-type"])
    return distorted.json(), true.json()


def test_a_renamed_field_keeps_its_values_under_another_name() -> None:
    items, true = _both(STUBHUB, FaultKind.RENAMED_FIELD)
    assert [item | {"availableTickets": item["availableTicketsV2"]} for item in items] == [
        item | {"availableTicketsV2": item["availableTickets"]} for item in true
    ]
    body, _ = _both(VIVID_SEATS, FaultKind.RENAMED_FIELD)
    assert not any({"q", "quantity"} & set(ticket) for ticket in body["tickets"])
    event, _ = _both(TICKETMASTER, FaultKind.RENAMED_FIELD)
    assert "priceRanges" not in event


def test_a_retyped_field_has_the_same_value_in_another_type() -> None:
    items, true = _both(STUBHUB, FaultKind.RETYPED_FIELD)
    assert [item["availableTickets"] for item in items] == [str(item["availableTickets"]) for item in true]
    body, true_body = _both(VIVID_SEATS, FaultKind.RETYPED_FIELD)
    assert [ticket["q"] for ticket in body["tickets"]] == [int(ticket["q"]) for ticket in true_body["tickets"]]
    event, true_event = _both(TICKETMASTER, FaultKind.RETYPED_FIELD)
    assert event["priceRanges"] == {"value": true_event["priceRanges"]}


def test_rekeyed_listings_have_other_ids_and_again_the_same_ones() -> None:
    for at, items, key in ((STUBHUB, lambda body: body, "listingId"), (VIVID_SEATS, lambda b: b["tickets"], "i")):
        with faulty(Fault(FaultKind.REKEYED_IDS, times=2), at=at) as client:
            first, second, true = (client.get(at).json() for _ in range(3))
        assert first == second
        ids, true_ids = ({item[key] for item in items(body)} for body in (first, true))
        assert len(ids) == len(true_ids)
        assert not ids & true_ids
        assert [item | {key: 0} for item in items(first)] == [item | {key: 0} for item in items(true)]


def test_a_wrong_time_zone_changes_zone_and_local_hour() -> None:
    event, true_event = _both(TICKETMASTER, FaultKind.WRONG_TIME_ZONE)
    assert event["dates"]["timezone"] == event["_embedded"]["venues"][0]["timezone"] == "Pacific/Auckland"
    assert (true_event["dates"]["start"]["localTime"], event["dates"]["start"]["localTime"]) == ("19:30:00", "22:30:00")
    assert event["dates"]["start"]["dateTime"] == true_event["dates"]["start"]["dateTime"]
    body, true_body = _both(VIVID_SEATS, FaultKind.WRONG_TIME_ZONE)
    assert body["global"][0]["venueTimeZone"] == "Pacific/Auckland"
    assert body["tickets"] == true_body["tickets"]


def _plan(*faults: Fault, seed: int = 0) -> FaultPlan:
    plan = FaultPlan(seed=seed)
    for fault in faults:
        plan.add(fault)
    return plan


def test_faults_happen_in_order_and_as_often_as_planned() -> None:
    plan = _plan(Fault(FaultKind.SERVER_ERROR, times=2), Fault(FaultKind.FORBIDDEN, external_id="1"))
    drawn = [plan.draw(event) for event in ("2", None, "2", "1", "1")]
    assert [fault and fault.kind for fault in drawn] == ["server_error", "server_error", None, "forbidden", None]
    assert plan.pending() == []
    endless = _plan(Fault(FaultKind.SERVER_ERROR, times=None))
    assert all(endless.draw("1") for _ in range(50))
    endless.clear()
    assert endless.draw("1") is None


def test_a_probability_is_drawn_from_the_seed() -> None:
    def drawn(seed: int) -> list[bool]:
        plan = _plan(Fault(FaultKind.SERVER_ERROR, times=None, probability=0.3), seed=seed)
        return [plan.draw("1") is not None for _ in range(1000)]

    assert drawn(1) == drawn(1) != drawn(2)
    assert 230 <= sum(drawn(1)) <= 370
