"""The listing snapshots: one partitioned asset per marketplace, all from one factory."""

import dagster as dg

from ticket_pipeline.defs.resources import Clock
from ticket_pipeline.defs.snapshots.polling import Metadata, build_polled_asset
from ticket_pipeline.ingest.results import EventResult
from ticket_pipeline.market.vocabulary import Marketplace


def build_listings_asset(marketplace: Marketplace, name: str, now: Clock) -> dg.AssetsDefinition:
    """The listings asset of one marketplace."""
    return build_polled_asset(
        marketplace,
        name,
        kinds={"httpx", "pandera", "timescaledb"},
        description=(
            f"Every listing of the watched events on {marketplace}, as captured.\n\n"
            f"Grain: listing and capture. Source: {marketplace}, with your own credentials and within its budget. "
            "Write: append only, one transaction per capture; repeating a capture writes nothing; what is no market "
            f"price is quarantined with its reasons. Trigger: the sensor poll_due_{marketplace}_events."
        ),
        describe=_describe,
        now=now,
    )


def _describe(result: EventResult) -> Metadata:
    metadata: dict[str, dg.MetadataValue | float | int | str] = {
        "event": result.event.name,
        "captured_at": dg.MetadataValue.timestamp(result.captured_at) if result.captured_at else "",
        "listings": result.listings,
        "tickets": result.tickets,
        "rejected": result.rejected,
        "tries": result.tries,
        "suspect": int(result.is_suspect),
        "currency": result.currency or "",
    }
    if result.metrics is not None:
        prices = {
            "get_in": result.metrics.get_in_price,
            "get_in_2": result.metrics.get_in_2_price,
            "get_in_4": result.metrics.get_in_4_price,
            "median": result.metrics.median_price,
        }
        metadata |= {name: dg.MetadataValue.float(float(price)) for name, price in prices.items() if price is not None}
    if result.latency_seconds is not None:
        metadata["latency_seconds"] = dg.MetadataValue.float(round(result.latency_seconds, 3))
    if result.rejected_reasons:
        metadata["rejected_reasons"] = dg.MetadataValue.json(result.rejected_reasons)
    if result.unmapped_sections:
        metadata["unmapped_sections"] = dg.MetadataValue.json(list(result.unmapped_sections))
    if result.checksum_problems:
        metadata["checksum_problems"] = dg.MetadataValue.json(list(result.checksum_problems))
    return metadata
