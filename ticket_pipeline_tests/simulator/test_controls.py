"""Recorded requests and the controls: the same for every marketplace."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import httpx
import pytest

from ticket_pipeline.simulator.marketplaces import Marketplace
from ticket_pipeline.simulator.recording import RequestLog, RequestRecord
from ticket_pipeline.simulator.stubhub import create_stubhub_app
from ticket_pipeline.simulator.vivid_seats import create_vivid_seats_app
from ticket_pipeline.simulator.world import sample_world
from ticket_pipeline_tests.simulator.test_wire import EVENT, NOW, STUBHUB, faulty
from ticket_pipeline_tests.simulator_support.serving import open_client


def test_every_request_is_recorded_without_header_values() -> None:
    log = RequestLog()
    with faulty(log=log) as client:
        client.get(STUBHUB, headers={"cookie": "s=secret", "user-agent": "me"})
        client.get("/nowhere")
        client.get("/_simulator/requests")
    first, second = log.records()
    assert (first.method, first.path, first.external_id, first.status) == (
        "GET",
        STUBHUB.split("?", maxsplit=1)[0],
        EVENT,
        200,
    )
    assert (second.path, second.external_id, second.status) == ("/nowhere", None, 404)
    assert (first.received_at, first.user_agent) == (NOW, "me")
    assert first.finished_monotonic is not None
    assert "cookie" in first.header_names
    assert "secret" not in repr(first)


def _log(*spans: tuple[float, float | None]) -> RequestLog:
    log = RequestLog()
    for begin, end in spans:
        log.add(RequestRecord(NOW, begin, end, "GET", "/", "1", (), None, 200))
    return log


def test_windows_are_half_open_and_requests_that_only_touch_are_not_at_once() -> None:
    assert _log((0, 1), (30, 31), (60, 61)).busiest_window(60) == 2
    assert _log((0, 1), (30, 31), (59.9, 61)).busiest_window(60) == 3
    assert _log().busiest_window(60) == 0
    assert _log((0, 1), (1, 2)).most_at_once() == 1
    assert _log((0, 1), (0.5, 2), (0.7, None)).most_at_once() == 3


def test_faults_can_be_set_seen_and_cleared_over_http() -> None:
    with faulty() as client:
        one = client.post("/_simulator/faults", json={"kind": "rate_limited", "retry_after": "3", "times": 2}).json()
        assert one[0]["times"] == 2
        assert client.get(STUBHUB).headers["retry-after"] == "3"
        assert client.get("/_simulator/faults").json()[0]["times"] == 1
        assert len(client.post("/_simulator/faults", json=[{"kind": "gzip"}, {"kind": "hang"}]).json()) == 3
        assert client.delete("/_simulator/faults").json() == []
        assert client.get(STUBHUB).status_code == 200


@pytest.mark.parametrize(
    "wrong",
    [
        *("no json", '{"kind": "fire"}', '{"kind": "gzip", "often": 1}', '{"kind": "gzip", "times": 0}'),
        *('{"kind": "gzip", "probability": 1.1}', '{"kind": "gzip", "retry_after": "1\\r\\nx: y"}'),
    ],
)
def test_a_malformed_fault_is_rejected_with_the_reason(wrong: str) -> None:
    with faulty() as client:
        response = client.post("/_simulator/faults", content=wrong)
        assert (response.status_code, client.get("/_simulator/faults").json()) == (422, [])
        assert response.json()["errors"]


def test_requests_are_counted_over_http() -> None:
    with faulty() as client:
        for external_id in (EVENT, EVENT, "157310846"):
            client.get(STUBHUB.replace(EVENT, external_id))
        seen = client.get("/_simulator/requests", params={"external_id": EVENT, "limit": 1}).json()
        assert (seen["count"], len(seen["requests"]), seen["busiest_60_seconds"], seen["most_at_once"]) == (2, 1, 3, 1)
        assert client.get("/_simulator/requests", params={"limit": "x"}).status_code == 422
        assert client.delete("/_simulator/requests").json()["count"] == 0


def test_the_controls_show_events_with_their_truth_and_the_true_sales() -> None:
    world = sample_world(NOW)
    market = world.market("5563127", Marketplace.VIVID_SEATS)
    assert market is not None
    later = NOW + timedelta(hours=6)
    app = create_vivid_seats_app(world, clock=lambda: later)
    with open_client(app) as client:
        shown = {event["external_id"]: event for event in client.get("/_simulator/events").json()}
        sales = client.get("/_simulator/sales", params={"hours": 6}).json()
        assert client.get("/_simulator/sales", params={"hours": "x"}).status_code == 422
    truth = market.true_metrics_at(later, Marketplace.VIVID_SEATS)
    assert shown.keys() == world.markets_at(Marketplace.VIVID_SEATS).keys()
    assert shown["5563127"]["currency"] == "USD"
    assert (
        shown["5563127"]["truth"] | {"min_price": str(truth.min_price), "tickets": truth.tickets}
        == (shown["5563127"]["truth"])
    )
    true = market.sales_between(NOW, later, Marketplace.VIVID_SEATS)
    assert [sale["listing_id"] for sale in sales if sale["external_id"] == "5563127"] == [x.listing_id for x in true]
    assert len({sale["external_id"] for sale in sales}) > 3


def test_controls_are_for_clients_on_loopback_whatever_a_header_claims() -> None:
    async def statuses() -> list[int]:
        app = create_stubhub_app(sample_world(NOW), clock=lambda: NOW)
        transport = httpx.ASGITransport(app, client=("192.0.2.7", 5000))
        async with httpx.AsyncClient(transport=transport, base_url="http://simulator") as client:
            return [(await client.get(path)).status_code for path in ("/_simulator/faults", STUBHUB)]

    assert asyncio.run(statuses()) == [403, 200]
    with faulty() as client:
        assert client.get("/_simulator/faults", headers={"x-forwarded-for": "192.0.2.7"}).status_code == 200
        assert client.delete("/_simulator/faults", headers={"origin": "http://evil.example"}).status_code == 403
