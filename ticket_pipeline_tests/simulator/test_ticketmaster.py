"""Ticketmaster's Discovery API on loopback: documents, search and its limits, keys, both error formats, quotas."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from ticket_pipeline.simulator.faults import Fault, FaultKind, FaultPlan
from ticket_pipeline.simulator.marketplaces import Marketplace
from ticket_pipeline.simulator.ticketmaster import QuotaLimits, create_ticketmaster_app
from ticket_pipeline.simulator.world import sample_world
from ticket_pipeline_tests.simulator_support.serving import open_client

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
EVENT = "vvG1IZ9pNeXaVj"
EVENTS = "/discovery/v2/events.json"


class _Clock:
    now = NOW

    def __call__(self) -> datetime:
        return self.now


@contextmanager
def _ticketmaster(clock: _Clock | None = None, **options: Any) -> Iterator[httpx.Client]:  # noqa: ANN401 - the app's own
    with open_client(create_ticketmaster_app(sample_world(NOW), clock=clock or _Clock(), **options)) as client:
        yield client


def _get(client: httpx.Client, path: str = EVENTS, **parameters: str | int) -> httpx.Response:
    return client.get(path, params={"apikey": "k", **parameters})


def _event(client: httpx.Client, event_id: str = EVENT) -> dict[str, Any]:
    document: dict[str, Any] = _get(client, f"/discovery/v2/events/{event_id}.json").json()
    return document


def test_an_event_has_place_time_status_and_price_ranges() -> None:
    with _ticketmaster() as client:
        document = _event(client)
    market = sample_world(NOW).market(EVENT, Marketplace.TICKETMASTER)
    assert market is not None
    event = market.event
    local = event.event_at.astimezone(ZoneInfo(event.venue.timezone))
    start, venue = document["dates"]["start"], document["_embedded"]["venues"][0]
    assert (document["id"], document["name"]) == (EVENT, event.name)
    assert f"{start['localDate']} {start['localTime']}" == f"{local:%Y-%m-%d %H:%M:%S}"
    assert datetime.fromisoformat(start["dateTime"]) == event.event_at
    assert document["dates"]["timezone"] == venue["timezone"] == "America/New_York"
    assert (venue["city"]["name"], venue["country"]["countryCode"]) == ("Boston", "US")
    assert {price["type"] for price in document["priceRanges"]} == {"standard", "resale"}
    assert all(0 < price["min"] < price["max"] for price in document["priceRanges"])


def test_resale_moves_with_the_market_and_a_started_event_is_off_sale() -> None:
    clock = _Clock()
    with _ticketmaster(clock=clock) as client:
        first = _event(client)
        clock.now = NOW + timedelta(days=20)
        second = _event(client)
        clock.now = NOW + timedelta(days=99)
        statuses = [document["dates"]["status"]["code"] for document in (first, _event(client))]
    assert statuses == ["onsale", "offsale"]
    assert first["priceRanges"][0] == second["priceRanges"][0]
    assert first["priceRanges"][1] != second["priceRanges"][1]


def test_every_key_is_in_the_recorded_documents(samples_dir: Path) -> None:
    recorded = json.loads((samples_dir / "ticketmaster" / "events_search_atakanteko.json").read_bytes())
    events = recorded["_embedded"]["events"]
    with _ticketmaster() as client:
        ours = _get(client).json()
    assert set(ours) <= set(recorded)
    for event in ours["_embedded"]["events"]:
        assert set(event) <= {key for known in events for key in known}
        for part in ("dates", "sales", "_embedded"):
            assert set(event[part]) <= {key for known in events for key in known[part]}
        venues = [venue for known in events for venue in known["_embedded"]["venues"]]
        assert set(event["_embedded"]["venues"][0]) <= {key for venue in venues for key in venue}


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        *(({"keyword": "vesper LANE"}, ["Vesper Lane - The Long Way Home Tour"]), ({"keyword": "vesper tundra"}, [])),
        ({"city": "toronto"}, ["Toronto Tundra vs. Montreal Beacons"]),
        *(({"keyword": "parade", "city": "Boston"}, []), ({"countryCode": "gb"}, ["Nightjar Parade"])),
        ({"endDateTime": "2026-06-02T12:00:00Z"}, ["Glass Orchard"]),
        ({"startDateTime": "2026-07-01T00:00:00Z"}, ["Vesper Lane - The Long Way Home Tour"]),
    ],
)
def test_a_search_finds_by_words_place_and_dates(parameters: dict[str, str], found: list[str]) -> None:
    with _ticketmaster() as client:
        body = _get(client, EVENTS, **parameters).json()
    assert [event["name"] for event in body.get("_embedded", {}).get("events", [])] == found
    assert body["page"]["totalElements"] == len(found)


def test_pages_follow_each_other_without_a_gap_and_an_empty_one_has_no_embedded() -> None:
    with _ticketmaster() as client:
        pages = [_get(client, EVENTS, page=page, size=4).json() for page in range(3)]
    assert [len(page.get("_embedded", {"events": []})["events"]) for page in pages] == [4, 2, 0]
    dates = [event["dates"]["start"]["dateTime"] for page in pages[:2] for event in page["_embedded"]["events"]]
    assert dates == sorted(set(dates))
    assert [page["page"]["number"] for page in pages] == [0, 1, 2]
    assert {(page["page"]["totalElements"], page["page"]["totalPages"]) for page in pages} == {(6, 2)}
    assert "_embedded" not in pages[2]


def test_a_missing_key_and_an_unknown_event_are_errors_as_recorded(samples_dir: Path) -> None:
    recorded = json.loads((samples_dir / "ticketmaster" / "errors.json").read_bytes())
    plan = FaultPlan()
    with _ticketmaster(faults=plan) as client:
        responses = [client.get(EVENTS), _get(client, "/discovery/v2/events/abcde.json")]
        for kind, format_key in ((FaultKind.UNAVAILABLE, "fault"), (FaultKind.SERVER_ERROR, "errors")):
            plan.add(Fault(kind, external_id=EVENT))
            assert set(_event(client)) == {format_key}
    assert [response.status_code for response in responses] == [401, 404]
    for response in responses:
        assert response.json() == next(one["body"] for one in recorded if one["http"] == response.status_code)


def test_the_sixth_request_of_a_second_exceeds_the_limit_of_its_key() -> None:
    clock = _Clock()
    with _ticketmaster(clock=clock, limits=QuotaLimits()) as client:
        statuses = [_get(client).status_code for _ in range(5)]
        rejected = _get(client)
        statuses.append(_get(client, apikey="another").status_code)
        clock.now = NOW + timedelta(seconds=1)
        statuses.append(_get(client).status_code)
    assert statuses == [200] * 7
    assert rejected.json()["fault"]["detail"]["errorcode"] == "policies.ratelimit.SpikeArrestViolation"
    assert (rejected.status_code, "rate-limit" in rejected.headers) == (429, False)
    with _ticketmaster() as client:
        assert {_get(client).status_code for _ in range(10)} == {200}


def test_the_daily_quota_is_enforced_over_rolling_days_and_shown_in_headers() -> None:
    clock = _Clock()
    with _ticketmaster(clock=clock, limits=QuotaLimits(per_second=100, per_day=3)) as client:
        first = _get(client)
        clock.now += timedelta(hours=1)
        assert _event(client, "abcde").keys() == {"errors"}  # counts too
        third = _get(client)
        rejected = _get(client)
        clock.now = NOW + timedelta(hours=24)
        assert _get(client).status_code == 200
    assert (first.headers["rate-limit"], first.headers["rate-limit-available"]) == ("3", "2")
    assert third.headers["rate-limit-available"] == "0"
    reset = datetime.fromtimestamp(int(third.headers["rate-limit-reset"]) / 1000, UTC)
    assert reset == NOW + timedelta(days=1)
    assert rejected.status_code == 429
    assert rejected.json()["fault"]["detail"]["errorcode"] == "policies.ratelimit.QuotaViolation"
    assert "Identifier : k" in rejected.json()["fault"]["faultstring"]
