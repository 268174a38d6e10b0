"""Ticketmaster's Discovery API on loopback: documents, search and its limits, keys, both error shapes, quotas."""

from __future__ import annotations

import json
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from ticket_pipeline.simulator.faults import Fault, FaultKind, FaultPlan
from ticket_pipeline.simulator.market import SimulatedEvent
from ticket_pipeline.simulator.marketplaces import Marketplace
from ticket_pipeline.simulator.quota import QuotaLimits
from ticket_pipeline.simulator.recording import RequestLog
from ticket_pipeline.simulator.ticketmaster import create_ticketmaster_app
from ticket_pipeline.simulator.venue import Venue, arena_zones
from ticket_pipeline.simulator.world import SimulatedWorld, sample_world
from ticket_pipeline_tests.simulator_support.serving import serve

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
EVENT = "vvG1IZ9pNeXaVj"
FOREIGN = "Z7r9jZ1AdKw4e"
EVENTS = "/discovery/v2/events.json"


class _Clock:
    now = NOW

    def __call__(self) -> datetime:
        return self.now


@contextmanager
def _ticketmaster(
    world: SimulatedWorld | None = None,
    *,
    clock: _Clock | None = None,
    **options: Any,  # noqa: ANN401 - the app's own options, handed through
) -> Iterator[httpx.Client]:
    app = create_ticketmaster_app(world or sample_world(NOW), clock=clock or _Clock(), **options)
    with serve(app) as served, httpx.Client(base_url=served.url, trust_env=False, timeout=10) as client:
        yield client


def _ask(client: httpx.Client, path: str = EVENTS, **parameters: str | int) -> httpx.Response:
    return client.get(path, params={"apikey": "k", **parameters})


def _event(client: httpx.Client, event_id: str = EVENT) -> dict[str, Any]:
    document: dict[str, Any] = _ask(client, f"/discovery/v2/events/{event_id}.json").json()
    return document


def _large_world(events: int) -> SimulatedWorld:
    venue = Venue("Arena", "Boston", "United States", "America/New_York", "USD", 18_000, arena_zones())
    simulated = [
        SimulatedEvent(
            str(number),
            f"Event {number}",
            venue,
            NOW + timedelta(days=1, hours=number),
            90.0,
            other_ids={Marketplace.TICKETMASTER: f"G5v0Z{number:08d}"},
        )
        for number in range(events)
    ]
    return SimulatedWorld(simulated, started_at=NOW)


# --- events and venues ----------------------------------------------------------------------------------------------


def test_an_event_tells_place_time_status_and_price_ranges() -> None:
    world = sample_world(NOW)
    with _ticketmaster(world) as client:
        document = _event(client)
        assert _ask(client, f"/discovery/v2/events/{EVENT}").json() == document
    market = world.market(EVENT, Marketplace.TICKETMASTER)
    assert market is not None
    event = market.event
    local = event.event_at.astimezone(ZoneInfo(event.venue.timezone))
    start, venue = document["dates"]["start"], document["_embedded"]["venues"][0]
    assert (document["id"], document["name"]) == (EVENT, event.name)
    assert f"{start['localDate']} {start['localTime']}" == f"{local:%Y-%m-%d %H:%M:%S}"
    assert datetime.fromisoformat(start["dateTime"]) == event.event_at
    assert document["dates"]["timezone"] == venue["timezone"] == "America/New_York"
    assert document["dates"]["status"]["code"] == "onsale"
    assert (venue["city"]["name"], venue["country"]["countryCode"]) == ("Boston", "US")
    assert {price["type"] for price in document["priceRanges"]} == {"standard", "resale"}
    assert all(0 < price["min"] < price["max"] for price in document["priceRanges"])


def test_an_event_that_is_not_hosted_has_neither_prices_nor_a_zone_of_its_own() -> None:
    with _ticketmaster() as client:
        document = _event(client, FOREIGN)
    assert "priceRanges" not in document
    assert "timezone" not in document["dates"]
    assert document["_embedded"]["venues"][0]["timezone"] == "America/Los_Angeles"
    assert document["sales"]["public"]["startDateTime"] == "1900-01-01T06:00:00Z"


def test_resale_moves_with_the_market_and_an_event_that_has_begun_is_off_sale() -> None:
    clock = _Clock()
    with _ticketmaster(clock=clock) as client:
        first = _event(client)
        clock.now = NOW + timedelta(days=20)
        second = _event(client)
        clock.now = NOW + timedelta(days=99)
        assert _event(client)["dates"]["status"]["code"] == "offsale"
    standard, resale = (list(pair) for pair in zip(first["priceRanges"], second["priceRanges"], strict=True))
    assert standard[0] == standard[1]
    assert resale[0] != resale[1]


def test_every_key_of_an_event_is_in_the_recorded_ones(samples_dir: Path) -> None:
    recorded = json.loads((samples_dir / "ticketmaster" / "events_search_atakanteko.json").read_bytes())
    events = recorded["_embedded"]["events"]
    with _ticketmaster() as client:
        ours = _ask(client).json()
    assert set(ours) == set(recorded)
    for event in ours["_embedded"]["events"]:
        assert set(event) <= {key for known in events for key in known}
        for part in ("dates", "sales", "_embedded"):
            assert set(event[part]) <= {key for known in events for key in known[part]}
        venues = [venue for known in events for venue in known["_embedded"]["venues"]]
        assert set(event["_embedded"]["venues"][0]) <= {key for venue in venues for key in venue}


def test_venues_are_found_by_word_and_by_id() -> None:
    with _ticketmaster() as client:
        (found,) = _ask(client, "/discovery/v2/venues.json", keyword="lantern").json()["_embedded"]["venues"]
        assert found["name"] == "Lantern Hall"
        assert _ask(client, f"/discovery/v2/venues/{found['id']}.json").json() == found
        assert _ask(client, EVENTS, venueId=found["id"]).json()["page"]["totalElements"] == 1
        assert _ask(client, "/discovery/v2/venues/KovZnone").status_code == 404


# --- search ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "found"),
    [
        ({"keyword": "vesper LANE"}, ["Vesper Lane - The Long Way Home Tour"]),
        ({"keyword": "vesper tundra"}, []),
        ({"city": "toronto"}, ["Toronto Tundra vs. Montreal Beacons"]),
        ({"keyword": "parade", "city": "Boston"}, []),
        ({"countryCode": "gb"}, ["Nightjar Parade"]),
        ({"endDateTime": "2026-06-02T12:00:00Z"}, ["Glass Orchard"]),
        ({"startDateTime": "2026-07-01T00:00:00Z"}, ["Vesper Lane - The Long Way Home Tour"]),
    ],
)
def test_a_search_finds_by_words_place_and_dates(parameters: dict[str, str], found: list[str]) -> None:
    with _ticketmaster() as client:
        body = _ask(client, EVENTS, **parameters).json()
    assert [event["name"] for event in body.get("_embedded", {}).get("events", [])] == found
    assert body["page"]["totalElements"] == len(found)


def test_an_empty_result_has_no_embedded(samples_dir: Path) -> None:
    recorded = json.loads((samples_dir / "ticketmaster" / "empty_search.json").read_bytes())
    with _ticketmaster() as client:
        ours = _ask(client, EVENTS, keyword="zzzz").json()
    assert set(ours) == set(recorded)
    assert ours["page"] == recorded["page"]


def test_pages_follow_each_other_without_a_gap_and_their_links_hide_the_key() -> None:
    with _ticketmaster(_large_world(45)) as client:
        pages = [_ask(client, EVENTS, page=page, sort="id,asc").json() for page in range(4)]
        second = client.get(f"{pages[0]['_links']['next']['href']}&apikey=k").json()
    assert [len(page.get("_embedded", {}).get("events", [])) for page in pages] == [20, 20, 5, 0]
    ids = [event["id"] for page in pages[:3] for event in page["_embedded"]["events"]]
    assert ids == sorted(set(ids))
    assert [page["page"]["number"] for page in pages] == [0, 1, 2, 3]
    assert [sorted(page["_links"]) for page in pages[:3]] == [
        ["first", "last", "next", "self"],
        ["first", "last", "next", "prev", "self"],
        ["first", "last", "prev", "self"],
    ]
    assert "apikey" not in json.dumps(pages)
    assert second == pages[1]


def test_the_paging_depth_ends_after_an_offset_of_a_thousand() -> None:
    with _ticketmaster(_large_world(1300)) as client:
        served = _ask(client, EVENTS, size=200, page=5)
        too_deep = _ask(client, EVENTS, size=200, page=6)
    assert len(served.json()["_embedded"]["events"]) == 200
    assert too_deep.status_code == 400
    assert (too_deep.json()["errors"][0]["code"], too_deep.json()["errors"][0]["status"]) == (
        "DIS1035",
        "400 BAD_REQUEST",
    )


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"size": 201}, "DIS1036"),
        ({"size": 0}, "DIS1036"),
        ({"page": "x"}, "DIS1035"),
        ({"startDateTime": "2026-07-01"}, "DIS1015"),
        ({"endDateTime": "2026-13-01T00:00:00Z"}, "DIS1015"),
        ({"sort": "price,asc"}, "DIS1005"),
        ({"sort": "date"}, "DIS1005"),
    ],
)
def test_a_parameter_out_of_bounds_is_refused_in_the_services_shape(
    parameters: dict[str, str | int], code: str
) -> None:
    with _ticketmaster() as client:
        answer = _ask(client, EVENTS, **parameters)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == code
    assert "rate-limit" not in answer.headers


# --- keys, errors and limits ----------------------------------------------------------------------------------------


def test_a_request_without_a_valid_key_is_refused_in_the_gateways_shape(samples_dir: Path) -> None:
    recorded = json.loads((samples_dir / "ticketmaster" / "errors.json").read_bytes())
    with _ticketmaster(keys={"k"}) as client:
        missing = client.get(EVENTS)
        wrong = client.get(EVENTS, params={"apikey": "other"})
        assert _ask(client).status_code == 200
    assert [missing.status_code, wrong.status_code] == [401, 401]
    assert wrong.json() == next(error["body"] for error in recorded if error["http"] == 401)


def test_an_unknown_event_is_not_found_in_the_services_shape(samples_dir: Path) -> None:
    recorded = json.loads((samples_dir / "ticketmaster" / "errors.json").read_bytes())
    with _ticketmaster() as client:
        answer = _ask(client, "/discovery/v2/events/abcde.json")
    assert answer.status_code == 404
    assert answer.json() == next(error["body"] for error in recorded if error["http"] == 404)


@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        (FaultKind.RATE_LIMITED, "fault"),
        (FaultKind.UNAUTHORIZED, "fault"),
        (FaultKind.UNAVAILABLE, "fault"),
        (FaultKind.NOT_FOUND, "errors"),
        (FaultKind.SERVER_ERROR, "errors"),
    ],
)
def test_a_fault_comes_in_one_of_the_two_shapes(kind: FaultKind, shape: str) -> None:
    plan = FaultPlan()
    plan.add(Fault(kind, external_id=EVENT))
    with _ticketmaster(faults=plan) as client:
        assert "_embedded" in _ask(client).json()
        assert set(_event(client)) == {shape}


def test_the_sixth_request_of_a_second_meets_the_spike_arrest() -> None:
    clock = _Clock()
    with _ticketmaster(clock=clock, limits=QuotaLimits()) as client:
        statuses = [_ask(client).status_code for _ in range(6)]
        refused = _ask(client)
        clock.now = NOW + timedelta(seconds=1)
        assert _ask(client).status_code == 200
    assert statuses == [200] * 5 + [429]
    assert refused.json()["fault"]["detail"]["errorcode"] == "policies.ratelimit.SpikeArrestViolation"
    assert "rate-limit" not in refused.headers


def test_the_days_quota_is_enforced_over_rolling_days_and_told_in_headers() -> None:
    clock = _Clock()
    with _ticketmaster(clock=clock, limits=QuotaLimits(per_second=100, per_day=3)) as client:
        first = _ask(client)
        clock.now += timedelta(hours=1)
        assert _ask(client, EVENTS, size=999).status_code == 400  # counts all the same
        third = _ask(client)
        refused = _ask(client)
        clock.now = NOW + timedelta(hours=24)
        assert _ask(client).status_code == 200
    assert (first.headers["rate-limit"], first.headers["rate-limit-available"]) == ("3", "2")
    assert third.headers["rate-limit-available"] == "0"
    reset = datetime.fromtimestamp(int(third.headers["rate-limit-reset"]) / 1000, UTC)
    assert reset == NOW + timedelta(days=1)
    assert refused.status_code == 429
    assert refused.json()["fault"]["detail"]["errorcode"] == "policies.ratelimit.QuotaViolation"
    assert "Identifier : k" in refused.json()["fault"]["faultstring"]


def test_limits_are_counted_per_key_and_not_enforced_unless_wanted() -> None:
    with _ticketmaster(limits=QuotaLimits(per_second=1)) as client:
        keys = ["a", "b", "a"]
        assert [_ask(client, apikey=key).status_code for key in keys] == [200, 200, 429]
    with _ticketmaster() as client:
        assert {_ask(client).status_code for _ in range(10)} == {200}


def test_requests_are_recorded_with_their_event_and_without_the_key() -> None:
    log = RequestLog()
    with _ticketmaster(log=log) as client:
        _event(client)
        _ask(client, apikey="very-secret")
    one, search = log.records()
    assert (one.external_id, search.external_id) == (EVENT, None)
    assert "very-secret" not in repr(log.records())


def test_the_controls_show_the_events_by_their_ids_here() -> None:
    with _ticketmaster() as client:
        shown = client.get("/_simulator/events").json()
    assert {event["external_id"] for event in shown} >= {EVENT, FOREIGN}
    assert all(event["truth"] is None for event in shown)
