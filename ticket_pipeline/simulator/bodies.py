"""The body that a simulated marketplace sends at any moment, without a server."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from ticket_pipeline.simulator import hermes, stubhub
from ticket_pipeline.simulator.marketplaces import Marketplace

if TYPE_CHECKING:
    from ticket_pipeline.simulator.market import EventMarket


def body_at(market: EventMarket, marketplace: Marketplace, moment: datetime, share: float = 1.0) -> bytes:
    """The listings of an event at a moment; of them only this share where the response is cut short."""
    listings = market.listings_at(moment, marketplace)
    listings = listings[: round(share * len(listings))]
    if marketplace is Marketplace.STUBHUB:
        return stubhub.listings_body(listings, market.event.venue.currency)
    return hermes.listings_body(market.event, listings)
