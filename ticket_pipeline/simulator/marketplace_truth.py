"""What one marketplace knows of its events and does not tell: for people who look into a running simulator.

What belongs here: the world as one marketplace's truth. What does not: the routes that show it
(`ticket_pipeline.simulator.controls`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from ticket_pipeline.simulator.marketplaces import Marketplace, currency_at

if TYPE_CHECKING:
    from datetime import datetime

    from ticket_pipeline.simulator.world import SimulatedWorld


@dataclass(frozen=True, slots=True)
class MarketplaceTruth:
    """The truth about one marketplace of a world."""

    world: SimulatedWorld
    marketplace: Marketplace

    def events_at(self, now: datetime) -> list[dict[str, Any]]:
        """The marketplace's events, with the truth about their listings at `now`; Ticketmaster has none."""
        return [self._event(external_id, now) for external_id, _ in self.world.events_at(self.marketplace)]

    def sales_between(self, after: datetime, until: datetime) -> list[dict[str, Any]]:
        """The true sales at the marketplace later than `after` and not later than `until`, event by event."""
        markets = {
            external_id: self.world.market(external_id, self.marketplace)
            for external_id, _ in self.world.events_at(self.marketplace)
        }
        return [
            {"external_id": external_id, **asdict(sale)}
            for external_id, market in markets.items()
            if market is not None
            for sale in market.sales_between(after, until, self.marketplace)
        ]

    def _event(self, external_id: str, now: datetime) -> dict[str, Any]:
        market = self.world.market(external_id, self.marketplace)
        if market is None:
            return {"external_id": external_id, "is_replay": True}
        event = market.event
        has_listings = self.marketplace is not Marketplace.TICKETMASTER
        return {
            "external_id": external_id,
            "is_replay": False,
            "name": event.name,
            "venue": event.venue.name,
            "currency": currency_at(self.marketplace, event.venue.currency),
            "event_at": event.event_at,
            "truth": asdict(market.true_metrics_at(now, self.marketplace)) if has_listings else None,
        }
