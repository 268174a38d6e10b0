"""Fetch events and coupons and store them, and rebuild ages and genders. Tickets are in `ingest_tickets`."""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from ticket_pipeline.primary_sales.ages import parse_age_groups
from ticket_pipeline.primary_sales.client import OpenVivenu, open_vivenu
from ticket_pipeline.primary_sales.mappings import read_mappings
from ticket_pipeline.primary_sales.rows import coupon_row, event_row, reject_rows, reject_texts, type_rows
from ticket_pipeline.storage import ticket_sales as store
from ticket_pipeline.storage.ticket_sales import as_json

if TYPE_CHECKING:
    from ticket_pipeline.settings.model import Settings
    from ticket_pipeline.storage.database import Database, Row


@dataclass(frozen=True, slots=True)
class EventsReport:
    """The result of reading the events: their ids and ticket types, and what a person should look at, by event id."""

    keys: tuple[str, ...]
    ticket_types: int
    problems: dict[str, list[str]]
    rejected: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CouponsReport:
    """The result of reading the coupons: the transactions that were read, and all that was rejected."""

    transactions: int
    rejected: tuple[str, ...]


async def sync_vivenu_events(
    database: Database, settings: Settings, *, open_client: OpenVivenu | None = None
) -> EventsReport:
    """Read every event of the organiser and store it. Idempotent; an error means that nothing was stored."""
    mappings = read_mappings(settings.vivenu_mappings_file)
    async with open_client() if open_client else open_vivenu(settings) as client:
        found = await client.fetch_events()
    rows = [event_row(event, mappings) for event in found.rows.values()]
    types = [row for event in found.rows.values() for row in type_rows(event)]
    await asyncio.to_thread(store.write_events, database, rows, types, reject_rows(found))
    problems = {row["external_id"]: row["problems"] for row in rows if row["problems"]}
    return EventsReport(tuple(found.rows), len(types), problems, reject_texts(found))


async def sync_vivenu_coupons(
    database: Database, settings: Settings, *, full: bool = False, open_client: OpenVivenu | None = None
) -> CouponsReport:
    """Read coupons, their series, and which of them transactions used since the last read. Idempotent."""
    mark = None if full else store.read_mark(database, store.TRANSACTIONS)
    overlap = timedelta(minutes=settings.tuning.vivenu_overlap_minutes)
    async with open_client() if open_client else open_vivenu(settings) as client:
        series = await client.fetch_series()
        coupons = await client.fetch_coupons()
        found = await client.fetch_transactions(since=mark["high_water_at"] - overlap if mark else None)
    uses = [
        {"transaction_id": one.id, "external_id": one.event_id, "coupon_id": coupon_id}
        for one in found.rows.values()
        for coupon_id in dict.fromkeys(coupon.id for coupon in one.applied_coupons or ())
    ]
    reached = found.reached(one.updated_at for one in found.rows.values())
    read = store.CouponsRead(
        [coupon_row(coupon, series.rows) for coupon in coupons.rows.values()],
        list(found.rows),
        uses,
        {"coupons": reject_rows(coupons), "series": reject_rows(series), store.TRANSACTIONS: reject_rows(found)},
    )
    new_mark = store.ReadMark(store.TRANSACTIONS, reached, mark is None)
    await asyncio.to_thread(store.write_coupons, database, read, new_mark)
    return CouponsReport(len(found.rows), reject_texts(coupons, series, found))


def rebuild_age_groups(database: Database, settings: Settings) -> int:
    """Rebuild the age groups with the current settings; returns the table's rows."""
    groups = parse_age_groups(read_mappings(settings.vivenu_mappings_file).age_groups)
    rows = [asdict(group) | {"position": position} for position, group in enumerate(groups)]
    return store.rebuild(database, "age_groups", groups=as_json(rows), genders=as_json(_genders(database, settings)))


def rebuild_gender(database: Database, settings: Settings) -> int:
    """Rebuild the genders with the current tables of words; returns the table's rows."""
    return store.rebuild(database, "gender", genders=as_json(_genders(database, settings)))


def _genders(database: Database, settings: Settings) -> list[Row]:
    table = read_mappings(settings.vivenu_mappings_file).gender_table()
    return [{"answer": answer, "gender": table.read(answer)} for answer in store.read_gender_answers(database)]
