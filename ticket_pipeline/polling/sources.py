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

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractAsyncContextManager

    from ticket_pipeline.marketplaces.client import MarketplaceClient
    from ticket_pipeline.marketplaces.gate import RequestGate
    from ticket_pipeline.settings import Settings


@dataclass(frozen=True, slots=True)
class Source:
    """How one marketplace is polled.

    Attributes:
        is_enabled: its switch.
        limits: window → requests that any window of that length may hold, all processes together.
        open_client: a client that asks the gate before each request.
    """

    marketplace: Marketplace
    is_enabled: Callable[[Settings], bool]
    limits: Callable[[Settings], Mapping[timedelta, int]]
    open_client: Callable[[Settings, RequestGate], AbstractAsyncContextManager[MarketplaceClient]]


SOURCES: Mapping[Marketplace, Source] = MappingProxyType(
    {
        Marketplace.STUBHUB: Source(
            marketplace=Marketplace.STUBHUB,
            is_enabled=lambda settings: settings.stubhub_enabled,
            limits=lambda settings: {timedelta(minutes=1): settings.stubhub_requests_per_minute},
            open_client=lambda settings, gate: open_stubhub_client(settings, gate=gate),
        ),
    }
)


def find_source(marketplace: Marketplace, settings: Settings) -> Source:
    """The wiring of a marketplace that is switched on.

    Raises:
        ConfigurationError: it cannot be polled, or it is switched off.
    """
    source = SOURCES.get(marketplace)
    if source is None:
        raise ConfigurationError(
            f"Asked to poll {marketplace}; its listings cannot be polled. Known: {', '.join(SOURCES)}."
        )
    if not source.is_enabled(settings):
        raise ConfigurationError(
            f"Asked to poll {marketplace}; it is switched off. Set {marketplace.upper()}_ENABLED=true to allow it."
        )
    return source
