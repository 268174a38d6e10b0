"""Vivid Seats on loopback: the recorded format, totals that agree, and the market behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from ticket_pipeline.simulator.faults import Fault, FaultKind, FaultPlan
from ticket_pipeline.simulator.vivid_seats import LISTINGS_PATH, create_vivid_seats_app
from ticket_pipeline.simulator.world import sample_world
from ticket_pipeline_tests.simulator_support.serving import open_client

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
PRODUCTION = "5284301"
CANADIAN = "5563127"
STANDING = "5422590"


@contextmanager
def _vivid_seats(*, now: datetime = NOW, **options: Any) -> Iterator[httpx.Client]:  # noqa: ANN401 - the app's own
    with open_client(create_vivid_seats_app(sample_world(NOW), clock=lambda: now, **options)) as client:
        yield client


def _get(client: httpx.Client, production: str = PRODUCTION) -> httpx.Response:
    return client.get(LISTINGS_PATH, params={"productionId": production})


def _body(production: str = PRODUCTION, now: datetime = NOW) -> dict[str, Any]:
    with _vivid_seats(now=now) as client:
        body: dict[str, Any] = _get(client, production).json()
        return body


def test_every_key_and_type_is_that_of_a_recorded_body(samples_dir: Path) -> None:
    recorded = json.loads((samples_dir / "vividseats" / "hermes_listings_5990417_excerpt.json").read_bytes())
    ours = _body()
    assert ours.keys() == recorded.keys()
    for part in ("tickets", "groups", "sections", "global"):
        known = {key: type(value) for item in recorded[part] for key, value in item.items()}
        given = {key: type(value) for item in ours[part] for key, value in item.items()}
        assert {key: known.get(key) for key in given} == given, part
    assert {ticket["i"][:2] for ticket in ours["tickets"]} == {"VB", "VF"}


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
    assert total["productionId"] == production


def test_groups_and_sections_name_the_tickets() -> None:
    body = _body()
    groups, sections = ({item["i"]: item["n"] for item in body[part]} for part in ("groups", "sections"))
    assert set(groups.values()) == {"Floor", "Lower Bowl", "Club", "Upper Deck"}
    assert {ticket["c"] for ticket in body["tickets"]} <= groups.keys()
    assert all(ticket["s"] == sections[ticket["d"]] for ticket in body["tickets"])
    assert {ticket["s"]: ticket["r"] for ticket in _body(STANDING)["tickets"]}["General Admission"] == "GA"


def test_prices_and_splits_follow_the_rules_of_the_marketplace() -> None:
    for ticket in _body()["tickets"]:
        factor = Decimal("1.35") if ticket["i"].startswith("VB") else Decimal("1.20")
        assert Decimal(ticket["aip"]) == (Decimal(ticket["p"]) * factor).quantize(Decimal(1), ROUND_HALF_UP)
        quantity, splits = int(ticket["q"]), [int(text) for text in ticket["m"].split(",")]
        assert quantity in splits
        assert splits == sorted(set(splits))
        assert all(0 < split <= quantity and quantity - split != 1 for split in splits)


def test_an_unknown_production_is_not_found_and_a_malformed_one_a_bad_request() -> None:
    with _vivid_seats() as client:
        assert [_get(client, production).status_code for production in ("1", "157284301", "x")] == [404, 404, 400]
        assert client.get(LISTINGS_PATH).status_code == 400


def test_a_block_is_the_bot_walls_page() -> None:
    plan = FaultPlan()
    plan.add(Fault(FaultKind.FORBIDDEN))
    with _vivid_seats(faults=plan) as client:
        blocked = _get(client)
    assert (blocked.status_code, blocked.headers["content-type"].split(";")[0]) == (403, "text/html")
    assert "Challenge Validation" in blocked.text
