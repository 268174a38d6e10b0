"""`changes`: what came, went and was repriced among an event's listings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from ticket_pipeline import queries
from ticket_pipeline.cli.advice import advise
from ticket_pipeline.cli.formats import FEE_BASIS, count, counted, local_time, money, percent, plain, utc_now
from ticket_pipeline.cli.options import Days, EventKey, MarketplaceOption, Zone
from ticket_pipeline.cli.output import Output, with_formats
from ticket_pipeline.cli.session import (
    choose_event,
    choose_zone,
    describe_event,
    identify,
    note_archived,
    open_migrated,
)
from ticket_pipeline.cli.tables import note, show, table_of
from ticket_pipeline.market.changes import ChangeKind
from ticket_pipeline.queries import ChangeCoverage, ListingChange
from ticket_pipeline.settings.model import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.table import Table

    from ticket_pipeline.queries.events import WatchedEvent


@with_formats
def changes(
    event: EventKey,
    *,
    days: Days = 7,
    kind: Annotated[list[ChangeKind] | None, typer.Option(help="Only such; repeat it.")] = None,
    zone: Zone = "*",
    limit: Annotated[int, typer.Option(min=0, help="So many of the newest; 0: all.")] = 30,
    marketplace: MarketplaceOption = None,
    output: Output,
) -> None:
    """Show what changed among an event's listings, newest first: new, gone, repriced, other quantities, relisted.

    A removal may be a sale or not. Seats that are back under another id are relisted, and no removal.

        ticket-pipeline changes glass orchard --days 2 --kind repriced --kind removed
    """
    this_moment = utc_now()
    span = queries.last_days(this_moment, days)
    with open_migrated(load_settings()) as database:
        sources = choose_event(database, event, marketplace, with_listings=True)
        event_id = sources[0].event_id
        note_archived(database, span.start, span.end)
        zone = choose_zone(database, event_id, zone)
        found = queries.listing_changes(database, event_id, span=span, marketplace=marketplace, kinds=kind, zone=zone)
        coverage = queries.change_coverage(database, event_id, span=span, marketplace=marketplace)
        nothing = _explain_nothing(sources[0], coverage, days, advise(database, sources[0], this_moment, days=days))
    shown = found[: limit or None]
    document = {"event": identify(sources), "zone": zone, "coverage": coverage, "count": len(found), "changes": shown}
    shared = {"event_id": event_id, "name": sources[0].name}
    if output.write(document, ((shared, one) for one in shown), if_empty=nothing):
        return
    if not coverage:
        note(nothing)
        return
    where = "" if zone == "*" else f": {plain(zone)}"
    show(f"{describe_event(sources[0], at_marketplace=False)}{where}")
    if shown:
        show(_table(shown, sources[0].timezone))
    if len(shown) < len(found):
        show(f"{count(len(shown))} of {count(len(found))} shown; --limit 0 shows all.")
    show(*(_summary(one, found, sources[0].timezone) for one in coverage))
    units = sorted({(one.currency, FEE_BASIS.get(one.fee_basis, one.fee_basis)) for one in shown})
    show(*(f"Prices per ticket in {currency} ({basis})." for currency, basis in units))


def _table(shown: Sequence[ListingChange], timezone: str) -> Table:
    zone = ZoneInfo(timezone)
    is_mixed = len({one.marketplace for one in shown}) > 1
    where: dict[str, Callable[[ListingChange], str]] = {"Market": lambda one: one.marketplace}
    return table_of(
        shown,
        {
            "Seen": lambda one: one.captured_at.astimezone(zone).strftime("%m-%d %H:%M"),
            **(where if is_mixed else {}),
            "What": lambda one: one.change,
            "Section": lambda one: plain(one.section or one.zone),
            "Row": lambda one: plain(one.row),
            ">Qty": lambda one: _step(one.old_quantity, one.new_quantity),
            ">Before": lambda one: money(one.old_price),
            ">Now": lambda one: money(one.new_price),
            ">%": lambda one: percent(one.old_price, one.new_price),
        },
    )


def _step(before: int | None, after: int | None) -> str:
    both = [str(number) for number in (before, after) if number is not None]
    return both[0] if len(set(both)) == 1 else " to ".join(both)


def _summary(one: ChangeCoverage, found: Sequence[ListingChange], timezone: str) -> str:
    """What is known of a marketplace: no change is no proof where nothing was compared."""
    counts = Counter(each.change for each in found if each.marketplace == one.marketplace)
    parts = ", ".join(f"{count(counts[kind])} {kind}" for kind in ChangeKind if counts[kind]) or "nothing changed"
    text = f"{one.marketplace}: {parts}; {counted(one.comparisons, 'comparison')} of {counted(one.captures, 'capture')}"
    if one.since_at is not None and one.until_at is not None:
        text += f", {local_time(one.since_at, timezone)} to {local_time(one.until_at, timezone)}"
    if one.suspects:
        text += f"; {counted(one.suspects, 'suspect')} left out"
    if one.not_compared:
        text += f"; {counted(one.not_compared, 'older capture')} not compared: backfill the asset listing_changes"
    return f"{text}."


def _explain_nothing(event: WatchedEvent, coverage: Sequence[ChangeCoverage], days: int, advice: str) -> str:
    if coverage:
        return f"Nothing changed of {plain(event.name)} in {sum(one.comparisons for one in coverage)} comparisons."
    return f"Nothing was captured of {plain(event.name)} in the last {days} days. {advice}"
