"""`price-history` and `section-prices`: what an event cost over time, and zone by zone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from ticket_pipeline import queries
from ticket_pipeline.cli.advice import advise
from ticket_pipeline.cli.formats import (
    FEE_BASIS,
    FLOOR,
    NOTHING,
    THIN,
    count,
    counted,
    get_in,
    local_time,
    money,
    percent,
    plain,
    utc_now,
)
from ticket_pipeline.cli.options import Bucket, Days, EventKey, MarketplaceOption, Zone
from ticket_pipeline.cli.output import Output, with_formats
from ticket_pipeline.cli.rebuilding import rebuild_stale_hours
from ticket_pipeline.cli.session import (
    choose_event,
    choose_zone,
    describe_event,
    identify,
    identify_source,
    open_migrated,
)
from ticket_pipeline.cli.tables import new_table, note, show, table_of
from ticket_pipeline.market.hours import is_thin
from ticket_pipeline.queries.prices import PriceBucket, PriceSeries, ZonePrices
from ticket_pipeline.settings.model import load_settings
from ticket_pipeline.storage.prices import HOUR

if TYPE_CHECKING:
    from rich.table import Table

    from ticket_pipeline.queries.events import WatchedEvent

_DAY = timedelta(days=1)


@with_formats
def price_history(
    event: EventKey,
    *,
    days: Days = 30,
    bucket: Bucket = "1 day",  # type: ignore[assignment] # typer parses the default, and shows it as it is written
    zone: Zone = "*",
    marketplace: MarketplaceOption = None,
    output: Output,
) -> None:
    """Show an event's prices over time: floor, get-in prices, median, mean and inventory.

    Buckets follow the venue's clock. A bucket without a capture is shown as such, never as an empty market; failed
    attempts and suspect captures are counted beside it. Prices that are out of date are rebuilt first.

        ticket-pipeline price-history glass orchard --days 7 --bucket "6 hours"
    """
    this_moment = utc_now()
    span = queries.last_days(this_moment, days)
    with open_migrated(load_settings()) as database:
        sources = choose_event(database, event, marketplace, with_listings=True)
        rebuild_stale_hours(database, span)
        zone = choose_zone(database, sources[0].event_id, zone)
        history = [
            (source, series)
            for source in sources
            for series in queries.price_history(
                database,
                source.event_id,
                span=span,
                marketplace=source.marketplace,
                bucket=bucket,
                timezone=source.timezone,
                zone=zone,
            )
        ]
        missing = [
            _explain_nothing(source, days, zone, advise(database, source, this_moment, days=days))
            for source in sources
            if all(source != one for one, _ in history)
        ]
    document = {
        "event": identify(sources),
        "zone": zone,
        "bucket_seconds": bucket,
        "series": [series for _, series in history],
    }
    rows = (
        (identify_source(source), {"zone": zone, "currency": series.currency, "fee_basis": series.fee_basis}, one)
        for source, series in history
        for one in series.buckets
    )
    if output.write(document, rows, if_empty="\n".join(missing)):
        return
    for source, series in history:
        where = "" if zone == "*" else f": {plain(zone)}"
        show(f"{describe_event(source)}{where}", _history_table(series, bucket, source.timezone))
        show(_history_unit(series, bucket))
    if history:
        show(*_history_legend([series for _, series in history]))
    for advice in missing:
        note(advice)


@with_formats
def section_prices(
    event: EventKey,
    *,
    days: Days = 7,
    limit: Annotated[int, typer.Option(min=0, help="Most zones shown of each marketplace; 0: all.")] = 40,
    marketplace: MarketplaceOption = None,
    output: Output,
) -> None:
    """Show prices and inventory by zone, or by section where there are no zones; the cheapest first.

    All of it is of the last hour with a capture; the change of the floor is since as many days before that capture, as
    in `overview`.

        ticket-pipeline section-prices glass orchard --days 7
    """
    this_moment = utc_now()
    span = queries.last_days(this_moment, days)
    with open_migrated(load_settings()) as database:
        sources = choose_event(database, event, marketplace, with_listings=True)
        rebuild_stale_hours(database, queries.last_days(this_moment, days + 1))
        found = [
            (one, queries.section_prices(database, one.event_id, span=span, marketplace=one.marketplace))
            for one in sources
        ]
    markets = [(source, _limited(zones, limit), len(zones)) for source, zones in found]
    document = {
        "event": identify(sources),
        "zones": [one for _, shown, _ in markets for one in shown],
    }
    rows = ((identify_source(source), one) for source, shown, _ in markets for one in shown)
    missing = [_explain_no_zones(source, days) for source, zones in found if not zones]
    if output.write(document, rows, if_empty="\n".join(missing)):
        return
    for source, shown, total in markets:
        if shown:
            show(describe_event(source), _zones_table(shown), *_zones_unit(source, shown, total, days))
    every = [one for _, shown, _ in markets for one in shown]
    if every:
        show(*_zones_legend(every))
    for advice in missing:
        note(advice)


def _limited(zones: Sequence[ZonePrices], limit: int) -> Sequence[ZonePrices]:
    """The whole event, whatever its currencies, and as many zones."""
    return zones[: limit + sum(one.zone == "*" for one in zones)] if limit else zones


def _explain_no_zones(event: WatchedEvent, days: int) -> str:
    return (
        f"No listing of {plain(event.name)} on {event.marketplace} in the last {days} days. Whether the market was "
        f"empty or nothing was fetched: ticket-pipeline price-history {event.external_id}"
    )


def _explain_nothing(event: WatchedEvent, days: int, zone: str, advice: str) -> str:
    where = "" if zone == "*" else f" for zone {plain(zone)} (`section-prices` lists the zones)"
    return f"No prices of {plain(event.name)} on {event.marketplace} in the last {days} days{where}. {advice}"


def _history_table(series: PriceSeries, bucket: timedelta, timezone: str) -> Table:
    table = new_table(
        "Local time", ">Tickets", ">Floor", ">Low", ">High", ">Get-in", ">For 2", ">Median", ">Mean", ">Hours"
    )
    time_format = "%Y-%m-%d" if bucket % _DAY == timedelta() else "%m-%d %H:%M"
    for first, last in _join_gaps(series.buckets):
        when = first.bucket_at.astimezone(ZoneInfo(timezone)).strftime(time_format)
        if last is not first:
            when += last.bucket_at.astimezone(ZoneInfo(timezone)).strftime(f"\nto {time_format[-5:]}")
        table.add_row(
            "\n".join([when, *_remarks(last)]),
            count(last.tickets),
            *map(money, (last.floor_price, last.low_floor_price, last.high_floor_price)),
            *(get_in(price, last.floor_price) for price in last.get_in_prices[:2]),
            *map(money, (last.median_price, last.mean_price)),
            str(last.hours_covered) if last.snapshots else NOTHING,
        )
    return table


def _join_gaps(buckets: Sequence[PriceBucket]) -> Iterator[tuple[PriceBucket, PriceBucket]]:
    """First and last bucket of each line to show: gaps that follow each other share one."""
    for is_gap, group in groupby(buckets, key=lambda one: one.is_gap):
        joined = list(group)
        yield from [(joined[0], joined[-1])] if is_gap else zip(joined, joined, strict=True)


def _remarks(bucket: PriceBucket) -> list[str]:
    if bucket.is_gap:
        return ["no data"]
    counts = {"failed": bucket.failed_attempts, "suspect": bucket.suspect_snapshots}
    return [f"{number} {what}" for what, number in counts.items() if number]


def _history_unit(series: PriceSeries, bucket: timedelta) -> str:
    nothing = "nothing was for sale" if any(one.snapshots for one in series.buckets) else "nothing could be read"
    basis = FEE_BASIS.get(series.fee_basis or "", nothing)
    return (
        f"Prices per ticket in {series.currency or 'an unknown currency'} ({basis}). "
        f"Hours: with a capture, of {bucket // HOUR} in a whole bucket."
    )


def _history_legend(history: Sequence[PriceSeries]) -> list[str]:
    buckets = [one for series in history for one in series.buckets]
    lines = [
        f"{FLOOR} For 2: together.",
        "Tickets, floor and get-in as of the bucket's last capture; median of its last hour; low, high: of the floor.",
    ]
    if any(is_thin(price, one.floor_price) for one in buckets for price in one.get_in_prices[:2]):
        lines.append(THIN)
    if any(one.failed_attempts for one in buckets):
        lines.append("failed: attempts without a usable response; not an empty market.")
    if any(one.suspect_snapshots for one in buckets):
        lines.append(
            "suspect: captures with far fewer listings than before, or that contradict the totals announced beside "
            "them; left out until the next one confirms them."
        )
    return lines


def _zones_table(zones: Sequence[ZonePrices]) -> Table:
    is_mixed = len({(one.currency, one.fee_basis) for one in zones}) > 1
    units: dict[str, Callable[[ZonePrices], str]] = {
        "In": lambda one: f"{one.currency}\n{one.fee_basis.replace('_', '-')}"
    }
    return table_of(
        zones,
        {
            "Zone": lambda one: "whole event" if one.zone == "*" else plain(one.zone),
            **(units if is_mixed else {}),
            ">Listed": lambda one: count(one.listings),
            ">Tickets": lambda one: count(one.tickets),
            ">Floor": lambda one: money(one.floor_price),
            ">Change": lambda one: percent(one.before_floor_price, one.floor_price),
            ">Get-in": lambda one: get_in(one.get_in_prices[0], one.floor_price),
            ">For 2": lambda one: get_in(one.get_in_prices[1], one.floor_price),
            ">For 4": lambda one: get_in(one.get_in_prices[3], one.floor_price),
            ">Median": lambda one: money(one.median_price),
        },
    )


def _zones_unit(event: WatchedEvent, shown: Sequence[ZonePrices], total: int, days: int) -> list[str]:
    bases = sorted({(one.currency, FEE_BASIS.get(one.fee_basis, one.fee_basis)) for one in shown})
    last_hour = local_time(shown[0].last_hour_at, event.timezone)
    units = "; ".join(f"{currency} ({basis})" for currency, basis in bases)
    lines = [
        f"Prices per ticket in {units}.",
        f"As of the last capture in the hour of {last_hour}; the median is of all listings in that hour.",
    ]
    if before := [one.before_at for one in shown if one.before_at is not None]:
        lines.append(
            f"Change of the floor: since {local_time(before[0], event.timezone)}, {counted(days, 'day')} before."
        )
    if len(shown) < total:
        whole = sum(one.zone == "*" for one in shown)
        lines.append(f"{len(shown) - whole} of {total - whole} zones shown; --limit 0 shows all.")
    return lines


def _zones_legend(shown: Sequence[ZonePrices]) -> list[str]:
    lines = [f"{FLOOR} For 2, for 4: together."]
    if any(is_thin(one.get_in_prices[n], one.floor_price) for one in shown for n in (0, 1, 3)):
        lines.append(THIN)
    return lines
