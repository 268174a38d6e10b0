"""The tables of an event's page, from the answers of queries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from ticket_pipeline.dashboard.event_history import captures_table, changes_table, moves_table
from ticket_pipeline.dashboard.formats import label, money, unit
from ticket_pipeline.dashboard.links import captures_url, constant, linked, made_at
from ticket_pipeline.dashboard.overview import CHANGE_HELP
from ticket_pipeline.dashboard.tables import Column, Table
from ticket_pipeline.queries.comparables import Comparables, UnclearSeatsError, comparables
from ticket_pipeline.queries.market import SpreadRow, market_depth, market_now, sections_now, spread
from ticket_pipeline.queries.overview import overview
from ticket_pipeline.queries.prices import section_prices
from ticket_pipeline.storage.prices import HOUR

if TYPE_CHECKING:
    from ticket_pipeline.dashboard.question import Question


def now_table(question: Question) -> Table:
    """What is for sale now, a row per marketplace, currency and fee basis."""
    found = market_now(
        question.board.database, question.event.event_id, this_moment=question.now, marketplace=question.market
    )
    rows = [row for row in found if question.fees in (None, row.fee_basis) or row.fee_basis is None]
    place = question.together - 1
    changes = {
        (row.marketplace, row.currency, row.fee_basis): row
        for row in overview(question.board.database, this_moment=question.now, event_id=question.event.event_id)
    }

    def change(name: str) -> Callable[[Any], Any]:
        return lambda row: getattr(changes.get((row.marketplace, row.currency, row.fee_basis)), name, None)

    columns = [
        Column("Marketplace", lambda row: row.marketplace, "label"),
        Column("In", lambda row: unit(row.currency, row.fee_basis)),
        Column("Floor", lambda row: row.floor_price, "money", help="Lowest price with at least 3 listings within 15 %"),
        Column("24 h", change("percent_24_hours"), "change", help=CHANGE_HELP.format("24 hours")),
        Column("7 d", change("percent_7_days"), "change", help=CHANGE_HELP.format("7 days")),
        Column(
            f"Get-in {place + 1}",
            lambda row: row.get_in_prices and row.get_in_prices[place],
            "money",
            help=f"Lowest price per ticket for {place + 1} together",
            is_thin=lambda row: row.get_ins_are_thin[place],
        ),
        Column("25 %", lambda row: row.p25_price, "money"),
        Column("Median", lambda row: row.median_price, "money"),
        Column("75 %", lambda row: row.p75_price, "money"),
        Column("Listings", lambda row: row.listings, "count"),
        Column("Tickets", lambda row: row.tickets, "count"),
        Column("Near floor", lambda row: row.listings_near_floor, "count", help="Listings within 15 % of the floor"),
        Column("As of", lambda row: row.captured_at, "moment"),
        Column("Health", lambda row: row.health, "state", link=lambda row: f"/sources#{row.marketplace}"),
    ]
    columns[3] = replace(columns[3], link=made_at(question, change("day_ago_at")))
    columns[4] = replace(columns[4], link=made_at(question, change("week_ago_at")))
    note = "Prices per ticket, of the last trusted capture of each marketplace."
    reasons = {
        f"{label(row.marketplace)} is {row.health}: {row.reason.removesuffix('.')}."
        for row in rows
        if row.reason is not None
    }
    made = linked(columns, made_at(question, lambda row: row.captured_at))
    return Table("now", f"Now{_scope(question)}", made, rows, note=" ".join([note, *sorted(reasons)]))


def _scope(question: Question) -> str:
    """What a table is about that no zone narrows, where one is chosen."""
    return "" if question.zone == "*" else ", whole event"


def spread_table(question: Question) -> Table:
    """The marketplaces beside each other."""
    rows = spread(
        question.board.database, question.event.event_id, this_moment=question.now, together=question.together
    )
    priced = Counter(row.currency for row in rows if row.get_in_price is not None)

    def compared(number: Decimal | None, row: SpreadRow) -> Decimal | None:
        return number if priced[row.currency] > 1 and not row.is_too_far_apart else None

    columns = [
        Column("Marketplace", lambda row: row.marketplace, "label"),
        Column("In", lambda row: row.currency),
        Column(f"Get-in {question.together}", lambda row: row.get_in_price, "money", is_thin=lambda row: row.is_thin),
        Column("Above cheapest", lambda row: compared(row.difference, row), "money"),
        Column("Share", lambda row: compared(row.percent and row.percent / 100, row), "share", help="Of the cheapest"),
        Column("Floor", lambda row: row.floor_price, "money"),
        Column("Listings", lambda row: row.listings, "count"),
        Column("Age", lambda row: row.age, "duration"),
        Column("Remarks", _remark_on_spread),
    ]
    made = linked(columns, made_at(question, lambda row: row.captured_at))
    return Table("spread", f"Spread{_scope(question)}", made, rows, note="Same event, all fees in; per ticket.")


def sections_table(question: Question) -> Table:
    """Prices and inventory by zone, or by section where there are no zones."""
    rows = section_prices(
        question.board.database, question.event.event_id, span=question.span, marketplace=question.market
    )
    place = question.together - 1
    before = made_at(question, lambda row: row.before_at)
    columns = [
        Column(
            "Zone",
            lambda row: "whole event" if row.zone == "*" else row.zone,
            link=lambda row: question.address(zone=None if row.zone == "*" else row.zone),
        ),
        Column("Marketplace", lambda row: row.marketplace, "label"),
        Column("In", lambda row: unit(row.currency, row.fee_basis)),
        Column("Floor", lambda row: row.floor_price, "money"),
        Column(
            "Floor before",
            lambda row: row.before_floor_price,
            "money",
            help=f"Of the last hour with one at least {question.days} days before, at most a day longer",
            link=before,
        ),
        Column("Before", lambda row: row.before_at, "moment", link=before),
        Column(
            f"Get-in {place + 1}",
            lambda row: row.get_in_prices[place],
            "money",
            is_thin=lambda row: row.get_ins_are_thin[place],
        ),
        Column("Median", lambda row: row.median_price, "money"),
        Column("Listings", lambda row: row.listings, "count"),
        Column("Tickets", lambda row: row.tickets, "count"),
        Column("Hour", lambda row: row.last_hour_at, "moment"),
    ]
    made = linked(columns, made_at(question, lambda row: row.last_hour_at + HOUR))
    return Table("sections", "Zones", made, rows, note="Of the last hour with a trusted capture.")


def zone_sections_table(question: Question) -> Table:
    """What is for sale now in each section of the zone chosen."""
    rows = sections_now(
        question.board.database,
        question.event.event_id,
        this_moment=question.now,
        zone=question.zone,
        together=question.together,
        marketplace=question.market,
    )
    columns = [
        Column("Section", lambda row: row.section),
        Column("Marketplace", lambda row: row.marketplace, "label"),
        Column("In", lambda row: unit(row.currency, row.fee_basis)),
        Column("Floor", lambda row: row.floor_price, "money", help="Lowest price with at least 3 listings within 15 %"),
        Column(f"Get-in {question.together}", lambda row: row.get_in_price, "money", is_thin=lambda row: row.is_thin),
        Column("Median", lambda row: row.median_price, "money"),
        Column("Listings", lambda row: row.listings, "count"),
        Column("Tickets", lambda row: row.tickets, "count"),
        Column("As of", lambda row: row.captured_at, "moment"),
    ]
    made = linked(columns, made_at(question, lambda row: row.captured_at))
    chosen = [row for row in rows if question.fees in (None, row.fee_basis)]
    title = "Sections" if question.zone == "*" else f"Sections of {question.zone}"
    note = "Of the last trusted capture. A section with fewer than three listings near each other has no floor."
    return Table("zone_sections", title, made, chosen, empty="Nothing of it is for sale.", note=note)


def depth_table(question: Question) -> Table:
    """What stands how far above the floor."""
    depths = market_depth(
        question.board.database,
        question.event.event_id,
        this_moment=question.now,
        together=question.together,
        marketplace=question.market,
    )
    columns = [Column("Above floor", lambda row: f"{row[0].percent} %")]
    for number, depth in enumerate(depths):
        name = f"{label(depth.marketplace)}, {depth.currency}"
        own = [
            Column(f"{name}: up to", _step(number, "up_to_price"), "money"),
            Column("Listings", _step(number, "listings"), "count"),
            Column("Tickets", _step(number, "tickets"), "count"),
        ]
        columns += linked(own, constant(captures_url(question, depth.captured_at, depth.marketplace)))
    rows = list(zip(*(depth.steps for depth in depths), strict=True))
    note = f"Listings that sell {question.together} together, cumulative, from the floor of each marketplace up."
    return Table("depth", f"Depth{_scope(question)}", columns, rows, note=note)


def comparables_table(question: Question) -> Table:
    """What stands beside seats that the address names."""
    query = question.query
    columns = [
        Column("Around", lambda row: row[1].name),
        Column("Marketplace", lambda row: row[0].marketplace, "label"),
        Column("In", lambda row: unit(row[0].currency, row[0].fee_basis)),
        Column("Listings", lambda row: row[1].listings, "count"),
        Column("Tickets", lambda row: row[1].tickets, "count"),
        Column("Floor", lambda row: row[1].floor_price, "money"),
        Column("25 %", lambda row: row[1].p25_price, "money"),
        Column("Median", lambda row: row[1].median_price, "money"),
        Column("75 %", lambda row: row[1].p75_price, "money"),
        Column("Your rank", lambda row: row[1].ask_rank, "count", help="Of your asking price; 1 is the cheapest"),
        Column("Cheapest", lambda row: ", ".join(f"{one.row or '?'}: {money(one.price)}" for one in row[1].cheapest)),
    ]
    rows, empty = [], "Name a section to see what stands beside your seats."
    try:
        if query.get("section") or query.get("rows"):
            rows = [(one, ring) for one in _compare(question) for ring in one.rings]
            empty = "No listing stands there."
    except UnclearSeatsError as error:
        empty = str(error)
    made = [
        replace(one, link=lambda row: captures_url(question, row[0].captured_at, row[0].marketplace))
        if one.is_number
        else one
        for one in columns
    ]
    return Table("comparables", "Beside your seats", made, rows, empty=empty)


def _step(number: int, name: str) -> Callable[[Any], Any]:
    return lambda row: getattr(row[number], name)


def _remark_on_spread(row: SpreadRow) -> str:
    """Why a price is missing, or how far it can be compared."""
    if row.obstacle is not None:
        return row.obstacle
    return "seen too far apart to compare" if row.is_too_far_apart else row.reason or ""


def _compare(question: Question) -> list[Comparables]:
    query = question.query
    first, _, last = query.get("rows", "").replace("\N{EN DASH}", "-").partition("-")
    try:
        own_price = Decimal(query["own_price"]) if query.get("own_price") else None
    except InvalidOperation:
        own_price = Decimal(0)
    if own_price is not None and not (own_price.is_finite() and own_price > 0):
        raise UnclearSeatsError(f"{query['own_price']!r} is not a price. Write it like 120.50.")
    return comparables(
        question.board.database,
        question.event.event_id,
        this_moment=question.now,
        quantity=question.together,
        section=query.get("section") or None,
        zone=None if question.zone == "*" else question.zone,
        rows=(first.strip(), (last or first).strip()) if first.strip() else None,
        ask=own_price,
        marketplace=question.market,
    )


TABLES: Mapping[str, Callable[[Question], Table]] = {
    "now": now_table,
    "spread": spread_table,
    "sections": sections_table,
    "moves": moves_table,
    "zone_sections": zone_sections_table,
    "depth": depth_table,
    "comparables": comparables_table,
    "changes": changes_table,
    "captures": captures_table,
}
"""By the name of the download."""
