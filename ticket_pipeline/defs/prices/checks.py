"""The checks of prices: each is possible, and equals what it was made from."""

from collections.abc import Mapping
from datetime import UTC, date, timedelta
from functools import partial

import dagster as dg

from ticket_pipeline.defs.check_results import describe_price, name_rows
from ticket_pipeline.defs.checks import Check, Found, Scope
from ticket_pipeline.storage import quality
from ticket_pipeline.storage.database import Database, Row
from ticket_pipeline.storage.prices import DAY
from ticket_pipeline.storage.recomputation import DaySample, recompute_sampled_days, recompute_sampled_hours

_OLD_DAYS = timedelta(days=28)
"""Days before those of a full look, of which some are recomputed too; they are few beside the hours."""

_LONGEST_WAIT = timedelta(hours=1)
"""For a rebuild; that of a window under way waits for `prices_refresh_minutes`."""

_SAMPLED_HOURS = 12
_SAMPLED_NEW_DAYS = 200
_SAMPLED_OLD_DAYS = 100
"""Event-days that are recomputed at most. Apart, or at a thousand events the newest days would leave no room."""


def _find_bad_hours(database: Database, scope: Scope) -> Found:
    rows = quality.find_bad_hours(database, scope.since, scope.until)
    return Found(name_rows(database, rows, _describe_bounds))


def _find_bad_days(database: Database, scope: Scope) -> Found:
    rows = quality.find_bad_days(database, *_days_of(scope))
    return Found(name_rows(database, rows, _describe_bounds))


def _find_mixed_currencies(database: Database, scope: Scope) -> Found:
    rows = quality.find_mixed_currencies(database, scope.since, scope.until)
    return Found(name_rows(database, rows, _describe_currencies))


def _find_waiting(grain: str, database: Database, scope: Scope) -> Found:
    rows = database.fetch_all("prices/select_stale_windows", grain=grain, starts_from=None)
    late = [row for row in rows if row["marked_at"] < scope.now - _LONGEST_WAIT]
    return Found([{grain: row["starts_at"], "waits since": row["marked_at"], "events": row["marks"]} for row in late])


def _recompute_hours(database: Database, scope: Scope) -> Found:
    first = scope.since.replace(minute=0, second=0, microsecond=0)
    compared, differences = recompute_sampled_hours(
        database, first, scope.until, salt=scope.salt, sample_size=_SAMPLED_HOURS
    )
    return Found(name_rows(database, differences, describe_price), compared)


def _recompute_days(database: Database, scope: Scope) -> Found:
    new_from, until = _days_of(scope)
    days = DaySample(
        first=new_from - _OLD_DAYS if scope.is_full else new_from,
        new_from=new_from,
        until=until,
        new_size=_SAMPLED_NEW_DAYS,
        old_size=_SAMPLED_OLD_DAYS,
    )
    compared, differences = recompute_sampled_days(database, days, salt=scope.salt)
    return Found(name_rows(database, differences, describe_price), compared)


def _days_of(scope: Scope) -> tuple[date, date]:
    """First day, and the day after the last one, UTC."""
    last = (scope.until - timedelta.resolution).astimezone(UTC).date()
    return scope.since.astimezone(UTC).date(), last + DAY


def _describe_bounds(row: Row) -> Mapping[str, object]:
    bounds = [f"at least {row['least']}"] * (row["least"] is not None)
    bounds += [f"at most {row['largest']}"] * (row["largest"] is not None)
    return describe_price(row | {"expected": "above 0" if row["found"] <= 0 else ", ".join(bounds)})


def _describe_currencies(row: Row) -> Mapping[str, object]:
    return {"hour": row["hour_at"], "expected": "one currency", "found": ", ".join(row["currencies"])}


def _waits_for_rebuild(grain: str) -> Check:
    return Check(
        name=f"no_{grain}_waits_for_its_rebuild",
        description=f"Every {grain} in which something changed was rebuilt within an hour.",
        severity=dg.AssetCheckSeverity.WARN,
        wrong=f"Changed {grain}s were not rebuilt",
        remedy=(
            "see whether the sensor rebuild_stale_prices is off and why it skips, read the last failed run, or set "
            "PRICES_START_DATE before the first of them"
        ),
        find=partial(_find_waiting, grain),
    )


HOURLY_CHECKS = (
    _waits_for_rebuild("hour"),
    Check(
        name="prices_are_positive",
        description="All prices are above zero and in order, such as min, median, max.",
        severity=dg.AssetCheckSeverity.ERROR,
        wrong="Hourly prices are not above zero, or out of order",
        remedy="rebuild these hours",
        find=_find_bad_hours,
    ),
    Check(
        # Rows never mix currencies (the currency is part of their key); two in one hour mean that a source changed.
        name="every_hour_has_one_currency",
        description="No event has two currencies in one hour of one marketplace.",
        severity=dg.AssetCheckSeverity.WARN,
        wrong="Hours have more than one currency",
        remedy="look at the listings of the event; rows are kept apart, nothing is mixed",
        find=_find_mixed_currencies,
    ),
    Check(
        name="hourly_prices_agree_with_their_listings",
        description=(
            f"Up to {_SAMPLED_HOURS} sampled event-hours equal their recomputation from the captures, listing by "
            "listing; no hour with captures lacks its prices."
        ),
        severity=dg.AssetCheckSeverity.ERROR,
        wrong="Hourly prices differ from their captures",
        remedy="rebuild these hours",
        find=_recompute_hours,
    ),
)

DAILY_CHECKS = (
    _waits_for_rebuild("day"),
    Check(
        name="daily_prices_are_positive",
        description="All prices are above zero and in order, such as min, mean, max.",
        severity=dg.AssetCheckSeverity.ERROR,
        wrong="Daily prices are not above zero, or out of order",
        remedy="rebuild their hours, then these days",
        find=_find_bad_days,
    ),
    Check(
        name="daily_prices_agree_with_hourly",
        description=(
            f"Daily prices equal their recomputation from the hours: up to {_SAMPLED_NEW_DAYS} event-days of those "
            f"just built or of the last two days, and in check_data up to {_SAMPLED_OLD_DAYS} older ones."
        ),
        severity=dg.AssetCheckSeverity.ERROR,
        wrong="Daily prices differ from their hours",
        remedy="rebuild these days",
        find=_recompute_days,
    ),
)
