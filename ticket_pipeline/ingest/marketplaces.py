"""The marketplaces that can be polled, each wired to its settings in one entry of `SOURCES`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.market.vocabulary import Marketplace

if TYPE_CHECKING:
    from ticket_pipeline.market.vocabulary import ParsedListings
    from ticket_pipeline.settings.model import Settings

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_TICKETMASTER_A_SECOND = 5
"""Requests that the Discovery API allows every key."""


@dataclass(frozen=True, slots=True)
class Source:
    """How one marketplace is polled.

    Attributes:
        description: as the Resources page of Dagster shows it.
        base_url: where its requests go; None where it is not configured.
        how_to_configure: what a user does then.
        limits: window → requests that any window of that length may hold, all processes together.
        open_client: opens a client by the settings and the keywords `gate`, `clock` and, where it only describes
            events, `cache`.
        polling_limits: as `limits`, for polling only; the rest of `limits` is reserved for people.
        kept_for: how long a cached response is used.
        parser: reads a body with listings; None: it has none.
    """

    marketplace: Marketplace
    description: str
    base_url: Callable[[Settings], str | None]
    how_to_configure: str
    limits: Callable[[Settings], Mapping[timedelta, int]]
    open_client: Callable[..., AbstractAsyncContextManager[Any]]
    polling_limits: Callable[[Settings], Mapping[timedelta, int]] = lambda _: {}
    kept_for: Callable[[Settings], timedelta] = lambda _: timedelta()
    parser: Callable[[Settings], Callable[[bytes], ParsedListings]] | None = None

    @property
    def has_listings(self) -> bool:
        """Whether its polls bring listings, from which prices by hour and day are computed."""
        return self.marketplace.has_listings

    @property
    def asset_name(self) -> str:
        """The asset, and the table, that its polls fill."""
        return f"{self.marketplace}_{'listings' if self.has_listings else 'events'}"


def share_of_polling(per_day: int, reserve_fraction: float) -> dict[timedelta, int]:
    """What polling may send by day and hour, so that a day's budget, less the share reserved for people, lasts."""
    share = max(1, math.floor(per_day * (1 - reserve_fraction)))
    return {_DAY: share, _HOUR: math.ceil(share / 24)}


# The clients load httpx, 0.2 CPU-s that only a process that fetches should spend.
def _open_stubhub(settings: Settings, **options: Any) -> AbstractAsyncContextManager[Any]:  # noqa: ANN401
    from ticket_pipeline.marketplaces.stubhub.client import open_stubhub_client  # noqa: PLC0415 - see above

    return open_stubhub_client(settings, **options)


def _open_vivid_seats(settings: Settings, **options: Any) -> AbstractAsyncContextManager[Any]:  # noqa: ANN401
    from ticket_pipeline.marketplaces.vivid_seats.client import open_vivid_seats_client  # noqa: PLC0415 - see above

    return open_vivid_seats_client(settings, **options)


def _open_ticketmaster(settings: Settings, **options: Any) -> AbstractAsyncContextManager[Any]:  # noqa: ANN401
    from ticket_pipeline.marketplaces.ticketmaster.client import open_ticketmaster_client  # noqa: PLC0415 - see above

    return open_ticketmaster_client(settings, **options)


def _stubhub_parser(_settings: Settings) -> Callable[[bytes], ParsedListings]:
    from ticket_pipeline.marketplaces.stubhub.parser import parse_stubhub_listings  # noqa: PLC0415 - see above

    return parse_stubhub_listings


def _vivid_seats_parser(settings: Settings) -> Callable[[bytes], ParsedListings]:
    from ticket_pipeline.marketplaces.vivid_seats.parser import parse_vivid_seats_listings  # noqa: PLC0415 - see above

    return partial(parse_vivid_seats_listings, asked_currency=settings.vivid_seats_currency)


SOURCES: Mapping[Marketplace, Source] = MappingProxyType(
    {
        Marketplace.STUBHUB: Source(
            marketplace=Marketplace.STUBHUB,
            description="StubHub's listings, read with your own seller session.",
            base_url=lambda settings: settings.stubhub_base_url,
            how_to_configure="Set STUBHUB_API_BASE_URL and your own seller session.",
            limits=lambda settings: {timedelta(minutes=1): settings.stubhub_requests_per_minute},
            open_client=_open_stubhub,
            parser=_stubhub_parser,
        ),
        Marketplace.VIVID_SEATS: Source(
            marketplace=Marketplace.VIVID_SEATS,
            description="Vivid Seats' listings; they need no credential.",
            base_url=lambda settings: settings.vivid_seats_base_url,
            how_to_configure="Set VIVID_SEATS_API_BASE_URL.",
            limits=lambda settings: {timedelta(minutes=1): settings.vivid_seats_requests_per_minute},
            open_client=_open_vivid_seats,
            parser=_vivid_seats_parser,
        ),
        Marketplace.TICKETMASTER: Source(
            marketplace=Marketplace.TICKETMASTER,
            description="Ticketmaster's Discovery API: event details, read with your own key.",
            base_url=lambda settings: settings.ticketmaster_base_url,
            how_to_configure="Set TICKETMASTER_API_KEY.",
            limits=lambda settings: {
                timedelta(seconds=1): _TICKETMASTER_A_SECOND,
                _DAY: settings.ticketmaster_requests_per_day,
            },
            open_client=_open_ticketmaster,
            polling_limits=lambda settings: share_of_polling(
                settings.ticketmaster_requests_per_day, settings.tuning.ticketmaster_reserve_fraction
            ),
            kept_for=lambda settings: timedelta(minutes=settings.tuning.ticketmaster_cache_minutes),
        ),
    }
)


def find_source(marketplace: Marketplace, settings: Settings) -> Source:
    """The wiring of a marketplace that is enabled and configured; a ConfigurationError where it is not."""
    source = SOURCES.get(marketplace)
    if source is None:
        raise ConfigurationError(f"{marketplace} cannot be polled. Choose one of {', '.join(SOURCES)}.")
    obstacle = why_not_polled(source, settings)
    if obstacle is not None:
        raise ConfigurationError(f"{marketplace} is not polled: {obstacle}")
    return source


def why_not_polled(source: Source, settings: Settings) -> str | None:
    """Why a marketplace is not polled under these settings, and what to do about it; None where it is."""
    if settings.is_disabled(source.marketplace):
        return "it is disabled. Remove it from DISABLED_MARKETPLACES to poll it."
    if source.base_url(settings) is None:
        return f"it is not configured, and another marketplace is. {source.how_to_configure}"
    return None
