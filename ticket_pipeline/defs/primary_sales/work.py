"""What making each table of primary sales means, apart from who starts it: an asset, or a step of a pipeline.

What belongs here: one function per table that does the work and returns what the catalog shows of it. What does not:
partitions and dependencies (`assets.primary_sales`), and when a step runs (`pipelines`).
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import dagster as dg

from ticket_pipeline.defs.resources import Clock, VivenuResource
from ticket_pipeline.primary_sales import ingest as polling
from ticket_pipeline.primary_sales.charts import bars, by_steps, pyramid, sparkline
from ticket_pipeline.primary_sales.figures import show_money, show_pace, show_revenue, show_share
from ticket_pipeline.primary_sales.ingest_tickets import TicketsReport, sync_vivenu_tickets
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.storage import ticket_sales as store
from ticket_pipeline.storage.database import Database

EVENT_KEYS = "vivenu_events"
"""The partition set of the organiser's events, keyed by vivenu's ids."""

POOL = "vivenu"
"""Dagster's pool of all that asks vivenu: as many at once as `dagster.yaml` allows, over all runs."""

ASKING = frozenset({"vivenu_events", "vivenu_tickets", "vivenu_coupons"})
"""The tables in that pool."""

_MOST_NAMED = 20
_CHART_WIDTH = 16
"""Characters: Dagster shows charts of less than 1,000 characters in place, larger ones behind a link only."""

Metadata = dict[str, dg.MetadataValue | float | int | str]


@dataclass(frozen=True)
class Work:
    """What a piece of work is given.

    Attributes:
        context: of the asset or the step; logs and events go there.
        vivenu: the resource; its settings hold.
        now: the clock, aware UTC.
        event_keys: whose tickets are read; empty: every listed event's.
        full: read whole sets.
        skip_fetch: send no request; only `vivenu_coupons` has anything to do then beside reading.
    """

    context: dg.OpExecutionContext | dg.AssetExecutionContext
    vivenu: VivenuResource
    now: Clock
    event_keys: Sequence[str] = field(default_factory=list)
    full: bool = False
    skip_fetch: bool = False

    @property
    def settings(self) -> Settings:
        """The settings, with those of the resource."""
        return self.vivenu.settings_in_use()


def make_events(work: Work, database: Database) -> Metadata:
    """Read the events and register their ids as partitions."""
    report = asyncio.run(polling.sync_vivenu_events(database, work.settings, open_client=work.vivenu.client))
    instance = work.context.instance
    known = set(instance.get_dynamic_partitions(EVENT_KEYS))
    if new := [key for key in report.keys if key not in known]:
        instance.add_dynamic_partitions(EVENT_KEYS, new)
    problems = [f"- {key}: {' · '.join(texts)}" for key, texts in report.problems.items()]
    metadata: Metadata = {
        "events": len(report.keys),
        "new": len(new),
        "ticket_types": report.ticket_types,
        "problems": dg.MetadataValue.md("\n".join(problems) or "none"),
    }
    return metadata | _rejected(report.unreadable)


def make_tickets(work: Work, database: Database) -> Metadata:
    """Read the tickets of events: one materialization for each as it is stored.

    Raises:
        dg.Failure: an event could not be read; all were tried, and the message names each.
    """

    def tell(report: TicketsReport) -> None:
        if report.error is not None:
            work.context.log.warning("%s %s: %s", report.event_id, report.name, report.error)
            return
        metadata = _of_tickets(report)
        work.context.log_event(dg.AssetMaterialization("vivenu_tickets", partition=report.event_id, metadata=metadata))

    reports = asyncio.run(
        sync_vivenu_tickets(
            database,
            work.settings,
            work.event_keys or None,
            now=work.now,
            open_client=work.vivenu.client,
            full=work.full,
            on_report=tell,
        )
    )
    failed = [f"{report.event_id} {report.name}: {report.error}" for report in reports if report.error is not None]
    if failed:
        more = f"\n… and {len(failed) - _MOST_NAMED} more" if len(failed) > _MOST_NAMED else ""
        raise dg.Failure(
            f"The tickets of {len(failed)} of {len(reports)} events could not be read; the others are stored.\n"
            + "\n".join(failed[:_MOST_NAMED])
            + more,
            allow_retries=any(report.error.is_transient for report in reports if report.error is not None),
        )
    return {
        "events": len(reports),
        "received": sum(report.received for report in reports),
        "changed": sum(report.stored.total for report in reports),
    }


def make_coupons(work: Work, database: Database) -> Metadata:
    """Read coupons and who used them, and reckon their money."""
    metadata: Metadata = {}
    if not work.skip_fetch:
        report = asyncio.run(
            polling.sync_vivenu_coupons(database, work.settings, full=work.full, open_client=work.vivenu.client)
        )
        metadata = {"transactions_read": report.transactions} | _rejected(report.unreadable)
    metadata["coupons"] = store.rebuild_coupons(database)
    rows = store.read_coupons(database)
    metadata["used"] = sum(row["used"] for row in rows)
    shown = [
        row | {name: show_money(row[name], row["currency"]) for name in ("revenue", "discount")}
        for row in rows[:_MOST_NAMED]
    ]
    metadata["most_used"] = _table(shown, ("code", "name", "used", "tickets", "revenue", "discount"))
    return metadata


def make_sales_daily(_work: Work, database: Database) -> Metadata:
    """Reckon the daily sales."""
    rows = store.rebuild_sales_daily(database)
    days: dict[Any, float] = {}
    for row in store.read_daily_sales(database):
        days[row["day_on"]] = days.get(row["day_on"], 0) + row["tickets"]
    steps = by_steps(days)
    total, reached = 0.0, []
    for _, tickets in steps:
        total += tickets
        reached.append(total)
    chart = [f"sold       {sparkline([value for _, value in steps])}", f"cumulative {sparkline(reached)}"]
    span = f"{steps[0][0]} … {max(days)}" if steps else "nothing sold yet"
    return {"rows": rows, "tickets": int(total), "days": len(days), "chart": _code([span, *chart])}


def make_age_groups(work: Work, database: Database) -> Metadata:
    """Reckon the age groups by the groups and words that hold now."""
    rows = polling.rebuild_age_groups(database, work.settings)
    found = store.read_age_groups(database)
    unknown = sum(row["tickets"] for row in found if row["age_group"] == "unknown")
    lines = pyramid([(row["age_group"], row["gender"], row["tickets"]) for row in found], width=_CHART_WIDTH)
    metadata: Metadata = {"rows": rows, "tickets": sum(row["tickets"] for row in found), "unknown": unknown}
    shapes = _table(store.read_unknown_ages(database), ("shape", "tickets"))
    return metadata | {"pyramid": _code(lines), "unreadable_ages": shapes}


def make_gender(work: Work, database: Database) -> Metadata:
    """Reckon the genders, and list the answers that nobody knows."""
    rows = polling.rebuild_gender(database, work.settings)
    unknown = store.read_unknown_answers(database)
    return {
        "rows": rows,
        "unknown_tickets": sum(row["tickets"] for row in unknown),
        "unknown_answers": _table(unknown, ("answer", "tickets")),
    }


def make_summary(work: Work, database: Database) -> Metadata:
    """Reckon one row per event."""
    rows = store.rebuild_summary(database, work.now())
    found = store.read_summary(database)
    shown = [
        row
        | {
            "coupon_share": show_share(row["coupon_share"]),
            "revenue": show_revenue(row),
            "pace": show_pace(row, store.LEAST_PACE_BASE),
        }
        for row in found
    ]
    columns = ("name", "event_on", "sold", "capacity", "revenue", "coupon_share", "pace")
    lines = bars([(row["name"], float(row["sold_share"] or 0) * 100) for row in found], width=_CHART_WIDTH)
    return {
        "events": rows,
        "sold": sum(row["sold"] for row in found),
        "sold_percent_of_capacity": _code(lines),
        "summary": _table(shown, columns),
    }


WORK: Mapping[str, Callable[[Work, Database], Metadata]] = MappingProxyType(
    {
        "vivenu_events": make_events,
        "vivenu_tickets": make_tickets,
        "vivenu_coupons": make_coupons,
        "vivenu_sales_daily": make_sales_daily,
        "vivenu_gender": make_gender,
        "vivenu_age_groups": make_age_groups,
        "vivenu_summary": make_summary,
    }
)
"""Table → how it is made, in an order that satisfies every dependency."""


def _of_tickets(report: TicketsReport) -> Metadata:
    metadata: Metadata = {
        "event": report.name,
        "received": report.received,
        "announced": report.announced,
        "added": report.stored.added,
        "changed": report.stored.changed,
        "gone": report.stored.gone,
        "unreadable_ages": sum(report.unreadable_ages.values()),
        "read": "whole" if report.is_full else "what changed",
    }
    return metadata | _rejected(report.unreadable)


def _rejected(unreadable: Sequence[str]) -> Metadata:
    """How many objects could not be read, and why; all are in vivenu_rejects."""
    counted: Metadata = {"unreadable": len(unreadable)}
    return counted | ({"reasons": dg.MetadataValue.json(list(unreadable[:_MOST_NAMED]))} if unreadable else {})


def _table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> dg.MetadataValue:
    records = [dg.TableRecord({name: "" if row[name] is None else str(row[name]) for name in columns}) for row in rows]
    return dg.MetadataValue.table(records, dg.TableSchema([dg.TableColumn(name) for name in columns]))


def _code(lines: Sequence[str]) -> dg.MetadataValue:
    return dg.MetadataValue.md("\n".join(["```", *(line.rstrip() for line in lines), "```"]))
