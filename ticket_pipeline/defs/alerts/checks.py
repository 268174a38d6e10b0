"""The checks of alerts."""

from datetime import timedelta

import dagster as dg

from ticket_pipeline.defs.checks import Check, Found, Scope
from ticket_pipeline.queries.alerts import alert_deliveries
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.storage.alerts import read_rejected_alert_rules
from ticket_pipeline.storage.database import Database

_DEAD_FOR = timedelta(days=2)
"""A message that died longer ago is history: the check turns green again."""


def _find_dead(database: Database, scope: Scope) -> Found:
    dead = alert_deliveries(database, states=["dead"], since=scope.now - _DEAD_FOR)
    return Found(
        [
            {"message": one.title, "channel": one.channel, "attempts": one.attempts, "error": one.error or "unknown"}
            for one in dead
        ]
    )


def _find_rejected(database: Database, _scope: Scope) -> Found:
    return Found(
        [{"row": row["row_number"], "reasons": " ".join(row["reasons"])} for row in read_rejected_alert_rules(database)]
    )


def _find_waiting(database: Database, scope: Scope) -> Found:
    rows = database.fetch_all("alerts/select_untried", this_moment=scope.now)
    return Found([{"event": row["name"], "marketplace": row["marketplace"], "since": row["since"]} for row in rows])


ALERT_CHECKS = (
    Check(
        name="every_message_is_delivered",
        description="No message of the last two days was given up on.",
        severity=dg.AssetCheckSeverity.ERROR,
        wrong="Messages could not be delivered",
        remedy="correct ALERT_URLS, then try it with `ticket-pipeline alerts test`",
        find=_find_dead,
    ),
    Check(
        name="every_alert_rule_could_be_read",
        description="Every row of ALERTS is a rule.",
        severity=dg.AssetCheckSeverity.WARN,
        wrong="Rows of ALERTS are no rules",
        remedy="correct them; the next sync of the watchlist takes them up",
        find=_find_rejected,
    ),
    Check(
        name="every_capture_was_tried",
        description="No market in order has a capture of more than an hour ago that the rules were not tried on.",
        severity=dg.AssetCheckSeverity.ERROR,
        wrong="Captures wait for the rules",
        remedy="see the log of the last poll for the reason, such as an ALERT_URLS that cannot be read",
        find=_find_waiting,
    ),
)


def alert_checks(settings: Settings) -> tuple[Check, ...]:
    """The checks of alerts; without ALERTS only that of messages."""
    return ALERT_CHECKS if settings.alerts is not None else ALERT_CHECKS[:1]
