"""`primary-sales`: how an event sells, in the terminal, from the stored summaries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from itertools import accumulate
from typing import TYPE_CHECKING, Annotated

import typer

from ticket_pipeline.cli.formats import NOTHING, count, plain
from ticket_pipeline.cli.output import Output, with_formats
from ticket_pipeline.cli.session import open_migrated
from ticket_pipeline.cli.tables import new_table, note, show
from ticket_pipeline.errors import ConfigurationError
from ticket_pipeline.primary_sales.figures import (
    bars,
    by_steps,
    pyramid,
    show_money,
    show_pace,
    show_revenue,
    show_share,
    sparkline,
)
from ticket_pipeline.settings.model import load_settings
from ticket_pipeline.storage import ticket_sales as store

if TYPE_CHECKING:
    from rich.table import Table

    from ticket_pipeline.storage.database import Row

_CHART_COLUMNS = 60
_MOST_COUPONS = 20
_MOST_NAMED = 8


@with_formats
def primary_sales(
    event: Annotated[
        str | None, typer.Argument(metavar="EVENT", help="vivenu's id, the name, or a part of it; none: every event.")
    ] = None,
    *,
    output: Output,
) -> None:
    """How an event sells: sales by day, ticket types, ages and genders, coupons. Without EVENT, all events in a table.

    Shows the results of the last run and sends no request; `ticket-pipeline pipelines run default` updates them. With
    EVENT, `--csv` and `--parquet` have its sales by day.

    ticket-pipeline primary-sales

    ticket-pipeline primary-sales 65a000000000000000000003
    """
    with open_migrated(load_settings()) as database:
        events = store.read_sales(database, "summary")
        if event is None:
            _show_all(events, store.read_rejects(database), output)
            return
        summary = _find(event, events)
        key = summary["external_id"]
        days, types, ages, coupons, answers, shapes = (
            store.read_sales(database, question, key)
            for question in ("daily", "types", "age_groups", "event_coupons", "unknown_answers", "unknown_ages")
        )
        rejects = store.read_rejects(database, key)
    document = {"summary": summary, "days": days, "ticket_types": types, "age_groups": ages, "coupons": coupons}
    document |= {"unknown_answers": answers, "unknown_ages": shapes, "rejects": rejects}
    event_columns = {"external_id": key, "name": summary["name"]}
    if output.write(document, ((event_columns, day) for day in days), if_empty="Nothing sold yet."):
        return
    show(_headline(summary), *_daily(days), "", _types(types), *_ages(ages), *_coupons(coupons))
    show(*_to_fix(answers, shapes, rejects))


def _find(event: str, events: Sequence[Row]) -> Row:
    """The event of this name, or of this id, or the only one whose name contains the text."""
    wanted = event.lower()
    named = [row for row in events if row["name"].lower() == wanted]
    identified = [row for row in events if row["external_id"] == event]
    found = named or identified or [row for row in events if wanted in row["name"].lower()]
    if len(found) == 1:
        return found[0]
    if not events:
        raise ConfigurationError(f"No sales summary for {event} yet. Run `ticket-pipeline pipelines run default`.")
    near = ", ".join(f"{row['external_id']} ({plain(row['name'])})" for row in (found or events)[:5])
    if found:
        raise ConfigurationError(f"{len(found)} events match {event}. Use an id: {near}.")
    raise ConfigurationError(f"No event matches {event}. Some of the events: {near}.")


def _show_all(events: Sequence[Row], rejects: Sequence[Row], output: Output) -> None:
    nothing = "No sales summary yet. Run `ticket-pipeline pipelines run default`."
    if output.write(list(events), ([row] for row in events), if_empty=nothing):
        return
    if not events:
        note(nothing)
        return
    table = new_table("Event", "On", ">Sold", ">Of", ">Revenue", ">Coupons", ">Pace")
    for row in events:
        table.add_row(
            plain(row["name"]),
            str(row["event_on"] or NOTHING),
            count(row["sold"]),
            count(row["capacity"]),
            show_revenue(row),
            show_share(row["coupon_share"]),
            show_pace(row, store.LEAST_PACE_BASE).partition(" ")[0],
        )
    show(
        table,
        "Pace: sold share of capacity, relative to earlier events at the same time before their start. 100% is the "
        f"same; n/a: they had sold fewer than {store.LEAST_PACE_BASE} by then.",
        *_to_fix((), (), rejects),
    )


def _headline(row: Row) -> str:
    parts = [
        f"{plain(row['name'])}, {row['event_on'] or 'no date'}: {row['sold']:,} sold"
        + (f" of {row['capacity']:,} ({show_share(row['sold_share'])})" if row["capacity"] else ""),
        f"revenue {show_revenue(row)}",
        f"{row['invalidated']:,} invalidated",
        f"{show_share(row['coupon_share'])} with a coupon",
    ]
    if row["earlier_events"]:
        against = f" of {row['earlier_events']} earlier events" if row["pace"] is not None else ""
        parts.append(f"pace {show_pace(row, store.LEAST_PACE_BASE)}{against}")
    return ", ".join(parts)


def _daily(days: Sequence[Row]) -> list[str]:
    tickets_on: Counter[date] = Counter()
    for row in days:  # a day has one row per currency
        tickets_on[row["day_on"]] += row["tickets"]
    if not tickets_on:
        return ["Nothing sold yet."]
    tickets = [sold for _, sold in by_steps(tickets_on, most=_CHART_COLUMNS)]
    return [
        f"\nSales from {min(tickets_on)} to {max(tickets_on)}, per day or few days, and cumulative:",
        sparkline(tickets),
        sparkline(list(accumulate(tickets))),
    ]


def _types(types: Sequence[Row]) -> Table:
    table = new_table("Ticket type", ">Sold", ">Of", ">Revenue")
    for row in types:
        revenue = show_money(row["revenue"], row["currency"])
        table.add_row(plain(row["name"]), count(row["tickets"]), count(row["capacity"]), revenue)
    return table


def _ages(ages: Sequence[Row]) -> list[str]:
    rows = [(row["age_group"], row["gender"], row["tickets"]) for row in ages]
    genders: Counter[str] = Counter()
    for _, gender, tickets in rows:
        genders[gender] += tickets
    return ["\nAges on the day of the event:", *pyramid(rows, width=20), "", *bars(genders.most_common(), width=30)]


def _coupons(coupons: Sequence[Row]) -> list[Table | str]:
    if not coupons:
        return ["\nNo coupon was used."]
    table = new_table("Coupon", "Name", ">Used", ">Tickets", ">Revenue", ">Discount", ">All events")
    for row in coupons[:_MOST_COUPONS]:
        table.add_row(
            plain(row["code"] or row["coupon_id"]),
            plain(row["name"]),
            count(row["transactions"]),
            count(row["tickets"]),
            show_money(row["revenue"], row["currency"]),
            show_money(row["discount"], row["currency"]),
            count(row["organiser_used"]),
        )
    more = [f"… and {len(coupons) - _MOST_COUPONS} more coupons."] if len(coupons) > _MOST_COUPONS else []
    legend = (
        "Used: transactions of this event. Tickets, revenue, discount: of transactions with this coupon only. All "
        "events: uses at all of the organiser's events, as vivenu counts."
    )
    return ["", table, *more, legend]


def _to_fix(answers: Sequence[Row], shapes: Sequence[Row], rejects: Sequence[Row]) -> list[str]:
    """What a person can fix, one sentence each."""
    counted = {
        "Answers about gender with no known meaning": [(row["answer"], row["tickets"]) for row in answers],
        "Answers about age that are not an age, by shape": [(row["shape"], row["tickets"]) for row in shapes],
    }
    sentences = [
        f"\n{what}: {', '.join(f'{plain(text)} ({tickets:,})' for text, tickets in found[:_MOST_NAMED])}."
        for what, found in counted.items()
        if found
    ]
    if rejects:
        first = rejects[0]
        sentences.append(
            f"\n{len(rejects)} objects of vivenu were rejected and are not counted; the latest: "
            f"{plain(first['item_id'])}, {plain(first['reason'])}."
        )
    return sentences
