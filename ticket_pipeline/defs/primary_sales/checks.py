"""The checks of primary sales: sentences that are true when green. They send no request, and never raise."""

import dagster as dg

from ticket_pipeline.defs.check_results import name_event, report_offenders
from ticket_pipeline.defs.resources import TimescaleDBResource
from ticket_pipeline.primary_sales.figures import show_money
from ticket_pipeline.storage import sales_quality as quality
from ticket_pipeline.storage.database import Row

_MOST_UNREAD = 0.2
"""Share of the answers of an event above which words or slugs are worth a look."""

_LEAST_ANSWERS = 20
"""Of fewer answers, a share says nothing."""


@dg.asset_check(
    asset="vivenu_tickets",
    description="Of every event as many tickets are known as vivenu counted at the end of the last read.",
)
def tickets_are_as_many_as_vivenu_counts(timescaledb: TimescaleDBResource) -> dg.AssetCheckResult:
    """Counts tickets that could not be read as known: they have rows of their own."""
    with timescaledb.database() as database:
        rows = quality.find_unreconciled_events(database)
    offenders = [{**name_event(row), "tickets known": row["known"], "vivenu counts": row["announced"]} for row in rows]
    return report_offenders(
        offenders,
        severity=dg.AssetCheckSeverity.ERROR,
        wrong="Not as many tickets are known as vivenu counts",
        remedy="launch vivenu_tickets with full: true",
    )


@dg.asset_check(asset="vivenu_tickets", description="No ticket was paid with less than nothing.")
def no_price_is_negative(timescaledb: TimescaleDBResource) -> dg.AssetCheckResult:
    """Looks at every ticket, whatever became of it."""
    with timescaledb.database() as database:
        rows = quality.find_negative_prices(database)
    offenders = [
        {
            **name_event(row),
            "tickets": row["tickets"],
            "paid": show_money(row["revenue"], row["currency"]),
            "such as": row["one_of_them"],
        }
        for row in rows
    ]
    return report_offenders(
        offenders,
        severity=dg.AssetCheckSeverity.ERROR,
        wrong="Tickets were paid with less than nothing",
        remedy="look at the named ones in vivenu",
    )


@dg.asset_check(asset="vivenu_tickets", description="No event and no ticket type sold more than its capacity.")
def nothing_is_oversold(timescaledb: TimescaleDBResource) -> dg.AssetCheckResult:
    """Warns only: organisers do sell over, and vivenu lets them."""
    with timescaledb.database() as database:
        rows = quality.find_oversold(database)
    offenders = [
        {
            **name_event(row),
            "ticket type": row["ticket_type"] or "all types",
            "sold": row["sold"],
            "capacity": row["capacity"],
        }
        for row in rows
    ]
    return report_offenders(
        offenders,
        severity=dg.AssetCheckSeverity.WARN,
        wrong="More was sold than there is room for",
        remedy="mend the amount in vivenu, if it is not meant",
    )


@dg.asset_check(
    asset="vivenu_sales_daily", description="The daily sales of every event add up to its tickets and their money."
)
def daily_sales_add_up_to_the_tickets(timescaledb: TimescaleDBResource) -> dg.AssetCheckResult:
    """Leaves out events that were read after their sales were reckoned."""
    with timescaledb.database() as database:
        rows = quality.find_daily_sales_that_disagree(database)
    offenders = [
        {
            **name_event(row),
            "sold by ticket": row["sold_tickets"],
            "sold by day": row["daily_tickets"],
            "revenue by ticket": show_money(row["sold_revenue"], row["currency"]),
            "revenue by day": show_money(row["daily_revenue"], row["currency"]),
        }
        for row in rows
    ]
    return report_offenders(
        offenders,
        severity=dg.AssetCheckSeverity.ERROR,
        wrong="Daily sales are not what the tickets say",
        remedy="materialize vivenu_sales_daily",
    )


@dg.asset_check(asset="vivenu_gender", description="Most answers about gender are known, event by event.")
def answers_about_gender_are_known(timescaledb: TimescaleDBResource) -> dg.AssetCheckResult:
    """Warns above a fifth of unknown answers; who was not asked counts neither way."""
    with timescaledb.database() as database:
        rows = quality.count_unread_answers(database)
    return _judge_answers(rows, "gender", "add their words to VIVENU_MAPPINGS_FILE")


@dg.asset_check(asset="vivenu_age_groups", description="Most answers about age are ages, event by event.")
def answers_about_age_are_ages(timescaledb: TimescaleDBResource) -> dg.AssetCheckResult:
    """Warns above a fifth of answers that are none; who was not asked counts neither way."""
    with timescaledb.database() as database:
        rows = quality.count_unread_answers(database)
    return _judge_answers(rows, "age", "name another slug in VIVENU_MAPPINGS_FILE, or set VIVENU_DATE_ORDER")


def _judge_answers(rows: list[Row], about: str, remedy: str) -> dg.AssetCheckResult:
    asked = [row for row in rows if row["about"] == about]
    offenders = [
        {**name_event(row), "answers": row["answers"], "unknown": row["unread"]}
        for row in asked
        if row["answers"] >= _LEAST_ANSWERS and row["unread"] > _MOST_UNREAD * row["answers"]
    ]
    unread, answers = (sum(row[name] for row in asked) for name in ("unread", "answers"))
    return report_offenders(
        offenders,
        severity=dg.AssetCheckSeverity.WARN,
        wrong=f"Many answers about {about} are unknown",
        remedy=remedy,
        unread=unread,
        answers=answers,
    )


PRIMARY_SALES_CHECKS = (
    tickets_are_as_many_as_vivenu_counts,
    no_price_is_negative,
    nothing_is_oversold,
    daily_sales_add_up_to_the_tickets,
    answers_about_gender_are_known,
    answers_about_age_are_ages,
)
