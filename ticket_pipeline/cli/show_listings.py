"""`show-listings`: the newest capture of one event, cheapest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ticket_pipeline.cli.event_keys import EventKey, MarketplaceOption, find_listed_event
from ticket_pipeline.cli.formats import NOTHING, ago, count, local_time, money, plain, utc_now
from ticket_pipeline.cli.session import open_migrated
from ticket_pipeline.cli.tables import JsonOption, new_table, note, show, show_json
from ticket_pipeline.market.hours import PricedListing, get_in_price
from ticket_pipeline.market.vocabulary import FeeBasis
from ticket_pipeline.settings.model import load_settings
from ticket_pipeline.storage.snapshots import read_latest_snapshot, read_listings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Table

    from ticket_pipeline.market.events import Event
    from ticket_pipeline.storage.database import Row

_EVER = datetime(2000, 1, 1, tzinfo=UTC)
_NEAR_FLOOR = Decimal("1.15")
"""Depth: listings within 15 % of the get-in price. A lone cheap ask is not a market."""

FEE_BASIS: dict[str, str] = {
    FeeBasis.ALL_IN: "what the buyer pays, fees included",
    FeeBasis.ASK: "asked, before the buyer's fees",
}


@dataclass(frozen=True, slots=True)
class _Choice:
    """The listings that were asked for, of all in the capture; each currency and fee basis stands for itself."""

    all_rows: Sequence[Row]
    rows: Sequence[Row]
    together: int = 1

    def get_in(self) -> Decimal | None:
        """The lowest price of those that sell so many; None where there is none, or prices that cannot be compared."""
        if len({(row["currency"], row["fee_basis"]) for row in self.rows}) != 1:
            return None
        return get_in_price(map(_priced, self.rows), self.together)

    def depth(self) -> int | None:
        """How many of those that sell so many stand near the get-in price."""
        floor = self.get_in()
        if floor is None:
            return None
        sellable = (listing for listing in map(_priced, self.rows) if listing.can_sell(self.together))
        return sum(listing.price <= floor * _NEAR_FLOOR for listing in sellable)


def show_listings(
    event_key: EventKey,
    *,
    limit: Annotated[int, typer.Option(min=0, help="Most listings shown; 0: all.")] = 20,
    zone: Annotated[str | None, typer.Option(help="Only this zone, or this section where there are no zones.")] = None,
    quantity: Annotated[
        int | None, typer.Option(min=1, help="Only listings that can sell this many together; their get-in price.")
    ] = None,
    marketplace: MarketplaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the listings of the newest capture of an event, cheapest first.

    Where a marketplace does not say which quantities a listing sells, any up to its number counts.

        ticket-pipeline show-listings 157284301 --quantity 4 --zone "Lower bowl"
    """
    with open_migrated(load_settings()) as database:
        event = find_listed_event(database, event_key, marketplace)
        snapshot = read_latest_snapshot(database, event.event_id, event.marketplace, _EVER)
        rows: list[Row] = []
        if snapshot is not None:
            captured_at = snapshot["captured_at"]
            rows = read_listings(database, event.event_id, event.marketplace, captured_at, captured_at)
    choice = _Choice(rows, [row for row in rows if _is_wanted(row, zone, quantity)], quantity or 1)
    shown = choice.rows[: limit or None]
    if as_json:
        show_json(_document(event, snapshot, choice, shown))
    elif snapshot is None:
        note(f"No capture of {event.name} yet. Fetch one: ticket-pipeline fetch-listings {event.external_id}")
    else:
        title = f"{plain(event.name)} on {event.marketplace}, {local_time(event.event_at, event.timezone)}"
        show(title, _table(shown), *_caption(event, snapshot, choice, shown, quantity))


def _is_wanted(row: Row, zone: str | None, quantity: int | None) -> bool:
    if zone is not None and (row["zone"] or row["section"] or "unknown").casefold() != zone.strip().casefold():
        return False
    return quantity is None or _priced(row).can_sell(quantity)


def _priced(row: Row) -> PricedListing:
    splits = tuple(row["splits"]) if row["splits"] is not None else None
    return PricedListing(row["zone"] or "", row["currency"], row["fee_basis"], row["quantity"], row["price"], splits)


def _document(event: Event, snapshot: Row | None, choice: _Choice, shown: Sequence[Row]) -> dict[str, Any]:
    hidden = {"event_id", "captured_at"}
    return {
        "event": {"marketplace": event.marketplace, "external_id": event.external_id, "name": event.name},
        "snapshot": snapshot and {name: value for name, value in snapshot.items() if name != "event_id"},
        "matching": len(choice.rows),
        "get_in_price": choice.get_in(),
        "listings_near_get_in": choice.depth(),
        "listings": [{name: value for name, value in row.items() if name not in hidden} for row in shown],
    }


def _table(shown: Sequence[Row]) -> Table:
    table = new_table("Zone", "Section", "Row", ">Qty", "Sells", ">Price", "")
    is_mixed = len({row["fee_basis"] for row in shown}) > 1
    for row in shown:
        splits = ",".join(map(str, row["splits"])) if row["splits"] is not None else NOTHING
        remarks = {
            "GA": row["is_general_admission"],
            "spec": row["is_speculative"],
            "ask": is_mixed and row["fee_basis"] == FeeBasis.ASK,
        }
        table.add_row(
            plain(row["zone"]),
            plain(row["section"]),
            plain(row["row"]),
            str(row["quantity"]),
            splits,
            f"{money(row['price'])} {row['currency']}",
            " ".join(word for word, holds in remarks.items() if holds),
        )
    return table


def _caption(event: Event, snapshot: Row, choice: _Choice, shown: Sequence[Row], quantity: int | None) -> list[str]:
    captured_at = snapshot["captured_at"]
    when = f"{local_time(captured_at, event.timezone)}, {ago(captured_at, utc_now())}"
    lines = [f"Captured {when}: {count(len(choice.all_rows))} listings, {count(snapshot['tickets'])} tickets."]
    if snapshot["is_suspect"]:
        lines.append("Suspect: far fewer listings than before, and not yet confirmed by another capture.")
    if snapshot["checksum_problems"]:
        lines.append(f"Announced totals disagree: {plain('; '.join(snapshot['checksum_problems']))}.")
    if not choice.all_rows:
        lines.append("The market was empty.")
    elif not choice.rows:
        lines.append("None of them is what you asked for.")
    else:
        floor, depth = choice.get_in(), choice.depth()
        together = f" for {quantity} together" if quantity else ""
        if floor is not None:
            lines.append(f"Get-in{together} {money(floor)} {choice.rows[0]['currency']}; {depth} listings within 15 %.")
        bases = sorted({row["fee_basis"] for row in choice.rows})
        lines.append(f"Prices per ticket: {'; '.join(FEE_BASIS.get(basis, basis) for basis in bases)}.")
        if len(shown) < len(choice.rows):
            lines.append(f"{count(len(shown))} of {count(len(choice.rows))} shown; --limit 0 shows all.")
    return lines
