"""The checks of primary sales: sentences that are true when green.

They run with the assets they belong to, in the run that writes them, and send no request.
"""

from collections.abc import Callable, Mapping

import dagster as dg

from ticket_pipeline.defs.check_results import name_event
from ticket_pipeline.defs.checks import Check, Found, Scope
from ticket_pipeline.defs.resources import Clock, TimescaleDBResource
from ticket_pipeline.primary_sales.figures import show_money
from ticket_pipeline.storage.database import Database, Row

_MOST_UNKNOWN = 0.2
"""Share of an event's answers above which its words or slugs are worth a look."""

_LEAST_ANSWERS = 20
"""With fewer answers a share means nothing."""

_ERROR, _WARN = dg.AssetCheckSeverity.ERROR, dg.AssetCheckSeverity.WARN


def build_primary_sales_checks(now: Clock) -> list[dg.AssetChecksDefinition]:
    """The checks of group `primary_sales`."""
    return [_build(asset, check, now) for asset, checks in _CHECKS.items() for check in checks]


def _build(asset: str, check: Check, now: Clock) -> dg.AssetChecksDefinition:
    @dg.asset_check(name=check.name, asset=asset, description=check.description)
    def checked(timescaledb: TimescaleDBResource) -> dg.AssetCheckResult:
        with timescaledb.database() as database:
            return check.evaluate(database, Scope.full(now(), check.name))

    return checked


def _rows(
    statement: str, describe: Callable[[Row], Mapping[str, object]], **parameters: object
) -> Callable[[Database, Scope], Found]:
    """Finds the rows of a statement, each of which is about an event."""

    def find(database: Database, _: Scope) -> Found:
        rows = database.fetch_all(f"primary_sales/{statement}", **parameters)
        return Found([{**name_event(row), **describe(row)} for row in rows])

    return find


def _unknown_answers(about: str) -> Callable[[Database, Scope], Found]:
    return _rows(
        "find_unknown_answers",
        lambda row: {"answers": row["answers"], "unknown": row["unread"]},
        about=about,
        least_answers=_LEAST_ANSWERS,
        most_unknown=_MOST_UNKNOWN,
    )


_CHECKS = {
    "vivenu_tickets": (
        Check(
            name="ticket_counts_match_vivenu",
            description="Every event has as many tickets, with rejected ones, as vivenu counted after the last read.",
            severity=_ERROR,
            wrong="The number of tickets differs from vivenu's",
            remedy="launch vivenu_tickets with full: true",
            find=_rows(
                "find_unreconciled_events",
                lambda row: {"tickets": row["known"], "vivenu counts": row["announced"]},
            ),
        ),
        Check(
            name="no_price_is_negative",
            description="No ticket has a negative price.",
            severity=_ERROR,
            wrong="Tickets have a negative price",
            remedy="look at these tickets in vivenu",
            find=_rows(
                "find_negative_prices",
                lambda row: {
                    "tickets": row["tickets"],
                    "paid": show_money(row["revenue"], row["currency"]),
                    "for example": row["one_of_them"],
                },
            ),
        ),
        Check(
            name="nothing_is_oversold",
            description="No event and no ticket type sold more than its capacity. A warning: organisers do oversell.",
            severity=_WARN,
            wrong="More was sold than the capacity",
            remedy="correct the amount in vivenu, unless it is intended",
            find=_rows(
                "find_oversold",
                lambda row: {
                    "ticket type": row["ticket_type"] or "all types",
                    "sold": row["sold"],
                    "capacity": row["capacity"],
                },
            ),
        ),
    ),
    "vivenu_sales_daily": (
        Check(
            name="daily_sales_add_up_to_the_tickets",
            description="The daily sales of every event, unless it was read since, are its tickets and their money.",
            severity=_ERROR,
            wrong="Daily sales differ from the tickets",
            remedy="materialize vivenu_sales_daily",
            find=_rows(
                "find_daily_sales_that_disagree",
                lambda row: {
                    "sold by ticket": row["sold_tickets"],
                    "sold by day": row["daily_tickets"],
                    "revenue by ticket": show_money(row["sold_revenue"], row["currency"]),
                    "revenue by day": show_money(row["daily_revenue"], row["currency"]),
                },
            ),
        ),
    ),
    "vivenu_gender": (
        Check(
            name="answers_about_gender_are_known",
            description="Most answers about gender have a known meaning, event by event.",
            severity=_WARN,
            wrong="Many answers about gender are unknown",
            remedy="add their words to VIVENU_MAPPINGS_FILE",
            find=_unknown_answers("gender"),
        ),
    ),
    "vivenu_age_groups": (
        Check(
            name="answers_about_age_are_ages",
            description="Most answers about age can be read as an age, event by event.",
            severity=_WARN,
            wrong="Many answers about age are unknown",
            remedy="name another slug in VIVENU_MAPPINGS_FILE, or set its date_order",
            find=_unknown_answers("age"),
        ),
    ),
}
