"""Results into the user's own table: columns of the Google Sheet, or a file beside the CSV watchlist."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from ticket_pipeline.market.vocabulary import FeeBasis, Health, Marketplace
from ticket_pipeline.market.waits import in_short
from ticket_pipeline.queries.results import EventResult, choose_result, read_results
from ticket_pipeline.sheet.csv_file import CsvSource
from ticket_pipeline.sheet.results import ResultColumn, Results, Value, WriteReport
from ticket_pipeline.sheet.results_csv import write_beside
from ticket_pipeline.sheet.rows import parse_watchlist
from ticket_pipeline.sheet.sync import open_watchlist
from ticket_pipeline.storage.watchlist import read_known_events

if TYPE_CHECKING:
    from ticket_pipeline.market.events import WatchlistEvent
    from ticket_pipeline.settings.model import Settings
    from ticket_pipeline.sheet.source import SheetRows
    from ticket_pipeline.storage.database import Database

_FEES = {FeeBasis.ALL_IN: "all fees in", FeeBasis.ASK: "before fees"}

_Key = tuple[str, str]
"""Marketplace and its id of an event."""


def write_results(
    database: Database,
    settings: Settings,
    this_moment: datetime,
    *,
    asked: Collection[ResultColumn] = (),
    is_dry_run: bool = False,
) -> WriteReport:
    """Write the numbers of this moment into the user's table.

    Args:
        database: prices must be up to date.
        settings: name the table.
        this_moment: aware UTC.
        asked: in a Google Sheet, columns to make even if the user deleted them; beside a CSV file, the only ones.
        is_dry_run: write nothing.

    Raises:
        SheetError: the table could not be read or written.
    """
    results_of = build_results(database, settings, this_moment)
    source = open_watchlist(settings)
    if isinstance(source, CsvSource):
        return write_beside(source, results_of, asked=asked, is_dry_run=is_dry_run)
    from ticket_pipeline.sheet.write import write_to_google  # noqa: PLC0415 - Google's libraries, only where used

    return write_to_google(source, results_of, asked=asked, is_dry_run=is_dry_run)


def build_results(
    database: Database, settings: Settings, this_moment: datetime
) -> Callable[[SheetRows], Mapping[int, Results]]:
    """Read the numbers once; returns what finds those of each row of a table, by the ids in it."""
    by_event: dict[int, list[EventResult]] = defaultdict(list)
    for each in read_results(database, this_moment=this_moment):
        by_event[each.event_id].append(each)
    event_of = {key: row["event_id"] for row in read_known_events(database) for key in row["external_ids"].items()}
    return partial(_results_of, by_event, event_of, settings)


def _results_of(
    by_event: Mapping[int, list[EventResult]], event_of: Mapping[_Key, int], settings: Settings, rows: SheetRows
) -> dict[int, Results]:
    watchlist = parse_watchlist(
        rows, default_timezone=settings.event_default_timezone, date_order=settings.watchlist_date_order
    )
    results: dict[int, Results] = {
        row.row_number: {ResultColumn.STATUS: f"Not followed: {' '.join(row.reasons)}"} for row in watchlist.rejected
    }
    for event in watchlist.events:
        event_id = next((event_of[key] for key in event.external_ids.items() if key in event_of), None)
        own = [each for each in by_event.get(event_id or 0, []) if each.marketplace in event.external_ids]
        results[event.sheet_row or 0] = _cells(event, own) | {
            ResultColumn.LINK: None if event_id is None else f"{settings.dashboard_address}/events/{event_id}"
        }
    return results


def _cells(event: WatchlistEvent, own: list[EventResult]) -> dict[ResultColumn, Value]:
    if not event.is_tracked:
        return {ResultColumn.STATUS: "Not followed: is_tracked is FALSE."}
    chosen = choose_result(own)
    if chosen is None:
        return {ResultColumn.STATUS: _why_nothing(event.external_ids)}
    return {
        ResultColumn.FLOOR: chosen.floor_price,
        ResultColumn.GET_IN_1: chosen.get_in_price,
        ResultColumn.GET_IN_2: chosen.get_in_2_price,
        ResultColumn.GET_IN_4: chosen.get_in_4_price,
        ResultColumn.CHANGE_24_HOURS: _rounded(chosen.percent_24_hours, 2),
        ResultColumn.CHANGE_7_DAYS: _rounded(chosen.percent_7_days, 2),
        ResultColumn.TICKETS: chosen.tickets,
        ResultColumn.ESTIMATED_SALES: _rounded(chosen.sold_tickets, 1),
        ResultColumn.PERCENTILE: chosen.percentile,
        ResultColumn.LAST_SEEN: chosen.captured_at,
        ResultColumn.STATUS: _describe(chosen, own),
    }


def _rounded(number: Decimal | None, digits: int) -> Decimal | None:
    return None if number is None else round(number, digits)


def _why_nothing(external_ids: Mapping[Marketplace, str]) -> str:
    if any(marketplace.has_listings for marketplace in external_ids):
        return "Not read yet: the next sync of the watchlist takes it in."
    return "No prices: none of its ids is of a marketplace with listings."


def _describe(chosen: EventResult, own: Sequence[EventResult]) -> str:
    """Of which marketplace, currency and fees the numbers are, and how far to trust them."""
    words = [chosen.marketplace.traits.label]
    if chosen.currency is not None and chosen.fee_basis is not None:
        words += [chosen.currency, _FEES[FeeBasis(chosen.fee_basis)]]
    elif chosen.listings == 0:
        words.append("nothing for sale")
    others = sorted({each.marketplace.traits.label for each in own} - {chosen.marketplace.traits.label})
    beside = f" (also at {', '.join(others)})" if others else ""
    thin = ", ".join(name for name, is_thin in _get_ins(chosen).items() if is_thin)
    thin = f". {thin} thin: a lone ask" if thin else ""
    health = "" if chosen.health is Health.OK else f". {chosen.health.capitalize()}"
    reason = f": {in_short(chosen.reason)}" if health and chosen.reason else ""
    return f"{', '.join(words)}{beside}{thin}{health}{reason}"


def _get_ins(chosen: EventResult) -> dict[str, bool]:
    """Which get-in prices stand alone."""
    return {
        ResultColumn.GET_IN_1: chosen.is_get_in_thin,
        ResultColumn.GET_IN_2: chosen.is_get_in_2_thin,
        ResultColumn.GET_IN_4: chosen.is_get_in_4_thin,
    }
