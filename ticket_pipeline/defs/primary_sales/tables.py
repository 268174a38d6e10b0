"""How each table of primary sales is made, and what the catalog shows of it.

Figures of different events, and money of different currencies, stand in rows of their own; only counts are added up.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any, TypeVar

import dagster as dg
from pydantic import Field

from ticket_pipeline.defs.resources import Clock, VivenuResource
from ticket_pipeline.primary_sales import ingest
from ticket_pipeline.primary_sales.figures import by_steps, show_money, show_pace, show_revenue, show_share, sparkline
from ticket_pipeline.primary_sales.ingest_tickets import TicketsReport, sync_vivenu_tickets
from ticket_pipeline.settings.model import Settings
from ticket_pipeline.storage import ticket_sales as store
from ticket_pipeline.storage.database import Database, Row

EVENT_KEYS = "vivenu_events"
"""The partition set of the organiser's events, keyed by vivenu's ids."""

TICKETS = "vivenu_tickets"

_MOST_NAMED = 20
_CHART_WIDTH = 40

Metadata = dict[str, dg.MetadataValue | float | int | str]
_Result = TypeVar("_Result")


class TableConfig(dg.Config):
    """How a table is made in a run."""

    full: bool = Field(default=False, description="Read everything, not only what changed (tickets, coupons).")
    fetch: bool = Field(default=True, description="False: send no request, only add up stored sales (coupons).")
    only_if_new_tickets: bool = Field(
        default=False, description="Skip the table unless tickets are new or changed since it was last made."
    )
    timeout_minutes: float | None = Field(default=None, description="Fail after this time. Unset: no limit.")
    retries: int = Field(default=0, description="Further tries after a failure that another try may fix.")
    retry_delay_seconds: float = Field(default=10, description="Wait before each of them.")

    @property
    def limit(self) -> timedelta | None:
        """The time limit; None where there is none."""
        return None if self.timeout_minutes is None else timedelta(minutes=self.timeout_minutes)


@dataclass(frozen=True)
class Work:
    """What a table is made with; without event keys, the tickets of every listed event are read."""

    context: dg.AssetExecutionContext
    vivenu: VivenuResource
    now: Clock
    config: TableConfig
    event_keys: Sequence[str] = ()

    @property
    def settings(self) -> Settings:
        """The settings, with those of the resource."""
        return self.vivenu.settings_in_use()

    def wait_for(self, fetching: Coroutine[Any, Any, _Result]) -> _Result:
        """Run a fetch to its end; a `TimeoutError` where that takes longer than the limit."""
        limit = self.config.limit
        return asyncio.run(asyncio.wait_for(fetching, None if limit is None else limit.total_seconds()))


def make_events(work: Work, database: Database) -> Metadata:
    """Read the events and register their ids as partitions."""
    report = work.wait_for(ingest.sync_vivenu_events(database, work.settings, open_client=work.vivenu.client))
    instance = work.context.instance
    known = set(instance.get_dynamic_partitions(EVENT_KEYS))
    if new := [key for key in report.keys if key not in known]:
        instance.add_dynamic_partitions(EVENT_KEYS, new)
    problems = [f"- {key}: {' · '.join(texts)}" for key, texts in report.problems.items()]
    metadata: Metadata = {
        "listed_events": len(report.keys),
        "new_events": len(new),
        "ticket_types": report.ticket_types,
        "problems": dg.MetadataValue.md("\n".join(problems) or "none"),
    }
    return metadata | _rejected(report.rejected)


def make_tickets(work: Work, database: Database) -> Metadata:
    """Read the tickets of events; each event becomes a materialization of its partition, or is named by the failure."""
    made: list[TicketsReport] = []

    def record(report: TicketsReport) -> None:
        if report.error is not None:
            work.context.log.warning("%s %s: %s", report.event_id, report.name, report.error)
        elif work.event_keys:
            made.append(report)
        else:
            _log_partition(work, report)

    reports = work.wait_for(
        sync_vivenu_tickets(
            database,
            work.settings,
            work.event_keys or None,
            now=work.now,
            full=work.config.full,
            open_client=work.vivenu.client,
            on_report=record,
        )
    )
    failed = [report for report in reports if report.error is not None]
    if failed:
        for report in made:
            _log_partition(work, report)
        raise _failure(failed, len(reports))
    for report in made:  # a run of chosen partitions: Dagster materializes each of them when the asset ends
        work.context.add_asset_metadata(_tickets_metadata(report), partition_key=report.event_id)
    return {
        "events": len(reports),
        "received": sum(report.received for report in reports),
        "changed": sum(report.stored.total for report in reports),
    }


def make_coupons(work: Work, database: Database) -> Metadata:
    """Read coupons and the transactions that used them, and add up their money."""
    metadata: Metadata = {}
    if work.config.fetch:
        fetching = ingest.sync_vivenu_coupons(
            database, work.settings, full=work.config.full, open_client=work.vivenu.client
        )
        report = work.wait_for(fetching)
        metadata = {"transactions_read": report.transactions} | _rejected(report.rejected)
    database.execute("primary_sales/update_coupon_sums")
    rows = store.read_sales(database, "coupons")
    shown = [
        row | {name: show_money(row[name], row["currency"]) for name in ("revenue", "discount")}
        for row in rows[:_MOST_NAMED]
    ]
    columns = ("code", "name", "used", "tickets", "revenue", "discount")
    return metadata | {"used": sum(row["used"] for row in rows), "most_used": _table(shown, columns)}


def make_sales_daily(_work: Work, database: Database) -> Metadata:
    """Rebuild the daily sales."""
    store.rebuild(database, "sales_daily")
    days: dict[str, Counter[Any]] = defaultdict(Counter)
    for row in store.read_sales(database, "daily"):
        days[row["external_id"]][row["day_on"]] += row["tickets"]
    shown = [
        {
            "event": event["name"],
            "tickets": sold.total(),
            "from": min(sold),
            "to": max(sold),
            "by day": sparkline([tickets for _, tickets in by_steps(sold, most=_CHART_WIDTH)]),
        }
        for event in store.read_sales(database, "events")
        if (sold := days.get(event["external_id"]))
    ]
    return {
        "tickets": sum(sold.total() for sold in days.values()),
        "sales": _table(shown, ("event", "tickets", "from", "to", "by day")),
    }


def make_age_groups(work: Work, database: Database) -> Metadata:
    """Rebuild the age groups with the groups and words of the settings."""
    ingest.rebuild_age_groups(database, work.settings)
    rows = store.read_sales(database, "age_groups")
    return {
        "tickets": sum(row["tickets"] for row in rows),
        "unknown": sum(row["tickets"] for row in rows if row["age_group"] == "unknown"),
        "unreadable_ages": _table(store.read_sales(database, "unknown_ages"), ("shape", "tickets")),
        "ages": _by_event(database, rows, "age_group"),
    }


def make_gender(work: Work, database: Database) -> Metadata:
    """Rebuild the genders, and list the answers that have no known meaning."""
    ingest.rebuild_gender(database, work.settings)
    unknown = store.read_sales(database, "unknown_answers")
    return {
        "unknown_tickets": sum(row["tickets"] for row in unknown),
        "unknown_answers": _table(unknown, ("answer", "tickets")),
        "genders": _by_event(database, store.read_sales(database, "genders"), "gender"),
    }


def make_summary(work: Work, database: Database) -> Metadata:
    """Rebuild one row per event."""
    store.rebuild_summary(database, work.now())
    rows = store.read_sales(database, "summary")
    shown = [
        row
        | {
            "sold_share": show_share(row["sold_share"]),
            "coupon_share": show_share(row["coupon_share"]),
            "revenue": show_revenue(row),
            "pace": show_pace(row, store.LEAST_PACE_BASE),
        }
        for row in rows
    ]
    columns = ("name", "event_on", "sold", "capacity", "sold_share", "revenue", "coupon_share", "pace")
    return {"sold": sum(row["sold"] for row in rows), "summary": _table(shown, columns)}


MAKE: Mapping[str, Callable[[Work, Database], Metadata]] = MappingProxyType(
    {
        "vivenu_events": make_events,
        TICKETS: make_tickets,
        "vivenu_coupons": make_coupons,
        "vivenu_sales_daily": make_sales_daily,
        "vivenu_gender": make_gender,
        "vivenu_age_groups": make_age_groups,
        "vivenu_summary": make_summary,
    }
)
"""Table → the function that makes it."""


def _failure(failed: Sequence[TicketsReport], events: int) -> dg.Failure:
    lines = [f"{report.event_id} {report.name}: {report.error}" for report in failed[:_MOST_NAMED]]
    if len(failed) > _MOST_NAMED:
        lines.append(f"… and {len(failed) - _MOST_NAMED} more")
    head = f"Could not read the tickets of {len(failed)} of {events} events; the others are stored."
    is_transient = any(report.error.is_transient for report in failed if report.error is not None)
    return dg.Failure("\n".join([head, *lines]), allow_retries=is_transient)


def _log_partition(work: Work, report: TicketsReport) -> None:
    metadata = _tickets_metadata(report)
    work.context.log_event(
        dg.AssetMaterialization(work.context.asset_key, partition=report.event_id, metadata=metadata)
    )


def _tickets_metadata(report: TicketsReport) -> Metadata:
    metadata: Metadata = {
        "event": report.name,
        "received": report.received,
        "announced": report.announced,
        "added": report.stored.added,
        "changed": report.stored.changed,
        "gone": report.stored.gone,
        "unreadable_ages": report.unreadable_ages,
        "read": "everything" if report.is_full else "what changed",
        "dagster/row_count": report.stored.rows,
    }
    return metadata | _rejected(report.rejected)


def _rejected(rejected: Sequence[str]) -> Metadata:
    """How many objects were rejected, and why; all of them are in vivenu_rejects."""
    counted: Metadata = {"rejected": len(rejected)}
    return counted | ({"reasons": dg.MetadataValue.json(list(rejected[:_MOST_NAMED]))} if rejected else {})


def _by_event(database: Database, rows: Sequence[Row], column: str) -> dg.MetadataValue:
    """Tickets of each event, with a column for each value of `column`, in the order of the rows."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        counts[row["external_id"]][row[column]] += row["tickets"]
    values = list(dict.fromkeys(row[column] for row in rows))
    shown = [
        {"event": event["name"], **{value: counts[event["external_id"]][value] for value in values}}
        for event in store.read_sales(database, "events")
        if event["external_id"] in counts
    ]
    return _table(shown, ("event", *values))


def _table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> dg.MetadataValue:
    records = [dg.TableRecord({name: "" if row[name] is None else str(row[name]) for name in columns}) for row in rows]
    return dg.MetadataValue.table(records, dg.TableSchema([dg.TableColumn(name) for name in columns]))
