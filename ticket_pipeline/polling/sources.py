"""The marketplaces that can be polled, each wired to its settings in one entry of `SOURCES`.

Adding a marketplace: its module in `marketplaces`, its settings, and one entry here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.marketplaces.stubhub import open_stubhub_client
from ticket_pipeline.marketplaces.vivid_seats import open_vivid_seats_client

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractAsyncContextManager
    from datetime import datetime

    from ticket_pipeline.marketplaces.client import MarketplaceClient
    from ticket_pipeline.marketplaces.gate import RequestGate
    from ticket_pipeline.settings import Settings


@dataclass(frozen=True, slots=True)
class Source:
    """How one marketplace is polled.

    Attributes:
        is_enabled: its switch.
        base_url: where its requests go; None where it is not configured.
        how_to_configure: what a user does about that.
        limits: window → requests that any window of that length may hold, all processes together.
        open_client: a client that asks the gate before each request, and the clock (aware UTC) when an answer came.
    """

    marketplace: Marketplace
    is_enabled: Callable[[Settings], bool]
    base_url: Callable[[Settings], str | None]
    how_to_configure: str
    limits: Callable[[Settings], Mapping[timedelta, int]]
    open_client: Callable[
        [Settings, RequestGate, Callable[[], datetime]], AbstractAsyncContextManager[MarketplaceClient]
    ]


SOURCES: Mapping[Marketplace, Source] = MappingProxyType(
    {
        Marketplace.STUBHUB: Source(
            marketplace=Marketplace.STUBHUB,
            is_enabled=lambda settings: settings.stubhub_enabled,
            base_url=lambda settings: settings.stubhub_base_url,
            how_to_configure="Set STUBHUB_API_BASE_URL and your own seller session.",
            limits=lambda settings: {timedelta(minutes=1): settings.stubhub_requests_per_minute},
            open_client=lambda settings, gate, clock: open_stubhub_client(settings, gate=gate, clock=clock),
        ),
        Marketplace.VIVID_SEATS: Source(
            marketplace=Marketplace.VIVID_SEATS,
            is_enabled=lambda settings: settings.vivid_seats_enabled,
            base_url=lambda settings: settings.vivid_seats_base_url,
            how_to_configure="Set VIVID_SEATS_API_BASE_URL.",
            limits=lambda settings: {timedelta(minutes=1): settings.vivid_seats_requests_per_minute},
            open_client=lambda settings, gate, clock: open_vivid_seats_client(settings, gate=gate, clock=clock),
        ),
    }
)


def find_source(marketplace: Marketplace, settings: Settings) -> Source:
    """The wiring of a marketplace that is switched on and configured.

    Raises:
        ConfigurationError: it cannot be polled, it is switched off, or it is not configured.
    """
    source = SOURCES.get(marketplace)
    if source is None:
        raise ConfigurationError(
            f"Asked to poll {marketplace}; its listings cannot be polled. Known: {', '.join(SOURCES)}."
        )
    obstacle = why_not_polled(source, settings)
    if obstacle is not None:
        raise ConfigurationError(f"Asked to poll {marketplace}; {obstacle}")
    return source


def why_not_polled(source: Source, settings: Settings) -> str | None:
    """Why a marketplace is not polled under these settings, and what to do about it; None where it is."""
    if not source.is_enabled(settings):
        return f"it is switched off. Set {source.marketplace.upper()}_ENABLED=true to allow it."
    if source.base_url(settings) is None:
        return f"it is not configured, and another marketplace is. {source.how_to_configure}"
    return None
