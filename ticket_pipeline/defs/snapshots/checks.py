"""The checks of what was captured: what each finds, and how it describes it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial

import dagster as dg

from ticket_pipeline.defs.check_results import name_event, name_rows, show_moment
from ticket_pipeline.defs.checks import Check, Found, Scope
from ticket_pipeline.ingest.marketplaces import Source
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.primary_sales.figures import NOTHING
from ticket_pipeline.queries.payload_changes import read_payload_changes
from ticket_pipeline.storage.database import Database, Row
from ticket_pipeline.storage.quality import find_in_captures
from ticket_pipeline.storage.schedule import read_stale_events
from ticket_pipeline.storage.ticketmaster import read_troubled_events

_STALE_MULTIPLE = 2.0
_STALE_GRACE = timedelta(minutes=5)
_MOVED_WITHIN = timedelta(days=2)


def checks_of(source: Source) -> Sequence[Check]:
    """The checks of the asset that a marketplace's polls fill."""
    of_kind = _checks_of_listings(source.marketplace) if source.has_listings else [_TAKES_PLACE]
    is_stale = Check(
        name="no_tracked_event_is_stale",
        description="Every tracked event was captured within twice its poll interval.",
        severity=dg.AssetCheckSeverity.WARN,
        wrong="Tracked events were not captured within twice their interval",
        remedy=(
            "see the last outcome of each; if they are many, see why the sensor "
            f"poll_due_{source.marketplace}_events skips, or whether it is off"
        ),
        find=partial(_find_stale_events, source.marketplace),
    )
    is_same = Check(
        name="no_payload_changed_shape",
        description="The marketplace sends the fields that it sent before, as the types that they had.",
        severity=dg.AssetCheckSeverity.WARN,
        wrong="The marketplace changed its payload",
        remedy="see docs/operations.md, A field changed; a new field needs nothing",
        find=partial(_find_changed_fields, source.marketplace),
    )
    return [*of_kind, is_stale, is_same]


def _checks_of_listings(marketplace: Marketplace) -> list[Check]:
    return [
        Check(
            name="accepted_and_rejected_add_up_to_received",
            description="Accepted and rejected listings of every capture add up to what was received.",
            severity=dg.AssetCheckSeverity.ERROR,
            wrong="Stored listings are not what was received",
            remedy="they were lost or changed from outside; compare with raw_payloads, and restore",
            find=partial(_find_lost_listings, marketplace),
        ),
        Check(
            name="most_listings_are_prices",
            description="At least half of the listings of every capture, parking passes aside, are market prices.",
            severity=dg.AssetCheckSeverity.WARN,
            wrong="Most of a capture was rejected",
            remedy="see the reasons; one on nearly every listing means that the marketplace changed a field",
            find=partial(_find_mostly_rejected, marketplace),
        ),
        Check(
            name="announced_totals_agree",
            description="The totals that the marketplace announces beside its listings are those of the listings.",
            severity=dg.AssetCheckSeverity.WARN,
            wrong="Announced totals and listings disagree",
            remedy="if every capture has it, the marketplace sends less than all; compare with raw_payloads",
            find=partial(_find_wrong_totals, marketplace),
        ),
    ]


def _find_lost_listings(marketplace: Marketplace, database: Database, scope: Scope) -> Found:
    rows = [
        row
        for name in ("count_unbalanced", "select_orphans")
        for row in find_in_captures(database, name, marketplace, scope.since, scope.until)
    ]
    return Found(name_rows(database, rows, _describe_capture))


def _find_mostly_rejected(marketplace: Marketplace, database: Database, scope: Scope) -> Found:
    rows = find_in_captures(database, "select_mostly_rejected", marketplace, scope.since, scope.until)
    return Found(name_rows(database, rows, _describe_rejections))


def _find_wrong_totals(marketplace: Marketplace, database: Database, scope: Scope) -> Found:
    rows = find_in_captures(database, "select_checksum_problems", marketplace, scope.since, scope.until)
    wrong = [row for row in rows if row["checksum_problems"]]
    return Found(name_rows(database, wrong, _describe_totals), compared=len(rows))


def _find_stale_events(marketplace: Marketplace, database: Database, scope: Scope) -> Found:
    rows = read_stale_events(database, scope.now, multiple=_STALE_MULTIPLE, grace=_STALE_GRACE, marketplace=marketplace)
    return Found(
        [
            {
                **name_event(row),
                "last success": show_moment(row["last_success_at"]),
                # The last attempt may well have succeeded.
                "last outcome": ": ".join(filter(None, (row["last_outcome"], row["last_error"])))
                or "nothing was tried",
            }
            for row in rows
        ]
    )


def _find_changed_fields(marketplace: Marketplace, database: Database, scope: Scope) -> Found:
    changes = read_payload_changes(database, scope.since, until=scope.until, marketplace=marketplace)
    return Found(
        [
            {"field": change.field, "change": change.what, "seen": change.captured_at, "event": change.event_name}
            for change in changes
        ]
    )


def _find_cancelled_or_moved(database: Database, scope: Scope) -> Found:
    rows = read_troubled_events(database, scope.now, scope.now - _MOVED_WITHIN)
    return Found([{**name_event(row), **_describe_change(row)} for row in rows])


_TAKES_PLACE = Check(
    name="no_followed_event_was_cancelled_or_moved",
    description="Every followed event takes place, on the day of the watchlist, at the time it had two days ago.",
    severity=dg.AssetCheckSeverity.WARN,
    wrong="Followed events do not take place as the watchlist has them",
    remedy="look at their pages, then correct the sheet",
    find=_find_cancelled_or_moved,
)


def _describe_capture(row: Row) -> Mapping[str, object]:
    at = {"captured": row["captured_at"]}
    if "listings" in row:
        return at | {"expected": "a capture", "found": f"{row['listings']} listings without one"}
    return at | {
        "expected": f"{row['accepted']} accepted, {row['rejected']} rejected",
        "found": f"{row['stored_accepted']} and {row['stored_rejected']}",
    }


def _describe_rejections(row: Row) -> Mapping[str, object]:
    return {
        "captured": row["captured_at"],
        "received": row["received"],
        "rejected": row["surprising"],
        "reasons": "; ".join(row["reasons"]),
    }


def _describe_totals(row: Row) -> Mapping[str, object]:
    return {"captured": row["captured_at"], "what disagrees": "; ".join(row["checksum_problems"])}


def _describe_change(row: Row) -> Mapping[str, object]:
    return {
        "status": row["status"] or "unknown",
        "day": row["local_date"] or "unknown",
        "day in the watchlist": row["watchlist_date"],
        "start before": row["moved_from"] or NOTHING,
        "captured": row["captured_at"],
    }
