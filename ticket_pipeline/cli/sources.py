"""`sources`: each marketplace beside the others: on or off, budget, errors, latency, breaker, last capture."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ticket_pipeline.cli.formats import NOTHING, ago, count, largest_unit, plain, until, utc_now
from ticket_pipeline.cli.output import Output, with_formats
from ticket_pipeline.cli.session import describe_pauses, open_migrated
from ticket_pipeline.cli.tables import new_table, show
from ticket_pipeline.ingest.marketplaces import SOURCES, Source, why_not_polled
from ticket_pipeline.queries.sources import Budget, SourceStatus, read_pauses, read_sources
from ticket_pipeline.settings.model import Settings, load_settings

if TYPE_CHECKING:
    from rich.table import Table


_SPAN = timedelta(hours=24)


@with_formats
def sources(*, output: Output) -> None:
    """Show each marketplace: switched on or why not, budget, requests and errors of the last 24 hours, breaker.

    A budget limits every span of its length: each request frees its place when that span is over, and "resets" is when
    all are free. Budgets of polling leave the rest to people. Requests and errors include those of searches; latency is
    that of events. While a marketplace is paused, or has asked to wait, nothing is sent to it.

        ticket-pipeline sources
    """
    settings, this_moment = load_settings(), utc_now()
    with open_migrated(settings) as database:
        statuses = read_sources(database, list(SOURCES), since=this_moment - _SPAN, this_moment=this_moment)
        pauses = read_pauses(database, this_moment)
    documents = [_document(status, settings) for status in statuses]
    if output.write({"since": this_moment - _SPAN, "sources": documents}, ([one] for one in documents)):
        return
    off = [f"{one['marketplace']}: {one['obstacle']}" for one in documents if not one["is_on"]]
    errors = [f"{one['marketplace']}, last error: {plain(one['last_error'])}" for one in documents if one["last_error"]]
    show(_table(documents, this_moment), *off, *describe_pauses(pauses, SOURCES, this_moment), *errors)


def _document(status: SourceStatus, settings: Settings) -> dict[str, Any]:
    source = SOURCES[status.marketplace]
    obstacle = why_not_polled(source, settings)
    switch = {"is_on": obstacle is None, "obstacle": obstacle}
    switch["is_simulated"] = obstacle is None and settings.is_simulated
    return asdict(status) | switch | {"budgets": status.budgets or _unused(source, settings)}


def _unused(source: Source, settings: Settings) -> list[Budget]:
    """The budgets of a marketplace to which nothing was sent: those of the settings."""
    limits = {"everybody": source.limits(settings), "polling": source.polling_limits(settings)}
    return [
        Budget(applies_to, window, most, 0, most, None)
        for applies_to, windows in limits.items()
        for window, most in sorted(windows.items())
    ]


def _table(documents: Sequence[dict[str, Any]], this_moment: datetime) -> Table:
    """A column per marketplace: there are many facts and few marketplaces."""
    table = new_table("", *(f">{one['marketplace']}" for one in documents))
    facts: dict[str, Callable[[dict[str, Any]], str]] = {
        "Polled": lambda one: ("simulated" if one["is_simulated"] else "on") if one["is_on"] else "off",
        "Budget per": lambda one: _per_budget(one, _window),
        "  used": lambda one: _per_budget(one, lambda each: f"{count(each.used)} of {count(each.max_requests)}"),
        "  left": lambda one: _per_budget(one, lambda each: count(each.left)),
        "  resets": lambda one: _per_budget(one, lambda each: until(each.resets_at, this_moment)),
        "Requests, 24 h": lambda one: count(one["requests"]),
        "  for searches": lambda one: count(one["requests_for_searches"]),
        "  errors": _errors,
        "Latency p50": lambda one: _seconds(one["latency_p50_seconds"]),
        "  p95": lambda one: _seconds(one["latency_p95_seconds"]),
        "Breaker": lambda one: one["breaker"].replace("_", " "),
        "Asked to wait": lambda one: until(one["asked_until"], this_moment),
        "Last capture": lambda one: ago(one["last_success_at"], this_moment),
        "Cache hits": lambda one: count(one["cache_hits"]),
        "  misses": lambda one: count(one["cache_misses"]),
        "  stale": lambda one: count(one["cache_stale"]),
    }
    for name, fact in facts.items():
        table.add_row(name, *map(fact, documents))
    return table


def _per_budget(document: dict[str, Any], fact: Callable[[Budget], str]) -> str:
    """One line per budget, so that the lines of the rows belong together."""
    return "\n".join(map(fact, document["budgets"])) or NOTHING


def _window(budget: Budget) -> str:
    whose = "polling, " if budget.applies_to == "polling" else ""
    return f"{whose}{largest_unit(budget.window_seconds)}"


def _errors(document: dict[str, Any]) -> str:
    if document["error_rate"] is None:
        return NOTHING
    return f"{count(document['errors'])} ({document['error_rate'] * 100:.1f}%)"


def _seconds(seconds: float | None) -> str:
    return NOTHING if seconds is None else f"{seconds:.2f} s"
