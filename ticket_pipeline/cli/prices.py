"""`price-history` and `section-prices`: what an event cost over time, and zone by zone."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from ticket_pipeline.cli.event_keys import EventKey, MarketplaceOption, find_listed_event
from ticket_pipeline.cli.formats import NOTHING, count, local_time, money, parse_bucket, percent, plain, utc_now
from ticket_pipeline.cli.options import as_parser
from ticket_pipeline.cli.rebuilding import read_stale_hours, rebuild_hours
from ticket_pipeline.cli.session import open_migrated
from ticket_pipeline.cli.show_listings import FEE_BASIS
from ticket_pipeline.cli.tables import JsonOption, new_table, note, progress, show, show_json
from ticket_pipeline.queries.price_series import arrange
from ticket_pipeline.settings.model import load_settings
from ticket_pipeline.storage.prices import HOUR, Span, read_price_history, read_zone_prices

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from typing import Any

    from rich.table import Table

    from ticket_pipeline.market.events import Event
    from ticket_pipeline.queries.price_series import PriceSeries
    from ticket_pipeline.storage.database import Database, Row

Days = Annotated[int, typer.Option(min=1, max=3660, help="How many days back.")]

_DAY = timedelta(days=1)


def price_history(
    event_key: EventKey,
    *,
    days: Days = 30,
    bucket: Annotated[
        timedelta,
        typer.Option(
            parser=as_parser(parse_bucket), metavar="DURATION", help="Hours, days or weeks: '6 hours', '1 day', '1w'."
        ),
    ] = "1 day",  # type: ignore[assignment] # typer parses the default, and shows it as it is written
    zone: Annotated[str, typer.Option(help="One zone; * is the whole event.")] = "*",
    marketplace: MarketplaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show an event's prices over time: get-in price (open, high, low, close), mean, get-in for two, inventory.

    Buckets follow the venue's clock. A bucket without a capture is shown as such, never as an empty market; failed
    attempts and suspect captures are counted beside. Prices that are out of date are rebuilt first.

        ticket-pipeline price-history 157284301 --days 7 --bucket "6 hours"
    """
    this_moment = utc_now()
    span = _whole_hours(this_moment, days)
    with open_migrated(load_settings()) as database:
        event = find_listed_event(database, event_key, marketplace)
        _refresh(database, span)
        rows = read_price_history(
            database, event.event_id, event.marketplace, span, bucket=bucket, timezone=event.timezone, zone=zone
        )
    history = arrange(rows, bucket=bucket, timezone=event.timezone, until=min(this_moment, _end_of(event, rows)))
    if as_json:
        show_json(_history_document(event, zone, bucket, history))
    elif not history:
        note(_explain_nothing(event, days, zone))
    else:
        show(_title(event, zone))
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
    """Show floors and inventory by zone, or by section where there are no zones; the cheapest first.

    Listings, tickets and get-in are of the last hour with a capture; the others are of all the days.

        ticket-pipeline section-prices 157284301 --days 7
    """
    span = _whole_hours(utc_now(), days)
    with open_migrated(load_settings()) as database:
        event = find_listed_event(database, event_key, marketplace)
        _refresh(database, span)
        rows = read_zone_prices(database, event.event_id, event.marketplace, span)
    priced = [row for row in rows if row["min_price"] is not None]
    shown = priced[: limit + 1] if limit else priced
    if as_json:
        show_json({"event": _as_document(event), "zones": shown})
    elif not priced:
        note(_explain_nothing(event, days))
    else:
        show(_title(event, "*"), _zones_table(shown), *_zones_legend(event, shown, len(priced)))


def _whole_hours(this_moment: datetime, days: int) -> Span:
    end = this_moment.replace(minute=0, second=0, microsecond=0) + HOUR
    return Span(end - days * _DAY, end)


def _refresh(database: Database, span: Span) -> None:
    """Rebuild what is out of date in the span: cheap where Dagster or the scheduler does it all the time."""
    done: set[datetime] = set()
    # An hour that goes stale again meanwhile (the one under way) is not chased.
    while hours := [hour for hour in read_stale_hours(database, span) if hour not in done]:
        done.update(hours)
        with progress("Rebuilding hourly prices", len(hours)) as bar:
            rebuild_hours(database, hours, partial(bar.advance, bar.task_ids[0]))


def _end_of(event: Event, rows: Sequence[Row]) -> datetime:
    """The end of what a history can cover: an event that is over is not polled any more, and that is no gap."""
    ends: list[datetime] = [event.event_at, *(row["bucket_at"] for row in rows)]
    return max(ends)


def _explain_nothing(event: Event, days: int, zone: str = "*") -> str:
    where, which = "", ""
    if zone != "*":
        where = f" for zone {plain(zone)}"
        which = f", see which zones there are with `ticket-pipeline section-prices {event.external_id}`"
    return (
        f"No prices of {plain(event.name)} in the last {days} days{where}. Look further back with --days{which}, or "
        f"fetch listings now: ticket-pipeline fetch-listings {event.external_id}"
    )


def _title(event: Event, zone: str) -> str:
    title = f"{plain(event.name)} on {event.marketplace}, {local_time(event.event_at, event.timezone)}"
    return title if zone == "*" else f"{title}: {plain(zone)}"


def _as_document(event: Event) -> dict[str, Any]:
    return {
        "marketplace": event.marketplace,
        "external_id": event.external_id,
        "name": event.name,
        "event_at": event.event_at,
        "timezone": event.timezone,
    }


def _history_document(event: Event, zone: str, bucket: timedelta, history: Sequence[PriceSeries]) -> dict[str, Any]:
    return {
        "event": _as_document(event),
        "zone": zone,
        "bucket_seconds": bucket,
        "series": [
            {"currency": series.currency, "fee_basis": series.fee_basis, "buckets": series.rows} for series in history
        ],
    }


def _history_table(series: PriceSeries, bucket: timedelta, timezone: str) -> Table:
    table = new_table(
        "Local time", ">Listed", ">Tickets", ">Open", ">High", ">Low", ">Close", ">Mean", ">For 2", ">Hours"
    )
    time_format = "%Y-%m-%d" if bucket % _DAY == timedelta() else "%m-%d %H:%M"
    for first, last, row in _join_gaps(series.rows):
        when = first["bucket_at"].astimezone(ZoneInfo(timezone)).strftime(time_format)
        if last is not first:
            when += last["bucket_at"].astimezone(ZoneInfo(timezone)).strftime(f"\nto {time_format[-5:]}")
        remarks = _remarks(row)
        table.add_row(
            "\n".join([when, *remarks]),
            count(row["listings"]),
            count(row["tickets"]),
            *(money(row[f"{name}_price"]) for name in ("open", "high", "low", "close", "mean", "get_in_2")),
            str(row["hours_covered"]) if row["snapshots"] else NOTHING,
        )
    return table


def _join_gaps(rows: Sequence[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], dict[str, Any], dict[str, Any]]]:
    """First row, last row and the row to show; buckets nobody looked at that follow each other are one line."""
    start: dict[str, Any] | None = None
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        start = start or row
        if not _is_gap(row) or following is None or not _is_gap(following):
            yield start, row, row
            start = None


def _is_gap(row: dict[str, Any]) -> bool:
    return not (row["snapshots"] or row["suspect_snapshots"] or row["failed_attempts"])


def _remarks(row: dict[str, Any]) -> list[str]:
    """What a reader must know about a bucket before believing it."""
    if _is_gap(row):
        return ["no data"]
    remarks = []
    if row["failed_attempts"]:
        remarks.append(f"{row['failed_attempts']} failed")
    if row["suspect_snapshots"]:
        remarks.append(f"{row['suspect_snapshots']} suspect")
    return remarks


def _history_legend(series: PriceSeries, bucket: timedelta) -> list[str]:
    basis = FEE_BASIS.get(series.fee_basis or "", "nothing was for sale")
    prices = f"Get-in price per ticket in {series.currency or 'an unknown currency'} ({basis}): open, high, low, close"
    lines = [
        f"{prices}; mean of all listings; lowest for 2 together. Listed, tickets: at the end of the bucket.",
        f"Hours with a capture: {count(series.hours_covered)}, of {bucket // HOUR} in each bucket.",
    ]
    if any(row["failed_attempts"] for row in series.rows):
        lines.append("failed: attempts that got no answer; not an empty market.")
    if any(row["suspect_snapshots"] for row in series.rows):
        lines.append("suspect: captures with far fewer listings than before, left out until confirmed.")
    return lines


def _zones_table(rows: Sequence[Row]) -> Table:
    table = new_table("Zone", ">Listed", ">Tickets", ">Get-in", ">Change", ">For 2", ">For 4", ">Low", ">Mean", ">High")
    for row in rows:
        table.add_row(
            "whole event" if row["zone"] == "*" else plain(row["zone"]),
            count(row["listings"]),
            count(row["tickets"]),
            money(row["get_in_price"]),
            percent(row["first_price"], row["get_in_price"]),
            *(money(row[f"{name}_price"]) for name in ("get_in_2", "get_in_4", "min", "mean", "max")),
        )
    return table


def _zones_legend(event: Event, shown: Sequence[Row], total: int) -> list[str]:
    bases = sorted({(row["currency"], FEE_BASIS.get(row["fee_basis"], row["fee_basis"])) for row in shown})
    last_hour = local_time(shown[0]["last_hour_at"], event.timezone)
    lines = [
        f"Prices per ticket in {'; '.join(f'{currency} ({basis})' for currency, basis in bases)}.",
        f"Listed, tickets, get-in: in the hour of {last_hour}; change: of the get-in price since the first capture.",
        "For 2, for 4 together, low, mean, high: over all the days.",
    ]
    if len(shown) < total:
        lines.append(f"{len(shown) - 1} of {total - 1} zones shown; --limit 0 shows all.")
    return lines
