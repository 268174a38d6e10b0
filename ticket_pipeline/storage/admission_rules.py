"""The user's rules of what is a seat, in the database, and the hours that wait for changed ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg.types.json import Jsonb

from ticket_pipeline.market.admission import AdmissionRule, AdmissionRules
from ticket_pipeline.market.admission_table import Admission

if TYPE_CHECKING:
    from ticket_pipeline.storage.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class Reclassification:
    """How many events have captures that were judged by other rules than those of now, and in how many hours."""

    events: int = 0
    hours: int = 0


def read_admission_rules(source: Database | Transaction) -> AdmissionRules:
    """The rules as last synced, with the built-in table."""
    rows = source.fetch_all("admission/select_rules")
    return AdmissionRules(AdmissionRule(**row | {"admission": Admission(row["admission"])}) for row in rows)


def replace_admission_rules(database: Database, rules: Iterable[AdmissionRule]) -> None:
    """Replace the rules, in their order."""
    rows = [rule._asdict() | {"position": position} for position, rule in enumerate(rules)]
    database.execute("admission/replace_rules", rules=Jsonb(rows))


def mark_reclassified_hours(database: Database) -> Reclassification:
    """Mark the hours whose captures were judged by other rules than those of now, so that they are rebuilt. Idempotent.

    Only events whose newest capture was: a rebuild brings the others to the rules of now.
    """
    with database.transaction("mark the hours that changed rules concern") as transaction:
        rules = read_admission_rules(transaction)
        sources = [
            {"event_id": row["event_id"], "marketplace": row["marketplace"], "fingerprint": fingerprint}
            for row in transaction.fetch_all("admission/select_newest")
            if (fingerprint := rules.for_event(row["marketplace"], row["venue"]).fingerprint) != row["admission_rules"]
        ]
        if not sources:
            return Reclassification()
        marked = transaction.fetch_one("admission/mark_stale_hours", sources=Jsonb(sources))
        return Reclassification(**(marked or {}))
