"""Bring the database to what vivenu says: events, tickets, coupons. Here vivenu and storage meet.

What belongs here: what is asked for next, and handing it on. What does not: how it is asked, and what is kept of a
ticket (`ticket_pipeline.primary_sales`), how it is stored (`storage.primary_sales`).

Tickets are read incrementally: what changed since the mark of the last read, and a little before it. The whole set is
read where there is no mark, where the day of the event or the slugs changed (ages and genders were then read by other
rules), where the counts do not agree afterwards (tickets vanished), and on demand.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from ticket_pipeline.errors import MarketplaceError
from ticket_pipeline.primary_sales.ages import AgeGroups
from ticket_pipeline.primary_sales.client import VivenuClient
from ticket_pipeline.primary_sales.fields import EventFields, find_fields
from ticket_pipeline.primary_sales.free_texts import FreeTexts, is_mark
from ticket_pipeline.primary_sales.gender import UNKNOWN
from ticket_pipeline.primary_sales.http import open_vivenu_http
from ticket_pipeline.primary_sales.mappings import read_mappings
from ticket_pipeline.primary_sales.tickets import AnswerRules, KeptTicket, clean, keep_ticket, to_money
from ticket_pipeline.storage import primary_sales as store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping, Sequence
    from datetime import date, datetime

    from ticket_pipeline.primary_sales.gender import GenderTable
    from ticket_pipeline.primary_sales.mappings import Mappings
    from ticket_pipeline.primary_sales.paging import ReadSet
    from ticket_pipeline.primary_sales.wire import CouponWire, EventWire, SeriesWire, TicketWire
    from ticket_pipeline.settings import Settings
    from ticket_pipeline.storage.database import Database, Row

_log = logging.getLogger(__name__)

NO_ZONE = "UTC"
"""Stands where vivenu names no timezone that exists; reported among the event's problems."""


@dataclass(frozen=True, slots=True)
class EventsReport:
    """What a sync of the events found.

    Attributes:
        keys: the ids of the listed events.
        ticket_types: how many types they have, all together.
        problems: event id → what a person should look at.
        unreadable: reasons of events that could not be read.
    """

    keys: tuple[str, ...]
    ticket_types: int
    problems: dict[str, list[str]]
    unreadable: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TicketsReport:
    """What became of one event's tickets.

    Attributes:
        event_id: vivenu's id.
        name: of the event.
        is_full: the whole set was read.
        received: different tickets that came.
        stored: what that changed.
        unreadable: reasons of tickets that could not be read.
        unreadable_ages: shape of an answer about age that is none → how many such answers came.
        error: why it could not be read; nothing was stored then.
    """

    event_id: str
    name: str
    is_full: bool = False
    received: int = 0
    stored: store.StoredTickets = field(default_factory=store.StoredTickets)
    unreadable: tuple[str, ...] = ()
    unreadable_ages: Mapping[str, int] = field(default_factory=dict)
    error: MarketplaceError | None = None


@dataclass(frozen=True, slots=True)
class CouponsReport:
    """What a sync of the coupons found."""

    coupons: int
    transactions: int
    is_full: bool


@asynccontextmanager
async def open_vivenu(settings: Settings) -> AsyncIterator[VivenuClient]:
    """A client of the organiser that the settings name."""
    # Chance spreads retries; nobody could guess anything from it.
    async with open_vivenu_http(settings, rng=random.Random(settings.random_seed)) as http:  # noqa: S311
        overlap = timedelta(minutes=settings.vivenu_overlap_minutes)
        yield VivenuClient(http, page_size=settings.vivenu_page_size, overlap=overlap)


async def sync_vivenu_events(database: Database, settings: Settings) -> EventsReport:
    """Read every event of the organiser and bring the database to it. Idempotent.

    Raises:
        MarketplaceError: vivenu gave no usable answer; nothing was stored.
        ConfigurationError: vivenu is off or not configured, or the mappings file is of no use.
    """
    mappings = read_mappings(settings.vivenu_mappings_file)
    async with open_vivenu(settings) as client:
        found = await client.fetch_events()
    rows = [_event_row(event, mappings) for event in found.rows.values()]
    types = [row for event in found.rows.values() for row in _type_rows(event)]
    is_whole = bool(rows) and not found.unreadable
    await asyncio.to_thread(lambda: store.write_events(database, rows, types, is_whole=is_whole))
    problems = {row["external_id"]: row["problems"] for row in rows if row["problems"]}
    return EventsReport(tuple(found.rows), len(types), problems, tuple(found.unreadable))


async def sync_vivenu_tickets(
    database: Database,
    settings: Settings,
    event_ids: Sequence[str] | None,
    *,
    now: Callable[[], datetime],
    full: bool = False,
    on_report: Callable[[TicketsReport], None] = lambda _: None,
) -> list[TicketsReport]:
    """Read the tickets of events, several at once; an event that fails stops no other.

    Args:
        database: must know the events.
        settings: name the organiser.
        event_ids: vivenu's ids; None: every listed event.
        now: aware UTC.
        full: read the whole set, whatever was read before.
        on_report: told of each event as it is done.
    """
    table = read_mappings(settings.vivenu_mappings_file).gender_table()
    rules = AnswerRules(table, FreeTexts.of(settings), settings.vivenu_date_order)
    known = {row["external_id"]: row for row in store.read_vivenu_events(database)}
    chosen = [key for key, row in known.items() if row["is_listed"]] if event_ids is None else event_ids
    turns = asyncio.Semaphore(settings.httpx_max_connections)
    async with open_vivenu(settings) as client:
        reader = _TicketReader(database, client, rules, timedelta(minutes=settings.vivenu_overlap_minutes), now)

        async def read(event: Row) -> TicketsReport:
            async with turns:
                report = await reader.read(event, full=full)
            on_report(report)
            return report

        return await asyncio.gather(*(read(known[key]) for key in chosen))


async def sync_vivenu_coupons(database: Database, settings: Settings, *, full: bool = False) -> CouponsReport:
    """Read coupons, their series, and which of them transactions used since the last read. Idempotent.

    Raises:
        MarketplaceError: vivenu gave no usable answer; nothing was stored.
    """
    mark = None if full else store.read_mark(database, store.TRANSACTIONS)
    overlap = timedelta(minutes=settings.vivenu_overlap_minutes)
    async with open_vivenu(settings) as client:
        series = {one.id: one for one in await client.fetch_series()}
        coupons = await client.fetch_coupons()
        found = await client.fetch_transactions(since=mark["high_water_at"] - overlap if mark else None)
    uses = [
        {"transaction_id": one.id, "external_id": one.event_id, "coupon_id": coupon_id}
        for one in found.rows.values()
        for coupon_id in dict.fromkeys(coupon.id for coupon in one.applied_coupons or ())
    ]
    reached = [one.updated_at for one in found.rows.values() if one.updated_at is not None]
    new_mark = store.ReadMark(
        store.TRANSACTIONS, _high_water(found.began_at, reached), mark is None, unreadable=len(found.unreadable)
    )
    rows = [_coupon_row(coupon, series) for coupon in coupons.rows.values()]
    await asyncio.to_thread(store.write_coupons, database, rows, list(found.rows), uses, new_mark)
    return CouponsReport(len(rows), len(found.rows), mark is None)


def rebuild_age_groups(database: Database, settings: Settings) -> int:
    """Reckon the age groups by the settings as they are now; returns the table's rows."""
    groups = AgeGroups.parse(settings.vivenu_age_groups).groups
    rows = [
        {"label": group.label, "first": group.first, "last": group.last, "position": position}
        for position, group in enumerate(groups)
    ]
    return store.rebuild_age_groups(database, rows, _genders(database, settings))


def rebuild_gender(database: Database, settings: Settings) -> int:
    """Reckon the genders by the tables of words as they are now; returns the table's rows."""
    return store.rebuild_gender(database, _genders(database, settings))


class _TicketReader:
    """Reads the tickets of one event after another by the same rules."""

    def __init__(
        self,
        database: Database,
        client: VivenuClient,
        rules: AnswerRules,
        overlap: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._client = client
        self._rules = rules
        self._overlap = overlap
        self._now = now

    async def read(self, event: Row, *, full: bool) -> TicketsReport:
        """One event, incrementally where that is enough."""
        try:
            mark = await asyncio.to_thread(store.read_mark, self._database, event["external_id"])
            is_known = mark is not None and mark["fingerprint"] == self._fingerprint(event)
            if full or mark is None or not is_known:
                return await self._read_since(event, None)
            report = await self._read_since(event, mark["high_water_at"] - self._overlap)
            if await self._agrees(event, mark["unreadable"] + len(report.unreadable)):
                return report
            _log.info("event %s: the counts do not agree, reading all of it", event["external_id"])
            return await self._read_since(event, None)
        except MarketplaceError as error:
            return TicketsReport(event["external_id"], event["name"], error=error)

    async def _read_since(self, event: Row, since: datetime | None) -> TicketsReport:
        fields = EventFields(event["gender_slug"], event["age_slug"], tuple(event["gender_options"]))
        event_on: date | None = event["event_on"]

        def keep(ticket: TicketWire) -> KeptTicket:
            return keep_ticket(ticket, fields, event_on, self._rules)

        found = await self._client.fetch_tickets(event["external_id"], keep, since=since)
        stored = await asyncio.to_thread(self._store, event, found, is_full=since is None)
        return TicketsReport(
            event["external_id"],
            event["name"],
            is_full=since is None,
            received=len(found.rows),
            stored=stored,
            unreadable=tuple(found.unreadable),
            unreadable_ages=Counter(shape for one in found.rows.values() if (shape := one.age_shape) is not None),
        )

    def _fingerprint(self, event: Row) -> str:
        """What ages and genders of an event are read by."""
        options = "/".join(event["gender_options"])
        return f"{event['event_on']}|{event['gender_slug']}|{event['age_slug']}|{options}|{self._rules.fingerprint}"

    def _store(self, event: Row, found: ReadSet[KeptTicket], *, is_full: bool) -> store.StoredTickets:
        mark = store.ReadMark(
            event["external_id"],
            _high_water(found.began_at, [ticket.updated_at for ticket in found.rows.values()]),
            is_full,
            self._fingerprint(event),
            len(found.unreadable),
        )
        # In one order whoever writes: two runs that store the same event wait for each other, and lock in no circle.
        rows = [_ticket_row(found.rows[key], event["external_id"]) for key in sorted(found.rows)]
        return store.write_tickets(self._database, rows, mark, this_moment=self._now())

    async def _agrees(self, event: Row, unreadable: int) -> bool:
        """Whether vivenu counts as many tickets as we know of."""
        total = await self._client.count_tickets(event["external_id"])
        stored = await asyncio.to_thread(store.count_stored_tickets, self._database, event["external_id"])
        return total == stored + unreadable


def _high_water(began_at: datetime, reached: Sequence[datetime]) -> datetime:
    """How far a read surely reached: its beginning by the server's clock, or the last change it brought, if earlier.

    What changed while pages were turned is later than the beginning. The last change guards against a server whose
    clock runs ahead of the one that stamps tickets.
    """
    return min(began_at, max(reached, default=began_at))


def _genders(database: Database, settings: Settings) -> list[Row]:
    table = read_mappings(settings.vivenu_mappings_file).gender_table()
    answers = store.read_gender_answers(database)
    # Only where free texts were marked is their key needed: without any, none is made.
    marks = _marked_genders(table, FreeTexts.of(settings)) if any(map(is_mark, answers)) else {}
    return [
        {"answer": answer, "gender": marks.get(answer, UNKNOWN) if is_mark(answer) else table.read(answer)}
        for answer in answers
    ]


def _marked_genders(table: GenderTable, free_texts: FreeTexts) -> dict[str, str]:
    """Mark of every listed phrase → its gender."""
    return {free_texts.mark_of(phrase): gender for phrase, gender in table.genders.items()}


def _event_row(event: EventWire, mappings: Mappings) -> Row:
    fields = find_fields(event, mappings.slugs_of(event.id))
    zone, problems = _zone(event), list(fields.problems)
    if event.start is None:
        problems.append("vivenu names no start, so no age is reckoned")
    if zone != event.timezone:
        problems.append(f"vivenu names no known timezone, so days and ages are reckoned in {NO_ZONE}")
    return {
        "external_id": event.id,
        "name": clean(event.name) or event.id,
        "starts_at": event.start,
        "ends_at": event.end,
        "timezone": zone,
        "event_on": event.start.astimezone(ZoneInfo(zone)).date() if event.start else None,
        "event_type": event.event_type,
        "root_id": event.root_id,
        "capacity": _capacity(event),
        "gender_slug": fields.gender_slug,
        "age_slug": fields.age_slug,
        "gender_options": list(fields.gender_options),
        "problems": problems,
    }


def _zone(event: EventWire) -> str:
    try:
        ZoneInfo(event.timezone or "")
    except (ValueError, OSError, KeyError):
        return NO_ZONE
    return event.timezone or NO_ZONE


def _capacity(event: EventWire) -> int | None:
    """The event's own limit, or what its active ticket types allow together."""
    if event.max_amount:
        return int(event.max_amount)
    amounts = [kind.amount for kind in event.tickets or () if kind.active and kind.amount is not None]
    return int(sum(amounts)) if amounts else None


def _type_rows(event: EventWire) -> list[Row]:
    categories = {one.ref: one.name for one in event.categories or ()}
    types = {kind.id: kind for kind in event.tickets or ()}
    return [
        {
            "external_id": event.id,
            "ticket_type_id": kind.id,
            "name": clean(kind.name),
            "category": clean(categories.get(kind.category_ref)),
            "price": to_money(kind.price),
            "capacity": None if kind.amount is None else int(kind.amount),
            "is_active": bool(kind.active),
        }
        for kind in types.values()
    ]


def _ticket_row(ticket: KeptTicket, external_id: str) -> Row:
    return {
        "ticket_id": ticket.id,
        "external_id": external_id,
        "ticket_type_id": ticket.ticket_type_id,
        "ticket_name": ticket.ticket_name,
        "status": ticket.status,
        "created_at": ticket.created_at.astimezone(UTC),
        "updated_at": ticket.updated_at.astimezone(UTC),
        "transaction_id": ticket.transaction_id,
        "currency": ticket.currency,
        "regular_price": ticket.regular_price,
        "real_price": ticket.real_price,
        "channel": ticket.channel,
        "age_years": ticket.age_years,
        "age_shape": ticket.age_shape,
        "gender_answer": ticket.gender_answer,
    }


def _coupon_row(coupon: CouponWire, series: dict[str, SeriesWire]) -> Row:
    """A coupon, with the name and discount of its series where it is of one."""
    terms = series.get(coupon.coupon_series_id or "", coupon)
    return {
        "coupon_id": coupon.id,
        "code": clean(coupon.code),
        "name": clean(terms.name),
        "series_id": coupon.coupon_series_id,
        "is_active": terms.active,
        "discount_type": terms.discount_type,
        "discount_value": to_money(terms.discount_value),
        "valid_from": terms.valid_from,
        "valid_until": terms.valid_until,
        "max_usage": None if terms.max_usage is None else int(terms.max_usage),
        "used": coupon.used,
    }
