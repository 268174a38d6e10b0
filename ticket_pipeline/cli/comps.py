"""`comps`: what is for sale beside seats of one's own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from ticket_pipeline import queries
from ticket_pipeline.cli.formats import FEE_BASIS, FLOOR, NOTHING, ago, count, counted, money, plain, utc_now
from ticket_pipeline.cli.options import EventKey, MarketplaceOption
from ticket_pipeline.cli.output import Output, with_formats
from ticket_pipeline.cli.session import choose_event, describe_event, identify, open_migrated
from ticket_pipeline.cli.tables import note, show, table_of
from ticket_pipeline.market.hours import MOST_TOGETHER
from ticket_pipeline.queries import Comparables, Ring
from ticket_pipeline.queries.comparables import NEIGHBOUR_ROWS
from ticket_pipeline.settings.model import load_settings

if TYPE_CHECKING:
    from rich.table import Table


class Ask(NamedTuple):
    """Own price; no currency: that of each market."""

    amount: Decimal
    currency: str | None


def _parse_ask(text: str) -> Ask:
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,2})?) ?([A-Za-z]{3})?", text.strip())
    if match is None or not Decimal(match[1]):
        raise typer.BadParameter(f"{text!r} is not a price: give 120, 120.50 or '120.50 USD', for example")
    return Ask(Decimal(match[1]), match[2] and match[2].upper())


def _in_its_currency(one: Comparables, ask: Ask | None) -> Comparables:
    """Without ranks where the price is in another currency."""
    if ask is None or ask.currency in (None, one.currency):
        return one
    return replace(one, rings=[replace(ring, ask_rank=None) for ring in one.rings])


@with_formats
def comps(
    event: EventKey,
    *,
    section: Annotated[str | None, typer.Option(help="Of your seats; 104 finds Lower Bowl 104, too.")] = None,
    rows: Annotated[str | None, typer.Option(metavar="ROW[-ROW]", help="Of your seats: 12, 10-14, C-F.")] = None,
    zone: Annotated[str | None, typer.Option(help="Of your seats; unset: that of the section.")] = None,
    quantity: Annotated[int, typer.Option(min=1, max=MOST_TOGETHER, help="How many you sell together.")] = 2,
    ask: Annotated[
        Ask | None,
        typer.Option(
            parser=_parse_ask,
            metavar="PRICE",
            help="Your price as buyers pay it (fees in, where shown), such as 120.50 or '120.50 USD': where would it "
            "rank? Without a currency it is in that of each market.",
        ),
    ] = None,
    marketplace: MarketplaceOption = None,
    output: Output,
) -> None:
    """Show what is for sale beside your own seats: near rows, the section, the zone; and where your price would stand.

    ticket-pipeline comps glass orchard --section 104 --rows 10-14 --quantity 2 --ask 180
    """
    first, _, last = (rows or "").partition("-")
    span = (first, last or first) if rows else None
    this_moment = utc_now()
    with open_migrated(load_settings()) as database:
        sources = choose_event(database, event, marketplace, with_listings=True)
        read = partial(
            queries.comparables,
            database,
            sources[0].event_id,
            this_moment=this_moment,
            quantity=quantity,
            section=section,
            rows=span,
            ask=ask and ask.amount,
            marketplace=marketplace,
        )
        found = read(zone=zone)
        own_zones = {_unit(one): one.zone for one in read()} if section and zone else {}
    found = [_in_its_currency(one, ask) for one in found]
    nothing = (
        f"Nothing is for sale, or nothing was captured yet: ticket-pipeline show-listings {sources[0].external_id}"
    )
    constants = {"event_id": sources[0].event_id, "name": sources[0].name, "quantity": quantity}
    records = ((constants, _constants(one), ring) for one in found for ring in one.rings)
    if output.write({"event": identify(sources), "markets": found}, records, if_empty=nothing):
        return
    if not found:
        note(nothing)
        return
    show(describe_event(sources[0], at_marketplace=False))
    for one in found:
        show(_table(one, ask), *_legend(one, span, ask), *_contradiction(one, section, own_zones.get(_unit(one))))
        show(f"Captured {ago(one.captured_at, this_moment)}." + ("" if one.health == "ok" else f" It is {one.health}."))
    currencies = sorted({one.currency for one in found})
    if ask is not None and ask.currency is None and len(currencies) > 1:
        show(f"Your price was taken in {' and in '.join(currencies)}; name one: --ask '{ask.amount} {currencies[0]}'.")
    show(f"{FLOOR} All that sell {quantity} together.")


def _unit(one: Comparables) -> tuple[str, str, str]:
    return one.marketplace, one.currency, one.fee_basis


def _contradiction(one: Comparables, section: str | None, own_zone: str | None) -> Iterator[str]:
    """Where the zone asked for is not that of most listings of the section."""
    if own_zone and own_zone.strip().lower() != (one.zone or "").strip().lower():
        yield f"Most listings of section {plain(section)} are in zone {plain(own_zone)}, not in {plain(one.zone)}."


def _constants(one: Comparables) -> dict[str, object]:
    names = ("marketplace", "captured_at", "currency", "fee_basis", "zone")
    return {name: getattr(one, name) for name in names}


def _table(one: Comparables, ask: Ask | None) -> Table:
    columns = {
        f"On {one.marketplace}": lambda ring: ring.name if ring.name != "zone" else f"zone {plain(one.zone)}",
        ">Listings": lambda ring: count(ring.listings),
        ">Tickets": lambda ring: count(ring.tickets),
        ">Cheapest": lambda ring: money(ring.cheapest[0].price if ring.cheapest else None),
        ">Floor": lambda ring: money(ring.floor_price),
        ">25 %": lambda ring: money(ring.p25_price),
        ">Median": lambda ring: money(ring.median_price),
        ">75 %": lambda ring: money(ring.p75_price),
    }
    if ask is not None:
        columns[">Your rank"] = _rank
    return table_of(one.rings, columns)


def _rank(ring: Ring) -> str:
    return NOTHING if ring.ask_rank is None or not ring.listings else f"{ring.ask_rank} of {ring.listings + 1}"


def _legend(one: Comparables, rows: tuple[str, str] | None, ask: Ask | None) -> Iterator[str]:
    basis = FEE_BASIS.get(one.fee_basis, one.fee_basis)
    yield f"Prices per ticket in {one.currency} ({basis})."
    if ask is not None and ask.currency in (None, one.currency):
        yield f"Your rank: of {money(ask.amount)} {one.currency}, taken as {basis}."
    elif ask is not None:
        yield f"No rank: your price is in {ask.currency}, and prices are not converted."
    if rows:
        own = rows[0] if rows[0] == rows[1] else f"{rows[0]} to {rows[1]}"
        yield f"rows: yours, {plain(own)}, and {NEIGHBOUR_ROWS} on either side."
    for ring in one.rings:
        if ring.unknown_rows:
            yield f"{counted(ring.unknown_rows, 'listing')} of the section without a row that can be placed."
    if not any(ring.listings for ring in one.rings):
        yield f"Nothing there sells that many, or {one.marketplace} names it in another way: see `show-listings`."
    nearest = next((ring for ring in one.rings if ring.cheapest), None)
    if nearest is not None:
        seats = (
            f"{plain(each.section)} row {plain(each.row)}, {each.quantity} at {money(each.price)}"
            for each in nearest.cheapest
        )
        yield f"Nearest: {'; '.join(seats)}."
