"""Primary sales: every event of the organiser, and how one of them sells."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate, groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from starlette.exceptions import HTTPException

from ticket_pipeline.charts import Bars, Chart, DateAxis, Line, NameAxis
from ticket_pipeline.dashboard import pages
from ticket_pipeline.dashboard.links import made_by
from ticket_pipeline.dashboard.tables import Column, Table, table_of
from ticket_pipeline.primary_sales.figures import by_steps, show_pace, show_revenue
from ticket_pipeline.sheet.cells import storable
from ticket_pipeline.storage.ticket_sales import LEAST_PACE_BASE, read_rejects, read_sales

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from ticket_pipeline.dashboard.pages import Board

Row = Mapping[str, Any]

_DAY = timedelta(days=1)
_MOST_STEPS = 120
_SHORT = {"unknown": "?", "under 16": "<16"}
_PACE = (
    "Pace: sold share of capacity by that of earlier events as long before their start; 100 % is the same, n/a: they "
    f"had sold fewer than {LEAST_PACE_BASE}. Revenue is as sold, several currencies side by side."
)


def page(board: Board, request: Request) -> Response:
    """All events of the organiser."""
    return board.page(request, "primary_sales.html", table=_events(board, read_sales(board.database, "summary")))


def download(board: Board, request: Request) -> Response:
    """All events as CSV."""
    return pages.download(request, _events(board, read_sales(board.database, "summary")))


def event_page(board: Board, request: Request) -> Response:
    """One event: pace, days, ticket types, ages, coupons."""
    key = storable(request.path_params["key"])
    summary = next(iter(read_sales(board.database, "summary", key)), None)
    if summary is None:
        raise HTTPException(404, "No event of primary sales has this id, or its summary is not made yet.")
    return board.page(
        request,
        "primary_event.html",
        summary=summary,
        revenue=show_revenue(summary),
        pace=_pace(summary),
        charts=_charts(board, summary),
        made_by={name: board.asset_url(name) for name in ("vivenu_summary", "vivenu_sales_daily")},
        tables=[table(board, read_sales(board.database, question, key)) for question, table in _TABLES.items()],
        rejects=read_rejects(board.database, key),
    )


def event_download(board: Board, request: Request) -> Response:
    """One table of an event, or the numbers of a chart, as CSV."""
    name, key = request.path_params["table"], storable(request.path_params["key"])
    if make := _TABLES.get(name):
        return pages.download(request, make(board, read_sales(board.database, name, key)))
    for summary in read_sales(board.database, "summary", key):
        if chart := _charts(board, summary).get(name):
            return pages.download(request, table_of(name, chart))
    raise HTTPException(404, "There is no such table.")


def _events(board: Board, rows: Sequence[Row]) -> Table:
    columns = [
        Column("Event", itemgetter("name"), link=lambda row: f"/primary-sales/{row['external_id']}"),
        Column("On", itemgetter("event_on"), "day"),
        Column("Sold", itemgetter("sold"), "count"),
        Column("Of", itemgetter("capacity"), "count"),
        Column("Share", itemgetter("sold_share"), "share"),
        Column("Revenue", show_revenue, "figure"),
        Column("With coupon", itemgetter("coupon_share"), "share"),
        Column("Invalidated", itemgetter("invalidated"), "count"),
        Column("Pace", lambda row: _pace(row).partition(" (")[0], "figure"),
    ]
    empty = (
        "No summary yet. The schedule makes one each hour; to make it now, run: ticket-pipeline pipelines run default"
    )
    made = made_by(board, "vivenu_summary", columns)
    return Table("primary-sales", "Events", made, rows, empty=empty, note=_PACE if rows else "")


def _pace(row: Row) -> str:
    return show_pace(row, LEAST_PACE_BASE).replace("%", " %")


def _types(board: Board, rows: Sequence[Row]) -> Table:
    columns = [
        Column("Ticket type", itemgetter("name")),
        Column("Sold", itemgetter("tickets"), "count"),
        Column("Of", itemgetter("capacity"), "count"),
        Column("Revenue", itemgetter("revenue"), "money"),
        Column("In", itemgetter("currency")),
    ]
    return Table("types", "Ticket types", made_by(board, "vivenu_tickets", columns), rows)


def _ages(board: Board, rows: Sequence[Row]) -> Table:
    """A row per age group, a column per gender."""
    genders = sorted({row["gender"] for row in rows})
    groups = [
        (name, {row["gender"]: row["tickets"] for row in group})
        for name, group in groupby(rows, key=itemgetter("age_group"))
    ]
    columns = [Column("Age", itemgetter(0))]
    columns += [Column(gender, _of_gender(gender), "count") for gender in genders]
    return Table("age_groups", "Ages and genders", made_by(board, "vivenu_age_groups", columns), groups)


def _of_gender(gender: str) -> Callable[[Any], int]:
    return lambda row: row[1].get(gender, 0)


def _coupons(board: Board, rows: Sequence[Row]) -> Table:
    columns = [
        Column("Coupon", lambda row: row["code"] or row["coupon_id"]),
        Column("Name", itemgetter("name")),
        Column("Used", itemgetter("transactions"), "count"),
        Column("Tickets", itemgetter("tickets"), "count"),
        Column("Revenue", itemgetter("revenue"), "money"),
        Column("Discount", itemgetter("discount"), "money"),
        Column("In", itemgetter("currency")),
        Column("All events", itemgetter("organiser_used"), "count"),
    ]
    note = "Used: transactions. Tickets, revenue, discount: of transactions with this coupon alone."
    made = made_by(board, "vivenu_coupons", columns)
    return Table("event_coupons", "Coupons", made, rows, empty="No coupon was used.", note=note)


_TABLES = {"types": _types, "age_groups": _ages, "event_coupons": _coupons}


def _charts(board: Board, summary: Row) -> dict[str, Chart]:
    """Tickets by day or few days, all until then, and by age."""
    ages: Mapping[str, int] = summary["age_mix"] or {}
    sold: Counter[date] = Counter()
    for row in read_sales(board.database, "daily", summary["external_id"]):  # a day has one row per currency
        sold[row["day_on"]] += row["tickets"]
    steps = [(datetime.combine(day, time(), UTC), tickets) for day, tickets in by_steps(sold, most=_MOST_STEPS)]
    if not steps:
        return {}
    step = steps[1][0] - steps[0][0] if len(steps) > 1 else _DAY
    each = "day" if step == _DAY else f"{step.days} days"
    axis = DateAxis(steps[0][0], steps[-1][0] + step, "UTC")
    total = dict(zip((at for at, _ in steps), accumulate(tickets for _, tickets in steps), strict=True))
    names = sorted(ages, key=lambda name: (name == "unknown", name != "under 16", name))
    named = NameAxis("age on the day of the event; ?: unknown", [_SHORT.get(name, name) for name in names])
    asked: dict[str, Any] = {"unit": "tickets", "decimals": 0}
    return {
        "daily": Chart(title=f"Sold each {each}", x=axis, bars=Bars("Sold", dict(steps)), **asked),
        "total": Chart(title="Sold until then", x=axis, lines=[Line("Sold", total, 1)], **asked),
        "ages": Chart(title="Ages", x=named, bars=Bars("Sold", dict(enumerate(ages[name] for name in names))), **asked),
    }
