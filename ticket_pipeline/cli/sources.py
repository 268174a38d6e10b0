"""`sources`: each marketplace beside the others: on or off, budget, latency, breaker; what fails, and why."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ticket_pipeline.cli.formats import NOTHING, ago, count, largest_unit, parse_duration, plain, until, utc_now
from ticket_pipeline.cli.output import Output, with_formats
from ticket_pipeline.cli.session import describe_pauses, open_migrated
from ticket_pipeline.cli.tables import new_table, show, table_of
from ticket_pipeline.ingest.marketplaces import SOURCES, Source, why_not_polled
from ticket_pipeline.market.vocabulary import Marketplace
from ticket_pipeline.queries.payload_changes import PayloadChange
from ticket_pipeline.queries.source_problems import ErrorClass, RejectReason, SourceProblems, read_source_problems
from ticket_pipeline.queries.sources import Budget, SourceStatus, read_pauses, read_sources
from ticket_pipeline.settings.model import Settings, load_settings

if TYPE_CHECKING:
    from rich.table import Table


_MOST = 3


@with_formats
def sources(
    marketplace: Annotated[
        Marketplace | None,
        typer.Argument(metavar="NAME", help=f"All of one: {', '.join(SOURCES)}. Unset: each, in short."),
    ] = None,
    *,
    since: Annotated[
        timedelta, typer.Option(parser=parse_duration, metavar="DURATION", help="How far back: 24h, 7d.")
    ] = "24h",  # type: ignore[assignment] # typer parses the default
    output: Output,
) -> None:
    """Show each marketplace: switched on or why not, budget, requests and errors, breaker; what fails, and why.

    A budget limits every span of its length: each request frees its place when that span is over, and "resets" is when
    all are free. Budgets of polling leave the rest to people. Requests and errors include those of searches; latency is
    that of events. While a marketplace is paused, or has asked to wait, nothing is sent to it. Rejected listings are
    those of each event's newest capture. Fields are those that the marketplace changed in its payload.

        ticket-pipeline sources
        ticket-pipeline sources stubhub --since 7d
    """
    if marketplace is not None and marketplace not in SOURCES:
        raise typer.BadParameter(f"{marketplace} is not polled: {', '.join(SOURCES)} are")
    settings, this_moment = load_settings(), utc_now()
    names = [marketplace] if marketplace else list(SOURCES)
    with open_migrated(settings) as database:
        statuses = read_sources(database, names, since=this_moment - since, this_moment=this_moment)
        problems = read_source_problems(database, names, this_moment - since)
        pauses = read_pauses(database, this_moment)
    documents = [_document(status, settings) for status in statuses]
    full = [one | asdict(problems[one["marketplace"]]) for one in documents]
    if output.write({"since": this_moment - since, "sources": full}, ([one] for one in documents)):
        return
    off = [f"{one['marketplace']}: {one['obstacle']}" for one in documents if not one["is_on"]]
    show(_table(documents, this_moment, largest_unit(since)), *off, *describe_pauses(pauses, names, this_moment))
    if marketplace:
        _show_problems(problems[marketplace], this_moment)
    else:
        show(*(f"{name}, {text}" for name in names for text in _in_short(problems[name])))


def _show_problems(found: SourceProblems, this_moment: datetime) -> None:
    """All that goes wrong at a marketplace; `sources` without a name has the most frequent of it."""
    if found.failures:
        columns: dict[str, Callable[[ErrorClass], str]] = {
            "Failed": lambda one: one.name,
            ">Attempts": lambda one: count(one.attempts),
            "Last": lambda one: ago(one.last_at, this_moment),
            "Error of the last": lambda one: plain(one.error),
        }
        show("", table_of(found.failures, columns))
    if found.rejects:
        columns_of_rejects: dict[str, Callable[[RejectReason], str]] = {
            "Rejected, newest captures": lambda one: plain(one.reason),
            ">Listings": lambda one: count(one.listings),
            ">Events": lambda one: count(one.events),
        }
        show("", table_of(found.rejects, columns_of_rejects))
    if found.payload_changes:
        columns_of_changes: dict[str, Callable[[PayloadChange], str]] = {
            "Field changed": lambda one: plain(one.field),
            "How": lambda one: one.what,
            "Seen": lambda one: ago(one.detected_at, this_moment),
            "Event": lambda one: plain(one.event_name),
        }
        show("", table_of(found.payload_changes, columns_of_changes))
    if not (found.failures or found.rejects or found.payload_changes):
        show("Nothing failed, no listing was rejected, and no field changed.")


def _in_short(found: SourceProblems) -> Iterator[str]:
    """The most frequent of what goes wrong at a marketplace, a line each."""
    if found.failures:
        named = [f"{count(one.attempts)} {one.name}" for one in found.failures]
        yield f"failed: {_first(named)}. Last: {plain(max(found.failures, key=lambda one: one.last_at).error)}"
    if found.rejects:
        yield f"rejected: {_first([f'{count(one.listings)} x {plain(one.reason)}' for one in found.rejects])}"
    if found.payload_changes:
        yield f"fields changed: {_first([f'{plain(one.field)} ({one.what})' for one in found.payload_changes])}"


def _first(texts: Sequence[str]) -> str:
    return "; ".join(texts[:_MOST]) + (f"; {len(texts) - _MOST} more" if len(texts) > _MOST else "")


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


def _table(documents: Sequence[dict[str, Any]], this_moment: datetime, span: str) -> Table:
    """A column per marketplace: there are many facts and few marketplaces."""
    table = new_table("", *(f">{one['marketplace']}" for one in documents))
    facts: dict[str, Callable[[dict[str, Any]], str]] = {
        "Polled": lambda one: ("simulated" if one["is_simulated"] else "on") if one["is_on"] else "off",
        "Budget per": lambda one: _per_budget(one, _window),
        "  used": lambda one: _per_budget(one, lambda each: f"{count(each.used)} of {count(each.max_requests)}"),
        "  left": lambda one: _per_budget(one, lambda each: count(each.left)),
        "  resets": lambda one: _per_budget(one, lambda each: until(each.resets_at, this_moment)),
        f"Requests, {span}": lambda one: count(one["requests"]),
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
