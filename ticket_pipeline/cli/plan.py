"""`plan`: how many requests the watchlist will make, beside what the budgets allow."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ticket_pipeline.cli.formats import count, utc_now
from ticket_pipeline.cli.session import open_migrated
from ticket_pipeline.cli.tables import JsonOption, new_table, note, show, show_json
from ticket_pipeline.ingest.forecast import Forecast, PlannedEvent, forecast_polls
from ticket_pipeline.ingest.marketplaces import SOURCES, why_not_polled
from ticket_pipeline.ingest.poll import build_cadence
from ticket_pipeline.settings.model import load_settings
from ticket_pipeline.storage.watchlist import read_events

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from rich.table import Table

    from ticket_pipeline.market.vocabulary import Marketplace
    from ticket_pipeline.settings.model import Settings
    from ticket_pipeline.storage.database import Row

IntervalHours = Annotated[
    float | None,
    typer.Option(min=0.01, max=168, help="Interval of an event far ahead, hours; unset: as the settings say."),
]

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)


def plan(
    *,
    days: Annotated[int, typer.Option(min=1, max=90, help="How many days to look ahead.")] = 14,
    interval_hours: IntervalHours = None,
    as_json: JsonOption = False,
) -> None:
    """Show how many requests per day the watchlist will make, per marketplace, beside the budget.

    Events are polled the oftener the nearer they are; events that come nearer in these days are counted so. Warns where
    the plan is more than a budget allows: events are then polled late. A poll that finds a young enough answer kept
    sends nothing and is not counted. `--interval-hours` tries another interval.

        ticket-pipeline plan --days 30 --interval-hours 6
    """
    overrides = {} if interval_hours is None else {"base_scrape_interval_hours": interval_hours}
    settings = load_settings(**overrides)
    with open_migrated(settings) as database:
        rows = read_events(database, tracked_only=True)
    start = utc_now()
    cadence = build_cadence(settings)
    planned = _planned(rows, start)
    forecasts = {
        name: forecast_polls(events, cadence, start=start, days=days, kept_for=SOURCES[name].kept_for(settings))
        for name, events in planned.items()
    }
    documents = [_document(name, len(planned[name]), forecast, settings) for name, forecast in forecasts.items()]
    if as_json:
        show_json({"start": start, "days": days, "marketplaces": documents})
        return
    show(_summary(documents), _legend(settings), _days_table(forecasts, start))
    for document in documents:
        for warning in document["warnings"]:
            note(f"Warning: {warning}")


def _planned(rows: Sequence[Row], start: datetime) -> dict[Marketplace, list[PlannedEvent]]:
    """The followed events still to come, by marketplace that can be polled."""
    return {
        marketplace: [
            PlannedEvent(row["event_at"], row["next_due_at"] or start, row["sheet_interval"])
            for row in rows
            if row["marketplace"] == marketplace and row["event_at"] > start
        ]
        for marketplace in SOURCES
    }


def _document(marketplace: Marketplace, events: int, forecast: Forecast, settings: Settings) -> dict[str, Any]:
    source = SOURCES[marketplace]
    # Where polling has a share of its own, that is what a plan must fit into.
    limits = dict(source.limits(settings)) | dict(source.polling_limits(settings))
    per_day = min((int(most * (_DAY / window)) for window, most in limits.items()), default=None)
    document = {
        "marketplace": marketplace,
        "is_polled": why_not_polled(source, settings) is None,
        "obstacle": why_not_polled(source, settings),
        "events": events,
        "requests_by_day": list(forecast.by_day),
        "requests_busiest_day": forecast.busiest_day,
        "budget_per_day": per_day,
        "busiest_hour_at": forecast.busiest_hour_at,
        "requests_busiest_hour": forecast.busiest_hour,
        "budget_per_hour": _within(limits, _HOUR),
        "requests_busy_minute": forecast.busy_minute(),
        "budget_per_minute": _within(limits, _MINUTE),
    }
    return document | {"warnings": _warnings(document)}


def _within(limits: Mapping[timedelta, int], span: timedelta) -> int | None:
    """How many requests all budgets together let through in a span of time."""
    return min((int(most * max(1.0, span / window)) for window, most in limits.items()), default=None)


def _warnings(document: Mapping[str, Any]) -> list[str]:
    warnings = [
        f"{document['marketplace']}: {count(wanted)} requests in the busiest {span}, and the budget allows "
        f"{count(allowed)}. Events will be polled late: raise BASE_SCRAPE_INTERVAL_HOURS, follow fewer events, or "
        "raise the budget if the marketplace allows more."
        for span, wanted, allowed in (
            ("day", document["requests_busiest_day"], document["budget_per_day"]),
            ("hour", document["requests_busiest_hour"], document["budget_per_hour"]),
        )
        if allowed is not None and wanted > allowed
    ]
    minute, per_minute = document["requests_busy_minute"], document["budget_per_minute"]
    if not warnings and per_minute is not None and minute > per_minute:
        warnings.append(
            f"{document['marketplace']}: a busy minute wants {count(minute)} requests, and the budget allows "
            f"{count(per_minute)}. Some polls wait for the next minute; no event is missed."
        )
    if document["obstacle"] is not None and document["events"]:
        warnings.append(f"{document['marketplace']}: none of these requests will be sent, {document['obstacle']}")
    return warnings


def _summary(documents: Sequence[Mapping[str, Any]]) -> Table:
    table = new_table("Marketplace", ">Events", ">Busiest day", ">Busiest hour", ">Busy minute")
    for document in documents:
        wants = [document[f"requests_{name}"] for name in ("busiest_day", "busiest_hour", "busy_minute")]
        allows = [document[f"budget_per_{name}"] for name in ("day", "hour", "minute")]
        table.add_row(
            document["marketplace"],
            count(document["events"]),
            *(f"{count(want)} of {count(allow)}" for want, allow in zip(wants, allows, strict=True)),
        )
    return table


def _legend(settings: Settings) -> str:
    return (
        "Requests of what the budget allows. A busy minute is one in a thousand of the busiest hour. Retries come on "
        f"top: a fetch that fails sends up to {settings.http_max_tries}."
    )


def _days_table(forecasts: Mapping[Marketplace, Forecast], start: datetime) -> Table:
    table = new_table("24 hours from (UTC)", *(f">{marketplace}" for marketplace in forecasts))
    days = zip(*(forecast.by_day for forecast in forecasts.values()), strict=True)
    for number, polls in enumerate(days):
        table.add_row(f"{start + number * _DAY:%Y-%m-%d %H:%M}", *map(count, polls))
    return table
