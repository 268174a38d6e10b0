"""The history of events at a marketplace that describes them instead of listing tickets: Ticketmaster."""

from datetime import UTC

import dagster as dg

from ticket_pipeline.defs.resources import Clock
from ticket_pipeline.defs.snapshots.polling import Metadata, build_polled_asset
from ticket_pipeline.ingest.results import EventResult
from ticket_pipeline.ingest.ticketmaster_events import TicketmasterResult
from ticket_pipeline.market.vocabulary import Marketplace


def build_details_asset(marketplace: Marketplace, name: str, now: Clock) -> dg.AssetsDefinition:
    """The asset of one marketplace that describes events."""
    return build_polled_asset(
        marketplace,
        name,
        kinds={"httpx", "postgresql"},
        description=(
            f"What {marketplace} tells of the watched events: status, date and time, published price ranges.\n\n"
            f"Grain: event and capture. Source: {marketplace}'s API, with your own key and within polling's share of "
            "its budget. Write: append only, one transaction per capture; an answer that was used again writes nothing "
            f"new. Trigger: the sensor poll_due_{marketplace}_events."
        ),
        describe=_describe,
        now=now,
    )


def _describe(result: EventResult) -> Metadata:
    metadata: dict[str, dg.MetadataValue | float | int | str] = {
        "event": result.event.name,
        "captured_at": dg.MetadataValue.timestamp(result.captured_at) if result.captured_at else "",
        "tries": result.tries,
    }
    details = result.details if isinstance(result, TicketmasterResult) else None
    if not isinstance(result, TicketmasterResult) or details is None:
        return metadata
    metadata |= {
        "answer": _describe_answer(result),
        "status": details.status or "unknown",
        "local_date": str(details.local_date or "to be announced"),
        "local_time": str(details.local_time or "to be announced"),
        "price_ranges": len(details.price_ranges),
        "new_capture": int(result.is_new),
        "changes": "; ".join(result.changes) or "none",
    }
    for found in details.price_ranges:
        metadata[f"{found.price_type}_min"] = dg.MetadataValue.float(float(found.min_price))
        metadata[f"{found.price_type}_max"] = dg.MetadataValue.float(float(found.max_price))
        metadata["currency"] = found.currency
    if details.problems:
        metadata["problems"] = dg.MetadataValue.json(list(details.problems))
    return metadata


def _describe_answer(result: TicketmasterResult) -> str:
    if not result.is_cached or result.captured_at is None:
        return "new"
    minutes = round(result.age.total_seconds() / 60)
    return f"kept answer of {result.captured_at.astimezone(UTC):%H:%M} UTC, {minutes} min old: nothing was asked"
