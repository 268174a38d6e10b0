"""The public Python API: typed, read-only questions over the database.

Each function takes a `Database` and returns frozen dataclasses; moments are aware, money is Decimal per ticket, and
what has another currency or fee basis is another result. Nothing here fetches, writes or prints; the command line, and
whatever else shows numbers, takes them from here.
"""

from ticket_pipeline.market.changes import ChangeKind
from ticket_pipeline.market.trends import Trend
from ticket_pipeline.queries.changes import (
    ChangeCounts,
    ChangeCoverage,
    ListingChange,
    change_counts,
    change_coverage,
    listing_changes,
)
from ticket_pipeline.queries.comparables import (
    ComparableListing,
    Comparables,
    Ring,
    UnclearSeatsError,
    comparables,
)
from ticket_pipeline.queries.events import NamedEvent, UnclearEventKeyError, WatchedEvent, find_event
from ticket_pipeline.queries.market import (
    DepthStep,
    MarketDepth,
    MarketNow,
    SectionNow,
    SpreadRow,
    market_depth,
    market_now,
    sections_now,
    spread,
)
from ticket_pipeline.queries.overview import (
    FloorChanges,
    OverviewRow,
    WatchlistHealth,
    WatchlistProblem,
    floor_changes,
    overview,
    watchlist_health,
)
from ticket_pipeline.queries.prices import PriceBucket, PriceSeries, ZonePrices, price_history, section_prices
from ticket_pipeline.queries.sales import SalesBucket, SellThrough, estimated_sales, sell_through
from ticket_pipeline.queries.similar_events import (
    BandPoint,
    CurvePoint,
    CurveSeries,
    Percentile,
    get_in_curve,
    percentile_of_now,
)
from ticket_pipeline.queries.trends import (
    LevelBreak,
    TicketPoint,
    TicketSeries,
    TrendPoint,
    TrendSeries,
    group_price_trend,
    price_trend,
    ticket_count_trend,
)
from ticket_pipeline.storage.prices import DAY, HOUR, Span, last_days

__all__ = [
    "DAY",
    "HOUR",
    "BandPoint",
    "ChangeCounts",
    "ChangeCoverage",
    "ChangeKind",
    "ComparableListing",
    "Comparables",
    "CurvePoint",
    "CurveSeries",
    "DepthStep",
    "FloorChanges",
    "LevelBreak",
    "ListingChange",
    "MarketDepth",
    "MarketNow",
    "NamedEvent",
    "OverviewRow",
    "Percentile",
    "PriceBucket",
    "PriceSeries",
    "Ring",
    "SalesBucket",
    "SectionNow",
    "SellThrough",
    "Span",
    "SpreadRow",
    "TicketPoint",
    "TicketSeries",
    "Trend",
    "TrendPoint",
    "TrendSeries",
    "UnclearEventKeyError",
    "UnclearSeatsError",
    "WatchedEvent",
    "WatchlistHealth",
    "WatchlistProblem",
    "ZonePrices",
    "change_counts",
    "change_coverage",
    "comparables",
    "estimated_sales",
    "find_event",
    "floor_changes",
    "get_in_curve",
    "group_price_trend",
    "last_days",
    "listing_changes",
    "market_depth",
    "market_now",
    "overview",
    "percentile_of_now",
    "price_history",
    "price_trend",
    "section_prices",
    "sections_now",
    "sell_through",
    "spread",
    "ticket_count_trend",
    "watchlist_health",
]
