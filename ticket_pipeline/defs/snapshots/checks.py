"""The data checks: sentences that are true when green. They read a bounded span, report the offenders, never raise.

What belongs here: every check, and those of the watchlist and of what was captured. What does not: those of prices
(`price_checks`) and of primary sales (`primary_sales_checks`).
"""

from collections.abc import Mapping
from datetime import timedelta

import dagster as dg

from ticket_pipeline.defs.check_results import name_event, name_rows, report_offenders, show_moment
from ticket_pipeline.defs.prices.checks import build_price_checks
from ticket_pipeline.defs.resources import Clock, TimescaleDBResource
from ticket_pipeline.defs.standing_checks import LAST, as_standing
from ticket_pipeline.ingest.marketplaces import Source
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.primary_sales.figures import NOTHING
from ticket_pipeline.sheet.columns import find_name
from ticket_pipeline.storage import quality
from ticket_pipeline.storage.database import Row
from ticket_pipeline.storage.schedule import read_stale_events
from ticket_pipeline.storage.ticketmaster import read_troubled_events
from ticket_pipeline.storage.watchlist import read_rejected_rows

_SPAN = timedelta(days=2)
"""How far back the checks look: past days were checked when they were young, or by hand after a backfill."""

_STALE_MULTIPLE = 2.0
_STALE_GRACE = timedelta(minutes=5)


def build_checks(sources: list[Source], now: Clock) -> list[dg.AssetChecksDefinition]:
    """Every data check."""
    of_listings = [
        build(source.marketplace, now)
        for source in sources
        if source.has_listings
        for build in (_build_nothing_is_lost, _build_most_listings_are_prices, _build_announced_totals_agree)
    ]
    of_details = [
        _build_no_event_was_cancelled_or_moved(source.asset_name, now) for source in sources if not source.has_listings
    ]
    of_all = [_build_no_event_is_stale(source.marketplace, source.asset_name, now) for source in sources]
    # The watchlist yields an output, so that its check follows it by itself.
    standing = [as_standing(check) for check in (*of_listings, *of_details, *of_all, *build_price_checks(now))]
    return [no_row_is_quarantined, *standing]


@dg.asset_check(asset="events", description="Every row of the watchlist could be used.")
def no_row_is_quarantined(timescaledb: TimescaleDBResource) -> dg.AssetCheckResult:
    """Warns of quarantined rows, with their reasons."""
    with timescaledb.database() as database:
        rows = read_rejected_rows(database)
    offenders = [
        {
            "row": row["row_number"],
            "event": find_name(row["cells"]) or NOTHING,
            "reasons": " · ".join(row["reasons"]),
        }
        for row in rows
    ]
    return report_offenders(
        offenders,
        severity=dg.AssetCheckSeverity.WARN,
        wrong="Rows of the watchlist could not be used",
        remedy="mend them in the sheet, and sync",
    )


def _build_nothing_is_lost(marketplace: Marketplace, now: Clock) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=f"{marketplace}_listings",
        name="accepted_and_rejected_add_up_to_received",
        description="Stored and quarantined listings of every capture add up to what was sent, none left over.",
        op_tags=LAST,
    )
    def check(timescaledb: TimescaleDBResource) -> dg.AssetCheckResult:
        this_moment = now()
        with timescaledb.database() as database:
            unbalanced = quality.find_unbalanced_captures(database, marketplace, this_moment - _SPAN, this_moment)
            orphans = quality.find_orphans(database, marketplace, this_moment - _SPAN, this_moment)
            offenders = name_rows(database, [*unbalanced, *orphans], _describe_capture)
        return report_offenders(
            offenders,
            severity=dg.AssetCheckSeverity.ERROR,
            wrong="Stored listings are not what was received",
            remedy="they were changed from outside, or lost; compare with raw_payloads, and restore",
        )

    return check


def _build_most_listings_are_prices(marketplace: Marketplace, now: Clock) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=f"{marketplace}_listings",
        name="most_listings_are_prices",
        description="At least half of the listings of every capture, parking passes aside, are market prices.",
        op_tags=LAST,
    )
    def check(timescaledb: TimescaleDBResource) -> dg.AssetCheckResult:
        this_moment = now()
        with timescaledb.database() as database:
            rows = quality.find_mostly_rejected(database, marketplace, this_moment - _SPAN, this_moment)
            offenders = name_rows(database, rows, _describe_rejections)
        return report_offenders(
            offenders,
            severity=dg.AssetCheckSeverity.WARN,
            wrong="Most of a capture was rejected",
            remedy="see the reasons; one on nearly every listing means that the marketplace changed a field",
        )

    return check


def _build_announced_totals_agree(marketplace: Marketplace, now: Clock) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=f"{marketplace}_listings",
        name="announced_totals_agree",
        description="The totals that the marketplace announces beside its listings are those of the listings.",
        op_tags=LAST,
    )
    def check(timescaledb: TimescaleDBResource) -> dg.AssetCheckResult:
        this_moment = now()
        with timescaledb.database() as database:
            rows = quality.read_checksums(database, marketplace, this_moment - _SPAN, this_moment)
            wrong = [row for row in rows if row["checksum_problems"]]
            offenders = name_rows(database, wrong, _describe_totals)
        return report_offenders(
            offenders,
            severity=dg.AssetCheckSeverity.WARN,
            wrong="Announced totals and listings disagree",
            remedy="if every capture has it, the marketplace sends less than all; compare with raw_payloads",
            captures_compared=len(rows),
        )

    return check


def _build_no_event_was_cancelled_or_moved(asset_name: str, now: Clock) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=asset_name,
        name="no_followed_event_was_cancelled_or_moved",
        description="Every followed event takes place, on the day of the watchlist, at the time it had two days ago.",
        op_tags=LAST,
    )
    def check(timescaledb: TimescaleDBResource) -> dg.AssetCheckResult:
        this_moment = now()
        with timescaledb.database() as database:
            rows = read_troubled_events(database, this_moment, this_moment - _SPAN)
        return report_offenders(
            [{**name_event(row), **_describe_trouble(row)} for row in rows],
            severity=dg.AssetCheckSeverity.WARN,
            wrong="Followed events do not take place as the watchlist says",
            remedy="look at their pages, then correct the sheet",
        )

    return check


def _build_no_event_is_stale(marketplace: Marketplace, asset_name: str, now: Clock) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=asset_name,
        name="no_tracked_event_is_stale",
        description="Every tracked event was captured within twice its poll interval.",
        op_tags=LAST,
    )
    def check(timescaledb: TimescaleDBResource) -> dg.AssetCheckResult:
        with timescaledb.database() as database:
            rows = read_stale_events(
                database,
                now(),
                multiple=_STALE_MULTIPLE,
                grace=_STALE_GRACE,
                marketplace=marketplace,
            )
        return report_offenders(
            [{**name_event(row), **_describe_silence(row)} for row in rows],
            severity=dg.AssetCheckSeverity.WARN,
            wrong="Tracked events were not captured within twice their interval",
            remedy="see the last outcome of each; if they are many, look at the breaker, the budget and the daemon",
        )

    return check


def _describe_capture(row: Row) -> Mapping[str, object]:
    """A capture that does not add up, or listings without one."""
    at = {"captured": row["captured_at"]}
    if "listings" in row:
        return at | {"expected": "a capture", "found": f"{row['listings']} listings without one"}
    return at | {
        "expected": f"{row['accepted']} accepted, {row['rejected']} rejected",
        "found": f"{row['stored']} and {row['quarantined']}",
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


def _describe_trouble(row: Row) -> Mapping[str, object]:
    """An event that does not take place as planned. Days are those at the venue."""
    return {
        "status": row["status"] or "unknown",
        "day": row["local_date"] or "unknown",
        "day in the watchlist": row["watchlist_date"],
        "start before": row["moved_from"] or NOTHING,
        "told": row["captured_at"],
    }


def _describe_silence(row: Row) -> Mapping[str, object]:
    """Since when nothing came of an event, and what came of trying; the last attempt may well have succeeded."""
    outcome, error = row["last_outcome"], row["last_error"]
    last = "nothing was tried" if outcome is None else outcome if error is None else f"{outcome}: {error}"
    return {"last success": show_moment(row["last_success_at"]), "last outcome": last}
