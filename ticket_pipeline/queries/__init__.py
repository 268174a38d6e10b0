"""The public Python API: typed, read-only questions over the database.

Each function takes a `Database` and returns frozen dataclasses; moments are aware, money is Decimal per ticket, and
what has another currency or fee basis is another result. Nothing here fetches, writes or prints; the command line, and
whatever else shows numbers, takes them from here.
"""

from ticket_pipeline.queries.comparables import (
    ComparableListing,
    Comparables,
    Ring,
    UnclearSeatsError,
    comparables,
)
from ticket_pipeline.queries.market import (
    DepthStep,
    MarketDepth,
    MarketNow,
    SpreadRow,
    market_depth,
    market_now,
    spread,
)
from ticket_pipeline.queries.overview import (
    OverviewRow,
    WatchlistHealth,
    WatchlistProblem,
    overview,
    watchlist_health,
)
from ticket_pipeline.queries.prices import PriceBucket, PriceSeries, ZonePrices, price_history, section_prices
from ticket_pipeline.storage.prices import DAY, HOUR, Span

__all__ = [
    "DAY",
    "HOUR",
    "ComparableListing",
    "Comparables",
    "DepthStep",
    "MarketDepth",
    "MarketNow",
    "OverviewRow",
    "PriceBucket",
    "PriceSeries",
    "Ring",
    "Span",
    "SpreadRow",
    "UnclearSeatsError",
    "WatchlistHealth",
    "WatchlistProblem",
    "ZonePrices",
    "comparables",
    "market_depth",
    "market_now",
    "overview",
    "price_history",
    "section_prices",
    "spread",
    "watchlist_health",
]
