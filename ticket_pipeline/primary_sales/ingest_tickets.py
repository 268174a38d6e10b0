"""Fetch the tickets of events and store them.

Tickets are read incrementally: what changed since the mark of the last read, and a little before it. All of them are
read if there is no mark, if the day of the event, the fields or the rules for answers changed, if the counts differ
afterwards (tickets are missing), and on demand.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ticket_pipeline.errors import MarketplaceError
from ticket_pipeline.primary_sales.client import OpenVivenu, VivenuClient, open_vivenu
from ticket_pipeline.primary_sales.fields import EventFields
from ticket_pipeline.primary_sales.mappings import read_mappings
from ticket_pipeline.primary_sales.rows import reject_rows, reject_texts
from ticket_pipeline.primary_sales.tickets import AnswerRules, KeptTicket, keep_ticket
from ticket_pipeline.storage import ticket_sales as store

if TYPE_CHECKING:
    from ticket_pipeline.primary_sales.paging import ReadSet
    from ticket_pipeline.primary_sales.wire import TicketWire
    from ticket_pipeline.settings.model import Settings
    from ticket_pipeline.storage.database import Database, Row

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TicketsReport:
    """The result of reading one event's tickets.

    Attributes:
        is_full: the whole set was read.
        received: different tickets that came.
        announced: how many tickets vivenu counts.
        stored: what that changed, and how many are known now.
        rejected: tickets that were rejected, by id with the reason.
        unreadable_ages: answers that are not an age.
        error: why it could not be read; nothing was stored then.
    """

    event_id: str
    name: str
    is_full: bool = False
    received: int = 0
    announced: int = 0
    stored: store.StoredTickets = field(default_factory=store.StoredTickets)
    rejected: tuple[str, ...] = ()
    unreadable_ages: int = 0
    error: MarketplaceError | None = None


async def sync_vivenu_tickets(
    database: Database,
    settings: Settings,
    event_ids: Sequence[str] | None,
    *,
    now: Callable[[], datetime],
    full: bool = False,
    on_report: Callable[[TicketsReport], None] = lambda _: None,
    open_client: OpenVivenu | None = None,
) -> list[TicketsReport]:
    """Read the tickets of events, several at a time; a failed event does not stop the others.

    Args:
        database: holds the events.
        settings: of the organiser.
        event_ids: vivenu's ids; None: every listed event.
        now: aware UTC.
        full: read the whole set, whatever was read before.
        on_report: called with each event's result as it is done.
        open_client: opens the client; None: as the settings have it.
    """
    mappings = read_mappings(settings.vivenu_mappings_file)
    rules = AnswerRules(mappings.gender_table(), mappings.date_order)
    overlap = timedelta(minutes=settings.tuning.vivenu_overlap_minutes)
    known = {row["external_id"]: row for row in store.read_sales(database, "events")}
    chosen = [key for key, row in known.items() if row["is_listed"]] if event_ids is None else event_ids
    turns = asyncio.Semaphore(settings.httpx_max_connections)
    async with open_client() if open_client else open_vivenu(settings) as client:

        async def read(event: Row) -> TicketsReport:
            async with turns:
                report = await _TicketReader(database, client, rules, event, overlap, now).read(full=full)
            on_report(report)
            return report

        return await asyncio.gather(*(read(known[key]) for key in chosen))


@dataclass(frozen=True, slots=True)
class _TicketReader:
    """Reads the tickets of one event."""

    database: Database
    client: VivenuClient
    rules: AnswerRules
    event: Row
    overlap: timedelta
    now: Callable[[], datetime]

    @property
    def key(self) -> str:
        return str(self.event["external_id"])

    @property
    def fingerprint(self) -> str:
        """Of the rules for answers that stored tickets cannot be corrected for: a change has all of them read again.

        The words for genders are among them only where buyers type their own: nothing is kept of an unknown text.
        """
        event, table = self.event, self.rules.table
        words = "/".join(event["gender_options"]) or (table.fingerprint if event["gender_slug"] else "")
        return f"{event['event_on']}|{event['gender_slug']}|{event['age_slug']}|{words}|{self.rules.date_order}"

    async def read(self, *, full: bool) -> TicketsReport:
        """Read incrementally where that is enough."""
        try:
            mark = await asyncio.to_thread(store.read_mark, self.database, self.key)
            if mark is not None and mark["fingerprint"] == self.fingerprint and not full:
                report = await self._read_since(mark["high_water_at"] - self.overlap)
                if report.announced == report.stored.known:
                    return report
                _log.info("event %s: the counts differ, reading all tickets", self.key)
            return await self._read_since(None)
        except MarketplaceError as error:
            return TicketsReport(self.key, self.event["name"], error=error)

    async def _read_since(self, since: datetime | None) -> TicketsReport:
        fields = EventFields(self.event["gender_slug"], self.event["age_slug"], tuple(self.event["gender_options"]))

        def keep(ticket: TicketWire) -> KeptTicket:
            return keep_ticket(ticket, self.key, fields, self.event["event_on"], self.rules)

        found = await self.client.fetch_tickets(self.key, keep, since=since)
        announced = found.total if since is None else await self.client.count_tickets(self.key)
        stored = await asyncio.to_thread(self._store, found, announced, is_full=since is None)
        return TicketsReport(
            self.key,
            self.event["name"],
            is_full=since is None,
            received=len(found.rows),
            announced=announced,
            stored=stored,
            rejected=reject_texts(found),
            unreadable_ages=sum(one.row["age_shape"] is not None for one in found.rows.values()),
        )

    def _store(self, found: ReadSet[KeptTicket], announced: int, *, is_full: bool) -> store.StoredTickets:
        reached = found.reached(ticket.row["updated_at"] for ticket in found.rows.values())
        mark = store.ReadMark(self.key, reached, is_full, self.fingerprint, announced)
        # Sorted, so that two runs that store the same event lock its rows in the same order and never deadlock.
        rows = [found.rows[ticket_id].row for ticket_id in sorted(found.rows)]
        return store.write_tickets(self.database, rows, mark, reject_rows(found), this_moment=self.now())
