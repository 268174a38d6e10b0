"""`plan`: how many requests the watchlist will make, beside what the budgets allow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from ticket_pipeline.cli.formats import count, utc_now
from ticket_pipeline.cli.options import IntervalHours
from ticket_pipeline.cli.output import Output, with_formats
from ticket_pipeline.cli.session import describe_pauses, open_migrated
from ticket_pipeline.cli.tables import new_table, note, show
from ticket_pipeline.ingest.forecast import Forecast, PlannedEvent, forecast_polls
from ticket_pipeline.ingest.marketplaces import SOURCES, Source, why_not_polled
from ticket_pipeline.ingest.poll import build_cadence
from ticket_pipeline.queries.events import read_events
from ticket_pipeline.queries.sources import read_pauses
from ticket_pipeline.settings.model import Settings, load_settings

_DAY = timedelta(days=1)
_SPANS = {"day": _DAY, "hour": timedelta(hours=1), "minute": timedelta(minutes=1)}


@with_formats
def plan(
    *,
    days: Annotated[int, typer.Option(min=1, max=90, help="How many days to look ahead.")] = 14,
    interval_hours: IntervalHours = None,
    output: Output,
) -> None:
    """Show how many requests per day the watchlist will make, per marketplace, beside the budget.

    Events are polled more often the nearer they are, and the plan follows that. It warns where it exceeds a budget:
    events are then polled late. A poll that finds a recent response in the cache sends nothing and is not counted.
    `--interval-hours` tries another interval.

        ticket-pipeline plan --days 30 --interval-hours 6
    """
    settings = load_settings(**({} if interval_hours is None else {"base_scrape_interval_hours": interval_hours}))
    start, cadence = utc_now(), build_cadence(settings)
    with open_migrated(settings) as database:
        upcoming = [event for event in read_events(database, tracked_only=True) if event.event_at > start]
        pauses = read_pauses(database, start)
    plans = []
    for name, source in SOURCES.items():
        events = [
            PlannedEvent(event.event_at, event.next_due_at or start, event.sheet_interval)
            for event in upcoming
            if event.marketplace is name
        ]
        forecast = forecast_polls(events, cadence, start=start, days=days, kept_for=source.kept_for(settings))
        plans.append(_document(source, settings, len(events), forecast))
    if output.write({"start": start, "days": days, "marketplaces": plans}, ([one] for one in plans)):
        return
    _show(plans, start, settings.httpx_retries + 1)
    for warning in [*describe_pauses(pauses, SOURCES, start), *(text for one in plans for text in one["warnings"])]:
        note(f"Warning: {warning}")


def _document(source: Source, settings: Settings, events: int, forecast: Forecast) -> dict[str, Any]:
    # Where polling has a share of its own, that is what a plan must fit into.
    limits = dict(source.limits(settings)) | dict(source.polling_limits(settings))
    obstacle = why_not_polled(source, settings)
    document = {
        "marketplace": source.marketplace,
        "is_polled": obstacle is None,
        "obstacle": obstacle,
        "events": events,
        "requests_by_day": forecast.by_day,
        "busiest_hour_at": forecast.busiest_hour_at,
        "requests_busiest_day": forecast.busiest_day,
        "requests_busiest_hour": forecast.busiest_hour,
        "requests_busy_minute": forecast.busy_minute(),
        **{f"budget_per_{name}": _allowed(limits, span) for name, span in _SPANS.items()},
    }
    return document | {"warnings": list(_warnings(document))}


def _allowed(limits: Mapping[timedelta, int], span: timedelta) -> int | None:
    """How many requests all budgets together let through in a span of time; None: any number."""
    return min((int(most * max(1.0, span / window)) for window, most in limits.items()), default=None)


def _warnings(plan: Mapping[str, Any]) -> Iterator[str]:
    """Where a plan exceeds the budget of a day or an hour, and where nothing will be sent."""
    for span in ("day", "hour"):
        wanted, allowed = plan[f"requests_busiest_{span}"], plan[f"budget_per_{span}"]
        if allowed is not None and wanted > allowed:
            yield (
                f"{plan['marketplace']}: {count(wanted)} requests in the busiest {span}, and the budget allows "
                f"{count(allowed)}. Events will be polled late: raise BASE_SCRAPE_INTERVAL_HOURS, follow fewer events, "
                "or raise the budget if the marketplace allows more."
            )
    if plan["obstacle"] is not None and plan["events"]:
        yield f"{plan['marketplace']}: none of these requests will be sent, {plan['obstacle']}"


def _show(plans: Sequence[Mapping[str, Any]], start: datetime, most_tries: int) -> None:
    summary = new_table("Marketplace", ">Events", ">Busiest day", ">Busiest hour", ">Busy minute")
    for one in plans:
        uses = (("busiest_day", "day"), ("busiest_hour", "hour"), ("busy_minute", "minute"))
        cells = (f"{count(one[f'requests_{busy}'])} of {count(one[f'budget_per_{span}'])}" for busy, span in uses)
        summary.add_row(one["marketplace"], count(one["events"]), *cells)
    by_day = new_table("24 hours from (UTC)", *(f">{one['marketplace']}" for one in plans))
    for number, polls in enumerate(zip(*(one["requests_by_day"] for one in plans), strict=True)):
        by_day.add_row(f"{start + number * _DAY:%Y-%m-%d %H:%M}", *map(count, polls))
    legend = (
        "Requests of what the budget allows. A busy minute is one in a thousand of the busiest hour; beyond its budget "
        f"some polls wait for the next minute. Retries come on top: a fetch that fails sends up to {most_tries}."
    )
    show(summary, legend, by_day)
