"""The asset that shows how each marketplace is doing, in numbers and words."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import dagster as dg

from ticket_pipeline.defs.check_results import Offender, as_markdown
from ticket_pipeline.defs.resources import Clock, TimescaleDBResource
from ticket_pipeline.ingest.marketplaces import SOURCES
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.queries.source_problems import SourceProblems, read_source_problems
from ticket_pipeline.queries.sources import SourceStatus, read_sources
from ticket_pipeline.settings.model import Settings

SOURCE_HEALTH = "source_health"
_SPAN = timedelta(hours=24)


def build_source_health(settings: Settings, now: Clock) -> dg.AssetsDefinition:
    """The asset; its numbers are those of `ticket-pipeline sources`."""

    @dg.asset(
        name=SOURCE_HEALTH,
        group_name="maintenance",
        kinds={"sql", "markdown"},
        owners=["team:data"],
        metadata={"dagster/table_name": f"{settings.db_schema}.fetch_attempts"},
        description=(
            "How each marketplace is doing: requests, errors by kind, latency, budget, breaker, cache, rejected "
            "listings by reason, and fields that it changed.\n\n"
            "Grain: marketplace, the last 24 hours. Source: the record of attempts. Write: metadata only; by hour it "
            "is the function source_health of the schema. Trigger: the schedule report_sources_regularly, hourly."
        ),
    )
    def source_health(timescaledb: TimescaleDBResource) -> dg.MaterializeResult[None]:
        since = now() - _SPAN
        with timescaledb.database() as database:
            statuses = read_sources(database, list(SOURCES), since=since, this_moment=now())
            problems = read_source_problems(database, list(SOURCES), since)
        return dg.MaterializeResult(metadata=_describe(statuses, problems))

    return source_health


def _describe(
    statuses: Sequence[SourceStatus], problems: Mapping[Marketplace, SourceProblems]
) -> dict[str, dg.MetadataValue | int | float]:
    tables: dict[str, Sequence[Offender]] = {
        "sources": [_numbers(one) for one in statuses],
        "budgets": [
            {"marketplace": one.marketplace, "window": each.window_seconds, "for": each.applies_to}
            | {"used": each.used, "of": each.max_requests}
            for one in statuses
            for each in one.budgets
        ],
        "errors_by_kind": [
            {"marketplace": name, "how": one.name, "attempts": one.attempts, "last": one.last_at, "error": one.error}
            for name, found in problems.items()
            for one in found.failures
        ],
        "rejected": [
            {"marketplace": name, "why": one.reason, "listings": one.listings, "events": one.events}
            for name, found in problems.items()
            for one in found.rejects
        ],
        "changed_fields": [
            {"marketplace": name, "field": one.field, "now": one.what, "seen": one.detected_at}
            for name, found in problems.items()
            for one in found.payload_changes
        ],
    }
    requests, errors = sum(one.requests for one in statuses), sum(one.errors for one in statuses)
    numbers: dict[str, dg.MetadataValue | int | float] = {
        "requests": requests,
        "errors": errors,
        "fields_changed": len(tables["changed_fields"]),
    }
    return numbers | {name: dg.MetadataValue.md(as_markdown(rows)) for name, rows in tables.items()}


def _numbers(one: SourceStatus) -> Offender:
    return {
        "marketplace": one.marketplace,
        "requests": one.requests,
        "success": "-" if one.error_rate is None else f"{1 - one.error_rate:.1%}",
        "p50": _seconds(one.latency_p50_seconds),
        "p95": _seconds(one.latency_p95_seconds),
        "breaker": one.breaker.replace("_", " "),
        "last capture": one.last_success_at or "never",
        "cache hits today": "-" if one.cache_hits is None else one.cache_hits,
    }


def _seconds(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds:.2f} s"
