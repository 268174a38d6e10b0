"""The job that reads stored bodies again, after a fix of a parser or of rules."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import dagster as dg
from pydantic import Field

from ticket_pipeline.defs.checks import Check, Scope, evaluate_checks, report_result
from ticket_pipeline.defs.materializations import in_sync_regardless_of, log_materializations
from ticket_pipeline.defs.resources import Clock, TimescaleDBResource
from ticket_pipeline.ingest.marketplaces import SOURCES
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.storage.prices import Span

_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_MOST_LOGGED = 20


class ReplayConfig(dg.Config):
    """What is read again."""

    since: str = Field(default="", description="UTC, such as 2026-11-20 or 2026-11-20T06:00; empty: all that is kept.")
    until: str = Field(default="", description="The same, exclusive; empty: now.")
    marketplaces: list[str] = Field(default_factory=list, description="Such as stubhub; empty: all with listings.")
    event_keys: list[str] = Field(default_factory=list, description="Ids at a marketplace; empty: all events.")
    dry_run: bool = Field(default=False, description="Only report what would change.")


def build_replay_job(checks: Mapping[dg.AssetKey, Sequence[Check]], settings: Settings, now: Clock) -> dg.JobDefinition:
    """The job `replay_snapshots`; `checks` are those of all assets, by their keys."""
    keys = {key.path[-1]: key for key in checks}

    @dg.op(description="Read stored bodies with the parsers and rules of now; store captures anew that differ.")
    def read_bodies_again(
        context: dg.OpExecutionContext, config: ReplayConfig, timescaledb: TimescaleDBResource
    ) -> None:
        # It validates with pandas, which takes half a second to load.
        from ticket_pipeline.ingest.replay import REPLAYED, replay_snapshots  # noqa: PLC0415

        with timescaledb.database() as database:
            report = replay_snapshots(
                database,
                settings,
                Span(_moment(config.since, "since", _BEGINNING), _moment(config.until, "until", now())),
                marketplaces=[one for one in REPLAYED if not config.marketplaces or one in config.marketplaces],
                external_ids=config.event_keys or None,
                dry_run=config.dry_run,
                on_progress=lambda done, total: context.log.info("%d of %d bodies read", done, total),
            )
            context.log.info("\n".join(report.describe(dry_run=config.dry_run)))
            for problem in report.problems[:_MOST_LOGGED]:
                context.log.warning(problem)
            context.add_output_metadata(report.counts() | {"fields": dict(report.fields)})
            for name in () if config.dry_run else sorted({marketplace for marketplace, _ in report.keys}):
                key = keys[SOURCES[Marketplace(name)].asset_name]
                tags = in_sync_regardless_of(context, [keys["events"]])
                partitions = sorted(external_id for marketplace, external_id in report.keys if marketplace == name)
                log_materializations(
                    context, [dg.AssetMaterialization(key, partition=each, tags=tags) for each in partitions]
                )
                # Dagster hides the results of checks of before.
                for result in evaluate_checks(
                    context.instance, key, database, checks[key], Scope.full(now(), context.run_id)
                ):
                    report_result(context.instance, key, result)

    @dg.job(
        description="Read stored bodies again, after a fix of a parser, of the venue map or of the rules of what is a "
        "seat: captures that differ are stored anew, changes and sales follow, and prices when rebuild_stale_prices "
        "rebuilds their hours. Name a span and events in the Launchpad."
    )
    def replay_snapshots() -> None:
        read_bodies_again()

    return replay_snapshots


def _moment(text: str, name: str, default: datetime) -> datetime:
    try:
        moment = datetime.fromisoformat(text) if text else default
    except ValueError:
        raise dg.Failure(
            f"{name}: {text!r} is no moment. Write it as 2026-11-20 or 2026-11-20T06:00 (UTC).", allow_retries=False
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
