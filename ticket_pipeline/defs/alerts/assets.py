"""The asset of alerts: what a poll logs of it, and the run that delivers what waits."""

from collections.abc import Iterator

import dagster as dg

from ticket_pipeline.alerts.follow import AlertsReport, follow_alerts
from ticket_pipeline.defs.alerts.checks import alert_checks
from ticket_pipeline.defs.checks import Scope, evaluate_checks, evaluate_in_run, report_result, specs_of
from ticket_pipeline.defs.resources import Clock, GoogleSheetResource, TimescaleDBResource
from ticket_pipeline.ingest.marketplaces import SOURCES
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.storage.database import Database

ALERT_EVENTS = "alert_events"


def build_alert_assets(settings: Settings, now: Clock) -> list[dg.AssetsDefinition]:
    """The asset, where ALERTS or ALERT_URLS is set."""
    if not settings.has_alerts:
        return []
    checks = alert_checks(settings)

    @dg.asset(
        name=ALERT_EVENTS,
        deps=["events", *(source.asset_name for source in SOURCES.values() if source.has_listings)],
        check_specs=specs_of(ALERT_EVENTS, checks),
        group_name="alerts",
        kinds={"postgresql", "apprise"},
        owners=["team:data"],
        metadata={"dagster/table_name": f"{settings.db_schema}.{ALERT_EVENTS}"},
        description=(
            "What your rules fired, and what was sent of it.\n\n"
            "Grain: rule, subject and capture. Source: trusted captures, hourly prices, estimated sales. Write: each "
            "capture is tried once, in one transaction with what it fires and its messages. Trigger: every poll; the "
            "sensor deliver_due_alerts where only messages wait."
        ),
    )
    def alert_events(
        context: dg.AssetExecutionContext, timescaledb: TimescaleDBResource, google_sheet: GoogleSheetResource
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        """Try the rules on captures that wait, and deliver messages that are due."""
        with timescaledb.database() as database:
            report = follow_alerts(database, google_sheet.settings_in_use(), now)
            yield dg.MaterializeResult(metadata=_describe(report or AlertsReport()))
            yield from evaluate_in_run(context, database, checks, Scope.full(now(), context.run.run_id))

    return [alert_events]


def log_alerts(
    context: dg.AssetExecutionContext, database: Database, settings: Settings, report: AlertsReport, now: Clock
) -> None:
    """Log in the run of a poll what its captures meant for alerts, and evaluate the checks; nothing where none was."""
    if report == AlertsReport():
        return
    key = dg.AssetKey([*context.asset_key.path[:-1], ALERT_EVENTS])
    context.log_event(dg.AssetMaterialization(key, metadata=_describe(report)))
    scope = Scope.full(now(), context.run.run_id)
    for result in evaluate_checks(context.instance, key, database, alert_checks(settings), scope):
        report_result(context.instance, key, result)


def _describe(report: AlertsReport) -> dict[str, int | str]:
    done, sent = report.evaluation, report.delivered
    return {
        "dagster/row_count": done.fired + done.resolved,
        "captures_tried": done.captures,
        "fired": done.fired,
        "resolved": done.resolved,
        "messages_queued": done.queued,
        "messages_sent": sent.sent,
        "messages_retried": sent.retried,
        "messages_dead": sent.dead,
        "problem": report.error or "none",
    }
