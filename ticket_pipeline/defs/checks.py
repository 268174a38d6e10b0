"""The data checks as values: what each looks for, and which data it looks at.

What belongs here: what a check is, and how a run or the job `check_data` evaluates one. What does not: the checks
themselves (`checks` of each layer), and how offenders are shown (`check_results`).

An asset evaluates its checks at the end of the run that wrote it: Dagster hides the result of a check as soon as its
asset is materialized after it. That look covers what the run wrote; after a red result it covers two days, so that red
stays until the data is right. `check_data` covers two days in any case.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Self

import dagster as dg

from ticket_pipeline.defs.check_results import Offender, as_markdown
from ticket_pipeline.defs.resources import Clock, TimescaleDBResource
from ticket_pipeline.storage.database import Database
from ticket_pipeline.storage.quality import MOST_FOUND
from ticket_pipeline.storage.run_summaries import stage

_FULL_SPAN = timedelta(days=2)
_LATEST = 5
"""Evaluations among which the last one that ended is looked for: those of runs under way have no result yet."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The data that a check looks at: [since, until) in aware UTC.

    Attributes:
        salt: another one draws another sample.
        is_full: whether it is all that a check ever looks at, not only what one run wrote.
    """

    since: datetime
    until: datetime
    now: datetime
    salt: str
    is_full: bool = False

    @classmethod
    def full(cls, now: datetime, salt: str) -> Self:
        """The last two days: older data was checked when it was written."""
        return cls(now - _FULL_SPAN, now, now, salt, is_full=True)


class Found(NamedTuple):
    """What a check found: the offenders, and where it counts them, how many things it compared."""

    offenders: Sequence[Offender]
    compared: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A data check.

    Attributes:
        name: a sentence that is true when the check is green.
        description: the same for the catalog.
        wrong: what is wrong with the offenders, as the beginning of a sentence.
        remedy: what to do about it, as the end of the sentence.
        find: finds the offenders; reads a bounded amount.
    """

    name: str
    description: str
    severity: dg.AssetCheckSeverity
    wrong: str
    remedy: str
    find: Callable[[Database, Scope], Found]

    def evaluate(self, database: Database, scope: Scope) -> dg.AssetCheckResult:
        """Look at the data of a scope."""
        offenders, compared = self.find(database, scope)
        count = f"{len(offenders):,}" + (" or more" if len(offenders) >= MOST_FOUND else "")
        counts = {"offenders": len(offenders)} | ({} if compared is None else {"compared": compared})
        return dg.AssetCheckResult(
            passed=not offenders,
            severity=self.severity,
            check_name=self.name,
            description=f"{self.wrong} ({count} found): {self.remedy}." if offenders else None,
            metadata={**counts, "shown": dg.MetadataValue.md(as_markdown(offenders))},
        )


def specs_of(asset: str, checks: Sequence[Check]) -> list[dg.AssetCheckSpec]:
    """The checks as an asset declares them."""
    return [dg.AssetCheckSpec(check.name, asset=asset, description=check.description) for check in checks]


def evaluate_in_run(
    context: dg.AssetExecutionContext, database: Database, checks: Sequence[Check], written: Scope
) -> Iterator[dg.AssetCheckResult]:
    """Evaluate the checks of an asset after its last materialization of a run, which wrote `written`."""
    return evaluate_checks(context.instance, context.asset_key, database, checks, written)


def evaluate_checks(
    instance: dg.DagsterInstance, asset: dg.AssetKey, database: Database, checks: Sequence[Check], written: Scope
) -> Iterator[dg.AssetCheckResult]:
    """Evaluate the checks of an asset over what was just written of it; a red one looks at two days."""
    full = Scope.full(written.now, written.salt)
    for check in checks:
        was_red = _was_red(instance, dg.AssetCheckKey(asset, check.name))
        with stage("checks"):
            result = check.evaluate(database, full if was_red else written)
        yield result


def report_result(instance: dg.DagsterInstance, asset: dg.AssetKey, result: dg.AssetCheckResult) -> None:
    """Record the result of a check of an asset that is not the one of this step."""
    instance.report_runless_asset_event(
        dg.AssetCheckEvaluation(
            asset_key=asset,
            check_name=str(result.check_name),
            passed=result.passed,
            severity=result.severity,
            description=result.description,
            metadata=result.metadata,
        )
    )


def build_check_job(checks: Mapping[dg.AssetKey, Sequence[Check]], now: Clock) -> dg.JobDefinition:
    """The job `check_data`: every check over the last two days, whichever run wrote the data.

    One op evaluates all of them: a step for each would cost ten times as much. It fails where a check is red, so that
    the failed run is an incident, and the run that finds all right again ends it.
    """

    @dg.op(name="evaluate_checks", description="Evaluate every data check.")
    def evaluate(context: dg.OpExecutionContext, timescaledb: TimescaleDBResource) -> None:
        scope, red = Scope.full(now(), context.run_id), []
        with timescaledb.database() as database:
            for asset, checks_of_asset in checks.items():
                for check in checks_of_asset:
                    result = check.evaluate(database, scope)
                    report_result(context.instance, asset, result)
                    if not result.passed and result.severity is dg.AssetCheckSeverity.ERROR:
                        red.append(f"{check.name}: {result.description}")
        if red:
            raise dg.Failure(f"Data checks are red. {' '.join(red)}", allow_retries=False)

    @dg.job(description="Evaluate every data check of the watchlist, snapshots and prices, over the last two days.")
    def check_data() -> None:
        evaluate()

    return check_data


def _was_red(instance: dg.DagsterInstance, key: dg.AssetCheckKey) -> bool:
    records = instance.event_log_storage.get_asset_check_execution_history(key, limit=_LATEST)
    ended = [record.evaluation for record in records if isinstance(record.evaluation, dg.AssetCheckEvaluation)]
    return bool(ended) and not ended[0].passed
