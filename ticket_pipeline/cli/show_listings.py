"""`show-listings`: the newest capture of one event, cheapest first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from ticket_pipeline.cli.advice import advise
from ticket_pipeline.cli.formats import FEE_BASIS, NOTHING, ago, count, local_time, money, plain, utc_now
from ticket_pipeline.cli.options import EventKey, MarketplaceOption
from ticket_pipeline.cli.output import Output, with_formats
from ticket_pipeline.cli.rejected_listings import Market, read_excluded, show_excluded, summarise_excluded
from ticket_pipeline.cli.session import (
    choose_event,
    describe_event,
    identify,
    identify_source,
    note_archived,
    open_migrated,
)
from ticket_pipeline.cli.tables import note, show, table_of
from ticket_pipeline.market.admission_table import Admission
from ticket_pipeline.market.hours import is_thin
from ticket_pipeline.market.vocabulary import FeeBasis, Health
from ticket_pipeline.queries.listings import LatestListings, Listing, read_latest_listings
from ticket_pipeline.queries.market import MarketNow, market_now
from ticket_pipeline.settings.model import load_settings

if TYPE_CHECKING:
    from rich.table import Table

    from ticket_pipeline.queries.events import WatchedEvent


@with_formats
def show_listings(
    event: EventKey,
    *,
    limit: Annotated[int, typer.Option(min=0, help="Most listings shown of each marketplace; 0: all.")] = 20,
    zone: Annotated[str | None, typer.Option(help="Only this zone, or this section where there are no zones.")] = None,
    quantity: Annotated[
        int | None, typer.Option(min=1, help="Only listings that can sell this many together; their get-in price.")
    ] = None,
    excluded: Annotated[
        bool, typer.Option("--excluded", help="What is no seat or could not be used, and why, instead.")
    ] = False,
    marketplace: MarketplaceOption = None,
    output: Output,
) -> None:
    """Show the listings of the newest capture of an event at each of its marketplaces, cheapest first.

    Where a marketplace does not publish which quantities a listing sells, any up to its number counts.

        ticket-pipeline show-listings glass orchard --quantity 4 --zone "Lower bowl"
    """
    markets: list[Market] = []
    this_moment = utc_now()
    with open_migrated(load_settings()) as database:
        sources = choose_event(database, event, marketplace, with_listings=True)
        for source in sources:
            latest = read_latest_listings(
                database, source.event_id, source.marketplace, this_moment=this_moment, zone=zone, quantity=quantity
            )
            now = market_now(database, source.event_id, this_moment=this_moment, marketplace=source.marketplace)
            others = read_excluded(database, source, latest) if latest else []
            if latest:
                at = latest.snapshot.captured_at
                note_archived(database, at, at + timedelta.resolution)
            missing = (
                f"No capture of {plain(source.name)} on {source.marketplace}. {advise(database, source, this_moment)}"
            )
            markets.append(Market(source, latest, others, next(iter(now), None), missing))
    if excluded:
        show_excluded(markets, limit, output)
        return
    rows = ((identify_source(one.source), _capture(one), each) for one in markets for each in one.listings(limit))
    document = {"event": identify(sources), "markets": [_document(one, limit) for one in markets]}
    if output.write(document, rows, if_empty="No listing matches, or nothing was captured yet."):
        return
    for one in markets:
        if one.latest is None:
            note(one.advice)
            continue
        shown = one.listings(limit)
        table = [_table(shown)] if shown else []
        show(describe_event(one.source), *table, *_caption(one.source, one.latest, shown, quantity))
        show(*_describe_health(one.now))
        if one.excluded and one.latest.unreadable is None:
            show(f"{summarise_excluded(one.excluded)}: --excluded.")


def _capture(market: Market) -> dict[str, object]:
    """What each row has of its capture."""
    snapshot = market.latest.snapshot if market.latest else None
    return {"captured_at": snapshot and snapshot.captured_at, "is_suspect": snapshot and snapshot.is_suspect}


def _document(market: Market, limit: int) -> dict[str, object]:
    latest = market.latest
    return {
        "marketplace": market.source.marketplace,
        "external_id": market.source.external_id,
        "snapshot": latest and latest.snapshot,
        "unreadable": latest and latest.unreadable,
        "health": market.now and market.now.health,
        "reason": market.now and market.now.reason,
        "matching": len(latest.listings) if latest else 0,
        "floor_price": latest and latest.floor_price,
        "listings_near_floor": latest and latest.listings_near_floor,
        "get_in_price": latest and latest.get_in_price,
        "listings": market.listings(limit),
    }


def _describe_health(market: MarketNow | None) -> list[str]:
    """Why there is no newer capture; what is wrong with the newest one stands in the caption."""
    if market is None:
        return []
    failed = f"{count(market.failed_attempts)} attempts failed since: " * bool(market.failed_attempts)
    lines = {
        Health.FAILING: f"No newer capture: {failed}{market.reason}",
        Health.STALE: f"Stale, older than twice the poll interval: {failed}{market.reason}",
        Health.PAUSED: f"Paused, nothing is sent to {market.marketplace}: {market.reason}",
    }
    return [plain(lines[market.health])] if market.health in lines else []


def _table(shown: Sequence[Listing]) -> Table:
    is_mixed = len({listing.fee_basis for listing in shown}) > 1

    def remarks(one: Listing) -> str:
        is_ask = is_mixed and one.fee_basis == FeeBasis.ASK
        words = {"GA": one.is_general_admission, "spec": one.is_speculative, "ask": is_ask}
        words["grounds"] = one.admission == Admission.GROUNDS
        return " ".join(word for word, holds in words.items() if holds)

    return table_of(
        shown,
        {
            "Zone": lambda one: plain(one.zone),
            "Section": lambda one: plain(one.section),
            "Row": lambda one: plain(one.row),
            ">Qty": lambda one: str(one.quantity),
            "Sells": lambda one: NOTHING if one.splits is None else ",".join(map(str, one.splits)),
            ">Price": lambda one: f"{money(one.price)} {one.currency}",
            "": remarks,
        },
    )


def _counted(reasons: dict[str, int]) -> str:
    most_first = sorted(reasons.items(), key=lambda each: (-each[1], each[0]))
    return plain("; ".join(f"{count(number)} x {reason}" for reason, number in most_first))


def _caption(event: WatchedEvent, latest: LatestListings, shown: Sequence[Listing], quantity: int | None) -> list[str]:
    snapshot, chosen = latest.snapshot, latest.listings
    when = f"{local_time(snapshot.captured_at, event.timezone)}, {ago(snapshot.captured_at, utc_now())}"
    lines = [f"Captured {when}: {count(snapshot.accepted)} listings, {count(snapshot.tickets)} tickets."]
    if latest.future_captures:
        last = local_time(max(latest.future_captures), event.timezone)
        lines.append(
            f"{len(latest.future_captures)} captures are dated later than now, up to {last}: the clock was set back."
        )
    if latest.unreadable is not None:
        unread = latest.unreadable
        why = f"{count(unread.received)} received, none readable: {_counted(unread.reasons)}"
        received = f"{ago(unread.captured_at, utc_now())}: {why}."
        if snapshot.is_unreadable:
            return [f"Captured {received} No capture of the event is trusted yet."]
        lines = [f"Newest response {received}", f"Shown is the last trusted capture. {lines[0]}"]
    elif snapshot.is_suspect:
        doubts = "not the totals announced beside them" if snapshot.checksum_problems else "far fewer than before"
        lines.append(f"Suspect: these listings are {doubts}, and no other capture has confirmed them yet.")
    if snapshot.checksum_problems:
        lines.append(f"Announced totals disagree: {plain('; '.join(snapshot.checksum_problems))}.")
    if snapshot.unknown_fields:
        lines.append(f"Unknown fields of listings: {_counted(snapshot.unknown_fields)}.")
    if not chosen:
        nothing = "No ticket is for a seat." if snapshot.received else "The market was empty."
        lines.append("No listing matches." if snapshot.accepted else nothing)
        return lines
    if latest.get_in_price is not None:
        lines.append(_describe_prices(latest, quantity))
    bases = sorted({listing.fee_basis for listing in chosen})
    lines.append(f"Prices per ticket: {'; '.join(FEE_BASIS.get(basis, basis) for basis in bases)}.")
    if len(shown) < len(chosen):
        lines.append(f"{count(len(shown))} of {count(len(chosen))} shown; --limit 0 shows all.")
    return lines


def _describe_prices(latest: LatestListings, quantity: int | None) -> str:
    currency = latest.listings[0].currency
    floor = "No floor: no three listings are within 15 %"
    if latest.floor_price is not None:
        floor = f"Floor {money(latest.floor_price)} {currency}, {latest.listings_near_floor} listings within 15 %"
    together = f" for {quantity} together" if quantity else ""
    thin = " (thin: fewer than three listings are near it)" * is_thin(latest.get_in_price, latest.floor_price)
    return f"{floor}; get-in{together} {money(latest.get_in_price)} {currency}{thin}."
