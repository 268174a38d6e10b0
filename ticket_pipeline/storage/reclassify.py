"""Bring stored captures to the rules of what is a seat as they are now.

What belongs here: moving listings between `listings` and `rejected_listings`, by statements over whole spans. Trust is
not judged again: it rests on how many listings could be read, which no rule changes.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from ticket_pipeline.market.admission_table import Admission
from ticket_pipeline.market.validated import EXTRA_REASON, PARKING_REASON
from ticket_pipeline.storage.changes import rebuild_changes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from ticket_pipeline.market.admission import AdmissionRules, EventAdmission
    from ticket_pipeline.market.changes import ChangeRules
    from ticket_pipeline.storage.database import Row, Transaction

_TEXTS = ("section", "row", "zone", "notes")
_STORED = frozenset({Admission.SEAT, Admission.GROUNDS})
_Source = tuple[int, str]


def reclassify(
    transaction: Transaction, bounds: Mapping[str, datetime], rules: AdmissionRules, change_rules: ChangeRules
) -> int:
    """Judge the captures of a span again that other rules judged; returns of how many events.

    Listings that are excluded now move to `rejected_listings` with their columns, others move back, and the manifests
    follow: nothing is lost, and accepted + rejected = received. Captures whose listings moved are compared again.
    Idempotent. Where no rule has changed it costs one question about the manifests.

    Args:
        transaction: of the rebuild, before it takes marks.
        bounds: `starts_from` and `starts_until`, aware UTC.
        rules: those of now.
        change_rules: how captures are compared.
    """
    stale: dict[_Source, EventAdmission] = {}
    for row in transaction.fetch_all("admission/select_judged", **bounds):
        own = rules.for_event(row["marketplace"], row["venue"])
        if own.fingerprint != row["admission_rules"]:
            stale[row["event_id"], row["marketplace"]] = own
    if not stale:
        return 0
    event_ids = sorted({event_id for event_id, _ in stale})
    transaction.fetch_all("admission/lock_sources", event_ids=event_ids)
    transaction.fetch_all("admission/lift_limit")
    span = {
        **bounds,
        "event_ids": event_ids,
        "parking": PARKING_REASON,
        "extra": EXTRA_REASON,
        "sources": Jsonb(
            [
                {"event_id": event_id, "marketplace": marketplace, "fingerprint": own.fingerprint}
                for (event_id, marketplace), own in stale.items()
            ]
        ),
    }
    texts = transaction.fetch_all("admission/select_texts", **span)
    has_moved = _move(transaction, texts, _judge(texts, stale), span)
    transaction.execute("admission/recount", **span)
    transaction.execute("admission/stamp", **span, has_moved=has_moved)
    if has_moved:
        until = bounds["starts_until"] - timedelta.resolution
        rebuild_changes(transaction, sorted(stale), bounds["starts_from"], until, change_rules)
    return len(event_ids)


def _judge(texts: Sequence[Row], rules: Mapping[_Source, EventAdmission]) -> list[Admission]:
    """What each row of texts says, by the rules of its event."""
    rows: dict[_Source, list[int]] = defaultdict(list)
    for index, row in enumerate(texts):
        rows[row["event_id"], row["marketplace"]].append(index)
    verdicts = [Admission.SEAT] * len(texts)
    for source, indices in rows.items():
        columns = {name: [texts[index][name] for index in indices] for name in _TEXTS}
        for index, verdict in zip(indices, rules[source].judge(columns, len(indices)), strict=True):
            verdicts[index] = verdict
    return verdicts


def _move(
    transaction: Transaction, texts: Sequence[Row], verdicts: Sequence[Admission], span: Mapping[str, Any]
) -> bool:
    """Move what has changed, if anything has; each statement runs only where there is something for it."""
    pairs = [(Admission(row["admission"]), verdict) for row, verdict in zip(texts, verdicts, strict=True)]
    named = Jsonb(
        [
            {name: row[name] or "" for name in ("event_id", "marketplace", *_TEXTS)} | {"admission": verdict}
            for row, (before, verdict) in zip(texts, pairs, strict=True)
            if before is not Admission.SEAT or verdict is not Admission.SEAT
        ]
    )
    if any(before in _STORED and verdict not in _STORED for before, verdict in pairs):
        transaction.execute("admission/set_aside", **span, verdicts=named)
    if any(before not in _STORED and verdict in _STORED for before, verdict in pairs):
        transaction.execute("admission/bring_back", **span, verdicts=named)
    if any({before, verdict} == {Admission.PARKING, Admission.EXTRA} for before, verdict in pairs):
        transaction.execute("admission/update_reasons", **span, verdicts=named)
    if any(Admission.GROUNDS in pair for pair in pairs):
        transaction.execute("admission/settle_grounds", **span, verdicts=named)
    return any(before is not verdict or verdict is Admission.GROUNDS for before, verdict in pairs)
