"""The offenders of a check as people read them: what each is about, and a table of the first ones."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from ticket_pipeline.storage.database import Database, Row
from ticket_pipeline.storage.quality import read_names

MOST_SHOWN = 20
_NO_NAME = "(deleted event)"

Offender = Mapping[str, object]
"""A row of the table: column → value. All offenders of a check have the same columns."""

_ESCAPES = str.maketrans({"\\": r"\\", "|": r"\|", "[": r"\[", "`": r"\`", "<": "&lt;"})
"""Text from outside stays text: it makes no cell, link, picture, code or tag."""


def name_rows(
    database: Database, rows: Sequence[Row], describe: Callable[[Row], Mapping[str, object]]
) -> list[Offender]:
    """Offenders of rows about an event. A key in the row itself, such as that of a capture, replaces the one in use."""
    names = read_names(database, [row["event_id"] for row in rows[:MOST_SHOWN]])

    def offender(row: Row) -> Offender:
        name, key = names.get((row["event_id"], row["marketplace"]), (_NO_NAME, "none"))
        return {**name_event({"external_id": key} | row | {"name": name}), **describe(row)}

    return [offender(row) for row in rows]


def name_event(row: Row) -> Offender:
    """Event, marketplace (where the row has one) and key of a row that holds the event's name."""
    where = {"marketplace": row["marketplace"]} if "marketplace" in row else {}
    return {"event": row["name"] or _NO_NAME, **where, "key": row["external_id"]}


def describe_price(row: Row) -> Mapping[str, object]:
    """Which price a row is about, what is expected, and what is stored."""
    when = {"hour": row["hour_at"]} if row.get("hour_at") else {"day": row["day_on"]}
    zone = "* (whole event)" if row["zone"] == "*" else row["zone"]
    what = f"{row['name']} ({row['currency']}, {row['fee_basis']})"
    return {"zone": zone, **when, "what": what, "expected": row["expected"], "found": row["found"]}


def show_moment(moment: datetime | None) -> str:
    """A moment as people read it; "never" for None."""
    return "never" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def as_markdown(offenders: Sequence[Offender]) -> str:
    """A table of the first offenders."""
    if not offenders:
        return "none"
    first, *_ = shown = offenders[:MOST_SHOWN]
    lines = [_line(first), "|" + " --- |" * len(first), *(_line(offender.values()) for offender in shown)]
    more = [f"\n… and {len(offenders) - MOST_SHOWN:,} more"] if len(offenders) > MOST_SHOWN else []
    return "\n".join([*lines, *more])


def _line(cells: Iterable[object]) -> str:
    return "| " + " | ".join(map(_cell, cells)) + " |"


def _cell(value: object) -> str:
    text = show_moment(value) if isinstance(value, datetime) else str(value)
    return " ".join(text.split()).translate(_ESCAPES)
