"""The rules of price alerts in the database, as last synced."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from psycopg.types.json import Jsonb

from ticket_pipeline.market.alert_grammar import RuleProblemsError, parse_rule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ticket_pipeline.market.alert_rules import AlertRule
    from ticket_pipeline.market.events import RejectedRow
    from ticket_pipeline.storage.database import Database, Row, Transaction


@dataclass(frozen=True, slots=True)
class StoredRule:
    """A rule with its id in the database."""

    rule_id: int
    rule: AlertRule


def replace_alert_rules(
    database: Database, rules: Iterable[Mapping[str, str]], rejected: Iterable[RejectedRow] = ()
) -> None:
    """Replace the rules by these cells, which `parse_rule` accepts, and what is shown as rejected."""
    rows = []
    for position, cells in enumerate(rules):
        rule = parse_rule(cells)
        rows.append({"name": rule.name, "cells": cells, "definition": rule.definition, "position": position})
    bad = [{"row_number": row.row_number, "cells": row.cells, "reasons": row.reasons} for row in rejected]
    with database.transaction("replace the rules of alerts") as transaction:
        transaction.execute("alerts/lock_alerts")
        transaction.execute("alerts/replace_rules", rules=Jsonb(rows))
        transaction.execute("alerts/replace_rejected", rows=Jsonb(bad))


def read_alert_rules(source: Database | Transaction) -> list[StoredRule]:
    """The rules as last synced. One that this version cannot read any more is left out: the next sync rejects it."""
    found = []
    for row in source.fetch_all("alerts/select_rules"):
        try:
            rule = parse_rule({"Alert": row["name"], **row["cells"]})
        except RuleProblemsError:
            continue
        found.append(StoredRule(row["rule_id"], rule))
    return found


def read_rejected_alert_rules(database: Database) -> list[Row]:
    """Rows of the last sync that are no rules: row_number, cells and reasons."""
    return database.fetch_all("alerts/select_rejected")


def mute_alert(
    database: Database,
    rule_id: int,
    *,
    event_id: int | None = None,
    until: datetime | None = None,
    until_resolved: bool = False,
) -> int:
    """Mute a rule, for one event or all that it has seen; returns how many subjects that are.

    Args:
        database: where.
        rule_id: whose.
        event_id: None: all.
        until: a moment, aware UTC.
        until_resolved: what fires now stays quiet until it has recovered. Neither: end a mute.
    """
    return len(
        database.fetch_all(
            "alerts/mute", rule_id=rule_id, event_id=event_id, muted_until=until, until_resolved=until_resolved
        )
    )


def count_due_deliveries(database: Database, this_moment: datetime) -> int:
    """How many messages wait for nothing but somebody to send them."""
    row = database.fetch_one("alerts/count_due", this_moment=this_moment)
    return int(row["due"]) if row else 0
