"""`sources`: each marketplace beside the others: on or off, budget, errors, latency, breaker, last capture.

What belongs here: what is shown of each. What does not: who is polled and why not (`ingest.marketplaces`), and the
counting (`storage.requests`).
"""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Any

from ticket_pipeline.cli.formats import NOTHING, ago, count, largest_unit, plain, until, utc_now
from ticket_pipeline.cli.session import open_migrated
from ticket_pipeline.cli.tables import JsonOption, new_table, show, show_json
from ticket_pipeline.ingest.due import show_asked_wait
from ticket_pipeline.ingest.marketplaces import SOURCES, why_not_polled
from ticket_pipeline.settings.model import load_settings
from ticket_pipeline.storage.cache import read_cache_summary
from ticket_pipeline.storage.requests import summarise_sources

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from rich.table import Table

    from ticket_pipeline.ingest.marketplaces import Source
    from ticket_pipeline.market.vocabulary import Marketplace
    from ticket_pipeline.settings.model import Settings
    from ticket_pipeline.storage.database import Row

_SPAN = timedelta(hours=24)
_CLOSED = "closed"


def sources(*, as_json: JsonOption = False) -> None:
    """Show each marketplace: switched on or why not, budget, requests and errors of the last 24 hours, breaker.

    A budget holds in every span of its length, so it comes back request by request; it resets when the last of them is
    out of it. What polling may use of a budget stands beneath it, the rest is left to what people ask. Requests and
    errors are all that were sent, those of searches too; latency is that of events. Nothing is
    sent before the end of a wait that a marketplace asked for.

        ticket-pipeline sources
    """
    settings = load_settings()
    this_moment = utc_now()
    with open_migrated(settings) as database:
        rows = summarise_sources(database, list(SOURCES), this_moment - _SPAN)
        kept = {row["marketplace"]: row for row in read_cache_summary(database)}
    # The statement's order is the database's; here the marketplaces stand as they are wired.
    found = {name: list(group) for name, group in groupby(rows, key=lambda row: row["marketplace"])}
    documents = [_document(name, found[name], settings, this_moment) | _cache(kept.get(name)) for name in SOURCES]
    if as_json:
        show_json({"since": this_moment - _SPAN, "sources": documents})
    else:
        show(_table(documents, this_moment), *_remarks(documents, this_moment))


def _document(
    marketplace: Marketplace, rows: Sequence[Row], settings: Settings, this_moment: datetime
) -> dict[str, Any]:
    source = SOURCES[marketplace]
    first = rows[0]
    obstacle = why_not_polled(source, settings)
    is_asked = first["asked_until"] is not None and first["asked_until"] > this_moment
    is_paused = first["open_until"] is not None and first["open_until"] > this_moment
    return {
        "marketplace": marketplace,
        "is_on": obstacle is None,
        "obstacle": obstacle,
        "is_simulated": obstacle is None and settings.is_simulated,
        "budgets": [_budget(row) for row in rows if row["budget_window"]] or _unused(source, settings),
        "requests": first["requests"],
        "requests_for_searches": first["searches"],
        "errors": first["errors"],
        "error_rate": first["errors"] / first["requests"] if first["requests"] else None,
        "latency_p50_seconds": first["latency_p50_seconds"],
        "latency_p95_seconds": first["latency_p95_seconds"],
        "breaker": first["state"] or _CLOSED,
        "breaker_reason": first["reason"],
        "open_until": first["open_until"] if is_paused else None,
        "asked_until": first["asked_until"] if is_asked else None,
        "last_success_at": first["last_success_at"],
    }


def _cache(kept: Row | None) -> dict[str, int | None]:
    """Of answers that are kept and used again, today (UTC); null: of this marketplace none are."""
    return {f"cache_{name}": kept[f"{name}_today"] if kept else None for name in ("hits", "misses", "stale")}


def _budget(row: Row) -> dict[str, Any]:
    used, most = row["used"], row["max_requests"]
    return {
        "applies_to": row["applies_to"],
        "window_seconds": row["budget_window"],
        "max_requests": most,
        "used": used,
        "left": max(0, most - used),
        "resets_at": row["resets_at"],
    }


def _unused(source: Source, settings: Settings) -> list[dict[str, Any]]:
    """The budgets of a marketplace that was never asked: those of the settings."""
    limits = {"everybody": source.limits(settings), "polling": source.polling_limits(settings)}
    return [
        {
            "applies_to": applies_to,
            "window_seconds": window,
            "max_requests": most,
            "used": 0,
            "left": most,
            "resets_at": None,
        }
        for applies_to, windows in limits.items()
        for window, most in sorted(windows.items())
    ]


def _table(documents: Sequence[dict[str, Any]], this_moment: datetime) -> Table:
    """A column per marketplace: its facts are many, the marketplaces few."""
    table = new_table("", *(f">{document['marketplace']}" for document in documents))
    facts: dict[str, Callable[[dict[str, Any]], str]] = {
        "Polled": _polled,
        "Budget per": lambda one: _per_budget(one, _window),
        "  used": lambda one: _per_budget(
            one, lambda budget: f"{count(budget['used'])} of {count(budget['max_requests'])}"
        ),
        "  left": lambda one: _per_budget(one, lambda budget: count(budget["left"])),
        "  resets": lambda one: _per_budget(one, lambda budget: until(budget["resets_at"], this_moment)),
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


def _polled(document: dict[str, Any]) -> str:
    if not document["is_on"]:
        return "off"
    return "simulated" if document["is_simulated"] else "on"


def _per_budget(document: dict[str, Any], fact: Callable[[dict[str, Any]], str]) -> str:
    """One line per budget, so that the lines of the rows belong together."""
    return "\n".join(map(fact, document["budgets"])) or NOTHING


def _window(budget: dict[str, Any]) -> str:
    """Its length, and whether it holds for polling only."""
    whose = "polling, " if budget["applies_to"] == "polling" else ""
    return f"{whose}{largest_unit(budget['window_seconds'])}"


def _errors(document: dict[str, Any]) -> str:
    if document["error_rate"] is None:
        return NOTHING
    return f"{count(document['errors'])} ({document['error_rate'] * 100:.1f}%)"


def _seconds(seconds: float | None) -> str:
    return NOTHING if seconds is None else f"{seconds:.2f} s"


def _remarks(documents: Sequence[dict[str, Any]], this_moment: datetime) -> list[str]:
    """Why a marketplace is off, paused or left alone, in whole sentences."""
    off = [f"{each['marketplace']}: {each['obstacle']}" for each in documents if not each["is_on"]]
    paused = [
        f"{each['marketplace']}: its breaker opened; one request is tried {until(each['open_until'], this_moment)}: "
        f"{plain(each['breaker_reason'])} Mended? ticket-pipeline resume {each['marketplace']}"
        for each in documents
        if each["breaker"] != _CLOSED
    ]
    asked = [
        f"{show_asked_wait(each['marketplace'], each['asked_until'], this_moment)}."
        for each in documents
        if each["asked_until"] is not None
    ]
    return off + paused + asked
