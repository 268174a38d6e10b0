"""StubHub Pro on loopback: its shape, its truth, its faults as a real client sees them, its controls."""

from __future__ import annotations

import asyncio
import gzip
import json
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from ticket_pipeline.simulator.faults import Fault, FaultKind, FaultPlan
from ticket_pipeline.simulator.recording import RequestLog
from ticket_pipeline.simulator.stubhub import LISTINGS_PATH, create_stubhub_app
from ticket_pipeline.simulator.wire import Latency
from ticket_pipeline.simulator.world import ReplayEvent, SimulatedWorld, sample_world
from ticket_pipeline_tests.simulator_support.serving import serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
EVENT = "157284301"


@contextmanager
def _stubhub(
    world: SimulatedWorld | None = None,
    *,
    clock: Callable[[], datetime] = lambda: NOW,
    **options: Any,  # noqa: ANN401 - the app's own options, handed through
) -> Iterator[httpx.Client]:
    app = create_stubhub_app(world or sample_world(NOW), clock=clock, **options)
    with serve(app) as served, httpx.Client(base_url=served.url, trust_env=False, timeout=10) as client:
        yield client


def _ask(client: httpx.Client, external_id: str = EVENT, method: str = "GET") -> httpx.Response:
    return client.request(method, LISTINGS_PATH, params={"viagogoEventId": external_id})


# --- the answer -----------------------------------------------------------------------------------------------------


def test_the_answer_is_a_bare_array_of_the_documented_keys() -> None:
    with _stubhub() as client:
        response = _ask(client)
    assert response.headers["content-type"].startswith("application/json")
    items = response.json()
    for item in items:
        assert set(item) == {
            "listingId",
            "section",
            "row",
            "rowId",
            "availableTickets",
            "sellerNetProceeds",
            "sellerAllInPrice",
            "currencyCode",
            "listingNotes",
        }
        assert type(item["listingId"]) is int
        assert item["listingId"] > 2**31
        assert type(item["availableTickets"]) is int
        assert item["availableTickets"] > 0
        assert item["row"] is None or isinstance(item["row"], str)
        assert isinstance(item["listingNotes"], list)
        assert item["currencyCode"] == "USD"
        for money in filter(None, (item["sellerNetProceeds"], item["sellerAllInPrice"])):
            assert set(money) == {"amt", "disp", "currency", "dec"}
            assert money["disp"] == f"${money['amt']:,.2f}"
            assert (money["currency"], money["dec"]) == ("USD", 2)
    assert any(item["sellerAllInPrice"] is None for item in items)
    assert any(item["row"] is None for item in items)


@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
def test_every_documented_method_is_answered(method: str) -> None:
    with _stubhub() as client:
        assert _ask(client, method=method).json()


def test_the_answer_is_the_market_at_the_clocks_moment() -> None:
    world = sample_world(NOW)
    market = world.market(EVENT)
    assert market is not None
    moments = [NOW, NOW + timedelta(hours=8)]
    with _stubhub(world, clock=iter([m for m in moments for _ in range(2)]).__next__) as client:
        answers = [_ask(client).json() for _ in moments]
    for moment, answer in zip(moments, answers, strict=True):
        assert [item["listingId"] for item in answer] == [x.listing_id for x in market.listings_at(moment)]
        prices = [item["sellerAllInPrice"]["amt"] for item in answer if item["sellerAllInPrice"]]
        assert float(market.true_metrics_at(moment).min_price or 0) >= min(prices)
    assert answers[0] != answers[1]


def test_a_frozen_market_stands_still() -> None:
    moments = (NOW + timedelta(hours=hours) for hours in range(100))
    with _stubhub(freeze=True, clock=moments.__next__) as client:
        assert _ask(client).content == _ask(client).content


def test_an_unknown_event_has_no_listings_or_is_not_found_as_set() -> None:
    with _stubhub() as client:
        assert (_ask(client, "1").status_code, _ask(client, "1").json()) == (200, [])
    with _stubhub(unknown_event_status=404) as client:
        assert _ask(client, "1").status_code == 404


def test_a_request_without_an_event_is_refused() -> None:
    with _stubhub() as client:
        assert client.get(LISTINGS_PATH).status_code == 400


def test_replayed_bodies_come_in_order_and_the_last_repeats() -> None:
    world = SimulatedWorld([ReplayEvent("7", (b"[1]", b"[2]")), ReplayEvent("8", (b"[3]",))], started_at=NOW)
    with _stubhub(world) as client:
        assert [_ask(client, external_id).content for external_id in ("7", "8", "7", "7")] == [
            b"[1]",
            b"[3]",
            b"[2]",
            b"[2]",
        ]


# --- faults ---------------------------------------------------------------------------------------------------------


@contextmanager
def _faulty(*faults: Fault) -> Iterator[tuple[httpx.Client, FaultPlan]]:
    plan = FaultPlan()
    for fault in faults:
        plan.add(fault)
    with _stubhub(faults=plan) as client:
        yield client, plan


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (FaultKind.RATE_LIMITED, 429),
        (FaultKind.UNAUTHORIZED, 401),
        (FaultKind.FORBIDDEN, 403),
        (FaultKind.NOT_FOUND, 404),
        (FaultKind.SERVER_ERROR, 500),
        (FaultKind.UNAVAILABLE, 503),
    ],
)
def test_a_status_fault_is_that_status_and_then_all_is_well(kind: FaultKind, status: int) -> None:
    with _faulty(Fault(kind)) as (client, _):
        answer = _ask(client)
        assert answer.status_code == status
        assert "retry-after" not in answer.headers
        assert _ask(client).status_code == 200


def test_retry_after_is_sent_as_given() -> None:
    date = "Wed, 21 Oct 2026 07:28:00 GMT"
    with _faulty(Fault(FaultKind.RATE_LIMITED, retry_after="7"), Fault(FaultKind.UNAVAILABLE, retry_after=date)) as (
        client,
        _,
    ):
        assert [_ask(client).headers["retry-after"] for _ in range(2)] == ["7", date]


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (FaultKind.LOGIN_PAGE, "Sign In"),
        (FaultKind.CHALLENGE_PAGE, "Challenge Validation"),
        (FaultKind.HTML, "Maintenance"),
    ],
)
def test_a_page_fault_is_html_with_status_200(kind: FaultKind, text: str) -> None:
    with _faulty(Fault(kind)) as (client, _):
        answer = _ask(client)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert text in answer.text


def test_a_lost_session_can_redirect_to_the_login() -> None:
    with _faulty(Fault(FaultKind.LOGIN_REDIRECT)) as (client, _):
        answer = _ask(client)
    assert answer.status_code == 302
    assert "login" in answer.headers["location"]


def test_a_truncated_body_is_whole_to_http_but_no_json() -> None:
    with _faulty(Fault(FaultKind.TRUNCATED)) as (client, _):
        answer = _ask(client)
        whole = _ask(client)
    assert whole.content.startswith(answer.content)
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def test_an_empty_body_is_empty() -> None:
    with _faulty(Fault(FaultKind.EMPTY_BODY)) as (client, _):
        answer = _ask(client)
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_wrong_shape_is_json_that_is_no_array() -> None:
    with _faulty(Fault(FaultKind.WRONG_SHAPE)) as (client, _):
        assert isinstance(_ask(client).json(), dict)


def test_a_compressed_answer_decodes_to_the_true_one() -> None:
    with _faulty(Fault(FaultKind.GZIP)) as (client, _):
        with client.stream("GET", LISTINGS_PATH, params={"viagogoEventId": EVENT}) as raw:
            body = b"".join(raw.iter_raw())
        true = _ask(client).content
    assert raw.headers["content-encoding"] == "gzip"
    assert gzip.decompress(body) == true


def test_a_reset_connection_breaks_off_in_the_middle_of_the_body() -> None:
    with _faulty(Fault(FaultKind.RESET)) as (client, _):
        with pytest.raises(httpx.ReadError, match="reset"):
            _ask(client)
        assert _ask(client).status_code == 200


@pytest.mark.parametrize("fault", [Fault(FaultKind.HANG), Fault(FaultKind.SLOW, delay_seconds=60)])
def test_a_hung_or_slow_answer_outlasts_the_clients_patience(fault: Fault) -> None:
    with _faulty(fault) as (client, _):
        with pytest.raises(httpx.ReadTimeout):
            client.get(LISTINGS_PATH, params={"viagogoEventId": EVENT}, timeout=httpx.Timeout(5, read=0.1))
        assert _ask(client).status_code == 200


def test_a_slow_answer_is_the_true_one() -> None:
    with _faulty(Fault(FaultKind.SLOW, delay_seconds=0.05)) as (client, _):
        slow = _ask(client)
        assert slow.elapsed >= timedelta(seconds=0.05)
        assert slow.content == _ask(client).content


def test_a_fault_of_one_event_does_not_touch_another() -> None:
    with _faulty(Fault(FaultKind.FORBIDDEN, external_id="157310846")) as (client, _):
        assert _ask(client).status_code == 200
        assert _ask(client, "157310846").status_code == 403


def test_latency_delays_every_answer() -> None:
    with _stubhub(latency=Latency(0.03, 0.05)) as client:
        assert all(_ask(client).elapsed >= timedelta(seconds=0.03) for _ in range(3))


def test_a_latency_that_runs_backwards_is_refused() -> None:
    with pytest.raises(ValueError, match="least <= most"):
        Latency(2, 1)


# --- records and controls -------------------------------------------------------------------------------------------


def test_every_request_is_recorded_without_header_values() -> None:
    log = RequestLog()
    with _stubhub(log=log) as client:
        client.get(LISTINGS_PATH, params={"viagogoEventId": EVENT}, headers={"cookie": "s=secret", "user-agent": "me"})
        client.get("/nowhere")
        client.get("/_simulator/requests")
    first, second = log.records()
    assert (first.method, first.path, first.external_id, first.status) == ("GET", LISTINGS_PATH, EVENT, 200)
    assert (second.path, second.external_id, second.status) == ("/nowhere", None, 404)
    assert first.received_at == NOW
    assert first.finished_monotonic is not None
    assert first.finished_monotonic >= first.received_monotonic
    assert "cookie" in first.header_names
    assert first.user_agent == "me"
    assert "secret" not in repr(first)


def test_a_request_that_went_wrong_by_plan_is_recorded_with_its_fault() -> None:
    log, plan = RequestLog(), FaultPlan()
    for kind in (FaultKind.FORBIDDEN, FaultKind.REKEYED_IDS):
        plan.add(Fault(kind))
    with _stubhub(log=log, faults=plan) as client:
        for _ in range(3):
            _ask(client)
    assert [(record.fault, record.status) for record in log.records()] == [
        ("forbidden", 403),
        ("rekeyed_ids", 200),
        (None, 200),
    ]


def test_a_hung_request_is_recorded_without_a_status() -> None:
    log = RequestLog()
    plan = FaultPlan()
    plan.add(Fault(FaultKind.HANG))
    with _stubhub(log=log, faults=plan) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.get(LISTINGS_PATH, params={"viagogoEventId": EVENT}, timeout=httpx.Timeout(5, read=0.1))
        client.get("/_simulator/requests")  # served after it
    assert [(record.status, record.fault) for record in log.records()] == [(None, "hang")]


def test_faults_can_be_set_seen_and_cleared_over_http() -> None:
    with _stubhub() as client:
        one = client.post("/_simulator/faults", json={"kind": "rate_limited", "retry_after": "3", "times": 2}).json()
        assert one[0]["times"] == 2
        assert _ask(client).headers["retry-after"] == "3"
        assert client.get("/_simulator/faults").json()[0]["times"] == 1
        assert len(client.post("/_simulator/faults", json=[{"kind": "gzip"}, {"kind": "hang"}]).json()) == 3
        assert client.delete("/_simulator/faults").json() == []
        assert _ask(client).status_code == 200


@pytest.mark.parametrize(
    "wrong", ['{"kind": "fire"}', '{"kind": "gzip", "often": 1}', "no json", '{"kind":"gzip","times":0}']
)
def test_a_malformed_fault_is_refused_with_what_is_wrong(wrong: str) -> None:
    with _stubhub() as client:
        answer = client.post("/_simulator/faults", content=wrong)
        assert answer.status_code == 422
        assert answer.json()["errors"]
        assert client.get("/_simulator/faults").json() == []


def test_requests_are_counted_over_http() -> None:
    with _stubhub() as client:
        for external_id in (EVENT, EVENT, "157310846"):
            _ask(client, external_id)
        seen = client.get("/_simulator/requests", params={"external_id": EVENT, "limit": 1}).json()
        assert (seen["count"], len(seen["requests"]), seen["busiest_60_seconds"], seen["most_at_once"]) == (2, 1, 3, 1)
        assert client.get("/_simulator/requests", params={"limit": "x"}).status_code == 422
        assert client.delete("/_simulator/requests").json()["count"] == 0


def test_events_are_shown_with_their_truth() -> None:
    world = sample_world(NOW)
    with _stubhub(world) as client:
        shown = {event["external_id"]: event for event in client.get("/_simulator/events").json()}
    market = world.market(EVENT)
    assert market is not None
    truth = market.true_metrics_at(NOW)
    assert shown.keys() == {event.external_id for event in world.events}
    assert shown[EVENT]["truth"]["tickets"] == truth.tickets
    assert shown[EVENT]["truth"]["min_price"] == str(truth.min_price)


def test_controls_are_closed_to_clients_from_elsewhere() -> None:
    async def statuses() -> list[int]:
        app = create_stubhub_app(sample_world(NOW), clock=lambda: NOW)
        transport = httpx.ASGITransport(app, client=("192.0.2.7", 5000))
        async with httpx.AsyncClient(transport=transport, base_url="http://simulator") as client:
            paths = ("/_simulator/faults", f"{LISTINGS_PATH}?viagogoEventId={EVENT}")
            return [(await client.get(path)).status_code for path in paths]

    assert asyncio.run(statuses()) == [403, 200]


def test_a_header_cannot_change_who_a_client_is() -> None:
    with _stubhub() as client:
        assert client.get("/_simulator/faults", headers={"x-forwarded-for": "192.0.2.7"}).status_code == 200


# --- real captures --------------------------------------------------------------------------------------------------


def test_real_captures_are_replayed_byte_for_byte(samples_dir: Path) -> None:
    files = sorted((samples_dir / "replay" / "nba_game7").glob("*.json"))
    world = SimulatedWorld([ReplayEvent("9", tuple(file.read_bytes() for file in files))], started_at=NOW)
    with _stubhub(world) as client:
        assert all(_ask(client, "9").content == file.read_bytes() for file in files)


def test_every_key_of_a_real_shaped_capture_is_in_our_answers(samples_dir: Path) -> None:
    known = json.loads((samples_dir / "replay" / "stubhub_comps_9566731.json").read_bytes())[0]
    with _stubhub() as client:
        ours = _ask(client).json()[0]
    assert set(known) <= set(ours)
    assert {key: type(known[key]) for key in known} == {key: type(ours[key]) for key in known}
