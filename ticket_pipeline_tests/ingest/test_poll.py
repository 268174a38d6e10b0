"""Polling under settings: what they permit, and that they reach the gate, the schedule and the store."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.ingest.marketplaces import find_source
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.simulator.faults import Fault, FaultKind
from ticket_pipeline.storage.requests import read_request_state
from ticket_pipeline_tests.ingest.loopback import STUBHUB, Loopback


def test_a_marketplace_that_cannot_be_polled_is_refused_with_those_that_can() -> None:
    with pytest.raises(ConfigurationError, match=r"vivenu cannot be polled\. Choose one of stubhub"):
        find_source(Marketplace.VIVENU, Settings())


def test_the_limits_of_the_settings_are_those_of_the_gate(watching: Loopback) -> None:
    watching.poll([], watching.settings(stubhub_requests_per_minute=7, httpx_max_connections=2))
    limits = {row["budget_window"]: row["max_requests"] for row in read_request_state(watching.database, STUBHUB)}
    assert limits == {timedelta(): 2, timedelta(minutes=1): 7}


def test_a_spent_budget_stops_the_batch_and_leaves_the_rest_due(
    watching: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ticket_pipeline.ingest.poll._MAX_BUDGET_WAIT", timedelta(seconds=1))
    result = watching.poll(watching.events(), watching.settings(stubhub_requests_per_minute=3, httpx_max_connections=1))
    assert len(result.results) == len(watching.log.records()) == 3
    assert [event.external_id for event in result.skipped] == watching.keys[3:]
    assert "its request budget is spent" in str(result.stopped_by)


def test_requests_keep_the_distance_of_the_settings(watching: Loopback) -> None:
    began = time.monotonic()
    watching.poll(watching.events(), watching.settings(min_request_delay=0.5, max_request_delay=0.6))
    moments = sorted(record.received_monotonic for record in watching.log.records())
    # Counted at the server: the way there may take one request longer than the next.
    assert all(moment - began > 0.49 * number for number, moment in enumerate(moments))
    assert len(moments) == 4
    assert moments[3] - moments[0] > 0.5


@pytest.mark.parametrize(("minimum", "maximum"), [(0.5, 1.5), (1.0, 1.0)])
def test_the_next_poll_is_one_jittered_interval_away(watching: Loopback, minimum: float, maximum: float) -> None:
    watching.rows("update poll_schedule set poll_interval = '10 hours'")
    watching.poll(watching.events(), watching.settings(min_random_factor=minimum, max_random_factor=maximum))
    rows = [watching.schedule(key) for key in watching.keys]
    factors = [(row["next_due_at"] - row["anchor_at"]) / timedelta(hours=10) for row in rows]
    assert all(minimum <= factor <= maximum for factor in factors)
    assert len({round(factor, 6) for factor in factors}) == (4 if minimum < maximum else 1)


def test_a_seed_repeats_the_jitter_of_a_batch(watching: Loopback) -> None:
    def factors(seed: int) -> list[float]:
        watching.poll(watching.events(), watching.settings(random_seed=seed, httpx_max_connections=1))
        return [watching.schedule(key)["jitter_factor"] for key in watching.keys]

    assert factors(5) == factors(5) != factors(6)


def test_raw_bodies_are_kept_by_the_settings(watching: Loopback) -> None:
    watching.poll(watching.events(), watching.settings(raw_payload_days=0))
    assert watching.value("select count(*) from raw_payloads") == 0
    watching.poll(watching.events())
    assert watching.value("select count(*) from raw_payloads") == 4


def test_the_first_back_off_is_five_minutes(watching: Loopback) -> None:
    watching.faults.add(Fault(FaultKind.SERVER_ERROR))
    settings = watching.settings(min_random_factor=1, max_random_factor=1)
    watching.poll(watching.events(watching.keys[:1]), settings)
    row = watching.schedule(watching.keys[0])
    assert row["next_due_at"] - row["last_attempt_at"] == timedelta(minutes=5)


def test_a_block_pauses_the_marketplace_for_a_day(watching: Loopback) -> None:
    watching.faults.add(Fault(FaultKind.FORBIDDEN))
    watching.poll(watching.events(watching.keys[:1]))
    state = read_request_state(watching.database, STUBHUB)[0]
    assert (state["open_until"] - state["opened_at"]).total_seconds() == pytest.approx(24 * 3600, abs=1)
