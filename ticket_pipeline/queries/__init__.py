"""The public Python API: typed, read-only questions over the database.

Each function takes a `Database` and returns frozen dataclasses; moments are aware, money is Decimal per ticket, and
what has another currency or fee basis is another result. Nothing here fetches, writes or prints; the command line, and
whatever else shows numbers, takes them from here.
"""

from ticket_pipeline.queries.prices import PriceBucket, PriceSeries, ZonePrices, price_history, section_prices
from ticket_pipeline.storage.prices import DAY, HOUR, Span

__all__ = [
    "DAY",
    "HOUR",
    "PriceBucket",
    "PriceSeries",
    "Span",
    "ZonePrices",
    "price_history",
    "section_prices",
]
