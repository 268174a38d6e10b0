"""Read stored bodies again with the parser and the rules of now, and bring what is stored to them.

For after a fix of a parser, a changed venue map, or changed rules of what is a seat.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from ticket_pipeline.errors import MarketplaceError
from ticket_pipeline.ingest.marketplaces import SOURCES
from ticket_pipeline.ingest.reading import BodyReader, Parse, outcome_of
from ticket_pipeline.market.collector import paused_collector
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.sheet.sync import load_zone_map
from ticket_pipeline.storage.admission_rules import read_admission_rules
from ticket_pipeline.storage.changes import build_change_rules
from ticket_pipeline.storage.prices import hour_start
from ticket_pipeline.storage.replay import Reread, read_bodies, read_sources_to_replay, rewrite_captures
from ticket_pipeline.storage.sales import build_sale_rules, update_sales

if TYPE_CHECKING:
    from ticket_pipeline.market.events import Event
    from ticket_pipeline.settings.model import Settings
    from ticket_pipeline.storage.database import Database
    from ticket_pipeline.storage.prices import Span
    from ticket_pipeline.storage.replay import Rewritten

_log = logging.getLogger(__name__)

REPLAYED = tuple(name for name, source in SOURCES.items() if source.parser is not None)
"""The marketplaces whose captures can be read again."""


@dataclass(slots=True)
class ReplayReport:
    """What a replay found and changed, or would change.

    Attributes:
        captures: in the span; each is unchanged, changed, without a body, archived or unreadable.
        without_body: their body is not kept any more; they stay as they are.
        archived: their listings are in Parquet files; they stay as they are.
        unreadable: today's parser refuses their body; they stay as they are, and `problems` names the first reasons.
        trust: captures that are trusted now and were not, or the other way round.
        listings_before: of the captures that changed; so the next three.
        fields: field of a listing → listings in which it differed.
        hours: whose prices must be rebuilt.
        keys: the events that changed: (marketplace, its id).
    """

    captures: int = 0
    unchanged: int = 0
    changed: int = 0
    without_body: int = 0
    archived: int = 0
    unreadable: int = 0
    trust: int = 0
    listings_before: int = 0
    listings_after: int = 0
    rejected_before: int = 0
    rejected_after: int = 0
    fields: Counter[str] = field(default_factory=Counter)
    hours: set[datetime] = field(default_factory=set)
    keys: set[tuple[str, str]] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    def add(self, done: Rewritten, event: Event, read: int) -> None:
        """Count a batch of `read` captures."""
        self.changed += len(done.changed)
        self.unchanged += read - len(done.changed) - done.archived
        self.archived += done.archived
        self.trust += done.trust
        self.listings_before += done.listings_before
        self.listings_after += done.listings_after
        self.rejected_before += done.rejected_before
        self.rejected_after += done.rejected_after
        self.fields.update(done.fields)
        self.hours.update(map(hour_start, done.changed))
        if done.changed:
            self.keys.add((event.marketplace, event.external_id))

    def counts(self) -> dict[str, int]:
        """The numbers by name, as metadata and JSON show them."""
        numbers = {name: getattr(self, name) for name in self.__slots__ if isinstance(getattr(self, name), int)}
        return numbers | {"events_changed": len(self.keys), "hours_changed": len(self.hours)}

    def describe(self, *, dry_run: bool) -> list[str]:
        """The same in sentences."""
        would = "would change" if dry_run else "changed"
        lines = [
            f"{self.captures:,} captures: {self.changed:,} {would}, {self.unchanged:,} are as they were."
            if self.captures
            else "No capture in this span.",
        ]
        if self.changed:
            lines.append(
                f"Listings of those: {self.listings_before:,} before, {self.listings_after:,} after; rejected "
                f"{self.rejected_before:,} before, {self.rejected_after:,} after. Events: {len(self.keys):,}."
            )
        if self.trust:
            lines.append(f"{self.trust:,} captures became trusted, or are no longer.")
        if self.without_body:
            lines.append(f"{self.without_body:,} stay as they are: their body is not kept (RAW_PAYLOAD_DAYS).")
        if self.archived:
            lines.append(f"{self.archived:,} stay as they are: their listings are archived.")
        if self.unreadable:
            lines.append(f"{self.unreadable:,} stay as they are: the parser refuses their body.")
        return lines


def parsers(settings: Settings) -> Mapping[Marketplace, Parse]:
    """How the bodies of each marketplace are read."""
    return {name: source.parser(settings) for name, source in SOURCES.items() if source.parser is not None}


def replay_snapshots(
    database: Database,
    settings: Settings,
    span: Span,
    *,
    marketplaces: Sequence[Marketplace] = REPLAYED,
    external_ids: Sequence[str] | None = None,
    dry_run: bool = False,
    on_progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> ReplayReport:
    """Read the stored bodies of a span again, and store the captures anew that differ, with all that rests on them.

    Idempotent, safe beside polls, and safe to stop: a replay of the same span goes on. Prices follow when their marked
    hours are rebuilt; alerts are not tried again.

    Args:
        database: migrated.
        settings: how bodies are read, and how changes and sales are computed.
        span: of the captures.
        marketplaces: whose.
        external_ids: only events with one of these ids, replaced ones too; None: all.
        dry_run: only report.
        on_progress: called with the captures done and all that have a body.
    """
    rules, readers = build_change_rules(settings), _readers(database, settings)
    sources = read_sources_to_replay(database, marketplaces, span, external_ids)
    report = ReplayReport(
        captures=sum(row["captures"] for row in sources),
        without_body=sum(row["captures"] - row["bodies"] for row in sources),
    )
    done, total = 0, sum(row["bodies"] for row in sources)
    for source in sources:
        for batch in read_bodies(database, source, span):
            reread = _read(readers[Marketplace(source["marketplace"])], batch, report)
            if reread:
                rewritten = rewrite_captures(database, reread, rules, dry_run=dry_run)
                report.add(rewritten, reread[0].capture.event, len(reread))
            done += len(batch)
            on_progress(done, total)
    if not dry_run:  # also what a replay that was killed has left to do
        update_sales(database, build_sale_rules(settings))
    return report


def _readers(database: Database, settings: Settings) -> dict[Marketplace, BodyReader]:
    zone_map, admission = load_zone_map(database), read_admission_rules(database)
    return {name: BodyReader(parse, zone_map, admission) for name, parse in parsers(settings).items()}


def _read(reader: BodyReader, batch: Sequence[tuple[Event, datetime, bytes]], report: ReplayReport) -> list[Reread]:
    """The captures that can be read; the others are counted."""
    reread = []
    with paused_collector():
        read = reader.read([(event, body) for event, _, body in batch])
    for (event, captured_at, body), listings in zip(batch, read, strict=True):
        if isinstance(listings, MarketplaceError):
            report.unreadable += 1
            report.problems.append(f"{event.marketplace} {event.external_id}, {captured_at:%Y-%m-%d %H:%M}: {listings}")
        else:
            outcome, error = outcome_of(event, listings)
            reread.append(Reread(reader.capture(event, captured_at, body, listings), outcome, error))
    return reread
