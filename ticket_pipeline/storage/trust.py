"""Judge stored captures: which can be trusted, by the rule of `market.trust`, and write it.

What belongs here: reading what the judgement of captures rests on, and changing it. What does not: the rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from ticket_pipeline.market.trust import CaptureSize, find_suspects
from ticket_pipeline.storage.changes import Source, SourceCaptures

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Row, Transaction


@dataclass(frozen=True, slots=True)
class Judged:
    """What was looked at to judge captures of one event and marketplace.

    Attributes:
        source: the captures.
        suspects: those that are suspect.
        instants: those that are new and those whose trust changed.
        changed: the latter, if they are not new.
    """

    source: SourceCaptures
    suspects: frozenset[datetime]
    instants: tuple[datetime, ...]
    changed: tuple[datetime, ...]


def judge_captures(
    transaction: Transaction, captured: Mapping[Source, Sequence[datetime]], *, is_new: bool = True
) -> list[Judged]:
    """Decide trust for captures that are new or changed, in order, and for those that depend on them, and write it."""
    rows = transaction.fetch_all(
        "snapshots/select_captures_to_judge",
        event_ids=[event_id for event_id, _ in captured],
        marketplaces=[marketplace for _, marketplace in captured],
        captured=[moments[0] for moments in captured.values()],
    )
    judged, changes = [], []
    for source, of_source in groupby(rows, itemgetter("event_id", "marketplace")):
        found, changed = _judge(list(of_source), captured[source], is_new=is_new)
        judged.append(found)
        changes += [(*source, captured_at, captured_at in found.suspects) for captured_at in changed]
    if changes:
        names = ("event_ids", "marketplaces", "captured", "suspects")
        columns = [list(column) for column in zip(*changes, strict=True)]
        transaction.execute("snapshots/update_trust", **dict(zip(names, columns, strict=True)))
    return judged


def _judge(rows: Sequence[Row], captured: Sequence[datetime], *, is_new: bool) -> tuple[Judged, list[datetime]]:
    """What becomes of the captures of one event and marketplace, and those whose trust changed."""
    first = rows[0]
    sizes = [CaptureSize(row["received"], row["readable"], row["is_disputed"]) for row in rows]
    suspects = find_suspects(sizes, begins_trusted=first["begins_trusted"])
    judged = [(row["captured_at"], is_suspect) for row, is_suspect in zip(rows, suspects, strict=True)]
    changed = [row["captured_at"] for row, now in zip(rows, suspects, strict=True) if row["is_suspect"] != now]
    others = tuple(captured_at for captured_at in changed if not is_new or captured_at not in captured)
    instants = (*captured, *others)
    source = SourceCaptures(
        first["event_id"], first["marketplace"], first["event_at"], judged, min(instants), max(instants)
    )
    return Judged(source, frozenset(at for at, is_suspect in judged if is_suspect), instants, others), changed
