"""vivenu on loopback: its format, paging while the set moves, tokens, and correct sums."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from ticket_pipeline.simulator.vivenu import SIMULATED_TOKEN, create_vivenu_app
from ticket_pipeline.simulator.vivenu_world import CANARY, VivenuWorld, living_world, organised_world
from ticket_pipeline_tests.simulator_support.serving import open_client
from ticket_pipeline_tests.simulator_support.vivenu_truth import (
    birth_dates,
    personal_values,
    true_sales_daily,
    true_summary,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
# As the API's own description lists them.
REQUIRED = {"_id", "sellerId", "eventId", "ticketTypeId", "ticketName", "createdAt", "updatedAt", "status"}
REQUIRED |= {"secret", "barcode"}


def small(seed: int = 0) -> VivenuWorld:
    """Five events, six hundred tickets."""
    return organised_world(NOW, events=5, tickets=600, seed=seed)


@contextmanager
def organiser(
    world: VivenuWorld,
    **options: Any,  # noqa: ANN401 - the app's own options, handed through
) -> Iterator[httpx.Client]:
    """A served organiser, and a client with a good token."""
    app = create_vivenu_app(world, **({"clock": lambda: NOW} | options))
    with open_client(app, headers={"Authorization": f"Bearer {SIMULATED_TOKEN}"}) as client:
        yield client


def test_a_ticket_has_what_the_description_requires_and_a_page_at_most_1000() -> None:
    with organiser(small()) as client:
        rows = client.get("/api/tickets").json()["rows"]
        assert len(rows) == 25
        assert all(row.keys() >= REQUIRED for row in rows)
        rejected = client.get("/api/tickets", params={"top": 1001})
        assert client.get("/api/events", headers={"Authorization": ""}).json()["error"] == "Unauthorized"
    assert (rejected.status_code, rejected.json()["statusCode"]) == (400, "400")


def test_what_is_sent_identifies_the_buyers() -> None:
    world = small()
    with organiser(world) as client:
        text = "\n".join(client.get("/api/tickets", params={"top": 1000}).text.split('"_id"'))
    assert all(CANARY in value for value in personal_values(world))
    assert any(value in text for value in birth_dates(world))
    assert len({row for row in personal_values(world) if row in text}) > 5 * len(world.tickets)


def test_the_state_at_a_moment_does_not_depend_on_earlier_calls() -> None:
    later = NOW + timedelta(hours=30)
    called_once, called_often = (living_world(NOW, events=5, tickets=600) for _ in range(2))
    called_once.advance(later)
    for minutes in range(0, 1801, 7):
        called_often.advance(NOW + timedelta(minutes=minutes))
    called_often.advance(NOW)  # the past changes nothing
    called_often.advance(later)
    assert true_sales_daily(called_once) == true_sales_daily(called_often) != true_sales_daily(small())
    assert len(called_once.tickets) > len(small().tickets)
    assert max(ticket.updated_at for ticket in called_once.tickets.values()) <= later
    statuses = [{key: one.status for key, one in world.tickets.items()} for world in (called_once, small())]
    assert any(statuses[0][key] != status for key, status in statuses[1].items())


def test_sales_go_on_by_the_clock_and_the_truth_with_them() -> None:
    world, now = living_world(NOW, events=5, tickets=600), [NOW]
    with organiser(world, clock=lambda: now[0]) as client:
        before = client.get("/api/tickets").json()["total"]
        now[0] += timedelta(days=2)
        sold = sum(row["truth"]["sold"] for row in client.get("/_simulator/events").json())
        after = client.get("/api/tickets").json()["total"]
        assert client.get("/api/tickets").json()["total"] == after > before == 600
        recorded = client.get("/_simulator/sales", params={"hours": 48}).json()
    assert {sale["ticket_id"] for sale in recorded} == {
        ticket.ticket_id for ticket in world.tickets.values() if ticket.created_at > NOW
    }
    assert len(recorded) == after - before
    assert sold == sum(row["sold"] for row in true_summary(world, now[0]).values())
