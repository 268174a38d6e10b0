"""The checks of prices: each can be, and is what it was made from. They read a bounded span, and never raise.

What belongs here: the checks of hourly and daily prices. What does not: looking for offenders (`storage.quality`), and
recomputing (`storage.recomputation`).
"""

from collections.abc import Mapping
from datetime import UTC, timedelta

import dagster as dg

from ticket_pipeline.defs.check_results import describe_price, name_rows, report_offenders
from ticket_pipeline.defs.resources import Clock, TimescaleDBResource
from ticket_pipeline.defs.standing_checks import LAST
from ticket_pipeline.storage import quality
from ticket_pipeline.storage.database import Row
from ticket_pipeline.storage.prices import DAY
from ticket_pipeline.storage.recomputation import DaySample, recompute_sampled_days, recompute_sampled_hours

_SPAN = timedelta(days=2)
"""How far back the checks look: past days were checked when they were young, or by hand after a backfill."""

_SPAN_OF_DAYS = timedelta(days=30)
"""How far back days are drawn from; they are few beside the hours."""

_SAMPLED_HOURS = 12
_SAMPLED_NEW_DAYS = 200
_SAMPLED_OLD_DAYS = 100
"""Event-days that are recomputed at most. Apart, or at a thousand events the newest days would leave no room."""


def _describe_bounds(row: Row) -> Mapping[str, object]:
    bounds = [f"at least {row['least']}"] * (row["least"] is not None)
    bounds += [f"at most {row['largest']}"] * (row["largest"] is not None)
    return describe_price(row | {"expected": "above 0" if row["found"] <= 0 else ", ".join(bounds)})


def _describe_currencies(row: Row) -> Mapping[str, object]:
    return {"hour": row["hour_at"], "expected": "one currency", "found": ", ".join(row["currencies"])}


def _build_prices_are_positive(now: Clock) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset="hourly_prices",
        description="All prices are above zero and in order, such as min, median, max.",
        op_tags=LAST,
    )
    def prices_are_positive(timescaledb: TimescaleDBResource) -> dg.AssetCheckResult:
        """Looks at every price of the hours of the last two days."""
        this_moment = now()
        with timescaledb.database() as database:
            rows = quality.find_bad_hours(database, this_moment - _SPAN, this_moment)
            offenders = name_rows(database, rows, _describe_bounds)
        return report_offenders(
            offenders,
            severity=dg.AssetCheckSeverity.ERROR,
            wrong="Hourly prices are not above zero, or out of order",
            remedy="rebuild these hours, then run check_data",
        )

    return prices_are_positive


def _build_daily_prices_are_positive(now: Clock) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset="daily_prices",
        description="All prices are above zero and in order, such as min, mean, max.",
        op_tags=LAST,
    )
    def daily_prices_are_positive(timescaledb: TimescaleDBResource) -> dg.AssetCheckResult:
        """Looks at every price of the last two days and today."""
        today = now().astimezone(UTC).date()
        with timescaledb.database() as database:
            rows = quality.find_bad_days(database, today - _SPAN, today + DAY)
            offenders = name_rows(database, rows, _describe_bounds)
        return report_offenders(
            offenders,
            severity=dg.AssetCheckSeverity.ERROR,
            wrong="Daily prices are not above zero, or out of order",
            remedy="rebuild their hours, then these days, then run check_data",
        )

    return daily_prices_are_positive


def _build_every_hour_has_one_currency(now: Clock) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset="hourly_prices",
        description="No event has two currencies in one hour of one marketplace.",
        op_tags=LAST,
    )
    def every_hour_has_one_currency(timescaledb: TimescaleDBResource) -> dg.AssetCheckResult:
        """Rows never mix currencies (the currency is part of their key); two in one hour mean that a source changed."""
        this_moment = now()
        with timescaledb.database() as database:
            rows = quality.find_mixed_currencies(database, this_moment - _SPAN, this_moment)
            offenders = name_rows(database, rows, _describe_currencies)
        return report_offenders(
            offenders,
            severity=dg.AssetCheckSeverity.WARN,
            wrong="Hours have more than one currency",
            remedy="look at the listings of the event; rows are kept apart, nothing is mixed",
        )

    return every_hour_has_one_currency


def _build_hourly_prices_agree_with_their_listings(now: Clock) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset="hourly_prices",
        description=(
            "Sampled hours equal their recomputation from the captures, listing by listing; none lacks its prices."
        ),
        op_tags=LAST,
    )
    def hourly_prices_agree_with_their_listings(
        context: dg.AssetCheckExecutionContext, timescaledb: TimescaleDBResource
    ) -> dg.AssetCheckResult:
        """Compares every column of every zone; draws other hours in every run."""
        this_moment = now()
        first = (this_moment - _SPAN).replace(minute=0, second=0, microsecond=0)
        with timescaledb.database() as database:
            compared, differences = recompute_sampled_hours(
                database, first, this_moment, salt=context.run.run_id, sample_size=_SAMPLED_HOURS
            )
            offenders = name_rows(database, differences, describe_price)
        return report_offenders(
            offenders,
            severity=dg.AssetCheckSeverity.ERROR,
            wrong="Hourly prices are not what their captures say",
            remedy="rebuild these hours, then run check_data",
            event_hours_compared=compared,
        )

    return hourly_prices_agree_with_their_listings


def _build_daily_prices_agree_with_hourly(now: Clock) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset="daily_prices",
        description=(
            f"Daily prices are what the hourly prices of the day say: up to {_SAMPLED_NEW_DAYS} event-days of the last "
            f"two days and today, and up to {_SAMPLED_OLD_DAYS} of the 28 days before."
        ),
        op_tags=LAST,
    )
    def daily_prices_agree_with_hourly(
        context: dg.AssetCheckExecutionContext, timescaledb: TimescaleDBResource
    ) -> dg.AssetCheckResult:
        """Compares every column of every zone; draws other days in every run."""
        today = now().astimezone(UTC).date()
        days = DaySample(
            first=today - _SPAN_OF_DAYS,
            new_from=today - _SPAN,
            until=today + DAY,
            new_size=_SAMPLED_NEW_DAYS,
            old_size=_SAMPLED_OLD_DAYS,
        )
        with timescaledb.database() as database:
            compared, differences = recompute_sampled_days(database, days, salt=context.run.run_id)
            offenders = name_rows(database, differences, describe_price)
        return report_offenders(
            offenders,
            severity=dg.AssetCheckSeverity.ERROR,
            wrong="Daily prices are not what their hours say",
            remedy="rebuild these days, then run check_data",
            event_days_compared=compared,
        )

    return daily_prices_agree_with_hourly


def build_price_checks(now: Clock) -> list[dg.AssetChecksDefinition]:
    """The checks of hourly and daily prices."""
    return [
        _build_prices_are_positive(now),
        _build_every_hour_has_one_currency(now),
        _build_hourly_prices_agree_with_their_listings(now),
        _build_daily_prices_are_positive(now),
        _build_daily_prices_agree_with_hourly(now),
    ]
