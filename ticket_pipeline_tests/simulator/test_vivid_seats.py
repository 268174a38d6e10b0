"""Vivid Seats on loopback: the recorded shape, totals that agree, its market, its errors and its controls."""

from __future__ import annotations

import json
from collections import defaultdict
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from statistics import median
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from ticket_pipeline.simulator.faults import Fault, FaultKind, FaultPlan
from ticket_pipeline.simulator.marketplaces import Marketplace
from ticket_pipeline.simulator.recording import RequestLog
from ticket_pipeline.simulator.vivid_seats import LISTINGS_PATH, create_vivid_seats_app, parking_id_of
from ticket_pipeline.simulator.world import ReplayEvent, SimulatedWorld, sample_world
from ticket_pipeline_tests.simulator_support.serving import serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
PRODUCTION = "5284301"
CANADIAN = "5563127"
STANDING = "5422590"


@contextmanager
def _vivid_seats(
    world: SimulatedWorld | None = None,
    *,
    clock: Callable[[], datetime] = lambda: NOW,
    **options: Any,  # noqa: ANN401 - the app's own options, handed through
) -> Iterator[httpx.Client]:
    app = create_vivid_seats_app(world or sample_world(NOW), clock=clock, **options)
    with serve(app) as served, httpx.Client(base_url=served.url, trust_env=False, timeout=10) as client:
        yield client


def _ask(client: httpx.Client, production: str = PRODUCTION, **parameters: str) -> httpx.Response:
    return client.get(LISTINGS_PATH, params={"productionId": production, "currency": "USD", **parameters})


def _body(production: str = PRODUCTION, **parameters: str) -> dict[str, Any]:
    with _vivid_seats() as client:
        body: dict[str, Any] = _ask(client, production, **parameters).json()
        return body


# --- the answer -----------------------------------------------------------------------------------------------------


def test_nearly_every_scalar_of_a_ticket_is_text() -> None:
    for ticket in _body()["tickets"]:
        others = {key: value for key, value in ticket.items() if not isinstance(value, str)}
        assert others.keys() == {"di", "badges", "perks", "localPrices"}
        assert ticket["i"][:2] in {"VB", "VF"}
        assert ticket["i"][2:].isdecimal()


def test_every_key_and_type_is_that_of_a_recorded_body(samples_dir: Path) -> None:
    recorded = json.loads((samples_dir / "vividseats" / "hermes_listings_5990417_excerpt.json").read_bytes())
    ours = _body()
    assert ours.keys() == recorded.keys()
    for part in ("tickets", "groups", "sections", "global"):
        known = {key: type(value) for item in recorded[part] for key, value in item.items()}
        given = {key: type(value) for item in ours[part] for key, value in item.items()}
        assert {key: known.get(key) for key in given} == given, part
    always = set.intersection(*(set(ticket) for ticket in recorded["tickets"]))
    assert all(always <= set(ticket) for ticket in ours["tickets"])


@pytest.mark.parametrize("production", [PRODUCTION, CANADIAN, STANDING])
def test_the_totals_agree_with_the_tickets(production: str) -> None:
    body = _body(production)
    (total,) = body["global"]
    asks = [Decimal(ticket["p"]) for ticket in body["tickets"]]
    all_ins = [Decimal(ticket["aip"]) for ticket in body["tickets"]]
    quantities = [int(ticket["q"]) for ticket in body["tickets"]]
    assert (int(total["listingCount"]), int(total["ticketCount"])) == (len(asks), sum(quantities))
    assert (Decimal(total["lp"]), Decimal(total["hp"])) == (min(asks), max(asks))
    assert (Decimal(total["lowestAip"]), Decimal(total["highestAip"])) == (min(all_ins), max(all_ins))
    assert Decimal(total["mp"]) == median(asks).quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert int(total["hq"]) == max(quantities)
    assert total["productionId"] == production


def test_groups_and_sections_name_the_tickets_and_count_them() -> None:
    body = _body()
    for part, key in (("groups", "c"), ("sections", "d")):
        tickets = defaultdict(list)
        for ticket in body["tickets"]:
            tickets[ticket[key]].append(ticket)
        named = {item["i"]: item for item in body[part]}
        assert len(named) == len(body[part])
        assert tickets.keys() <= named.keys()
        for item_id, item in named.items():
            asks = [Decimal(ticket["p"]) for ticket in tickets[item_id]]
            assert int(item["q"]) == sum(int(ticket["q"]) for ticket in tickets[item_id])
            assert (item["l"], item["h"]) == (str(min(asks, default="0.00")), str(max(asks, default="0.00")))
            assert item["a"] == str(int(bool(asks)))
            assert item["productionId"] == int(PRODUCTION)
    names = {section["i"]: section["n"] for section in body["sections"]}
    assert all(ticket["s"] == names[ticket["d"]] for ticket in body["tickets"])
    assert {"Lower Bowl", "Upper Deck", ""} <= {group["n"] for group in body["groups"]}
    assert any(ticket["s"].startswith("Lower Bowl 1") for ticket in body["tickets"])


def test_brokers_pay_more_fees_than_fans_and_the_buyer_pays_whole_dollars() -> None:
    tickets = _body()["tickets"]
    for kind, factor in (("VB", "1.35"), ("VF", "1.20")):
        own = [ticket for ticket in tickets if ticket["i"].startswith(kind)]
        assert own
        for ticket in own:
            whole = (Decimal(ticket["p"]) * Decimal(factor)).quantize(Decimal(1), ROUND_HALF_UP)
            assert Decimal(ticket["aip"]) == whole


def test_splits_hold_the_whole_quantity_and_never_leave_one() -> None:
    for ticket in _body()["tickets"]:
        quantity, splits = int(ticket["q"]), [int(text) for text in ticket["m"].split(",")]
        assert quantity in splits
        assert splits == sorted(set(splits))
        assert all(0 < split <= quantity and quantity - split != 1 for split in splits)


def test_general_admission_is_a_row_named_so() -> None:
    rows = {ticket["s"]: ticket["r"] for ticket in _body(STANDING)["tickets"]}
    assert rows["General Admission"] == "GA"


def test_there_are_no_parking_passes_among_the_tickets() -> None:
    assert not [ticket for ticket in _body()["tickets"] if "Parking" in (ticket["s"], ticket["r"])]


def test_parking_passes_are_a_production_of_their_own() -> None:
    world = sample_world(NOW)
    market = world.market(PRODUCTION, Marketplace.VIVID_SEATS)
    assert market is not None
    moment = next(
        moment
        for moment in (NOW + timedelta(hours=hours) for hours in range(500))
        if market.parking_at(moment, Marketplace.VIVID_SEATS)
    )
    with _vivid_seats(world, clock=lambda: moment) as client:
        body = _ask(client, parking_id_of(PRODUCTION)).json()
    assert len(body["tickets"]) == len(market.parking_at(moment, Marketplace.VIVID_SEATS))
    assert body["global"][0]["productionName"].startswith("Parking: Vesper Lane")
    assert {ticket["s"] for ticket in body["tickets"]} <= {section["n"] for section in body["sections"]}


def test_the_answer_is_the_market_at_the_clocks_moment() -> None:
    world = sample_world(NOW)
    market = world.market(PRODUCTION, Marketplace.VIVID_SEATS)
    assert market is not None
    later = NOW + timedelta(hours=8)
    with _vivid_seats(world, clock=lambda: later) as client:
        tickets = _ask(client).json()["tickets"]
    truth = market.true_metrics_at(later, Marketplace.VIVID_SEATS)
    assert (len(tickets), sum(int(ticket["q"]) for ticket in tickets)) == (truth.listings, truth.tickets)
    assert min(Decimal(ticket["aip"]) for ticket in tickets) == truth.min_price


def test_prices_are_us_dollars_unless_the_caller_asks_for_local_ones() -> None:
    dollars, local = _body(CANADIAN), _body(CANADIAN, localizeCurrency="true")
    assert (dollars["i18n"]["to"], dollars["global"][0]["priceLocalized"]) == ("USD", False)
    assert (local["i18n"]["to"], local["global"][0]["priceLocalized"]) == ("CAD", True)
    assert float(local["global"][0]["lp"]) == pytest.approx(float(dollars["global"][0]["lp"]) / 0.72, abs=0.01)
    assert _body(localizeCurrency="true")["i18n"]["applyCurrencyConversion"] is False


def test_an_event_that_has_begun_has_no_tickets_and_totals_of_nothing() -> None:
    with _vivid_seats(clock=lambda: NOW + timedelta(days=99)) as client:
        body = _ask(client).json()
    assert body["tickets"] == []
    assert {section["q"] for section in body["sections"]} == {"0"}
    assert [body["global"][0][key] for key in ("listingCount", "ticketCount", "lp", "mp")] == ["0", "0", "0.00", "0.00"]


def test_an_unknown_production_is_not_found_and_a_malformed_one_is_refused() -> None:
    with _vivid_seats() as client:
        assert [_ask(client, production).status_code for production in ("1", "157284301", "x")] == [404, 404, 400]
        assert client.get(LISTINGS_PATH).status_code == 400


def test_replayed_bodies_come_in_order_and_the_last_repeats() -> None:
    bodies = (b'{"a":1}', b'{"a":2}')
    world = SimulatedWorld([ReplayEvent("7", bodies, Marketplace.VIVID_SEATS)], started_at=NOW)
    with _vivid_seats(world) as client:
        assert [_ask(client, "7").content for _ in range(3)] == [*bodies, bodies[1]]


# --- faults, records and controls -----------------------------------------------------------------------------------


def test_faults_are_those_of_every_marketplace_and_a_block_is_the_bot_walls_page() -> None:
    plan = FaultPlan()
    plan.add(Fault(FaultKind.RATE_LIMITED, external_id=PRODUCTION, retry_after="7"))
    plan.add(Fault(FaultKind.FORBIDDEN))
    with _vivid_seats(faults=plan) as client:
        limited, blocked, well = (_ask(client) for _ in range(3))
    assert (limited.status_code, limited.headers["retry-after"]) == (429, "7")
    assert (blocked.status_code, blocked.headers["content-type"].split(";")[0]) == (403, "text/html")
    assert "Challenge Validation" in blocked.text
    assert well.status_code == 200


def test_requests_are_recorded_with_their_production() -> None:
    log = RequestLog()
    with _vivid_seats(log=log) as client:
        _ask(client)
    (record,) = log.records()
    assert (record.path, record.external_id, record.status) == (LISTINGS_PATH, PRODUCTION, 200)


def test_the_controls_show_the_events_by_their_productions() -> None:
    world = sample_world(NOW)
    with _vivid_seats(world) as client:
        shown = {event["external_id"]: event for event in client.get("/_simulator/events").json()}
    assert len(shown) == 6
    assert shown[CANADIAN]["currency"] == "USD"
    market = world.market(CANADIAN, Marketplace.VIVID_SEATS)
    assert market is not None
    assert shown[CANADIAN]["truth"]["tickets"] == market.true_metrics_at(NOW, Marketplace.VIVID_SEATS).tickets


def test_the_controls_tell_every_true_sale_of_the_last_hours() -> None:
    world = sample_world(NOW)
    later = NOW + timedelta(hours=6)
    with _vivid_seats(world, clock=lambda: later) as client:
        shown = client.get("/_simulator/sales", params={"hours": 6}).json()
        assert client.get("/_simulator/sales", params={"hours": "x"}).status_code == 422
    market = world.market(CANADIAN, Marketplace.VIVID_SEATS)
    assert market is not None
    true = market.sales_between(NOW, later, Marketplace.VIVID_SEATS)
    assert [sale["listing_id"] for sale in shown if sale["external_id"] == CANADIAN] == [x.listing_id for x in true]
    assert len({sale["external_id"] for sale in shown}) > 3
