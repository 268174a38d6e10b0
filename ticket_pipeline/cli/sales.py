"""`sales`: how many tickets of an event were probably sold, day by day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from ticket_pipeline import queries
from ticket_pipeline.cli.advice import advise
from ticket_pipeline.cli.formats import NOTHING, largest_unit, plain, utc_now
from ticket_pipeline.cli.options import Bucket, Days, EventKey, MarketplaceOption, Zone
from ticket_pipeline.cli.output import Output, with_formats
from ticket_pipeline.cli.rebuilding import rebuild_stale_hours
from ticket_pipeline.cli.session import choose_event, choose_zone, describe_event, identify, open_migrated
from ticket_pipeline.cli.tables import note, progress, show, table_of
from ticket_pipeline.queries import SalesBucket, SellThrough
from ticket_pipeline.settings.model import load_settings
from ticket_pipeline.storage.sales import build_sale_rules, update_sales

if TYPE_CHECKING:
    from rich.table import Table

    from ticket_pipeline.queries.events import WatchedEvent
    from ticket_pipeline.storage.database import Database

_DAY = timedelta(days=1)


@with_formats
def sales(
    event: EventKey,
    *,
    days: Days = 14,
    bucket: Bucket = "1 day",  # type: ignore[assignment] # typer parses the default, and shows it as it is written
    zone: Zone = "*",
    marketplace: MarketplaceOption = None,
    output: Output,
) -> None:
    """Show estimated sales of an event over time: expected tickets, and the range that holds in 8 of 10 cases.

    An estimate from listings that are gone, never a count: some were taken down, some came and went between two
    captures. Nothing is estimated across suspects and long gaps. How good estimates are: docs/accuracy.md.

        ticket-pipeline sales glass orchard --days 7
    """
    settings = load_settings()
    span = queries.last_days(utc_now(), days)
    with open_migrated(settings) as database:
        sources = choose_event(database, event, marketplace, with_listings=True)
        rebuild_stale_hours(database, span)
        with progress("Estimating sales"):
            update_sales(database, build_sale_rules(settings))
        first = sources[0]
        event_id = first.event_id
        zone = choose_zone(database, event_id, zone)
        found = queries.estimated_sales(
            database, event_id, span=span, timezone=first.timezone, by=bucket, marketplace=marketplace, zone=zone
        )
        totals = queries.sell_through(database, event_id, span=span, marketplace=marketplace, zone=zone)
        nothing = "" if found else _explain_nothing(database, first, days)
    document = {
        "event": identify(sources),
        "zone": zone,
        "bucket_seconds": bucket,
        "sales": found,
        "sell_through": totals,
    }
    shared = {"event_id": event_id, "name": first.name}
    if output.write(document, ((shared, one) for one in found), if_empty=nothing):
        return
    if not found:
        note(nothing)
        return
    where = "" if zone == "*" else f": {plain(zone)}"
    show(f"{describe_event(first, at_marketplace=False)}{where}", _table(found, bucket, first.timezone))
    show(
        *(_summary(total, [one for one in found if one.marketplace == total.marketplace]) for total in totals),
        "Sold: tickets listed on this marketplace, wherever they were sold, so marketplaces are never added up. "
        "Estimates, with a range that holds in 8 of 10 cases on simulated markets, less often at standing venues "
        "(docs/accuracy.md). Value: at the last seen prices. Covered: hours between comparable captures.",
    )


def _table(found: Sequence[SalesBucket], bucket: timedelta, timezone: str) -> Table:
    time_format = "%Y-%m-%d" if bucket % _DAY == timedelta() else "%m-%d %H:%M"
    columns: dict[str, Callable[[SalesBucket], str]] = {
        "Local time": lambda one: one.bucket_at.astimezone(ZoneInfo(timezone)).strftime(time_format),
        "Market": lambda one: one.marketplace,
        ">Sold": lambda one: _tickets(one.tickets),
        ">From": lambda one: _tickets(one.low_tickets),
        ">To": lambda one: _tickets(one.high_tickets),
        ">Value": lambda one: NOTHING if one.value is None else f"{one.value:,.0f}",
        "In": lambda one: one.currency or NOTHING,
        ">Covered": lambda one: f"{one.hours_covered:.1f} h",
        ">Polled every": lambda one: largest_unit(one.polling_interval),
    }
    return table_of(found, columns)


def _summary(total: SellThrough, buckets: Sequence[SalesBucket]) -> str:
    sold = f"{_tickets(total.sold.tickets)} ({_tickets(total.sold.low_tickets)} to {_tickets(total.sold.high_tickets)})"
    hours = sum(one.hours_covered for one in buckets)
    text = f"{total.marketplace}: {sold} listed tickets sold in the {hours:,.0f} hours that are covered"
    if total.share is None or total.low_share is None or total.high_share is None:
        return f"{text}."
    shares = f"{total.share:.0%} ({total.low_share:.0%} to {total.high_share:.0%})"
    return f"{text}; sell-through {shares}, with {total.still_listed:,} tickets still listed."


def _tickets(number: Decimal) -> str:
    return f"{number:,.1f}" if number < 10 else f"{number:,.0f}"  # noqa: PLR2004 - a tenth matters below it


def _explain_nothing(database: Database, event: WatchedEvent, days: int) -> str:
    return (
        f"No sales of {plain(event.name)} can be estimated in the last {days} days: that takes two captures without a "
        f"suspect or a long gap between them. {advise(database, event, utc_now(), days=days)}"
    )
