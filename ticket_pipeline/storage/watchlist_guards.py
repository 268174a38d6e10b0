"""The guards of the watchlist: what a sync would stop following, and whether that looks like an accident."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from ticket_pipeline.errors import SheetError

if TYPE_CHECKING:
    from ticket_pipeline.market.events import RejectedRow, WatchlistEvent
    from ticket_pipeline.storage.database import Row


def no_longer_tracked(
    events: Sequence[WatchlistEvent],
    matches: Sequence[int | None],
    known: Sequence[Row],
    rejected: Sequence[RejectedRow],
) -> list[Row]:
    """The tracked events that this watchlist drops: switched off in their row, or their row is gone."""
    wanted = {match: event.is_tracked for event, match in zip(events, matches, strict=True) if match is not None}
    # A mistake in a row does not stop its event: one whose id or name is in a rejected row stays as it was.
    in_rejected_rows = {cell.strip().casefold() for row in rejected for cell in row.cells.values()}
    return [
        row
        for row in known
        if row["is_tracked"]
        and not wanted.get(row["event_id"], False)
        and (
            row["event_id"] in wanted
            or in_rejected_rows.isdisjoint(text.casefold() for text in (row["name"], *row["external_ids"].values()))
        )
    ]


def without_hidden(gone: Sequence[Row], matches: Sequence[int | None], rejected: Sequence[RejectedRow]) -> list[Row]:
    """`gone` without the missing events, if the sheet could not compute a row: any of them may be that row."""
    listed = set(matches)
    is_hidden = any(row.is_unidentified for row in rejected)
    return [row for row in gone if row["event_id"] in listed or not is_hidden]


def guard_events(gone: Sequence[Row], known: Sequence[Row], this_moment: datetime, max_fraction: float) -> None:
    """Refuse to stop following a larger share of the upcoming events."""
    upcoming = [row for row in known if row["is_tracked"] and row["event_at"] > this_moment]
    dropped = [row for row in gone if row["event_at"] > this_moment]
    if len(dropped) <= max_fraction * len(upcoming):
        return
    names = _a_few([row["name"] for row in dropped])
    raise SheetError(
        f"This watchlist would stop {len(dropped)} of the {len(upcoming)} upcoming events ({names}), which looks like "
        "an accident, so nothing was changed. Restore the rows, or run `ticket-pipeline sync-events --force`."
    )


def guard_ids(
    events: Sequence[WatchlistEvent],
    matches: Sequence[int | None],
    known: Sequence[Row],
    this_moment: datetime,
    max_fraction: float,
) -> None:
    """Refuse the loss of a larger share of a marketplace's ids by events that go on: a column went missing."""
    known_by_id = {row["event_id"]: row for row in known}
    listed = {pair for event in events for pair in event.external_ids.items()}
    for marketplace in sorted({name for row in known for name in row["external_ids"]}):
        followed = [
            (event, known_by_id[match]["external_ids"][marketplace])
            for event, match in zip(events, matches, strict=True)
            if match is not None and event.is_tracked and event.event_at > this_moment
            if marketplace in known_by_id[match]["external_ids"]
        ]
        lost = [
            external_id
            for event, external_id in followed
            if marketplace not in event.external_ids and (marketplace, external_id) not in listed
        ]
        if len(lost) > max_fraction * len(followed):
            raise SheetError(
                f"This watchlist would remove {len(lost)} of the {len(followed)} {marketplace} ids of upcoming events "
                f"({_a_few(lost)}), as if a column were lost or renamed, so nothing was changed. Restore the ids, or "
                "run `ticket-pipeline sync-events --force`."
            )


def _a_few(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (" …" if len(names) > 5 else "")  # noqa: PLR2004 - a few
