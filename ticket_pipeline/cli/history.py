"""`attempts` and `runs`: what was tried, how it ended, and what each run did in figures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from ticket_pipeline.cli.formats import NOTHING, count, parse_duration, plain, utc_now
from ticket_pipeline.cli.options import MarketplaceOption
from ticket_pipeline.cli.output import Output, with_formats
from ticket_pipeline.cli.session import choose_event, open_migrated
from ticket_pipeline.cli.tables import note, screen_width, show, table_of
from ticket_pipeline.queries.runs import LoggedAttempt, RunSummary, read_attempts, read_runs
from ticket_pipeline.settings.model import load_settings

if TYPE_CHECKING:
    from rich.table import Table

SinceOption = Annotated[
    timedelta, typer.Option("--since", parser=parse_duration, metavar="DURATION", help="How far back: 90m, 6h, 30d.")
]
_WIDE = 120
"""Columns of a terminal that has room for stages."""

_SHOWN_SECONDS = 0.05

LimitOption = Annotated[int, typer.Option(min=1, max=10_000, help="So many of the newest.")]


@with_formats
def attempts(
    event: Annotated[
        list[str] | None, typer.Argument(metavar="[EVENT]", help="Its id, or words of its name; unset: all.")
    ] = None,
    *,
    since: SinceOption = "24h",  # type: ignore[assignment] # typer parses the default
    failed: Annotated[bool, typer.Option("--failed", help="Only those without a usable response.")] = False,
    marketplace: MarketplaceOption = None,
    limit: LimitOption = 50,
    output: Output,
) -> None:
    """Show attempts at events, newest first: how each ended, its requests and its error.

    ticket-pipeline attempts --failed --since 1h
    """
    with open_migrated(load_settings()) as database:
        chosen = {one.event_id for one in choose_event(database, event, marketplace)} if event else None
        found = read_attempts(
            database,
            since=utc_now() - since,
            marketplace=marketplace,
            event_ids=chosen,
            failed_only=failed,
            most=limit,
        )
    nothing = f"No attempt {'failed' if failed else 'was made'} in that time."
    if output.write(found, ([one] for one in found), if_empty=nothing):
        return
    if not found:
        note(nothing)
        return
    show(_attempts_table(found))
    for error in dict.fromkeys(one.error for one in found if one.error):
        times = sum(one.error == error for one in found)
        show(f"\n{count(times)} x {plain(error)}")
    if len(found) == limit:
        show(f"\nThe newest {count(limit)}; --limit shows more.")
    show("Times are UTC.")


def _attempts_table(found: Sequence[LoggedAttempt]) -> Table:
    return table_of(
        found,
        {
            "Ended": lambda one: one.finished_at.astimezone(UTC).strftime("%m-%d %H:%M:%S"),
            "Market": lambda one: one.marketplace,
            "Event": lambda one: plain(one.name),
            "Outcome": lambda one: one.outcome,
            ">HTTP": lambda one: str(one.status or NOTHING),
            ">Tries": lambda one: count(one.tries),
            ">Secs": lambda one: NOTHING if one.latency_seconds is None else f"{one.latency_seconds:.1f}",
            ">Listings": lambda one: count(one.listings),
        },
    )


@with_formats
def runs(
    *,
    since: SinceOption = "24h",  # type: ignore[assignment] # typer parses the default
    job: Annotated[str | None, typer.Option(metavar="NAME", help="Only of this job, such as poll_stubhub.")] = None,
    limit: LimitOption = 30,
    output: Output,
) -> None:
    """Show what Dagster's runs did, newest first: events, requests, listings, seconds by stage, peak memory.

    A run is here once it has ended. Its log and steps are in the Dagster UI.

        ticket-pipeline runs --since 2h
    """
    with open_migrated(load_settings()) as database:
        found = read_runs(database, since=utc_now() - since, job_name=job, most=limit)
    nothing = "No run ended in that time."
    if output.write(found, ([one] for one in found), if_empty=nothing):
        return
    if not found:
        note(nothing)
        return
    show(_runs_table(found))
    beside = "Stages run beside each other: their seconds may exceed those of the run."
    show(f"Times are UTC. {beside if screen_width() >= _WIDE else 'A wider terminal and --json show the stages, too.'}")


def _runs_table(found: Sequence[RunSummary]) -> Table:
    stages: dict[str, Callable[[RunSummary], str]] = {"Stages": _stages}
    return table_of(
        found,
        {
            "Ended": lambda one: one.finished_at.astimezone(UTC).strftime("%m-%d %H:%M"),
            "Run": lambda one: one.run_id[:8],
            "Job": lambda one: "by hand" if one.job_name == "__ASSET_JOB" else one.job_name,
            ">Events": _events,
            ">Req": lambda one: count(one.requests),
            ">Listings": lambda one: count(one.listings),
            ">Secs": lambda one: f"{(one.finished_at - one.started_at).total_seconds():.1f}",
            ">MB": lambda one: f"{one.peak_memory_bytes / 1e6:.0f}",
            **(stages if screen_width() >= _WIDE else {}),
        },
    )


def _stages(one: RunSummary) -> str:
    longest_first = sorted(one.stage_seconds.items(), key=lambda item: -item[1])
    return " ".join(f"{name} {seconds:.1f}" for name, seconds in longest_first if seconds >= _SHOWN_SECONDS)


def _events(one: RunSummary) -> str:
    failed = f" ({count(one.failed_events)} failed)" if one.failed_events else ""
    return f"{count(one.events)}{failed}"
