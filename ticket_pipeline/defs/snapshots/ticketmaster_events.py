"""The history of events at a marketplace that describes them instead of listing tickets: Ticketmaster."""

from datetime import UTC

import dagster as dg

from ticket_pipeline.defs.resources import Clock
from ticket_pipeline.defs.snapshots.polling import Metadata, build_polled_asset
from ticket_pipeline.ingest.marketplaces import Source
from ticket_pipeline.ingest.results import EventResult
from ticket_pipeline.ingest.ticketmaster_events import TicketmasterResult
from ticket_pipeline.settings.model import Settings


def build_ticketmaster_asset(source: Source, settings: Settings, now: Clock) -> dg.AssetsDefinition:
    """The asset of one marketplace that describes events."""
    return build_polled_asset(
        source,
        settings,
        now,
        kinds={"httpx", "postgresql"},
        description=(
            f"The watched events as {source.marketplace} describes them: status, date and time, published price "
            "ranges.\n\n"
            f"Grain: event and capture. Source: {source.marketplace}'s API, with your own key and within polling's "
            "share of its budget. Write: append only, one transaction per capture; a cached response writes nothing. "
            f"Trigger: the sensor poll_due_{source.marketplace}_events."
        ),
        describe=_describe,
    )


def _describe(result: EventResult) -> Metadata:
    """One capture of one event. Its figures are text: Dagster joins numbers of all partitions by one line."""
    metadata: dict[str, dg.MetadataValue | int | str] = {
        "dagster/row_count": int(isinstance(result, TicketmasterResult) and result.is_new),
        "event": result.event.name,
    }
    if result.captured_at is not None:
        metadata["captured_at"] = dg.MetadataValue.timestamp(result.captured_at)
    if not isinstance(result, TicketmasterResult) or result.details is None:
        return metadata
    details = result.details
    metadata |= {
        "response": _describe_response(result),
        "status": details.status or "unknown",
        "local_date": str(details.local_date or "to be announced"),
        "local_time": str(details.local_time or "to be announced"),
        "changes": "; ".join(result.changes) or "none",
        "price_ranges": "; ".join(
            f"{found.price_type} {found.min_price:,.2f} to {found.max_price:,.2f} {found.currency}"
            for found in details.price_ranges
        )
        or "none",
    }
    if details.is_test:
        metadata["is_test"] = "yes: nothing is sold"
    if details.problems:
        metadata["problems"] = dg.MetadataValue.json(list(details.problems))
    return metadata


def _describe_response(result: TicketmasterResult) -> str:
    if not result.is_cached or result.captured_at is None:
        return f"new, try {result.tries}"
    minutes = round(result.age.total_seconds() / 60)
    return f"cached response of {result.captured_at.astimezone(UTC):%H:%M} UTC, {minutes} min old; no request was sent"
