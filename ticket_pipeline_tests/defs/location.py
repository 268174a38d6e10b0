"""The code location over a throw-away Dagster instance, a marketplace on loopback, and a clock that stands still."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from ticket_pipeline.definitions import build_defs, checks_by_asset
from ticket_pipeline.defs.checks import Scope
from ticket_pipeline.defs.resources import build_resources
from ticket_pipeline.ingest.marketplaces import SOURCES
from ticket_pipeline.market.sale_rates import DEFAULT_SALE_RULES
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.storage.prices import DAY, Span, rebuild_daily, rebuild_hourly
from ticket_pipeline.storage.sales import update_sales
from ticket_pipeline_tests.ingest.loopback import Loopback
from ticket_pipeline_tests.ingest.scripted import answer_about, ingest_of, listing

_CHECKS = checks_by_asset([SOURCES[Marketplace.STUBHUB]], Settings())
CHECKS = {check.name: asset for asset, checks in _CHECKS.items() for check in checks}
"""Check → its asset; of the marketplaces only StubHub, which has the events of these tests."""

RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"


@dataclass
class Location:
    """Definitions of one pipeline, and the instance they run on.

    Attributes:
        now: the time of the pipeline's clock; assign to it to let time pass.
        settings: those of the pipeline; assign to change them.
    """

    loopback: Loopback
    instance: dg.DagsterInstance
    settings: Settings
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    _built: tuple[Settings, dg.Definitions] | None = None

    @property
    def defs(self) -> dg.Definitions:
        """The definitions of the settings, built once."""
        if self._built is None or self._built[0] is not self.settings:
            self._built = self.settings, build_defs(self.settings, now=lambda: self.now)
        return self._built[1]

    @property
    def hour(self) -> datetime:
        """The start of the hour under way."""
        return self.now.replace(minute=0, second=0, microsecond=0)

    def run(
        self,
        job: str,
        *,
        config: dict[str, Any] | None = None,
        partition: str | None = None,
        span: tuple[str, str] | None = None,
        tags: dict[str, str] | None = None,
    ) -> dg.ExecuteInProcessResult:
        """Run a job with the config of its only asset or op, one partition, or a span of partitions."""
        definition = self.defs.resolve_job_def(job)
        assets = [node.name for node in definition.nodes]
        return definition.execute_in_process(
            instance=self.instance,
            run_config={"ops": {asset: {"config": config} for asset in assets}} if config is not None else None,
            partition_key=partition,
            tags=(tags or {}) | ({RANGE_START: span[0], RANGE_END: span[1]} if span else {}),
            raise_on_error=False,
        )

    def tick(self, sensor: str, cursor: str | None = None) -> dg.SensorResult | dg.SkipReason:
        """Evaluate a sensor once."""
        resources = build_resources(self.settings)
        with dg.build_sensor_context(instance=self.instance, cursor=cursor, resources=resources) as context:
            tick = self.defs.resolve_sensor_def(sensor).evaluate_tick(context)
        if not tick.run_requests:
            return dg.SkipReason(tick.skip_message)
        return dg.SensorResult(run_requests=tick.run_requests, cursor=tick.cursor)

    def skip_reason(self, sensor: str, cursor: str | None = None) -> str:
        """Why a sensor starts no run."""
        result = self.tick(sensor, cursor)
        assert isinstance(result, dg.SkipReason)
        return result.skip_message or ""

    def request(self, sensor: str, cursor: str | None = None) -> tuple[dg.RunRequest, str | None]:
        """The one run that a sensor requests, and its new cursor."""
        result = self.tick(sensor, cursor)
        assert isinstance(result, dg.SensorResult)
        (request,) = result.run_requests or []
        return request, result.cursor

    def looks(self) -> dict[str, dg.AssetCheckResult]:
        """Every data check, evaluated without a run."""
        scope, database = Scope.full(self.now, "a test"), self.loopback.database
        return {check.name: check.evaluate(database, scope) for found in _CHECKS.values() for check in found}

    def red(self) -> set[str]:
        """The checks that fail now."""
        return {name for name, result in self.looks().items() if not result.passed}

    def last_evaluation(self, asset: str, check: str) -> bool | None:
        """Whether a check passed when it was last evaluated; None if it never was."""
        key = dg.AssetCheckKey(dg.AssetKey(asset), check)
        record = self.instance.get_latest_asset_check_evaluation_record(key)
        evaluation = record.evaluation if record else None
        return evaluation.passed if isinstance(evaluation, dg.AssetCheckEvaluation) else None

    def capture(self, key: str, at: datetime, *prices: float, **changes: object) -> None:
        """Store a capture of one event: a listing of two tickets for each price."""
        items = [listing(number, price, **changes) for number, price in enumerate(prices, 1)]
        (result,) = ingest_of(self.loopback).store([answer_about(self.loopback, key, at, *items)])
        assert not result.is_failure
        update_sales(self.loopback.database, DEFAULT_SALE_RULES)

    def build_prices(self) -> None:
        """Build the prices of today and yesterday, without a run."""
        midnight = self.hour.replace(hour=0)
        span = Span(midnight - DAY, midnight + DAY)
        rebuild_hourly(self.loopback.database, span)
        rebuild_daily(self.loopback.database, span.start.date(), span.end.date())

    def rebuild_everything(self) -> None:
        """Tick the rebuild sensor and run its requests until it skips."""
        while isinstance(result := self.tick("rebuild_stale_prices"), dg.SensorResult):
            (request,) = result.run_requests or []
            assert self.run(request.job_name or "", tags=dict(request.tags)).success


def materializations(
    result: dg.ExecuteInProcessResult, instance: dg.DagsterInstance, asset: str | None = None
) -> dict[str | None, dict[str, Any]]:
    """Partition → metadata of each materialization of a run (of one asset), as the instance recorded it."""
    entries = instance.all_logs(result.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    events = [entry.get_dagster_event() for entry in entries]
    return {
        event.partition: {
            name: value.value for name, value in event.step_materialization_data.materialization.metadata.items()
        }
        for event in events
        if asset is None or (event.asset_key is not None and event.asset_key.path[-1] == asset)
    }


def evaluations(result: dg.ExecuteInProcessResult) -> dict[str, bool]:
    """Check → whether it passed, of those that a run evaluated."""
    return {each.check_name: each.passed for each in result.get_asset_check_evaluations()}


def failure_of(result: dg.ExecuteInProcessResult) -> str:
    assert not result.success
    (event,) = [event for event in result.all_events if event.is_step_failure]
    error = event.step_failure_data.user_failure_data
    assert error is not None
    return error.description or ""


def hour_key(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d-%H:%M")
