"""Compare captures: what changed between each and the trusted one before it.

One set of statements serves the capture that was just stored and the rebuild of a span; what a change is, is defined in
`market.changes`. Comparing again gives the same rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from ticket_pipeline.market.changes import CaptureLink, ChangeRules, link_captures
from ticket_pipeline.storage.archive import hold_listings, refuse_archived

if TYPE_CHECKING:
    from ticket_pipeline.settings.model import Settings
    from ticket_pipeline.storage.database import Database, Row, Transaction
    from ticket_pipeline.storage.prices import Span


Source = tuple[int, str]
"""The id of an event, and a marketplace."""


def build_change_rules(settings: Settings) -> ChangeRules:
    """How captures are compared under these settings."""
    return ChangeRules(
        relist_window=timedelta(hours=settings.relist_window_hours),
        longest_gap=timedelta(hours=settings.longest_gap_hours),
    )


@dataclass(frozen=True, slots=True)
class SourceCaptures:
    """Captures of one event and marketplace, in order: when, and whether it is suspect; and which of them changed.

    They begin with the trusted one before those that changed, if there is one, and go on to the trusted one after them.

    Attributes:
        changed_from: the first capture that is new, or whose trust or listings changed; aware UTC.
        changed_until: the last one.
    """

    event_id: int
    marketplace: str
    event_at: datetime
    captures: Sequence[tuple[datetime, bool]]
    changed_from: datetime
    changed_until: datetime

    @property
    def key(self) -> Source:
        """The event and the marketplace."""
        return self.event_id, self.marketplace

    @property
    def seen_from(self) -> datetime:
        """The last trusted capture before those that changed; where there is none, the first of them."""
        before = (at for at, is_suspect in self.captures if at < self.changed_from and not is_suspect)
        return max(before, default=self.changed_from)

    def links(self, rules: ChangeRules) -> list[CaptureLink]:
        """The links of the captures that changed, and of the trusted one after them."""
        return [
            link
            for link in link_captures(self.captures, self.event_at, rules)
            if link.captured_at >= self.changed_from
            and min(link.captured_at, link.previous_captured_at or link.captured_at) <= self.changed_until
        ]


def compare_captures(
    transaction: Transaction, sources: Sequence[SourceCaptures], rules: ChangeRules
) -> list[tuple[Source, datetime]]:
    """Compare each capture that changed, and the trusted one after them, with the trusted one before it.

    Waits for no result, so it can be part of a pipeline. What follows in the transaction is planned for many rows. A
    pair of which either side is archived stays as it is.

    Args:
        transaction: holds the locks of these sources.
        sources: what was captured around those that changed.
        rules: the relist window and the longest gap.

    Returns:
        The captures that were compared.
    """
    linked = [(source, links) for source in sources if (links := source.links(rules))]
    if not linked:
        return []
    spans: dict[str, list[Any]] = {
        "event_ids": [source.event_id for source, _ in linked],
        "marketplaces": [source.marketplace for source, _ in linked],
        "seen_from": [source.seen_from for source, _ in linked],
    }
    first_seen = min(spans["seen_from"])
    transaction.execute("changes/lock_departures", **spans, first_seen=first_seen)
    transaction.expect_many_rows()
    pairs = [(source, link) for source, links in linked for link in links]
    transaction.execute(
        "changes/insert_changes",
        event_ids=[source.event_id for source, _ in pairs],
        marketplaces=[source.marketplace for source, _ in pairs],
        captured=[link.captured_at for _, link in pairs],
        previous=[link.previous_captured_at for _, link in pairs],
        reasons=[link.censored_because for _, link in pairs],
        seen_from=first_seen,
        compared_from=min(link.captured_at for _, link in pairs),
        seen_until=max(link.captured_at for _, link in pairs),
    )
    seen_until = [links[-1].captured_at for _, links in linked]
    transaction.execute("changes/relist_later", **spans, seen_until=seen_until, relist_window=rules.relist_window)
    return [(source.key, link.captured_at) for source, link in pairs if link.previous_captured_at is not None]


def rebuild_changes(
    transaction: Transaction,
    sources: Sequence[Source],
    changed_from: datetime,
    changed_until: datetime,
    rules: ChangeRules,
) -> None:
    """As `compare_captures`, of all captures of a span."""
    rows = transaction.fetch_all(
        "changes/select_captures",
        event_ids=[event_id for event_id, _ in sources],
        marketplaces=[marketplace for _, marketplace in sources],
        changed_from=changed_from,
        changed_until=changed_until,
    )
    captured = [
        SourceCaptures(
            event_id,
            marketplace,
            event_at,
            [(row["captured_at"], row["is_suspect"]) for row in of_source],
            changed_from,
            changed_until,
        )
        for (event_id, marketplace, event_at), of_source in groupby(
            rows, itemgetter("event_id", "marketplace", "event_at")
        )
    ]
    compare_captures(transaction, captured, rules)


def rebuild_changes_by_day(database: Database, span: Span, rules: ChangeRules) -> Iterator[tuple[Span, list[Row]]]:
    """Compare the captures of a span anew: each UTC day's part of it as it is committed, and a row per hour.

    The rows have hour_at, rows, events and snapshots (compared). After an error the days before the failing one are
    done.
    """
    refuse_archived(database, span.start, span.end)
    for part in span.days():
        bounds = {"starts_from": part.start, "starts_until": part.end}
        with database.transaction(f"compare the captures of {part.start:%Y-%m-%d %H:%M} UTC") as transaction:
            hold_listings(transaction, part.start, part.end)
            locked = transaction.fetch_all("changes/lock_sources", **bounds)
            transaction.fetch_all("admission/lift_limit")
            transaction.expect_many_rows()
            sources = [(row["event_id"], row["marketplace"]) for row in locked]
            rebuild_changes(transaction, sources, part.start, part.end - timedelta.resolution, rules)
            summary = transaction.fetch_all("changes/summarise_changes", **bounds)
        yield part, summary


def summarise_changes(database: Database, span: Span) -> list[Row]:
    """What is stored of the whole hours in a span: rows as of `rebuild_changes_by_day`."""
    return database.fetch_all("changes/summarise_changes", starts_from=span.start, starts_until=span.end)
