"""StubHub Pro on loopback: its format, and that it shows the market of the moment."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from ticket_pipeline.simulator.stubhub import LISTINGS_PATH, create_stubhub_app
from ticket_pipeline.simulator.world import ReplayEvent, SimulatedWorld, sample_world
from ticket_pipeline_tests.simulator_support.serving import open_client

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
EVENT = "157284301"


@contextmanager
def _stubhub(
    world: SimulatedWorld | None = None,
    *,
    clock: Callable[[], datetime] = lambda: NOW,
    **options: Any,  # noqa: ANN401 - the app's own options
) -> Iterator[httpx.Client]:
    with open_client(create_stubhub_app(world or sample_world(NOW), clock=clock, **options)) as client:
        yield client


def _get(client: httpx.Client, external_id: str = EVENT, method: str = "GET") -> httpx.Response:
    return client.request(method, LISTINGS_PATH, params={"viagogoEventId": external_id})


@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
def test_the_response_is_a_bare_array_in_the_documented_format(method: str, samples_dir: Path) -> None:
    recorded = json.loads((samples_dir / "replay" / "stubhub_comps_9566731.json").read_bytes())[0]
    with _stubhub() as client:
        response = _get(client, method=method)
    assert response.headers["content-type"].startswith("application/json")
    items = response.json()
    assert {key: type(recorded[key]) for key in recorded} == {key: type(items[0][key]) for key in recorded}
    for item in items:
        assert item["listingId"] > 2**31
        assert item["availableTickets"] > 0
        for money in filter(None, (item["sellerNetProceeds"], item["sellerAllInPrice"])):
            assert money == {"amt": money["amt"], "disp": f"${money['amt']:,.2f}", "currency": "USD", "dec": 2}
    assert any(item["sellerAllInPrice"] is None for item in items)


def test_general_admission_has_no_row() -> None:
    with _stubhub() as client:
        items = _get(client, "157422590").json()
    assert any(item["row"] is None for item in items)


def test_the_response_is_the_market_at_the_clocks_moment() -> None:
    world = sample_world(NOW)
    market = world.market(EVENT)
    assert market is not None
    moments = [NOW, NOW + timedelta(hours=8)]
    with _stubhub(world, clock=iter([m for m in moments for _ in range(2)]).__next__) as client:
        bodies = [_get(client).json() for _ in moments]
    for moment, body in zip(moments, bodies, strict=True):
        assert [item["listingId"] for item in body] == [x.listing_id for x in market.listings_at(moment)]
    assert bodies[0] != bodies[1]


def test_an_unknown_event_is_an_empty_list_or_not_found_and_a_missing_one_a_bad_request() -> None:
    with _stubhub() as client:
        assert (_get(client, "1").status_code, _get(client, "1").json()) == (200, [])
        assert client.get(LISTINGS_PATH).status_code == 400
    with _stubhub(unknown_event_status=404) as client:
        assert _get(client, "1").status_code == 404


def test_replayed_bodies_come_in_order_and_the_last_repeats() -> None:
    world = SimulatedWorld([ReplayEvent("7", (b"[1]", b"[2]")), ReplayEvent("8", (b"[3]",))], started_at=NOW)
    with _stubhub(world) as client:
        bodies = [_get(client, external_id).content for external_id in ("7", "8", "7", "7")]
    assert bodies == [b"[1]", b"[3]", b"[2]", b"[2]"]
