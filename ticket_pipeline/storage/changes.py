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
from typing import TYPE_CHECKING

from ticket_pipeline.market.changes import CaptureLink, ChangeRules, link_captures
from ticket_pipeline.storage.archive import hold_listings, refuse_archived

if TYPE_CHECKING:
    from ticket_pipeline.settings.model import Settings
    from ticket_pipeline.storage.database import Database, Row, Transaction
    from ticket_pipeline.storage.prices import Span


def build_change_rules(settings: Settings) -> ChangeRules:
    """How captures are compared under these settings."""
    return ChangeRules(
        relist_window=timedelta(hours=settings.relist_window_hours),
        longest_gap=timedelta(hours=settings.longest_gap_hours),
    )


@dataclass(frozen=True, slots=True)
class SourceCaptures:
    """Captures of one event and marketplace, in order: when, and whether it is suspect.

    They begin with the trusted one before those that changed, if there is one, and go on to the trusted one after them.
    """

    event_id: int
    marketplace: str
    event_at: datetime
    captures: Sequence[tuple[datetime, bool]]

    def trusted_before(self, moment: datetime) -> datetime:
        """The last trusted capture before a moment; where there is none, the moment."""
        return max((at for at, is_suspect in self.captures if at < moment and not is_suspect), default=moment)

    def links(self, changed_from: datetime, changed_until: datetime, rules: ChangeRules) -> Iterator[CaptureLink]:
        """The links of the captures that changed, and of the trusted one after them."""
        for link in link_captures(self.captures, self.event_at, rules):
            previous = link.previous_captured_at
            if link.captured_at >= changed_from and (
                link.captured_at <= changed_until or (previous is not None and previous <= changed_until)
            ):
                yield link


def compare_captures(
    transaction: Transaction,
    sources: Sequence[SourceCaptures],
    changed_from: datetime,
    changed_until: datetime,
    rules: ChangeRules,
) -> list[datetime]:
    """Compare each capture that changed, and the trusted one after them, with the trusted one before it.

    Waits for no result, so it can be part of a pipeline. A pair of which either side is archived stays as it is.

    Args:
        transaction: holds the locks of these sources.
        sources: what was captured around those that changed.
        changed_from: the first capture that is new, or whose trust or listings changed; aware UTC.
        changed_until: the last one.
        rules: the relist window and the longest gap.

    Returns:
        The captures that were compared.
    """
    links = [(source, link) for source in sources for link in source.links(changed_from, changed_until, rules)]
    if not links:
        return []
    seen = [source.trusted_before(changed_from) for source in sources] + [link.captured_at for _, link in links]
    bounds = {"seen_from": min(seen), "seen_until": max(seen)}
    transaction.execute(
        "changes/insert_changes",
        event_ids=[source.event_id for source, _ in links],
        marketplaces=[source.marketplace for source, _ in links],
        captured=[link.captured_at for _, link in links],
        previous=[link.previous_captured_at for _, link in links],
        reasons=[link.censored_because for _, link in links],
        **bounds,
    )
    transaction.execute(
        "changes/relist_later",
        event_ids=[source.event_id for source in sources],
        marketplaces=[source.marketplace for source in sources],
        relist_window=rules.relist_window,
        **bounds,
    )
    return [link.captured_at for _, link in links if link.previous_captured_at is not None]


def rebuild_changes(
    transaction: Transaction,
    sources: Sequence[tuple[int, str]],
    changed_from: datetime,
    changed_until: datetime,
    rules: ChangeRules,
) -> list[datetime]:
    """As `compare_captures`, of all captures of a span; `sources` are event ids and marketplaces."""
    rows = transaction.fetch_all(
        "changes/select_captures",
        event_ids=[event_id for event_id, _ in sources],
        marketplaces=[marketplace for _, marketplace in sources],
        changed_from=changed_from,
        changed_until=changed_until,
    )
    captured = [
        SourceCaptures(event_id, marketplace, event_at, [(row["captured_at"], row["is_suspect"]) for row in of_source])
        for (event_id, marketplace, event_at), of_source in groupby(
            rows, itemgetter("event_id", "marketplace", "event_at")
        )
    ]
    return compare_captures(transaction, captured, changed_from, changed_until, rules)


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
