"""The listing snapshots: one partitioned asset per marketplace."""

import dagster as dg

from ticket_pipeline.defs.resources import Clock
from ticket_pipeline.defs.snapshots.polling import Metadata, build_polled_asset
from ticket_pipeline.ingest.marketplaces import Source
from ticket_pipeline.ingest.results import EventResult
from ticket_pipeline.market.hours import is_thin
from ticket_pipeline.settings.model import Settings

_GET_INS = {"get_in": 1, "get_in_2": 2, "get_in_4": 4}


def build_listings_asset(source: Source, settings: Settings, now: Clock) -> dg.AssetsDefinition:
    """The listings asset of one marketplace."""
    return build_polled_asset(
        source,
        settings,
        now,
        kinds={"httpx", "pandera", "postgresql"},
        description=(
            f"Every listing of the watched events on {source.marketplace}, as captured.\n\n"
            f"Grain: listing and capture. Source: {source.marketplace}, with your own credentials and within its "
            "budget. Write: append only, one transaction per capture; repeating a capture writes nothing; listings "
            "without a market price are stored as rejected, with their reasons. "
            f"Trigger: the sensor poll_due_{source.marketplace}_events."
        ),
        describe=lambda result: {
            **_describe(result),
            "dashboard": dg.MetadataValue.url(f"{settings.dashboard_address}/events/{result.event.event_id}"),
        },
    )


def _describe(result: EventResult) -> Metadata:
    """One capture of one event. Its figures are text: Dagster joins numbers of all partitions by one line."""
    metadata: dict[str, dg.MetadataValue | int | str] = {
        "dagster/row_count": result.listings,
        "event": result.event.name,
        "tickets": f"{result.tickets:,}",
        "rejected": f"{result.rejected:,}",
        "is_suspect": "yes" if result.is_suspect else "no",
        "fetched": f"try {result.tries}" + (f", {result.latency_seconds:.3f} s" if result.latency_seconds else ""),
    }
    if result.captured_at is not None:
        metadata["captured_at"] = dg.MetadataValue.timestamp(result.captured_at)
    if result.metrics is not None:
        prices = {
            "floor": result.metrics.floor_price,
            **{name: result.metrics.get_in_prices[n - 1] for name, n in _GET_INS.items()},
            "median": result.metrics.median_price,
        }
        unit = f"{result.currency} ({result.fee_basis})"
        metadata |= {name: f"{price:,.2f} {unit}" for name, price in prices.items() if price is not None}
        for name in _GET_INS:
            if is_thin(prices[name], result.metrics.floor_price):
                metadata[name] = f"{metadata[name]}, thin: fewer than three listings are near it"
    texts = list(result.unmapped_sections), list(result.checksum_problems)
    for name, values in zip(("unmapped_sections", "checksum_problems"), texts, strict=True):
        if values:
            metadata[name] = dg.MetadataValue.json(values)
    for name, counts in (("rejected_reasons", result.rejected_reasons), ("unknown_fields", result.unknown_fields)):
        if counts:
            metadata[name] = dg.MetadataValue.json(counts)
    return metadata
