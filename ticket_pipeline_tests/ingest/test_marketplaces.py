"""Which marketplaces are polled under which settings."""

from __future__ import annotations

import pytest

from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.ingest.marketplaces import SOURCES, find_source, why_not_polled
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.settings.model import Settings
from ticket_pipeline_tests.overrides import settings_from

STUBHUB = SOURCES[Marketplace.STUBHUB]


def settings(**values: str) -> Settings:
    return settings_from(values)


def test_with_nothing_configured_every_marketplace_is_simulated() -> None:
    assert settings().is_simulated
    assert [why_not_polled(source, settings()) for source in SOURCES.values()] == [None] * len(SOURCES)
    assert STUBHUB.base_url(settings(simulator_port="4321")) == "http://127.0.0.1:4321/stubhub"


@pytest.mark.parametrize("name", ["vivid_seats_api_base_url", "ticketmaster_api_key"])
def test_a_real_marketplace_switches_the_simulated_others_off(name: str) -> None:
    """Invented prices must not be stored beside real ones."""
    configured = settings(**{name: "https://tickets.example"})
    assert not configured.is_simulated
    reason = why_not_polled(STUBHUB, configured)
    assert reason is not None
    assert "STUBHUB_API_BASE_URL" in reason
    with pytest.raises(ConfigurationError, match="not configured"):
        find_source(Marketplace.STUBHUB, configured)


def test_a_configured_marketplace_is_polled_where_it_was_told() -> None:
    configured = settings(stubhub_api_base_url="https://tickets.example")
    assert why_not_polled(STUBHUB, configured) is None
    assert STUBHUB.base_url(configured) == "https://tickets.example"


def test_the_key_goes_to_the_api_and_the_simulator_gets_none() -> None:
    assert settings().ticketmaster_base_url == "http://127.0.0.1:8765/ticketmaster"
    assert settings(ticketmaster_api_key="k").ticketmaster_base_url == "https://app.ticketmaster.com"
    assert settings(stubhub_api_base_url="https://tickets.example").ticketmaster_base_url is None
