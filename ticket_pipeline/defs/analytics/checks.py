"""The checks of changes: between trusted captures only, between all of them, and as the definition has it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import dagster as dg

from ticket_pipeline.defs.check_results import name_rows, show_moment
from ticket_pipeline.defs.checks import Check, Found, Scope
from ticket_pipeline.market.changes import ChangeRules
from ticket_pipeline.storage.change_quality import recompute_sampled_changes
from ticket_pipeline.storage.database import Database, Row

_SAMPLED, _SAMPLED_IN_RUN = 12, 3
"""Captures that are compared again at most; each reads the listings of four."""

_POLL_UNDER_WAY = timedelta(minutes=10)
"""Sales are estimated once per poll, at its end: what is younger may belong to one that goes on."""


def changes_checks(rules: ChangeRules) -> Sequence[Check]:
    """The checks of `listing_changes`."""

    def find_differences(database: Database, scope: Scope) -> Found:
        size = _SAMPLED if scope.is_full else _SAMPLED_IN_RUN
        compared, rows = recompute_sampled_changes(
            database, scope.since, scope.until, rules, salt=scope.salt, sample_size=size
        )
        return Found(name_rows(database, rows, _describe_difference), compared)

    return [
        Check(
            name="changes_are_between_trusted_captures",
            description="Every change is of a trusted capture and the trusted one before it.",
            severity=dg.AssetCheckSeverity.ERROR,
            wrong="Changes are of captures that are not trusted, or not compared so any more",
            remedy="rebuild these hours",
            find=_find_baseless,
        ),
        Check(
            name="every_trusted_capture_is_compared",
            description="Every trusted capture is compared with the trusted one before it.",
            severity=dg.AssetCheckSeverity.WARN,
            wrong="Trusted captures are not compared with the one before",
            remedy="rebuild these hours: an event's start was moved, or the captures are of before there were changes",
            find=_find_not_compared,
        ),
        Check(
            name="changes_agree_with_their_listings",
            description=f"The changes of up to {_SAMPLED} sampled captures equal their recomputation by listing.",
            severity=dg.AssetCheckSeverity.ERROR,
            wrong="Changes differ from their captures",
            remedy="rebuild these hours; after a change of RELIST_WINDOW_HOURS, all of them",
            find=find_differences,
        ),
    ]


def _find_baseless(database: Database, scope: Scope) -> Found:
    rows = database.fetch_all("changes/select_baseless", starts_from=scope.since, starts_until=scope.until)
    return Found(
        name_rows(database, rows, lambda row: {"captured": row["captured_at"], "changes": row["changes"]}),
    )


def _find_not_compared(database: Database, scope: Scope) -> Found:
    rows = database.fetch_all("changes/select_not_compared", starts_from=scope.since, starts_until=scope.until)
    return Found(name_rows(database, rows, _describe_link))


def _describe_link(row: Row) -> Mapping[str, object]:
    return {
        "captured": row["captured_at"],
        "expected": show_moment(row["trusted_at"]),
        "found": show_moment(row["previous_captured_at"]),
    }


def _describe_difference(row: Row) -> Mapping[str, object]:
    return {
        "captured": row["captured_at"],
        "expected": f"{row['expected']} changes",
        "found": f"{row['found']}, such as {row['example']}",
    }


def _find_waiting(database: Database, scope: Scope) -> Found:
    until = min(scope.until, scope.now - _POLL_UNDER_WAY)
    rows = database.fetch_all("sales/select_waiting", starts_from=scope.since, starts_until=until)
    return Found(name_rows(database, rows, lambda row: {"captured": row["captured_at"]}))


SALES_CHECKS: Sequence[Check] = (
    Check(
        name="every_comparison_is_estimated",
        description="Sales are estimated ten minutes after captures were compared, suspects and long gaps left out.",
        severity=dg.AssetCheckSeverity.WARN,
        wrong="Sales are not estimated between some captures yet",
        remedy="the next poll does it; rebuild these hours if it does not",
        find=_find_waiting,
    ),
)
"""The checks of `estimated_sales`."""
