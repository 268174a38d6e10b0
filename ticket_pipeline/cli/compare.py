"""`compare`: one event across its marketplaces, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from ticket_pipeline import queries
from ticket_pipeline.cli.advice import advise
from ticket_pipeline.cli.formats import (
    FLOOR,
    NOTHING,
    THIN,
    ago,
    count,
    get_in,
    largest_unit,
    money,
    plain,
    utc_now,
)
from ticket_pipeline.cli.options import EventKey, Together
from ticket_pipeline.cli.output import Output, with_formats
from ticket_pipeline.cli.session import choose_event, describe_event, identify, open_migrated
from ticket_pipeline.cli.tables import note, show, table_of
from ticket_pipeline.market.hours import is_thin
from ticket_pipeline.settings.model import load_settings

if TYPE_CHECKING:
    from rich.table import Table

    from ticket_pipeline.queries.market import SpreadRow


@with_formats
def compare(event: EventKey, *, together: Together = 2, output: Output) -> None:
    """Compare an event's marketplaces: floor and get-in price for so many together, all fees in, the cheapest first.

    Marketplaces of one currency stand in one table; a seat is often listed on several, so nothing is added up.

        ticket-pipeline compare glass orchard --together 4
    """
    this_moment = utc_now()
    with open_migrated(load_settings()) as database:
        sources = choose_event(database, event, None, with_listings=True)
        found = queries.spread(database, sources[0].event_id, this_moment=this_moment, together=together)
        nothing = f"Nothing was captured yet. {advise(database, sources[0], this_moment)}"
    if all(one.captured_at is None for one in found):
        found = []
    constants = {"event_id": sources[0].event_id, "name": sources[0].name, "together": together}
    document = {"event": identify(sources), "together": together, "markets": found}
    if output.write(document, ((constants, one) for one in found), if_empty=nothing):
        return
    if not found:
        note(nothing)
        return
    show(describe_event(sources[0], at_marketplace=False))
    for currency, group in groupby(found, key=attrgetter("currency")):
        rows = list(group)
        unit = f"Prices per ticket in {currency}, what the buyer pays, fees included." if currency else ""
        show(_table(rows, together, this_moment), *([unit] if unit else []))
        show(*_doubts(rows))
    show(*_legend(found, together))


def _table(rows: Sequence[SpreadRow], together: int, this_moment: datetime) -> Table:
    is_compared = sum(one.difference is not None for one in rows) > 1
    differences: dict[str, Callable[[SpreadRow], str]] = {
        ">Dearer by": lambda one: money(one.difference),
        ">%": lambda one: NOTHING if one.percent is None else f"{one.percent:+.1f}%",
    }
    return table_of(
        rows,
        {
            "Marketplace": lambda one: one.marketplace,
            ">Floor": lambda one: money(one.floor_price),
            f">For {together}": lambda one: get_in(one.get_in_price, one.floor_price),
            **(differences if is_compared else {}),
            ">Listings": lambda one: count(one.listings),
            ">Tickets": lambda one: count(one.tickets),
            "Captured": lambda one: ago(one.captured_at, this_moment),
            "": lambda one: "" if one.health == "ok" else one.health,
        },
    )


def _doubts(rows: Sequence[SpreadRow]) -> Iterator[str]:
    yield from (f"{one.marketplace}: {plain(one.obstacle)}." for one in rows if one.obstacle)
    for one in rows:
        if one.health not in ("ok", "paused") and one.reason:  # a note says so of a pause
            yield f"{one.marketplace} is {one.health}: {plain(one.reason)}."
        if one.is_too_far_apart and one.apart is not None:
            apart = largest_unit(abs(one.apart))
            yield f"{one.marketplace} was captured {apart} apart from the cheapest: compare with care."


def _legend(found: Sequence[SpreadRow], together: int) -> Iterator[str]:
    currencies = list(dict.fromkeys(one.currency for one in found if one.currency))
    if len(currencies) > 1:
        yield f"Prices in {' and '.join(currencies)} are not compared with each other."
    yield f"{FLOOR} For {together}: together."
    if any(is_thin(one.get_in_price, one.floor_price) for one in found):
        yield THIN
