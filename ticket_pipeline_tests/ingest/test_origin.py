"""Simulated and real data never share a database."""

from __future__ import annotations

import pytest

from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.ingest.origin import claim_origin
from ticket_pipeline.settings.model import Settings
from ticket_pipeline_tests.ingest.loopback import Loopback

SIMULATED = Settings()
REAL = Settings(stubhub_api_base_url="https://pro.stubhub.com")
SPAN = {"past_from": "2026-01-01 00:00Z", "past_until": "2026-02-15 00:00Z"}


def test_a_database_with_simulated_data_refuses_a_real_marketplace(loopback: Loopback) -> None:
    first = claim_origin(loopback.database, SIMULATED)
    with pytest.raises(ConfigurationError, match="holds data of the simulated ones"):
        claim_origin(loopback.database, REAL)
    assert claim_origin(loopback.database, SIMULATED) == first


def test_a_database_with_real_data_refuses_the_simulated_marketplaces(loopback: Loopback) -> None:
    claim_origin(loopback.database, REAL)
    with pytest.raises(ConfigurationError, match="holds data of real ones"):
        claim_origin(loopback.database, SIMULATED)
    assert not claim_origin(loopback.database, REAL)["is_simulated"]


def test_a_poll_of_the_other_kind_sends_nothing(watching: Loopback) -> None:
    claim_origin(watching.database, SIMULATED)
    with pytest.raises(ConfigurationError, match="A real marketplace is configured"):
        watching.poll(watching.events())
    assert watching.log.records() == []


def test_a_past_begins_only_in_a_simulated_database_without_a_capture(watching: Loopback) -> None:
    def begins() -> bool:
        return watching.database.execute("origin/begin_past", **SPAN) == 1

    assert not begins(), "nothing is noted yet"
    watching.poll(watching.events()[:1])
    assert not begins(), "it is a real one"
    watching.rows("update data_origin set is_simulated = true")
    assert not begins(), "it has a capture, and began without a past"
    watching.rows("delete from snapshots")
    assert begins()
    assert not begins(), "it has begun"
