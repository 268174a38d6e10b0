"""The checks of primary sales: sentences that are true when green.

They run with the assets they belong to, in the run that writes them, and send no request.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import dagster as dg

from ticket_pipeline.defs.check_results import name_event, report_offenders
from ticket_pipeline.defs.resources import TimescaleDBResource
from ticket_pipeline.primary_sales.figures import show_money
from ticket_pipeline.storage.database import Row

_MOST_UNKNOWN = 0.2
"""Share of an event's answers above which its words or slugs are worth a look."""

_LEAST_ANSWERS = 20
"""With fewer answers a share means nothing."""

_ERROR, _WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN


@dataclass(frozen=True)
class _Check:
    """One check: a statement that finds offenders, what is wrong with them and what to do, and the columns shown."""

    asset: str
    description: str
    severity: dg.AssetCheckSeverity
    statement: str
    wrong: str
    remedy: str
    columns: Callable[[Row], Mapping[str, object]]
    is_offender: Callable[[Row], bool] = lambda _: True


def _answers_check(asset: str, about: str, description: str, remedy: str) -> _Check:
    return _Check(
        asset,
        description,
        _WARN,
        "primary_sales/count_unread_answers",
        f"Many answers about {about} are unknown",
        remedy,
        lambda row: {"answers": row["answers"], "unknown": row["unread"]},
        lambda row: (
            row["about"] == about
            and row["answers"] >= _LEAST_ANSWERS
            and row["unread"] > _MOST_UNKNOWN * row["answers"]
        ),
    )


_CHECKS = {
    "ticket_counts_match_vivenu": _Check(
        "vivenu_tickets",
        "Every event has as many tickets as vivenu counted at the end of the last read, rejected ones included.",
        _ERROR,
        "primary_sales/find_unreconciled_events",
        "The number of tickets differs from vivenu's",
        "launch vivenu_tickets with full: true",
        lambda row: {"tickets": row["known"], "vivenu counts": row["announced"]},
    ),
    "no_price_is_negative": _Check(
        "vivenu_tickets",
        "No ticket has a negative price.",
        _ERROR,
        "primary_sales/find_negative_prices",
        "Tickets have a negative price",
        "look at these tickets in vivenu",
        lambda row: {
            "tickets": row["tickets"],
            "paid": show_money(row["revenue"], row["currency"]),
            "for example": row["one_of_them"],
        },
    ),
    "nothing_is_oversold": _Check(
        "vivenu_tickets",
        "No event and no ticket type sold more than its capacity. A warning only: organisers do oversell.",
        _WARN,
        "primary_sales/find_oversold",
        "More was sold than the capacity",
        "correct the amount in vivenu, unless it is intended",
        lambda row: {
            "ticket type": row["ticket_type"] or "all types",
            "sold": row["sold"],
            "capacity": row["capacity"],
        },
    ),
    "daily_sales_add_up_to_the_tickets": _Check(
        "vivenu_sales_daily",
        "The daily sales of every event add up to its tickets and their money. Events read since then are left out.",
        _ERROR,
        "primary_sales/find_daily_sales_that_disagree",
        "Daily sales differ from the tickets",
        "materialize vivenu_sales_daily",
        lambda row: {
            "sold by ticket": row["sold_tickets"],
            "sold by day": row["daily_tickets"],
            "revenue by ticket": show_money(row["sold_revenue"], row["currency"]),
            "revenue by day": show_money(row["daily_revenue"], row["currency"]),
        },
    ),
    "answers_about_gender_are_known": _answers_check(
        "vivenu_gender",
        "gender",
        "Most answers about gender have a known meaning, event by event.",
        "add their words to VIVENU_MAPPINGS_FILE",
    ),
    "answers_about_age_are_ages": _answers_check(
        "vivenu_age_groups",
        "age",
        "Most answers about age can be read as an age, event by event.",
        "name another slug in VIVENU_MAPPINGS_FILE, or set VIVENU_DATE_ORDER",
    ),
}


def build_primary_sales_checks() -> list[dg.AssetChecksDefinition]:
    """The checks of group `primary_sales`."""
    return [_build(name, check) for name, check in _CHECKS.items()]


def _build(name: str, check: _Check) -> dg.AssetChecksDefinition:
    @dg.asset_check(name=name, asset=check.asset, description=check.description)
    def checked(timescaledb: TimescaleDBResource) -> dg.AssetCheckResult:
        with timescaledb.database() as database:
            rows = [row for row in database.fetch_all(check.statement) if check.is_offender(row)]
        offenders = [{**name_event(row), **check.columns(row)} for row in rows]
        return report_offenders(offenders, severity=check.severity, wrong=check.wrong, remedy=check.remedy)

    return checked
