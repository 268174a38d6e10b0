"""`price-history` and `section-prices`: what an event cost over time, and zone by zone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from ticket_pipeline import queries
from ticket_pipeline.cli.formats import (
    FEE_BASIS,
    FLOOR,
    NOTHING,
    THIN,
    count,
    get_in,
    local_time,
    money,
    parse_bucket,
    percent,
    plain,
    utc_now,
)
from ticket_pipeline.cli.options import Days, EventKey, MarketplaceOption
from ticket_pipeline.cli.rebuilding import rebuild_stale_hours
from ticket_pipeline.cli.session import choose_event, describe_event, identify, open_migrated
from ticket_pipeline.cli.tables import JsonOption, new_table, note, show, show_json, table_of
from ticket_pipeline.market.hours import is_thin
from ticket_pipeline.queries.prices import PriceBucket, PriceSeries, ZonePrices
from ticket_pipeline.settings.model import load_settings
from ticket_pipeline.storage.prices import HOUR, Span

if TYPE_CHECKING:
    from rich.table import Table

    from ticket_pipeline.queries.events import WatchedEvent

_DAY = timedelta(days=1)


def price_history(
    event_key: EventKey,
    *,
    days: Days = 30,
    bucket: Annotated[
        timedelta,
        typer.Option(parser=parse_bucket, metavar="DURATION", help="Hours, days or weeks: '6 hours', '1 day', '1w'."),
    ] = "1 day",  # type: ignore[assignment] # typer parses the default, and shows it as it is written
    zone: Annotated[str, typer.Option(help="One zone; * is the whole event.")] = "*",
    marketplace: MarketplaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show an event's prices over time: floor, get-in prices, median, mean and inventory.

    Buckets follow the venue's clock. A bucket without a capture is shown as such, never as an empty market; failed
    attempts and suspect captures are counted beside it. Prices that are out of date are rebuilt first.

        ticket-pipeline price-history 157284301 --days 7 --bucket "6 hours"
    """
    this_moment = utc_now()
    span = _whole_hours(this_moment, days)
    with open_migrated(load_settings()) as database:
        event = choose_event(database, event_key, marketplace, with_listings=True)
        rebuild_stale_hours(database, span)
        history = queries.price_history(
            database,
            event.event_id,
            span=span,
            marketplace=event.marketplace,
            bucket=bucket,
            timezone=event.timezone,
            zone=zone,
        )
    if as_json:
        show_json({"event": identify(event), "zone": zone, "bucket_seconds": bucket, "series": history})
    elif not history:
        note(_explain_nothing(event, days, zone))
    else:
        show(describe_event(event) if zone == "*" else f"{describe_event(event)}: {plain(zone)}")
        for series in history:
            show(_history_table(series, bucket, event.timezone), *_history_legend(series, bucket))


def section_prices(
    event_key: EventKey,
    *,
    days: Days = 7,
    limit: Annotated[int, typer.Option(min=0, help="Most zones shown; 0: all.")] = 40,
    marketplace: MarketplaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show prices and inventory by zone, or by section where there are no zones; the cheapest first.

    All of it is of the last hour with a capture; the change of the floor is since its first one in these days.

        ticket-pipeline section-prices 157284301 --days 7
    """
    span = _whole_hours(utc_now(), days)
    with open_migrated(load_settings()) as database:
        event = choose_event(database, event_key, marketplace, with_listings=True)
        rebuild_stale_hours(database, span)
        zones = queries.section_prices(database, event.event_id, span=span, marketplace=event.marketplace)
    shown = zones[: limit + sum(one.zone == "*" for one in zones)] if limit else zones
    if as_json:
        show_json({"event": identify(event), "zones": shown})
    elif not zones:
        note(
            f"No listing of {plain(event.name)} in the last {days} days. Whether the market was empty or nothing was "
            f"fetched: ticket-pipeline price-history {event.external_id}"
        )
    else:
        show(describe_event(event), _zones_table(shown), *_zones_legend(event, shown, len(zones)))


def _whole_hours(this_moment: datetime, days: int) -> Span:
    end = this_moment.replace(minute=0, second=0, microsecond=0) + HOUR
    return Span(end - days * _DAY, end)


def _explain_nothing(event: WatchedEvent, days: int, zone: str) -> str:
    where = "" if zone == "*" else f" for zone {plain(zone)} (`section-prices` lists the zones)"
    return (
        f"No prices of {plain(event.name)} in the last {days} days{where}. Look further back with --days, or "
        f"fetch listings now: ticket-pipeline fetch-listings {event.external_id}"
    )


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


def _history_legend(series: PriceSeries, bucket: timedelta) -> list[str]:
    nothing = "nothing was for sale" if any(one.snapshots for one in series.buckets) else "nothing could be read"
    basis = FEE_BASIS.get(series.fee_basis or "", nothing)
    hours = sum(one.hours_covered for one in series.buckets)
    lines = [
        f"Prices per ticket in {series.currency or 'an unknown currency'} ({basis}).",
        f"{FLOOR} For 2: together.",
        "Tickets, floor and get-in as of the bucket's last capture; median of its last hour; low, high: of the floor.",
        f"Hours with a capture: {count(hours)}, of {bucket // HOUR} in each bucket.",
    ]
    if any(is_thin(price, one.floor_price) for one in series.buckets for price in one.get_in_prices[:2]):
        lines.append(THIN)
    if any(one.failed_attempts for one in series.buckets):
        lines.append("failed: attempts without a usable response; not an empty market.")
    if any(one.suspect_snapshots for one in series.buckets):
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
            ">Change": lambda one: percent(one.first_floor_price, one.floor_price),
            ">Get-in": lambda one: get_in(one.get_in_prices[0], one.floor_price),
            ">For 2": lambda one: get_in(one.get_in_prices[1], one.floor_price),
            ">For 4": lambda one: get_in(one.get_in_prices[3], one.floor_price),
            ">Median": lambda one: money(one.median_price),
        },
    )


def _zones_legend(event: WatchedEvent, shown: Sequence[ZonePrices], total: int) -> list[str]:
    bases = sorted({(one.currency, FEE_BASIS.get(one.fee_basis, one.fee_basis)) for one in shown})
    last_hour = local_time(shown[0].last_hour_at, event.timezone)
    lines = [
        f"Prices per ticket in {'; '.join(f'{currency} ({basis})' for currency, basis in bases)}.",
        f"As of the last capture in the hour of {last_hour}; the median is of all listings in that hour.",
        f"{FLOOR} For 2, for 4: together. Change: of the floor, since its first value in these days.",
    ]
    if any(is_thin(one.get_in_prices[n], one.floor_price) for one in shown for n in (0, 1, 3)):
        lines.append(THIN)
    if len(shown) < total:
        whole = sum(one.zone == "*" for one in shown)
        lines.append(f"{len(shown) - whole} of {total - whole} zones shown; --limit 0 shows all.")
    return lines
